//! The mutations by which coders and mentors find each other: `selectMentor`, `addCoder`.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::{
    context::ContextExt,
    error::{ApiError, Fallible},
    id::{self, Kind},
    permission::requires_permission,
    users::{Coder, Mentor},
};
use crate::{
    Error,
    auth::Permission,
    domain::mentorships::{self, Mentorship},
};

/// Your choice of a mentor.
#[derive(InputObject)]
pub(super) struct SelectMentorInput {
    /// The mentor's global id, or the bare number.
    mentor_id: ID,
}

/// The choice, made.
#[derive(SimpleObject)]
pub(super) struct SelectMentorPayload {
    /// You.
    coder: Coder,
    /// Your mentor now.
    mentor: Mentor,
    /// Who was your mentor before, if that is somebody else: their list of coders changed too.
    previous_mentor: Option<Mentor>,
}

/// A coder to take on.
#[derive(InputObject)]
pub(super) struct AddCoderInput {
    /// The coder's global id, or the bare number.
    coder_id: ID,
}

/// The two who work together now.
#[derive(SimpleObject)]
pub(super) struct AddCoderPayload {
    /// The coder, who is yours now.
    coder: Coder,
    /// You.
    mentor: Mentor,
    /// Who was the coder's mentor before, if that is somebody else: their list of coders changed too.
    previous_mentor: Option<Mentor>,
}

#[derive(Default)]
pub(super) struct MentorshipMutations;

#[Object]
impl MentorshipMutations {
    /// Choose your mentor, in place of the one you have. For coders.
    #[graphql(directive = requires_permission::apply(Permission::AddMentor.name().into()))]
    async fn select_mentor(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The choice.")] input: SelectMentorInput,
    ) -> Fallible<SelectMentorPayload> {
        Some(select_mentor(ctx, &input).await)
    }

    /// Take a coder on, from another mentor too. For mentors.
    #[graphql(directive = requires_permission::apply(Permission::AddCoder.name().into()))]
    async fn add_coder(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The coder.")] input: AddCoderInput,
    ) -> Fallible<AddCoderPayload> {
        Some(add_coder(ctx, &input).await)
    }
}

async fn select_mentor(
    ctx: &Context<'_>,
    input: &SelectMentorInput,
) -> Result<SelectMentorPayload, ApiError> {
    ctx.viewer().coder_with(Permission::AddMentor)?;
    let mentor_id =
        id::number_of(Kind::Mentor, &input.mentor_id).ok_or_else(|| Error::not_found("mentor"))?;
    let mentorship = mentorships::select_mentor(ctx.store(), ctx.viewer(), mentor_id).await?;
    Ok(SelectMentorPayload {
        coder: Coder::load(ctx, mentorship.coder_id).await?,
        mentor: Mentor::load(ctx, mentorship.mentor_id).await?,
        previous_mentor: previous_mentor(ctx, mentorship).await?,
    })
}

async fn add_coder(ctx: &Context<'_>, input: &AddCoderInput) -> Result<AddCoderPayload, ApiError> {
    ctx.viewer().mentor_with(Permission::AddCoder)?;
    let coder_id = id::number_of(Kind::Coder, &input.coder_id).ok_or_else(|| Error::not_found("coder"))?;
    let mentorship = mentorships::add_coder(ctx.store(), ctx.viewer(), coder_id).await?;
    Ok(AddCoderPayload {
        coder: Coder::load(ctx, mentorship.coder_id).await?,
        mentor: Mentor::load(ctx, mentorship.mentor_id).await?,
        previous_mentor: previous_mentor(ctx, mentorship).await?,
    })
}

async fn previous_mentor(ctx: &Context<'_>, mentorship: Mentorship) -> Result<Option<Mentor>, ApiError> {
    match mentorship.previous_mentor_id.filter(|_| mentorship.is_new()) {
        Some(id) => Mentor::load(ctx, id).await.map(Some),
        None => Ok(None),
    }
}
