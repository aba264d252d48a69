//! Tokens made by hand, as an attacker or a careless library would make them.

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaEncoding},
};
use axum::{
    body::Body,
    http::{
        HeaderValue, Method,
        header::{AUTHORIZATION, CONTENT_TYPE},
    },
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::support::{Answer, App, Person};

/// How a token that is not valid is to be challenged (RFC 6750 section 3.1).
pub(crate) const INVALID_TOKEN: &str = r#"Bearer error="invalid_token""#;

/// An RSA key pair with the id that it is published under.
pub(crate) struct Key {
    pair: KeyPair,
    pub(crate) kid: String,
}

impl Key {
    /// The one that all the tests' stand-ins sign with.
    pub(crate) fn of_auth0(app: &App) -> Self {
        let path = app.auth0_directory().join("auth0").join("signing-key.pem");
        let pem = pem::parse(std::fs::read(path).expect("the stand-in keeps its key")).expect("a PEM file");
        let pair = KeyPair::from_pkcs8(pem.contents()).expect("an RSA key");
        Self { pair, kid: App::header().kid.expect("a key id") }
    }

    pub(crate) fn generate(kid: &str) -> Self {
        Self { pair: KeyPair::generate(KeySize::Rsa2048).expect("a key"), kid: kid.to_owned() }
    }

    /// The public half as Auth0 publishes it.
    pub(crate) fn jwk(&self) -> Value {
        let public = self.pair.public_key();
        json!({
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.kid,
            "n": base64(self.modulus()),
            "e": base64(public.exponent().big_endian_without_leading_zero()),
        })
    }

    pub(crate) fn modulus(&self) -> &[u8] {
        self.pair.public_key().modulus().big_endian_without_leading_zero()
    }

    /// The public half as `SubjectPublicKeyInfo`.
    pub(crate) fn der(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = self.pair.public_key().as_der().expect("the key has an encoding");
        der.as_ref().to_vec()
    }

    /// A token with this header and payload, whatever is in them, and a sound signature.
    pub(crate) fn sign(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        self.sign_segments(&format!("{}.{}", base64(header), base64(payload)))
    }

    /// Puts a sound signature to what stands before it.
    pub(crate) fn sign_segments(&self, segments: &str) -> String {
        self.sign_with(&RSA_PKCS1_SHA256, segments)
    }

    pub(crate) fn sign_with(&self, encoding: &'static dyn RsaEncoding, segments: &str) -> String {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(encoding, &SystemRandom::new(), segments.as_bytes(), &mut signature)
            .expect("the token is signed");
        format!("{segments}.{}", base64(signature))
    }

    /// The header that goes with this key.
    pub(crate) fn header(&self) -> Value {
        json!({ "alg": "RS256", "typ": "JWT", "kid": self.kid })
    }

    /// A token with these claims that nothing is wrong with.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.sign(self.header().to_string(), claims.to_string())
    }
}

pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The JSON object with another value for `key`.
pub(crate) fn with(object: &Value, key: &str, value: impl Into<Value>) -> Value {
    let mut object = object.clone();
    object[key] = value.into();
    object
}

/// The JSON object without `key`.
pub(crate) fn without(object: &Value, key: &str) -> Value {
    let mut object = object.clone();
    object.as_object_mut().expect("an object").remove(key);
    object
}

/// The JSON object's text with another member at the end, which may repeat one or be no JSON value.
pub(crate) fn and(object: &Value, member: &str) -> String {
    let text = object.to_string();
    format!("{},{member}}}", text.strip_suffix('}').expect("an object"))
}

/// Somebody who shows this token.
pub(crate) fn bearing(app: &App, token: String) -> Person<'_> {
    let mut person = app.anonymous();
    person.token = Some(token);
    person
}

/// Somebody whose token bears a username, beside what `App::bearer` gives.
pub(crate) fn named<'a>(
    app: &'a App,
    subject: &str,
    username: impl Into<Value>,
    permissions: &[funcster_api::auth::Permission],
) -> Person<'a> {
    let claim = app.config.auth0.username_claim.as_deref().expect("the claim is configured");
    bearing(app, App::sign(&with(&app.claims(subject, permissions), claim, username)))
}

/// Sends a request with these `Authorization` headers to each edge.
pub(crate) async fn ask_both(app: &App, authorization: &[HeaderValue]) -> (Answer, Answer) {
    let nobody = app.anonymous();
    let request = |method, path| {
        let request = nobody.request(method, path);
        authorization.iter().fold(request, |request, value| request.header(AUTHORIZATION, value))
    };
    let rest = nobody.send(request(Method::GET, "/coders"), Body::empty()).await;
    let graphql = request(Method::POST, "/graphql").header(CONTENT_TYPE, "application/json");
    let graphql = nobody.send(graphql, r#"{"query": "{ coders { totalCount } }"}"#).await;
    (rest, graphql)
}

/// Sends each token to both edges, and tells which were not refused as they should be.
pub(crate) async fn not_refused(app: &App, tokens: Vec<(String, String)>) -> Vec<String> {
    let mut complaints = Vec::new();
    for (what, token) in tokens {
        let header = HeaderValue::from_str(&format!("Bearer {token}")).expect("a header's value");
        complaints.extend(complaint(app, &what, &[header]).await);
    }
    complaints
}

/// What is wrong with how these headers were refused, if anything.
pub(crate) async fn complaint(app: &App, what: &str, authorization: &[HeaderValue]) -> Option<String> {
    let (rest, graphql) = ask_both(app, authorization).await;
    let challenges =
        |answer: &Answer| answer.status == 401 && answer.header("www-authenticate") == INVALID_TOKEN;
    let rest_is_right = challenges(&rest) && rest.body["error"] == 401 && rest.body["success"] == false;
    let graphql_is_right = challenges(&graphql)
        && graphql.body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        && graphql.body.get("data").is_none();
    (!rest_is_right || !graphql_is_right).then(|| {
        format!("{what}: REST {} {}, GraphQL {} {}", rest.status, rest.body, graphql.status, graphql.body)
    })
}
