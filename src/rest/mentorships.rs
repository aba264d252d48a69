//! The paths by which coders and mentors find each other.

use axum::{
    Json,
    extract::{Path, State},
};
use serde::Deserialize;

use super::{
    body::{Body, Id},
    caller::Caller,
    failure::Failure,
    wire::{Message, Success, success},
};
use crate::{
    Error, Result,
    app::AppState,
    auth::Permission,
    domain::{mentorships, users},
};

/// The body of `PATCH /coder/{coder_id}/mentor`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SelectMentorBody {
    mentor_id: Id,
}

/// The body of `PATCH /mentor/{mentor_id}/coder`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddCoderBody {
    coder_id: Id,
}

/// `PATCH /coder/{coder_id}/mentor`.
pub(crate) async fn select_mentor(
    State(app): State<AppState>,
    caller: Caller,
    Path(coder_id): Path<String>,
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

/// `PATCH /mentor/{mentor_id}/coder`.
pub(crate) async fn add_coder(
    State(app): State<AppState>,
    caller: Caller,
    Path(mentor_id): Path<String>,
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
pub(super) async fn existing_coder(app: &AppState, id: Option<i32>) -> Result<i32> {
    let not_found = || Error::not_found("coder");
    let id = id.ok_or_else(not_found)?;
    users::coders_by_id(&app.db, &[id]).await?.contains_key(&id).then_some(id).ok_or_else(not_found)
}

/// The number, if a mentor bears it.
async fn existing_mentor(app: &AppState, id: Option<i32>) -> Result<i32> {
    let not_found = || Error::not_found("mentor");
    let id = id.ok_or_else(not_found)?;
    users::mentors_by_id(&app.db, &[id]).await?.contains_key(&id).then_some(id).ok_or_else(not_found)
}
