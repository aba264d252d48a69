//! Equal data on any server, and people of every kind.

use chrono::{DateTime, Utc};
use funcster_api::{
    auth::Permission,
    entity::{coder, snippet},
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, prelude::Expr};
use serde_json::{Value, json};

use crate::support::{App, Person};

/// A snippet of Ada's, whose mentor Bob is.
pub(super) const ADAS: &str = "1001";
/// One that she flagged for review, of the time when comments could be null.
pub(super) const ADAS_FLAGGED: &str = "1002";
/// A flagged one of Cyd's, who has no mentor.
pub(super) const CYDS: &str = "1003";

pub(super) struct Stage<'a> {
    app: &'a App,
    pub(super) people: Vec<(&'static str, Person<'a>)>,
}

impl<'a> Stage<'a> {
    pub(super) async fn set(app: &'a App) -> Self {
        let (ada, cyd) = (app.coder("ada").await, app.coder("cyd").await);
        let (bob, dan) = (app.mentor("Bob").await, app.mentor("dan").await);
        assert_eq!(
            [ada.id, cyd.id, bob.id, dan.id],
            [1, 2, 1, 2],
            "the rows below and the tables count on it"
        );
        let mentors_but_get_coders: Vec<_> =
            Permission::OF_MENTORS.into_iter().filter(|held| *held != Permission::GetCoders).collect();
        let reader = [Permission::GetUserinfo, Permission::GetMentors, Permission::EditSnippet];
        let mut forger = ada.clone();
        forger.token = Some("not.a.token".to_owned());
        let people = vec![
            ("almighty ada", ada.with_permissions(&Permission::ALL)),
            ("almighty bob", bob.with_permissions(&Permission::ALL)),
            ("powerless ada", ada.with_permissions(&[])),
            ("dan without get:coders", dan.with_permissions(&mentors_but_get_coders)),
            ("service", app.bearer("auth0|service", &Permission::ALL)),
            ("reader", app.bearer("auth0|reader", &reader)),
            ("stranger", app.anonymous()),
            ("forger", forger),
            ("ada", ada),
            ("cyd", cyd),
            ("bob", bob),
            ("dan", dan),
        ];
        let stage = Self { app, people };
        stage.reset().await;
        stage
    }

    pub(super) fn person(&self, name: &str) -> &Person<'a> {
        &self.people.iter().find(|(who, _)| *who == name).expect("everybody is on both stages").1
    }

    /// Puts everything back, under the same ids.
    pub(super) async fn reset(&self) {
        let db = &self.app.db;
        snippet::Entity::delete_many().exec(db).await.expect("snippets can be deleted");
        let coders = coder::Entity::update_many();
        let alone = coders.clone().col_expr(coder::Column::MentorId, Expr::value(None::<i32>));
        alone.exec(db).await.expect("coders can be changed");
        let of_bob = coders.col_expr(coder::Column::MentorId, Expr::value(1)).filter(coder::Column::Id.eq(1));
        of_bob.exec(db).await.expect("coders can be changed");
        let rows =
            [row(1001, 1, Some("Why?"), false), row(1002, 1, None, true), row(1003, 2, Some(""), true)];
        snippet::Entity::insert_many(rows).exec(db).await.expect("the rows fit");
    }

    /// All that a request can change, times aside.
    pub(super) async fn state(&self) -> Value {
        let db = &self.app.db;
        let snippets =
            snippet::Entity::find().order_by_asc(snippet::Column::Id).all(db).await.expect("snippets");
        let coders = coder::Entity::find().order_by_asc(coder::Column::Id).all(db).await.expect("coders");
        let snippets = snippets.into_iter().map(|row| {
            json!([row.id, row.coder_id, row.name, row.code, row.comments, row.needs_review, row.version])
        });
        let coders = coders.into_iter().map(|row| json!([row.id, row.mentor_id]));
        json!({ "snippets": snippets.collect::<Vec<_>>(), "coders": coders.collect::<Vec<_>>() })
    }
}

fn row(id: i32, coder_id: i32, comments: Option<&str>, needs_review: bool) -> snippet::ActiveModel {
    let then = DateTime::<Utc>::UNIX_EPOCH;
    snippet::ActiveModel {
        id: Set(id),
        coder_id: Set(coder_id),
        name: Set(format!("Snippet {id}")),
        code: Set("print(1)\r\n".to_owned()),
        comments: Set(comments.map(ToOwned::to_owned)),
        needs_review: Set(needs_review),
        version: Set(1),
        created_at: Set(then),
        updated_at: Set(then),
    }
}
