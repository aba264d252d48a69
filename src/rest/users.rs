//! Signing up, people by name, and the lists of coders and mentors.

use axum::{Json, extract::State};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    body::Body,
    caller::Caller,
    failure::Failure,
    openapi::schemas,
    segment::Segment,
    wire::{
        CoderOut, CodersOut, MentorOut, MentorsOut, ReviewOut, SignedUpOut, SnippetOut, Success, UserinfoOut,
        success,
    },
};
use crate::{
    Error, Result,
    app::{AppState, Client},
    auth::{Account, Permission, Viewer},
    domain::{
        mentorships,
        paging::Page,
        signup::NewUser,
        snippets,
        users::{self, Coders, User},
    },
    entity::{coder::Coder, mentor::Mentor, snippet::Texts, user::Role},
};

/// The body of `POST /signup`.
#[derive(Deserialize, ToSchema)]
#[schema(as = Signup)]
pub(super) struct SignupBody {
    #[schema(schema_with = schemas::username)]
    username: String,
    #[schema(schema_with = schemas::usertype)]
    usertype: String,
    #[schema(schema_with = schemas::email)]
    email: String,
    #[schema(schema_with = schemas::password)]
    #[serde(deserialize_with = "password")]
    password: SecretString,
}

/// Reads a password; of anything else the answer must not tell what it was.
fn password<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(text.into()),
        _ => Err(D::Error::custom("password must be a string")),
    }
}

/// Sign up.
///
/// The email address and the password go to the identity provider, which may refuse them by rules
/// of its own.
#[utoipa::path(
    post,
    path = "/signup",
    tag = "people",
    request_body = SignupBody,
    responses(
        (status = 200, description = "Signed up.", body = Success<SignedUpOut>),
        (status = 409, description = "The username or the email address is taken."),
        (status = 429, description = "This address has signed up too many people."),
        (status = 502, description = "The identity provider failed."),
        (status = 504, description = "The identity provider did not answer in time.")
    ),
    extensions(("x-graphql-field" = json!("Mutation.signup")))
)]
pub(crate) async fn sign_up(
    State(app): State<AppState>,
    client: Client,
    body: Body,
) -> Result<Json<Success<SignedUpOut>>, Failure> {
    let body: SignupBody = body.parse()?;
    let role = Role::from_name(&body.usertype)
        .ok_or_else(|| Error::bad_user_input("usertype", "usertype must be coder or mentor."))?;
    let new = NewUser { username: body.username, email: body.email, password: body.password, role };
    let user_id = match app.sign_ups.sign_up(client.0, new).await? {
        Account::Coder(coder) => coder.id,
        Account::Mentor(mentor) => mentor.id,
    };
    Ok(success(SignedUpOut { message: "You are signed up: welcome to Funcster.", user_id }))
}

/// A coder or a mentor by name.
///
/// Of a mentor's coders, the snippets are those that are flagged for review.
#[utoipa::path(
    get,
    path = "/userinfo/{username}",
    tag = "people",
    params(("username" = String, Path, description = "In any case of letters.")),
    responses(
        (status = 200, description = "The person.", body = Success<UserinfoOut>),
        (status = 404, description = "Nobody bears this name.")
    ),
    extensions(
        ("x-permission" = json!(Permission::GetUserinfo.name())),
        ("x-graphql-field" = json!("Query.userinfo"))
    )
)]
pub(crate) async fn userinfo(
    State(app): State<AppState>,
    caller: Caller,
    Segment(username): Segment,
) -> Result<Json<Success<UserinfoOut>>, Failure> {
    let content = match users::by_name(&app.store.db, &caller, &username).await? {
        User::Coder(coder) => {
            let mentor = match coder.mentor_id {
                Some(id) => users::mentors_by_id(&app.store.db, &[id]).await?.remove(&id),
                None => None,
            };
            let snippets = libraries(&app, &caller, &[coder.id], None).await?.remove(0);
            UserinfoOut::Coder { user_id: coder.id, mentor: mentor.map(|mentor| mentor.username), snippets }
        }
        User::Mentor(mentor) => {
            let coders = mentorships::coders_of(&app.store.db, &[mentor.id], Page::EVERYTHING).await?;
            let coders: Vec<Coder> = coders.into_values().flat_map(|coders| coders.rows).collect();
            let ids: Vec<_> = coders.iter().map(|coder| coder.id).collect();
            let to_review = libraries(&app, &caller, &ids, Some(true)).await?;
            let coders = coders.into_iter().zip(to_review);
            let coders = coders
                .map(|(coder, snippets)| ReviewOut { username: coder.username, id: coder.id, snippets })
                .collect();
            UserinfoOut::Mentor { user_id: mentor.id, coders }
        }
    };
    Ok(success(content))
}

/// Every coder, with their library.
#[utoipa::path(
    get,
    path = "/coders",
    tag = "people",
    responses((status = 200, description = "The coders.", body = Success<CodersOut>)),
    extensions(
        ("x-permission" = json!(Permission::GetCoders.name())),
        ("x-graphql-field" = json!("Query.coders"))
    )
)]
pub(crate) async fn coders(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<Json<Success<CodersOut>>, Failure> {
    list(&app, &caller, Coders::All).await
}

/// The coders without a mentor, with their libraries.
#[utoipa::path(
    get,
    path = "/coders/available",
    tag = "people",
    responses((status = 200, description = "The coders.", body = Success<CodersOut>)),
    extensions(
        ("x-permission" = json!(Permission::GetCoders.name())),
        ("x-graphql-field" = json!("Query.availableCoders"))
    )
)]
pub(crate) async fn available_coders(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<Json<Success<CodersOut>>, Failure> {
    list(&app, &caller, Coders::Available).await
}

/// Every mentor, with their coders.
///
/// Of the coders' libraries, what the caller may see.
#[utoipa::path(
    get,
    path = "/mentors",
    tag = "people",
    responses((status = 200, description = "The mentors.", body = Success<MentorsOut>)),
    extensions(
        ("x-permission" = json!(Permission::GetMentors.name())),
        ("x-graphql-field" = json!("Query.mentors"))
    )
)]
pub(crate) async fn mentors(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<Json<Success<MentorsOut>>, Failure> {
    let mentors = users::mentors(&app.store.db, &caller, Page::EVERYTHING).await?.rows;
    let ids: Vec<_> = mentors.iter().map(|mentor: &Mentor| mentor.id).collect();
    let mut coders_of = mentorships::coders_of(&app.store.db, &ids, Page::EVERYTHING).await?;
    let coders = ids.iter().filter_map(|id| coders_of.remove(id)).map(|coders| coders.rows);
    let (counts, coders): (Vec<_>, Vec<_>) = coders.map(|coders| (coders.len(), coders)).unzip();
    let mut coders = with_libraries(&app, &caller, coders.into_iter().flatten().collect()).await?.into_iter();
    let mentors = mentors
        .into_iter()
        .zip(counts)
        .map(|(mentor, count)| MentorOut {
            id: mentor.id,
            username: mentor.username,
            coders: coders.by_ref().take(count).collect(),
        })
        .collect();
    Ok(success(MentorsOut { mentors }))
}

async fn list(app: &AppState, viewer: &Viewer, which: Coders) -> Result<Json<Success<CodersOut>>, Failure> {
    let coders = users::coders(&app.store.db, viewer, which, Page::EVERYTHING).await?.rows;
    Ok(success(CodersOut { coders: with_libraries(app, viewer, coders).await? }))
}

/// Puts to each coder what the viewer may see of their library.
async fn with_libraries(app: &AppState, viewer: &Viewer, coders: Vec<Coder>) -> Result<Vec<CoderOut>> {
    let ids: Vec<_> = coders.iter().map(|coder| coder.id).collect();
    let libraries = libraries(app, viewer, &ids, None).await?;
    let coders = coders.into_iter().zip(libraries);
    Ok(coders
        .map(|(coder, snippets)| CoderOut {
            id: coder.id,
            username: coder.username,
            snippets,
            mentor_id: coder.mentor_id,
        })
        .collect())
}

/// What the viewer may see of the libraries of these coders, in the same order.
async fn libraries(
    app: &AppState,
    viewer: &Viewer,
    coder_ids: &[i32],
    needs_review: Option<bool>,
) -> Result<Vec<Vec<SnippetOut>>> {
    let mut libraries =
        snippets::of_coders(&app.store.db, viewer, coder_ids, needs_review, Texts::ALL, Page::EVERYTHING)
            .await?;
    let libraries = coder_ids.iter().map(|id| libraries.remove(id).map(|library| library.rows));
    Ok(libraries.map(|library| library.into_iter().flatten().map(SnippetOut::from).collect()).collect())
}
