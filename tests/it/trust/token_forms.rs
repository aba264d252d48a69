//! How a token travels: in three segments, in one header, and nowhere else.

use axum::{
    body::Body,
    http::{
        HeaderValue, Method,
        header::{AUTHORIZATION, COOKIE},
    },
};
use base64::{Engine, prelude::BASE64_STANDARD};
use funcster_api::auth::Permission;
use serde_json::json;

use super::forge::{Key, base64, complaint, not_refused, with};
use crate::support::{App, Kind};

const NOBODY_IN_PARTICULAR: &str = "auth0|somebody";

#[tokio::test]
async fn a_token_in_the_wrong_form_is_refused() {
    App::run(Kind::Sqlite, async |app| {
        let key = Key::of_auth0(app);
        let claims = app.claims(NOBODY_IN_PARTICULAR, &Permission::ALL);
        let token = key.token(&claims);
        let (segments, signature) = token.rsplit_once('.').expect("three segments");
        let (header, payload) = segments.split_once('.').expect("three segments");
        // Its standard base64 has both a plus and a slash.
        let odd = with(&claims, "odd", "~~~???>>>").to_string();
        let standard = BASE64_STANDARD.encode(&odd);
        assert!(standard.contains('+') || standard.contains('/'), "{standard}");
        let not_utf8 = [&b"{\"odd\":\"\xff\xfe\","[..], &claims.to_string().as_bytes()[1..]].concat();
        let tampered = base64(with(&claims, "sub", "auth0|another").to_string());

        let tokens = [
            ("no segment", "token".to_owned()),
            ("two segments", segments.to_owned()),
            ("four segments", format!("{token}.{signature}")),
            ("five segments", format!("{token}.{signature}.{signature}")),
            ("a dot at the end", format!("{token}.")),
            ("a dot at the start", format!(".{token}")),
            ("no signature", format!("{segments}.")),
            ("null for a signature", format!("{segments}.null")),
            ("a signature of zeros", format!("{segments}.{}", base64([0; 256]))),
            ("a signature cut short", token[..token.len() - 4].to_owned()),
            ("another payload", format!("{header}.{tampered}.{signature}")),
            ("a padded signature", format!("{token}==")),
            ("a padded payload", key.sign_segments(&format!("{segments}="))),
            ("a padded header", key.sign_segments(&format!("{header}=.{payload}"))),
            ("standard base64", key.sign_segments(&format!("{header}.{}", standard.trim_end_matches('=')))),
            ("a space inside", token.replacen('.', ". ", 1)),
            ("invalid UTF-8", key.sign(key.header().to_string(), not_utf8)),
            ("no letters at all", "..".to_owned()),
            ("dots alone", ".".repeat(5000)),
            ("as long as a header may be", "x".repeat(60_000)),
        ];
        let tokens = tokens.map(|(what, token)| (what.to_owned(), token)).into();
        assert_eq!(not_refused(app, tokens).await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn the_authorization_header_is_one_bearer_token_or_refused() {
    App::run(Kind::Sqlite, async |app| {
        let token = Key::of_auth0(app).token(&app.claims(NOBODY_IN_PARTICULAR, &Permission::ALL));
        let sound = format!("Bearer {token}").into_bytes();
        let headers = [
            ("the same header twice", vec![sound.clone(), sound.clone()]),
            ("a sound header before another", vec![sound.clone(), b"Basic YTpi".to_vec()]),
            ("a sound header after an empty one", vec![Vec::new(), sound]),
            ("two tokens", vec![format!("Bearer {token}, Bearer {token}").into_bytes()]),
            ("another scheme", vec![b"Basic YTpi".to_vec()]),
            ("another scheme with a sound token", vec![format!("Token {token}").into_bytes()]),
            ("the token alone", vec![token.clone().into_bytes()]),
            ("no space", vec![format!("Bearer{token}").into_bytes()]),
            ("a colon", vec![format!("Bearer: {token}").into_bytes()]),
            ("nothing", vec![Vec::new()]),
            ("the scheme alone", vec![b"Bearer".to_vec()]),
            ("the scheme and a space", vec![b"Bearer ".to_vec()]),
            ("invalid UTF-8", vec![b"Bearer \xff\xfe".to_vec()]),
            ("invalid UTF-8 after the token", vec![[b"Bearer ", token.as_bytes(), b"\xff"].concat()]),
        ];
        let mut complaints = Vec::new();
        for (what, values) in headers {
            let values: Vec<_> =
                values.iter().map(|value| HeaderValue::from_bytes(value).expect("a value")).collect();
            complaints.extend(complaint(app, what, &values).await);
        }
        assert_eq!(complaints, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn a_token_anywhere_but_in_the_authorization_header_is_none() {
    App::run(Kind::Sqlite, async |app| {
        let ada = app.coder("ada").await;
        let token = ada.token.as_deref().expect("she has a token");
        let nobody = app.anonymous();
        let cookie = nobody.request(Method::GET, "/coders").header(COOKIE, format!("access_token={token}"));
        for answer in [
            nobody.get(&format!("/coders?access_token={token}&token={token}")).await,
            nobody.send(cookie, Body::empty()).await,
        ] {
            answer.assert_rest_error(401);
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
        let query = format!("/graphql?access_token={token}&query=%7Bviewer%7Bid%7D%7D");
        let cookie =
            nobody.request(Method::GET, &query).header(COOKIE, format!("Authorization=Bearer {token}"));
        assert_eq!(nobody.send(cookie, Body::empty()).await.data(), &json!({ "viewer": null }));
        // The same query with the token in its place finds her.
        let header = nobody.request(Method::GET, &query).header(AUTHORIZATION, format!("Bearer {token}"));
        assert_eq!(nobody.send(header, Body::empty()).await.data()["viewer"]["id"], ada.global_id());
    })
    .await;
}
