//! The paths of snippets.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Body, Id},
    caller::Caller,
    etag::{Etag, IfMatch, as_precondition, etag},
    failure::Failure,
    mentorships::existing_coder,
    openapi::schemas,
    segment::Segment,
    users::role,
    wire::{CreatedOut, Message, SnippetOut, Success, success},
};
use crate::{
    Error, Result,
    app::App,
    auth::{Account, Permission},
    domain::snippets::{self, Change, NewSnippet},
    entity::user::Role,
};

/// The body of `POST /snippet`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewSnippet)]
pub(super) struct SnippetBody {
    #[schema(schema_with = schemas::snippet_name)]
    name: String,
    #[schema(schema_with = schemas::code)]
    code: String,
    /// False when it is left out.
    needs_review: Option<bool>,
    #[schema(schema_with = schemas::comments, required = false)]
    comments: Option<String>,
    /// The snippet's owner, who is the caller when it is new.
    coder_id: Option<Id>,
}

/// The body of `PATCH /snippet/{id}`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SnippetReplacement)]
pub(super) struct ReplacementBody {
    #[serde(flatten)]
    content: SnippetBody,
    /// The caller.
    user_id: Option<Id>,
    /// What the caller is.
    #[schema(schema_with = schemas::optional_usertype, required = false)]
    usertype: Option<String>,
}

/// The body of `DELETE /snippet/{id}`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SnippetDeletion)]
pub(super) struct DeleteBody {
    /// The snippet's owner.
    coder_id: Id,
}

/// One snippet.
#[utoipa::path(
    get,
    path = "/snippet/{id}",
    operation_id = "read_snippet",
    tag = "snippets",
    params(("id" = i32, Path, description = "The snippet's.")),
    responses(
        (status = 200, description = "The snippet.", body = Success<SnippetOut>, headers(("ETag" = String, description = "The snippet's version."))),
        (status = 404, description = "There is no such snippet.")
    ),
    extensions(
        ("x-permission" = json!(Permission::EditSnippet.name())),
        ("x-graphql-field" = json!("Query.snippet"))
    )
)]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Segment(id): Segment,
) -> Result<(Etag, Json<Success<SnippetOut>>), Failure> {
    caller.require(Permission::EditSnippet)?;
    let snippet = snippets::by_id(&app.store.reader(caller.client()).await, &caller, number_in(&id)?).await?;
    Ok((etag(snippet.version), success(snippet.into())))
}

/// Store a snippet in your library.
#[utoipa::path(
    post,
    path = "/snippet",
    operation_id = "create_snippet",
    tag = "snippets",
    request_body = SnippetBody,
    responses(
        (status = 200, description = "The snippet is stored.", body = Success<CreatedOut>),
        (status = 404, description = "There is no such coder.")
    ),
    extensions(
        ("x-permission" = json!(Permission::PostSnippet.name())),
        ("x-graphql-field" = json!("Mutation.createSnippet"))
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
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

/// Replace a snippet.
///
/// What is left out is reset: `needsReview` to false, `comments` to the empty text.
#[utoipa::path(
    patch,
    path = "/snippet/{id}",
    operation_id = "replace_snippet",
    tag = "snippets",
    params(
        ("id" = i32, Path, description = "The snippet's."),
        ("If-Match" = Option<String>, Header, description = "The version that it must be at, as `ETag` told it.")
    ),
    request_body = ReplacementBody,
    responses(
        (status = 200, description = "The snippet is changed.", body = Success<Message>, headers(("ETag" = String, description = "The snippet's version."))),
        (status = 404, description = "There is no such snippet."),
        (status = 412, description = "`If-Match` names another version: the snippet has been edited.")
    ),
    extensions(
        ("x-permission" = json!(Permission::EditSnippet.name())),
        ("x-graphql-field" = json!("Mutation.updateSnippet"))
    )
)]
pub(crate) async fn replace(
    State(app): State<App>,
    caller: Caller,
    Segment(id): Segment,
    if_match: IfMatch,
    body: Body,
) -> Result<(Etag, Json<Success<Message>>), Failure> {
    let account = caller.account_with(Permission::EditSnippet)?;
    let ReplacementBody { content, user_id, usertype } = body.parse()?;
    let usertype = usertype.as_deref().map(role).transpose()?;
    let owner = content.coder_id;
    let change = Change::from(content);
    change.validate()?;

    let snippet = snippets::editable_by(&app.store.db, &caller, number_in(&id)?).await?;
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

/// Delete a snippet of your own.
#[utoipa::path(
    delete,
    path = "/snippet/{id}",
    operation_id = "delete_snippet",
    tag = "snippets",
    params(
        ("id" = i32, Path, description = "The snippet's."),
        ("If-Match" = Option<String>, Header, description = "The version that it must be at, as `ETag` told it.")
    ),
    request_body = DeleteBody,
    responses(
        (status = 200, description = "The snippet is deleted.", body = Success<Message>),
        (status = 404, description = "There is no such snippet."),
        (status = 412, description = "`If-Match` names another version: the snippet has been edited.")
    ),
    extensions(
        ("x-permission" = json!(Permission::DeleteSnippet.name())),
        ("x-graphql-field" = json!("Mutation.deleteSnippet"))
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Segment(id): Segment,
    if_match: IfMatch,
    body: Body,
) -> Result<Json<Success<Message>>, Failure> {
    caller.coder_with(Permission::DeleteSnippet)?;
    let DeleteBody { coder_id: Id(owner) } = body.parse()?;
    let snippet = snippets::deletable_by(&app.store.db, &caller, number_in(&id)?).await?;
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

fn number_in(path: &str) -> Result<i32> {
    path.parse().map_err(|_| Error::not_found("snippet"))
}
