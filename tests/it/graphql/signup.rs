use funcster_api::auth::Permission;
use serde_json::{Value, json};

use super::refusal::{blamed, refusal};
use crate::support::{Answer, App, PASSWORD, Person};

const SIGN_UP: &str =
    "mutation($input: SignupInput!) { signup(input: $input) { user { __typename id databaseId username } } }";

async fn sign_up(person: &Person<'_>, changes: Value) -> Answer {
    let mut input =
        json!({ "usertype": "CODER", "username": "ada", "email": "ada@example.com", "password": PASSWORD });
    for (field, value) in changes.as_object().expect("an object") {
        input[field] = value.clone();
    }
    person.graphql_with(SIGN_UP, json!({ "input": input })).await
}

on_both_databases! {
    async fn whoever_signs_up_needs_no_token_and_can_sign_in(app: App) {
        for (usertype, typename, username) in [("CODER", "Coder", "Ada"), ("MENTOR", "Mentor", "Bob")] {
            let email = format!("{username}@example.com");
            let input = json!({ "usertype": usertype, "username": username, "email": email });
            let answer = sign_up(&app.anonymous(), input).await;
            let user = answer.data()["signup"]["user"].clone();
            assert_eq!(user["__typename"], typename);
            assert_eq!(user["username"], username);
            assert_eq!(user["id"], format!("{}_{}", typename.to_lowercase(), user["databaseId"]));

            let mut person = app.anonymous();
            person.token = Some(app.token_from_auth0(username).await);
            let answer = person.graphql("{ viewer { __typename id databaseId username } }").await;
            assert_eq!(answer.data()["viewer"], user);
        }
    }

    async fn a_name_is_taken_whatever_the_case_and_whoever_bears_it(app: App) {
        app.mentor("Ada").await;
        for username in ["Ada", "ada"] {
            let answer =
                sign_up(&app.anonymous(), json!({ "username": username, "email": "other@example.com" }))
                    .await;
            assert_eq!(refusal(&answer, "signup"), "CONFLICT");
            assert_eq!(answer.error()["extensions"]["field"], "username");
        }
        // Only the provider knows the email address, and does not say which of the two it was.
        let answer = sign_up(&app.anonymous(), json!({ "username": "grace" })).await;
        assert_eq!(refusal(&answer, "signup"), "CONFLICT");
    }

    async fn what_a_person_gives_is_checked_and_the_field_named(app: App) {
        for (changes, field) in [
            (json!({ "username": "" }), "username"),
            (json!({ "username": "a".repeat(25) }), "username"),
            (json!({ "username": "Zoë" }), "username"),
            (json!({ "username": "a b" }), "username"),
            (json!({ "username": "admin" }), "username"),
            (json!({ "email": "ada" }), "email"),
            (json!({ "email": "" }), "email"),
            (json!({ "password": "" }), "password"),
            (json!({ "password": "short" }), "password"),
        ] {
            let answer = sign_up(&app.anonymous(), changes.clone()).await;
            assert_eq!(refusal(&answer, "signup"), "BAD_USER_INPUT", "{changes}");
            assert_eq!(blamed(&answer), field, "{changes}");
            assert!(!answer.body.to_string().contains("short"), "the password is repeated: {}", answer.body);
        }
        let answer = app.bearer("auth0|reader", &Permission::ALL).graphql("{ coders { totalCount } }").await;
        assert_eq!(answer.data()["coders"]["totalCount"], 0);
    }
}
