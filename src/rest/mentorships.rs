//! The paths by which coders and mentors find each other.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Body, Id},
    caller::Caller,
    failure::Failure,
    segment::Segment,
    wire::{Message, Success, success},
};
use crate::{
    Error, Result,
    app::App,
    auth::Permission,
    domain::{mentorships, users},
};

/// The body of `PATCH /coder/{coder_id}/mentor`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SelectMentor)]
pub(super) struct SelectMentorBody {
    mentor_id: Id,
}

/// The body of `PATCH /mentor/{mentor_id}/coder`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AddCoder)]
pub(super) struct AddCoderBody {
    coder_id: Id,
}

/// Choose a mentor.
///
/// Choosing the mentor one has already is a success too.
#[utoipa::path(
    patch,
    path = "/coder/{coder_id}/mentor",
    tag = "mentorships",
    params(("coder_id" = i32, Path, description = "The caller's own.")),
    request_body = SelectMentorBody,
    responses(
        (status = 200, description = "The mentor is chosen.", body = Success<Message>),
        (status = 404, description = "There is no such coder or mentor.")
    ),
    extensions(
        ("x-permission" = json!(Permission::AddMentor.name())),
        ("x-graphql-field" = json!("Mutation.selectMentor"))
    )
)]
pub(crate) async fn select_mentor(
    State(app): State<App>,
    caller: Caller,
    Segment(coder_id): Segment,
    body: Body,
) -> Result<Json<Success<Message>>, Failure> {
    let coder = caller.coder_with(Permission::AddMentor)?;
    let SelectMentorBody { mentor_id: Id(mentor_id) } = body.parse()?;
    let coder_id = existing_coder(&app, coder_id.parse().ok()).await?;
    let mentor_id = existing_mentor(&app, mentor_id).await?;
    if coder_id != coder.id {
        return Err(Error::forbidden("You can choose a mentor for yourself only.").into());
    }
    let choice = mentorships::select_mentor(&app.store, &caller, mentor_id).await?;
    let message = if choice.is_new() { "You have a mentor now." } else { "You have this mentor already." };
    Ok(success(Message { message }))
}

/// Take a coder on.
///
/// A coder of another mentor moves to this one.
#[utoipa::path(
    patch,
    path = "/mentor/{mentor_id}/coder",
    tag = "mentorships",
    params(("mentor_id" = i32, Path, description = "The caller's own.")),
    request_body = AddCoderBody,
    responses(
        (status = 200, description = "The coder is taken on.", body = Success<Message>),
        (status = 404, description = "There is no such mentor or coder.")
    ),
    extensions(
        ("x-permission" = json!(Permission::AddCoder.name())),
        ("x-graphql-field" = json!("Mutation.addCoder"))
    )
)]
pub(crate) async fn add_coder(
    State(app): State<App>,
    caller: Caller,
    Segment(mentor_id): Segment,
    body: Body,
) -> Result<Json<Success<Message>>, Failure> {
    let mentor = caller.mentor_with(Permission::AddCoder)?;
    let AddCoderBody { coder_id: Id(coder_id) } = body.parse()?;
    let mentor_id = existing_mentor(&app, mentor_id.parse().ok()).await?;
    let coder_id = existing_coder(&app, coder_id).await?;
    if mentor_id != mentor.id {
        return Err(Error::forbidden("You can take coders on for yourself only.").into());
    }
    mentorships::add_coder(&app.store, &caller, coder_id).await?;
    Ok(success(Message { message: "The coder is yours now." }))
}

/// The number, if a coder bears it.
pub(super) async fn existing_coder(app: &App, id: Option<i32>) -> Result<i32> {
    let found = users::coders_by_id(&app.store.primary(), id.into_iter().collect()).await?;
    found.into_keys().next().ok_or_else(|| Error::not_found("coder"))
}

/// The number, if a mentor bears it.
async fn existing_mentor(app: &App, id: Option<i32>) -> Result<i32> {
    let found = users::mentors_by_id(&app.store.primary(), id.into_iter().collect()).await?;
    found.into_keys().next().ok_or_else(|| Error::not_found("mentor"))
}
