//! The types `Coder` and `Mentor`, and the queries for people.

use async_graphql::{Context, ID, Object};

use super::{
    connection::{Connection, Total, argument, asks_for_rows, load_pages, only, page, page_asked_for},
    context::ContextExt,
    error::{ApiError, Fallible},
    id::{self, Kind},
    loaders::{CoderNumber, CoderPage, MentorNumber, SnippetPage},
    node::User,
    permission::requires_permission,
    rows::{Leaf, Reading, Row},
    snippets::{Snippet, columns_asked_for},
};
use crate::{
    Error,
    auth::{Account, Permission},
    domain::{
        paging::{Page, Slice},
        users::{self, Coders},
    },
    entity::{coder, mentor},
};

/// Somebody who keeps a library of Python snippets, and has at most one mentor.
#[derive(Clone)]
pub(super) struct Coder(coder::Coder);

impl From<coder::Coder> for Coder {
    fn from(coder: coder::Coder) -> Self {
        Self(coder)
    }
}

impl Coder {
    /// The coder with this number, who is known to exist.
    pub(super) async fn load(ctx: &Context<'_>, number: i32) -> Result<Self, ApiError> {
        let coder = ctx.loader().load_one(CoderNumber(number)).await?;
        Ok(Self(coder.ok_or_else(|| Error::internal(format!("coder {number} is not there")))?))
    }
}

/// Somebody who keeps a library of Python snippets, and has at most one mentor.
#[Object]
impl Coder {
    /// Unique over all types.
    pub(super) async fn id(&self) -> ID {
        id::global(Kind::Coder, self.0.id)
    }

    /// The number among coders.
    pub(super) async fn database_id(&self) -> i32 {
        self.0.id
    }

    /// Unique whatever the case of its letters.
    pub(super) async fn username(&self) -> &str {
        &self.0.username
    }

    /// Who took this coder on.
    async fn mentor(&self, ctx: &Context<'_>) -> Fallible<Mentor> {
        Some(Mentor::load(ctx, self.0.mentor_id?).await)
    }

    /// The library, oldest first, as far as you may read it: your own, your coders', or everybody's
    /// with the permission get:coders.
    async fn snippets(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most this many from the start; 20 unless given, at most 100.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "At most this many from the end; at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only what is flagged for review, or only what is not.")] needs_review: Option<bool>,
    ) -> Result<Connection<Snippet>, ApiError> {
        let page = page(ctx, first, after, last, before)?;
        only(load_snippets(ctx, &[self], page, needs_review).await?)
    }
}

impl Row for Coder {
    const KIND: Kind = Kind::Coder;

    const CONNECTION: Option<&'static str> = Some("snippets");

    type Below = Snippet;

    fn number(&self) -> i32 {
        self.0.id
    }

    fn column(&self, field: &str) -> Option<Leaf<'_>> {
        (field == "username").then_some(Leaf::Text(&self.0.username))
    }

    fn connections<'a>(field: &'a Context<'a>, rows: &'a [&'a Self]) -> Reading<'a, Snippet> {
        Box::pin(async move {
            load_snippets(field, rows, page_asked_for(field)?, argument(field, "needsReview")?).await
        })
    }
}

async fn load_snippets(
    ctx: &Context<'_>,
    coders: &[&Coder],
    page: Page,
    needs_review: Option<bool>,
) -> Result<Vec<Connection<Snippet>>, ApiError> {
    let arguments = SnippetPage { needs_review, columns: columns_asked_for(ctx), page };
    let total = |library| Total::SnippetsOf { library, needs_review };
    Ok(load_pages(ctx, coders.iter().map(|coder| coder.0.library()), arguments, total).await?)
}

/// Somebody who takes coders on, edits their code and leaves notes.
#[derive(Clone)]
pub(super) struct Mentor(mentor::Mentor);

impl From<mentor::Mentor> for Mentor {
    fn from(mentor: mentor::Mentor) -> Self {
        Self(mentor)
    }
}

impl Mentor {
    /// The mentor with this number, who is known to exist.
    pub(super) async fn load(ctx: &Context<'_>, number: i32) -> Result<Self, ApiError> {
        let mentor = ctx.loader().load_one(MentorNumber(number)).await?;
        Ok(Self(mentor.ok_or_else(|| Error::internal(format!("mentor {number} is not there")))?))
    }
}

/// Somebody who takes coders on, edits their code and leaves notes.
#[Object]
impl Mentor {
    /// Unique over all types.
    pub(super) async fn id(&self) -> ID {
        id::global(Kind::Mentor, self.0.id)
    }

    /// The number among mentors.
    pub(super) async fn database_id(&self) -> i32 {
        self.0.id
    }

    /// Unique whatever the case of its letters.
    pub(super) async fn username(&self) -> &str {
        &self.0.username
    }

    /// The coders whom this mentor took on.
    async fn coders(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most this many from the start; 20 unless given, at most 100.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "At most this many from the end; at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Coder>, ApiError> {
        only(load_coders(ctx, &[self], page(ctx, first, after, last, before)?).await?)
    }
}

impl Row for Mentor {
    const KIND: Kind = Kind::Mentor;

    const CONNECTION: Option<&'static str> = Some("coders");

    type Below = Coder;

    fn number(&self) -> i32 {
        self.0.id
    }

    fn column(&self, field: &str) -> Option<Leaf<'_>> {
        (field == "username").then_some(Leaf::Text(&self.0.username))
    }

    fn connections<'a>(field: &'a Context<'a>, rows: &'a [&'a Self]) -> Reading<'a, Coder> {
        Box::pin(async move { load_coders(field, rows, page_asked_for(field)?).await })
    }
}

async fn load_coders(
    ctx: &Context<'_>,
    mentors: &[&Mentor],
    page: Page,
) -> Result<Vec<Connection<Coder>>, ApiError> {
    let numbers = mentors.iter().map(|mentor| MentorNumber(mentor.0.id));
    Ok(load_pages(ctx, numbers, CoderPage(page), Total::CodersOf).await?)
}

#[derive(Default)]
pub(super) struct UserQueries;

#[Object]
impl UserQueries {
    /// You: null without a token, and for a token without an account.
    async fn viewer(&self, ctx: &Context<'_>) -> Fallible<User> {
        Some(match ctx.viewer().account()? {
            Account::Coder(coder) => Coder::load(ctx, coder.id).await.map(User::Coder),
            Account::Mentor(mentor) => Mentor::load(ctx, mentor.id).await.map(User::Mentor),
        })
    }

    /// The person with this name.
    #[graphql(directive = requires_permission::apply(Permission::GetUserinfo.name().into()))]
    async fn userinfo(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In any case of letters.")] username: String,
    ) -> Fallible<User> {
        let user =
            ctx.read(move |reader| async move { users::by_name(&reader.db, &reader.viewer, username).await });
        Some(user.await.map(User::from).map_err(ApiError))
    }

    /// All coders.
    #[graphql(directive = requires_permission::apply(Permission::GetCoders.name().into()))]
    async fn coders(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most this many from the start; 20 unless given, at most 100.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "At most this many from the end; at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Fallible<Connection<Coder>> {
        Some(list_coders(ctx, Coders::All, page(ctx, first, after, last, before)).await)
    }

    /// The coders who have no mentor yet.
    #[graphql(directive = requires_permission::apply(Permission::GetCoders.name().into()))]
    async fn available_coders(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most this many from the start; 20 unless given, at most 100.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "At most this many from the end; at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Fallible<Connection<Coder>> {
        Some(list_coders(ctx, Coders::Available, page(ctx, first, after, last, before)).await)
    }

    /// All mentors.
    #[graphql(directive = requires_permission::apply(Permission::GetMentors.name().into()))]
    async fn mentors(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most this many from the start; 20 unless given, at most 100.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "At most this many from the end; at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Fallible<Connection<Mentor>> {
        Some(list_mentors(ctx, page(ctx, first, after, last, before)).await)
    }
}

// Both ask for the permission before they look at the page: who may not list is told so, whatever
// page it is.

async fn list_coders(
    ctx: &Context<'_>,
    which: Coders,
    page: Result<Page, Error>,
) -> Result<Connection<Coder>, ApiError> {
    ctx.viewer().require(Permission::GetCoders)?;
    let page = page?;
    let slice = if asks_for_rows(ctx) {
        ctx.read(move |reader| async move { users::coders(&reader.db, &reader.viewer, which, page).await })
            .await?
    } else {
        Slice::default()
    };
    Ok(Connection::of(slice, Total::Coders(which)))
}

async fn list_mentors(ctx: &Context<'_>, page: Result<Page, Error>) -> Result<Connection<Mentor>, ApiError> {
    ctx.viewer().require(Permission::GetMentors)?;
    let page = page?;
    let slice = if asks_for_rows(ctx) {
        ctx.read(move |reader| async move { users::mentors(&reader.db, &reader.viewer, page).await }).await?
    } else {
        Slice::default()
    };
    Ok(Connection::of(slice, Total::Mentors))
}
