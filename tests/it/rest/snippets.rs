//! `POST /snippet`, `GET /snippet/{id}` and `DELETE /snippet/{id}`.

use funcster_api::auth::Permission;
use serde_json::{Value, json};

use super::fixtures::{
    NO_ID, assert_refused, assert_says, hello, nobodys_ids, row, shown, shown_old, store, store_old, take_on,
    with,
};
use crate::support::App;

on_both_databases! {
    async fn a_coder_stores_a_snippet(app: App) {
        let ada = app.coder("ada").await;
        let answer = ada.post("/snippet", hello()).await;
        assert_says(&answer, &["snippet_id"], "the least there can be");
        let id = answer.body["snippet_id"].as_i64().expect("an integer");
        let read = ada.get(&format!("/snippet/{id}")).await;
        assert_eq!(read.body, with(&shown(id, &ada, &hello()), "success", true));
        assert_eq!(read.body["needs_review"], false, "needsReview was left out");
        assert_eq!(read.body["comments"], "", "comments were left out");

        let all = json!({ "name": "All", "code": "1\r\n", "needsReview": true, "comments": "why?" });
        let all = with(&all, "coderId", ada.id);
        let another = store(&ada, all.clone()).await;
        assert_ne!(another, id);
        let library = ada.get("/userinfo/ada").await.body["snippets"].clone();
        assert_eq!(library, json!([shown(id, &ada, &hello()), shown(another, &ada, &all)]));
    }

    async fn null_for_an_optional_key_counts_as_left_out(app: App) {
        let ada = app.coder("ada").await;
        let body =
            json!({ "name": "n", "code": "c", "needsReview": null, "comments": null, "coderId": null });
        let id = store(&ada, body).await;
        let read = ada.get(&format!("/snippet/{id}")).await;
        assert_eq!(read.body["needs_review"], false);
        assert_eq!(read.body["comments"], "");
        assert_eq!(read.body["coder_id"], ada.id);
    }

    async fn the_owner_is_who_the_token_says(app: App) {
        let (ada, cyd) = (app.coder("ada").await, app.coder("cyd").await);
        for own in [json!(cyd.id), json!(cyd.id.to_string())] {
            let id = store(&cyd, with(&hello(), "coderId", own)).await;
            assert_eq!(cyd.get(&format!("/snippet/{id}")).await.body["coder_id"], cyd.id);
        }
        for others in [json!(ada.id), json!(ada.id.to_string())] {
            let answer = cyd.post("/snippet", with(&hello(), "coderId", others.clone())).await;
            assert_refused(&answer, 403, format_args!("coderId {others}"));
        }
        for nobodys in nobodys_ids() {
            let answer = cyd.post("/snippet", with(&hello(), "coderId", nobodys.clone())).await;
            assert_refused(&answer, 404, format_args!("coderId {nobodys}"));
        }
        assert_eq!(ada.get("/userinfo/ada").await.body["snippets"], json!([]));
        let library = cyd.get("/userinfo/cyd").await.body["snippets"].clone();
        assert_eq!(library.as_array().map(Vec::len), Some(2), "what was refused is not stored");
    }

    async fn an_integer_of_any_size_is_an_id(app: App) {
        let ada = app.coder("ada").await;
        for digits in
            ["18446744073709551616", "-9223372036854775809", "100000000000000000000000000000000000000000"]
        {
            let body = format!(r#"{{"name": "n", "code": "c", "coderId": {digits}}}"#);
            let request =
                ada.request(axum::http::Method::POST, "/snippet").header("content-type", "application/json");
            assert_refused(&ada.send(request, body).await, 404, digits);
        }
        assert_eq!(ada.get("/userinfo/ada").await.body["snippets"], Value::Array(Vec::new()));
    }

    async fn a_snippet_is_read_flat_beside_success(app: App) {
        let ada = app.coder("ada").await;
        let body = json!({ "name": "Hi", "code": "print('é')\r\n", "needsReview": true, "comments": "Why?" });
        let id = store(&ada, body.clone()).await;
        let answer = ada.get(&format!("/snippet/{id}")).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.body, with(&shown(id, &ada, &body), "success", true));
    }

    async fn an_old_snippet_has_no_comments(app: App) {
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        let id = store_old(app, &ada).await;
        let old = shown_old(id, &ada);
        assert_eq!(ada.get(&format!("/snippet/{id}")).await.body, with(&old, "success", true));
        assert_eq!(ada.get("/userinfo/ada").await.body["snippets"], json!([old]));
        assert_eq!(bob.get("/coders").await.body["coders"][0]["snippets"], json!([old]));

        let answer = ada.patch(&format!("/snippet/{id}"), hello()).await;
        assert_eq!(answer.status, 200, "an old snippet can be replaced: {}", answer.body);
        assert_eq!(ada.get(&format!("/snippet/{id}")).await.body["comments"], "");
    }

    async fn what_names_no_snippet_cannot_be_read(app: App) {
        let ada = app.coder("ada").await;
        let deleted = store(&ada, hello()).await;
        ada.delete(&format!("/snippet/{deleted}"), json!({ "coderId": ada.id })).await;
        for id in NO_ID.into_iter().chain([deleted.to_string().as_str(), "ada", "null", "1%2F2"]) {
            assert_refused(&ada.get(&format!("/snippet/{id}")).await, 404, id);
        }
    }

    async fn a_snippet_of_somebody_elses_cannot_be_read(app: App) {
        let (ada, cyd) = (app.coder("ada").await, app.coder("cyd").await);
        let id = store(&ada, hello()).await;
        let answer = cyd.get(&format!("/snippet/{id}")).await;
        assert_refused(&answer, 403, "another coder");
        let told = Value::from(String::from_utf8_lossy(&answer.bytes)).to_string();
        assert!(!told.contains("Hello") && !told.contains("print"), "{told}");
    }

    async fn a_coder_deletes_own_snippets(app: App) {
        let ada = app.coder("ada").await;
        let kept = store(&ada, hello()).await;
        for own in [json!(ada.id), json!(ada.id.to_string())] {
            let id = store(&ada, hello()).await;
            let path = format!("/snippet/{id}");
            assert_says(&ada.delete(&path, json!({ "coderId": own })).await, &[], &own);
            assert_refused(&ada.get(&path).await, 404, "it is gone");
            assert_refused(
                &ada.delete(&path, json!({ "coderId": own })).await,
                404,
                "it can be deleted once",
            );
        }
        assert!(row(app, kept).await.is_some(), "the other one is still there");
    }

    async fn what_names_no_snippet_cannot_be_deleted(app: App) {
        let ada = app.coder("ada").await;
        for id in NO_ID {
            assert_refused(
                &ada.delete(&format!("/snippet/{id}"), json!({ "coderId": ada.id })).await,
                404,
                id,
            );
        }
    }

    async fn a_coder_id_that_is_not_the_owners_is_refused(app: App) {
        let (ada, cyd) = (app.coder("ada").await, app.coder("cyd").await);
        let id = store(&ada, hello()).await;
        for coder_id in nobodys_ids().into_iter().chain([json!(cyd.id), json!(cyd.id.to_string())]) {
            let answer = ada.delete(&format!("/snippet/{id}"), json!({ "coderId": coder_id })).await;
            assert_refused(&answer, 403, format_args!("coderId {coder_id}"));
        }
        assert!(row(app, id).await.is_some());
    }

    async fn a_coder_does_not_delete_what_is_another_coders(app: App) {
        let (ada, cyd) = (app.coder("ada").await, app.coder("cyd").await);
        let id = store(&ada, hello()).await;
        for coder_id in [ada.id, cyd.id] {
            let answer = cyd.delete(&format!("/snippet/{id}"), json!({ "coderId": coder_id })).await;
            assert_refused(&answer, 403, format_args!("coderId {coder_id}"));
        }
        assert!(row(app, id).await.is_some());
    }

    async fn a_mentor_deletes_nothing(app: App) {
        let (ada, bob) = (app.coder("ada").await, app.mentor("bob").await);
        take_on(&bob, &ada).await;
        let id = store(&ada, hello()).await;
        for mentor in [&bob, &bob.with_permissions(&Permission::ALL)] {
            let answer = mentor.delete(&format!("/snippet/{id}"), json!({ "coderId": ada.id })).await;
            assert_refused(&answer, 403, "the coder's own mentor");
        }
        assert!(row(app, id).await.is_some());
    }
}
