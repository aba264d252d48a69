//! What goes over the wire, frozen to what old clients know. Adding a key is safe; nothing else is.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use super::{full_list::Each, openapi::schemas};
use crate::entity::snippet::{self, Listed};

/// A success: `"success": true`, and what else there is to say.
#[derive(Serialize, ToSchema)]
pub(crate) struct Success<T> {
    #[schema(schema_with = schemas::yes)]
    success: bool,
    #[serde(flatten)]
    content: T,
}

impl<T> Success<T> {
    pub(super) const fn of(content: T) -> Self {
        Self { success: true, content }
    }
}

/// Makes the body of a success.
pub(super) const fn success<T>(content: T) -> Json<Success<T>> {
    Json(Success::of(content))
}

/// A sentence.
#[derive(Serialize, ToSchema)]
pub(crate) struct Message {
    pub(super) message: &'static str,
}

/// A snippet.
#[derive(Serialize, ToSchema)]
#[schema(as = Snippet)]
pub(crate) struct SnippetOut {
    id: i32,
    snippet_name: String,
    code: String,
    needs_review: bool,
    /// Null in old rows.
    #[schema(required)]
    comments: Option<String>,
    /// Its owner.
    coder_id: i32,
}

impl From<Listed> for SnippetOut {
    fn from(row: Listed) -> Self {
        Self {
            id: row.id,
            snippet_name: row.name.unwrap_or_default(),
            code: row.code.unwrap_or_default(),
            needs_review: row.needs_review.unwrap_or_default(),
            comments: row.comments,
            coder_id: row.coder_id,
        }
    }
}

impl From<snippet::Model> for SnippetOut {
    fn from(row: snippet::Model) -> Self {
        Listed::from(row).into()
    }
}

/// A coder with their library.
#[derive(Serialize, ToSchema)]
#[schema(as = Coder)]
pub(super) struct CoderOut {
    pub(super) id: i32,
    pub(super) username: String,
    #[schema(value_type = Vec<SnippetOut>)]
    pub(super) snippets: Each<SnippetOut>,
    #[schema(required)]
    pub(super) mentor_id: Option<i32>,
}

/// A mentor with their coders.
#[derive(Serialize, ToSchema)]
#[schema(as = Mentor)]
pub(super) struct MentorOut {
    pub(super) id: i32,
    pub(super) username: String,
    #[schema(value_type = Vec<CoderOut>)]
    pub(super) coders: Each<CoderOut>,
}

/// `GET /coders`, `GET /coders/available`.
#[derive(Serialize, ToSchema)]
#[schema(as = Coders)]
pub(crate) struct CodersOut {
    #[schema(value_type = Vec<CoderOut>)]
    pub(super) coders: Each<CoderOut>,
}

/// `GET /mentors`.
#[derive(Serialize, ToSchema)]
#[schema(as = Mentors)]
pub(crate) struct MentorsOut {
    #[schema(value_type = Vec<MentorOut>)]
    pub(super) mentors: Each<MentorOut>,
}

/// `GET /userinfo/{username}`.
#[derive(Serialize, ToSchema)]
#[serde(tag = "usertype")]
#[schema(as = Userinfo)]
pub(crate) enum UserinfoOut {
    /// Of a coder.
    Coder {
        user_id: i32,
        /// The mentor's username.
        #[schema(required)]
        mentor: Option<String>,
        #[schema(value_type = Vec<SnippetOut>)]
        snippets: Each<SnippetOut>,
    },
    /// Of a mentor: a list of what there is to review.
    Mentor { user_id: i32, coders: Vec<ReviewOut> },
}

/// What there is to review of one coder's.
#[derive(Serialize, ToSchema)]
#[schema(as = Review)]
pub(crate) struct ReviewOut {
    pub(super) username: String,
    pub(super) id: i32,
    #[schema(value_type = Vec<SnippetOut>)]
    pub(super) snippets: Each<SnippetOut>,
}

/// `POST /signup`.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedUp)]
pub(crate) struct SignedUpOut {
    pub(super) message: &'static str,
    pub(super) user_id: i32,
}

/// `POST /snippet`.
#[derive(Serialize, ToSchema)]
#[schema(as = Created)]
pub(crate) struct CreatedOut {
    pub(super) message: &'static str,
    pub(super) snippet_id: i32,
}
