//! The mutation `signup`.

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};

use super::{
    context::ContextExt,
    error::{ApiError, Fallible},
    node::User,
    users::{Coder, Mentor},
};
use crate::{auth::Account, domain::signup::NewUser, entity::user::Role};

/// What somebody is.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub(super) enum UserType {
    /// Keeps a library of snippets.
    Coder,
    /// Reviews the snippets of the coders they took on.
    Mentor,
}

/// A person who wants an account.
#[derive(InputObject)]
pub(super) struct SignupInput {
    /// What they want to be.
    usertype: UserType,
    /// The name they want: 1 to 24 unaccented letters, digits and any of `` @ ^ $ . ! ` - # + ' ~ _ ``;
    /// unique whatever the case of its letters.
    username: String,
    /// Their email address.
    email: String,
    /// Their password, which only the identity provider keeps.
    #[graphql(secret)]
    password: String,
}

/// The new account.
#[derive(SimpleObject)]
pub(super) struct SignupPayload {
    /// The new coder or mentor.
    user: User,
}

#[derive(Default)]
pub(super) struct SignupMutation;

#[Object]
impl SignupMutation {
    /// Make an account, here and with the identity provider. No token is needed.
    async fn signup(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The person.")] input: SignupInput,
    ) -> Fallible<SignupPayload> {
        // In a box, since every mutation's future would have room for it.
        Some(Box::pin(sign_up(ctx, input)).await)
    }
}

async fn sign_up(ctx: &Context<'_>, input: SignupInput) -> Result<SignupPayload, ApiError> {
    let new = NewUser {
        username: input.username,
        email: input.email,
        password: input.password.into(),
        role: match input.usertype {
            UserType::Coder => Role::Coder,
            UserType::Mentor => Role::Mentor,
        },
    };
    let user = match ctx.sign_ups().sign_up(ctx.client(), new).await? {
        Account::Coder(coder) => User::Coder(Coder::load(ctx, coder.id).await?),
        Account::Mentor(mentor) => User::Mentor(Mentor::load(ctx, mentor.id).await?),
    };
    Ok(SignupPayload { user })
}
