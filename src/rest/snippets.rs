//! The paths of snippets.

use axum::{
    Json,
    extract::{Path, State},
};
use serde::Deserialize;

use super::{
    body::{Body, Id},
    caller::Caller,
    etag::{Etag, IfMatch, as_precondition, etag},
    failure::Failure,
    mentorships::existing_coder,
    wire::{CreatedOut, Message, SnippetOut, Success, success},
};
use crate::{
    Error, Result,
    app::AppState,
    auth::{Account, Permission},
    domain::snippets::{self, Change, NewSnippet},
    entity::user::Role,
};

/// The body of `POST /snippet` and `PATCH /snippet/{id}`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SnippetBody {
    name: String,
    code: String,
    needs_review: Option<bool>,
    comments: Option<String>,
    coder_id: Option<Id>,
    user_id: Option<Id>,
    usertype: Option<String>,
}

/// The body of `DELETE /snippet/{id}`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeleteBody {
    coder_id: Id,
}

/// `GET /snippet/{id}`.
pub(crate) async fn read(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<(Etag, Json<Success<SnippetOut>>), Failure> {
    caller.require(Permission::EditSnippet)?;
    let snippet = snippets::by_id(&app.db, &caller, number_in(&id)?).await?;
    Ok((etag(snippet.version), success(snippet.into())))
}

/// `POST /snippet`.
pub(crate) async fn create(
    State(app): State<AppState>,
    caller: Caller,
    body: Body,
) -> Result<Json<Success<CreatedOut>>, Failure> {
    let coder = caller.coder_with(Permission::PostSnippet)?;
    let body: SnippetBody = body.parse()?;
    let owner = body.coder_id;
    let new = NewSnippet::from(body);
    new.validate()?;
    if let Some(Id(owner)) = owner
        && existing_coder(&app, owner).await? != coder.id
    {
        return Err(Error::forbidden("You can store snippets in your own library only.").into());
    }
    let snippet = snippets::create(&app.store, &caller, new).await?;
    Ok(success(CreatedOut { message: "The snippet is stored.", snippet_id: snippet.id }))
}

/// `PATCH /snippet/{id}`. It replaces: what is left out is reset.
pub(crate) async fn replace(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
    body: Body,
) -> Result<(Etag, Json<Success<Message>>), Failure> {
    let account = caller.account_with(Permission::EditSnippet)?;
    let body: SnippetBody = body.parse()?;
    let usertype = body.usertype.as_deref().map(role).transpose()?;
    let (owner, user_id) = (body.coder_id, body.user_id);
    let change = Change::from(body);
    change.validate()?;

    let snippet = snippets::editable_by(&app.db, &caller, number_in(&id)?).await?;
    let (own_role, own_id) = match account {
        Account::Coder(coder) => (Role::Coder, coder.id),
        Account::Mentor(mentor) => (Role::Mentor, mentor.id),
    };
    let agrees = owner.is_none_or(|Id(owner)| owner == Some(snippet.coder_id))
        && user_id.is_none_or(|Id(user_id)| user_id == Some(own_id))
        && usertype.is_none_or(|usertype| usertype == own_role);
    if !agrees {
        return Err(Error::forbidden("coderId, userId or usertype is not who it should be.").into());
    }
    let expected = if_match.expected(snippet.version)?;
    let updated =
        snippets::update(&app.store, &caller, snippet.id, change, expected).await.map_err(as_precondition)?;
    Ok((etag(updated.version), success(Message { message: "The snippet is changed." })))
}

/// `DELETE /snippet/{id}`.
pub(crate) async fn delete(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
    body: Body,
) -> Result<Json<Success<Message>>, Failure> {
    caller.coder_with(Permission::DeleteSnippet)?;
    let DeleteBody { coder_id: Id(owner) } = body.parse()?;
    let snippet = snippets::deletable_by(&app.db, &caller, number_in(&id)?).await?;
    if owner != Some(snippet.coder_id) {
        return Err(Error::forbidden("coderId is not the snippet's owner.").into());
    }
    let expected = if_match.expected(snippet.version)?;
    snippets::delete(&app.store, &caller, snippet.id, expected).await.map_err(as_precondition)?;
    Ok(success(Message { message: "The snippet is deleted." }))
}

impl From<SnippetBody> for NewSnippet {
    fn from(body: SnippetBody) -> Self {
        Self {
            name: body.name,
            code: body.code,
            needs_review: body.needs_review.unwrap_or_default(),
            comments: body.comments.unwrap_or_default(),
        }
    }
}

impl From<SnippetBody> for Change {
    fn from(body: SnippetBody) -> Self {
        let NewSnippet { name, code, needs_review, comments } = body.into();
        Self {
            name: Some(name),
            code: Some(code),
            needs_review: Some(needs_review),
            comments: Some(comments),
        }
    }
}

fn role(usertype: &str) -> Result<Role> {
    Role::from_name(usertype)
        .ok_or_else(|| Error::bad_user_input("usertype", "usertype must be coder or mentor."))
}

fn number_in(path: &str) -> Result<i32> {
    path.parse().map_err(|_| Error::not_found("snippet"))
}
