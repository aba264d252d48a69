//! Tokens whose header asks to be judged by other rules, or by another key, than the tenant's.

use aws_lc_rs::signature::{
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding,
};
use funcster_api::auth::Permission;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::{
    forge::{Key, and, base64, not_refused, with, without},
    issuer::{Issuer, JWKS, key_set, trusting},
};
use crate::support::{App, Kind};

#[tokio::test]
async fn a_token_cannot_choose_how_or_by_which_key_it_is_judged() {
    App::run(Kind::Sqlite, async |app| {
        let key = Key::of_auth0(app);
        let attacker = Key::generate("attacker");
        let issuer = Issuer::publishing(&[&key]).await;
        let elsewhere = Issuer::publishing(&[&attacker]).await;
        let app = trusting(app, &issuer).await;
        let claims = app.claims("auth0|somebody", &Permission::ALL);
        // Otherwise every refusal below could be for another reason.
        let sound = app.bearer("auth0|somebody", &Permission::ALL).get("/coders").await;
        assert_eq!(sound.status, 200, "{}", sound.body);

        let mut tokens = other_algorithms(&key, &claims);
        tokens.extend(public_key_as_secret(&key, &claims));
        tokens.extend(other_keys(&key, &attacker, &elsewhere, &claims));
        tokens.extend(strange_headers(&key, &claims));

        assert_eq!(not_refused(&app, tokens).await, Vec::<String>::new());
        assert_eq!(issuer.requests_elsewhere(JWKS).await, 0, "only the keys are asked for");
        assert!(issuer.requests(JWKS).await.len() <= 2, "many unknown key ids cause one fetch");
        assert_eq!(elsewhere.requests_elsewhere("").await, 0, "no address out of a token is asked");
    })
    .await;
}

fn other_algorithms(key: &Key, claims: &Value) -> Vec<(String, String)> {
    let segments = |alg: &Value| {
        let header = with(&key.header(), "alg", alg.clone());
        format!("{}.{}", base64(header.to_string()), base64(claims.to_string()))
    };
    let mut tokens = Vec::new();
    let odd = [
        json!("none"),
        json!("None"),
        json!("NONE"),
        json!("nOnE"),
        json!("none "),
        json!(""),
        json!("rs256"),
    ];
    for alg in
        odd.into_iter().chain([json!(null), json!(["RS256"]), json!(256), json!("RSA1_5"), json!("EdDSA")])
    {
        tokens.push((format!("alg {alg} without a signature"), format!("{}.", segments(&alg))));
        tokens.push((format!("alg {alg} with a sound RS256 signature"), key.sign_segments(&segments(&alg))));
    }
    let encodings: [(&str, &'static dyn RsaEncoding); 5] = [
        ("PS256", &RSA_PSS_SHA256),
        ("RS384", &RSA_PKCS1_SHA384),
        ("RS512", &RSA_PKCS1_SHA512),
        ("ES256", &RSA_PKCS1_SHA256),
        ("PS384", &RSA_PKCS1_SHA256),
    ];
    for (alg, encoding) in encodings {
        tokens.push((format!("alg {alg}"), key.sign_with(encoding, &segments(&json!(alg)))));
    }
    let pss = key.sign_with(&RSA_PSS_SHA256, &segments(&json!("RS256")));
    tokens.push(("a PS256 signature that says RS256".to_owned(), pss));
    tokens
}

/// Whoever takes the algorithm from the header checks an HMAC with what is no secret at all.
fn public_key_as_secret(key: &Key, claims: &Value) -> Vec<(String, String)> {
    let pem = pem::encode(&pem::Pem::new("PUBLIC KEY", key.der()));
    let pem_with_lf = pem.replace("\r\n", "\n");
    let modulus_text = base64(key.modulus());
    let jwk = key.jwk().to_string();
    let secrets: [(&str, &[u8]); 7] = [
        ("the PEM", pem.as_bytes()),
        ("the PEM with LF", pem_with_lf.as_bytes()),
        ("the PEM without its last line feed", pem_with_lf.trim_end().as_bytes()),
        ("the DER", &key.der()),
        ("the bytes of n", key.modulus()),
        ("the text of n", modulus_text.as_bytes()),
        ("the JWK", jwk.as_bytes()),
    ];
    let header = Header { kid: Some(key.kid.clone()), ..Header::new(Algorithm::HS256) };
    let token = |secret: &[u8]| {
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret)).expect("the token is signed")
    };
    secrets.map(|(what, secret)| (format!("HS256 with {what}"), token(secret))).into()
}

fn other_keys(key: &Key, attacker: &Key, elsewhere: &Issuer, claims: &Value) -> Vec<(String, String)> {
    let address = elsewhere.url().join(JWKS).expect("an address").to_string();
    let certificate = json!([base64(attacker.der())]);
    let own =
        [("jwk", attacker.jwk()), ("jku", json!(address)), ("x5u", json!(address)), ("x5c", certificate)];
    let mut tokens = vec![(
        "another key's signature under the tenant's key id".to_owned(),
        attacker.sign(key.header().to_string(), claims.to_string()),
    )];
    for (name, value) in own {
        let bringing = |header: Value| with(&header, name, value.clone()).to_string();
        let claims = claims.to_string();
        tokens.push((format!("{name} and its key id"), attacker.sign(bringing(attacker.header()), &claims)));
        tokens.push((
            format!("{name} and the tenant's key id"),
            attacker.sign(bringing(key.header()), &claims),
        ));
        tokens.push((format!("{name} though well signed"), key.sign(bringing(key.header()), &claims)));
    }
    let ids = [
        json!("../../../../dev/null"),
        json!("/etc/passwd"),
        json!("' OR '1'='1"),
        json!("a\u{0}b"),
        json!(format!("{}\u{0}", key.kid)),
        json!(format!("{} ", key.kid)),
        json!(address),
        json!(""),
        json!(1),
        json!(null),
        json!([key.kid]),
        json!("k".repeat(1000)),
    ];
    for id in ids {
        let header = with(&key.header(), "kid", id.clone()).to_string();
        tokens.push((format!("kid {id}"), key.sign(header, claims.to_string())));
    }
    tokens
        .push(("no kid".to_owned(), key.sign(without(&key.header(), "kid").to_string(), claims.to_string())));
    tokens
}

fn strange_headers(key: &Key, claims: &Value) -> Vec<(String, String)> {
    let usual = key.header();
    let mut headers = vec![
        ("crit and b64".to_owned(), with(&with(&usual, "crit", json!(["b64"])), "b64", false).to_string()),
        ("b64 without crit".to_owned(), with(&usual, "b64", false).to_string()),
        ("alg twice".to_owned(), and(&usual, r#""alg":"RS256""#)),
        ("alg none first".to_owned(), and(&with(&usual, "alg", "none"), r#""alg":"RS256""#)),
        ("kid twice".to_owned(), and(&usual, r#""kid":"another""#)),
        ("an empty object".to_owned(), "{}".to_owned()),
        ("an array".to_owned(), "[]".to_owned()),
        ("null".to_owned(), "null".to_owned()),
        ("nothing".to_owned(), String::new()),
        ("a text that does not end".to_owned(), r#"{"alg":"RS256"#.to_owned()),
        ("nesting without end".to_owned(), "[".repeat(2000)),
    ];
    for crit in
        [json!(["exp"]), json!(["b64"]), json!([]), json!("exp"), json!(["https://example.com/unknown"])]
    {
        headers.push((format!("crit {crit}"), with(&usual, "crit", crit).to_string()));
    }
    for typ in [
        json!("id+jwt"),
        json!("logout+jwt"),
        json!("dpop+jwt"),
        json!("JOSE"),
        json!("JWE"),
        json!(""),
        json!(5),
    ] {
        headers.push((format!("typ {typ}"), with(&usual, "typ", typ).to_string()));
    }
    let signed = |(what, header)| (format!("header: {what}"), key.sign(header, claims.to_string()));
    let mut tokens: Vec<_> = headers.into_iter().map(signed).collect();
    let payload = base64(claims.to_string());
    let not_utf8 = base64([&br#"{"alg":"RS256","typ":"JWT","kid":""#[..], b"\xff\xfe", br#""}"#].concat());
    tokens.push(("header: invalid UTF-8".to_owned(), key.sign_segments(&format!("{not_utf8}.{payload}"))));
    tokens
}

/// Keys of other kinds, or for another use, stand in a tenant's set beside the ones that sign.
#[tokio::test]
async fn only_a_published_key_for_rs256_signatures_counts() {
    App::run(Kind::Sqlite, async |app| {
        let key = Key::of_auth0(app);
        let usual = key.jwk();
        let octets = json!({ "kty": "oct", "k": base64("secret"), "kid": "symmetric", "use": "sig", "alg": "HS256" });
        let curve = json!({ "kty": "EC", "crv": "P-256", "x": base64([1; 32]), "y": base64([2; 32]), "kid": "curve", "use": "sig" });
        let unknown = json!({ "kty": "XYZ", "kid": "of the future", "use": "sig" });
        let damaged = with(&with(&usual, "n", "%"), "kid", "damaged");
        let others = [octets, curve, unknown, damaged, json!({}), json!(null)];
        let sets = [
            ("as Auth0 publishes it", usual.clone(), 200),
            ("without alg", without(&usual, "alg"), 200),
            ("for encryption", with(&usual, "use", "enc"), 401),
            ("for RS512", with(&usual, "alg", "RS512"), 401),
            ("for PS256", with(&usual, "alg", "PS256"), 401),
            ("without an id", without(&usual, "kid"), 401),
            ("under another id", with(&usual, "kid", "another"), 401),
        ];
        let spare = Key::generate("spare");
        for (what, jwk, status) in sets {
            let issuer = Issuer::start().await;
            // A set without any key at all would not count as one.
            issuer.answer(JWKS, key_set(&[&others[..], &[jwk, spare.jwk()]].concat()));
            let app = trusting(app, &issuer).await;
            let answer = app.bearer("auth0|somebody", &Permission::ALL).get("/coders").await;
            assert_eq!(answer.status, status, "a key {what}: {}", answer.body);
        }
    })
    .await;
}
