//! How the operator binds accounts to people.

use chrono::Utc;
use funcster_api::{
    domain::{
        accounts::{self, Link},
        import::{self, Report},
    },
    entity::user::{self, Role, Status},
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, DatabaseConnection};
use serde_json::{Value, json};

use super::people::{subject_of, unbound, viewer_of};
use crate::support::App;

/// Imports for good.
async fn import(db: &DatabaseConnection, export: &str) -> funcster_api::Result<Report> {
    import::import(db, import::read(export.as_bytes()).expect("it is read"), false).await
}

on_both_databases! {
    async fn the_operator_binds_accounts_and_is_told_what_became_of_it(app: App) {
        let bob = app.mentor("bob").await;
        unbound(app, "Ada", Role::Coder).await;
        let newcomer = app.bearer("auth0|a", &[]);
        assert_eq!(viewer_of(&newcomer).await, Value::Null);
        let taken = Link::SubjectTaken { subject: bob.subject(), username: "bob".to_owned() };
        let bound_to_another = Link::BoundToAnother { username: "Ada".to_owned() };
        let (bobs_subject, unknown) = (bob.subject(), Link::NoSuchUser("carl".to_owned()));
        let cases = [
            ("carl", "auth0|a", unknown, "there is no account called carl"),
            ("ada", &bobs_subject, taken.clone(), "belongs to bob already"),
            ("ADA", "auth0|a", Link::Bound, "bound"),
            ("ada", "auth0|a", Link::Bound, "bound"),
            ("ada", "auth0|another", bound_to_another, "Ada is bound to another subject already"),
            ("ada", &bobs_subject, taken.clone(), "belongs to bob already"),
            ("carl", &bobs_subject, taken, "belongs to bob already"),
            ("bob", &bobs_subject, Link::Bound, "bound"),
        ];
        for (username, subject, expected, sentence) in cases {
            let link = accounts::link(&app.db, username, subject).await.expect("the database answers");
            assert_eq!(link, expected, "{username} {subject}");
            assert!(link.to_string().contains(sentence), "{link}");
        }
        assert_eq!(viewer_of(&newcomer).await, "Ada", "without a new token, and at once");
        let listed: Vec<_> =
            accounts::list(&app.db).await.expect("the list").iter().map(ToString::to_string).collect();
        assert_eq!(listed.len(), 2);
        assert!(listed[0].contains("bob") && listed[0].contains("Mentor") && listed[0].contains(&bobs_subject));
        assert!(listed[1].contains("Ada") && listed[1].contains("Coder") && listed[1].contains("auth0|a"));
    }

    async fn linking_completes_a_sign_up_that_was_never_finished(app: App) {
        let row = user::ActiveModel {
            username: Set("ada".to_owned()),
            role: Set(Role::Mentor),
            status: Set(Status::Unanswered),
            email_digest: Set(Some("00".to_owned())),
            lease_expires_at: Set(Some(Utc::now())),
            created_at: Set(Utc::now()),
            ..Default::default()
        };
        row.insert(&app.db).await.expect("the row is inserted");
        let list = accounts::list(&app.db).await.expect("the list");
        assert!(list[0].to_string().contains("not finished"), "{}", list[0]);
        assert_eq!(accounts::link(&app.db, "ada", "auth0|a").await.expect("the link"), Link::Bound);
        let ada = app.bearer("auth0|a", &[]).graphql("{ viewer { id username } }").await;
        assert_eq!(ada.data()["viewer"], json!({ "id": "mentor_1", "username": "ada" }));
    }

    async fn an_import_binds_whom_it_can_and_reports_the_rest_by_line(app: App) {
        let carl = app.coder("carl").await;
        for username in ["Ada", "Bob", "Dora", "Eve"] {
            unbound(app, username, Role::Coder).await;
        }
        let export = [
            r#"{"user_id":"auth0|a","username":"ada","email":"ada@example.com","created_at":"2020-01-01"}"#,
            "",
            "   ",
            "{\"user_id\":\"auth0|b\",\"nickname\":\"bob\"}\r",
            r#"{"Id":"auth0|d","Username":"dora","Nickname":"somebody"}"#,
            r#"{"user_id":"auth0|x","username":"nobody"}"#,
            r#"{"user_id":"auth0|x","username":"carl"}"#,
            &format!(r#"{{"user_id":"{}","username":"eve"}}"#, carl.subject()),
            r#"{"user_id":"auth0|x"}"#,
            r#"{"username":"ada"}"#,
            r#"{"user_id":7,"username":"ada"}"#,
            "not JSON",
            "[]",
        ];
        let report = import(&app.db, &export.join("\n")).await.expect("the database answers");
        assert_eq!(report.bound.len(), 3, "{report}");
        let lines: Vec<_> = report.problems.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [6, 7, 8, 9, 10, 11, 12, 13], "{report}");
        let problem = |line: usize| &report.problems[line - 6].1;
        assert!(problem(6).contains("nobody"), "{report}");
        assert!(problem(7).contains("carl is bound to another subject"), "{report}");
        assert!(problem(8).contains("belongs to carl"), "{report}");
        assert!(problem(9).contains("neither username nor nickname"), "{report}");
        assert!(report.to_string().contains("3 bound, 8 not. Bound before: 0.\n"), "{report}");
        for (username, subject) in [("ada", "auth0|a"), ("bob", "auth0|b"), ("dora", "auth0|d")] {
            assert_eq!(subject_of(app, username).await.as_deref(), Some(subject));
        }
        assert_eq!(subject_of(app, "carl").await, Some(carl.subject()));
    }

    async fn a_line_that_no_database_could_hold_does_not_stop_an_import(app: App) {
        unbound(app, "ada", Role::Coder).await;
        let export = concat!(
            r#"{"user_id":"auth0|x","username":"a\u0000da"}"#, "\n",
            r#"{"user_id":"auth0|\u0000","username":"ada"}"#, "\n",
            r#"{"user_id":"auth0|a","username":"ada"}"#,
        );
        let report = import(&app.db, export).await.expect("what is wrong with a line is in the report");
        assert_eq!((report.bound.len(), report.problems.len()), (1, 2), "{report}");
        assert_eq!(subject_of(app, "ada").await.as_deref(), Some("auth0|a"));
    }
}
