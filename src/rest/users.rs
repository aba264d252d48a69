//! Signing up, people by name, and the lists of coders and mentors.

use std::{cell::RefCell, iter, rc::Rc};

use axum::{Json, extract::State, response::Response};
use itertools::Itertools;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    body::Body,
    caller::Caller,
    failure::Failure,
    full_list::{Each, ROWS_AT_ONCE, Reader, Stopped},
    openapi::schemas,
    segment::Segment,
    wire::{
        CoderOut, CodersOut, MentorOut, MentorsOut, ReviewOut, SignedUpOut, SnippetOut, Success, UserinfoOut,
        success,
    },
};
use crate::{
    Error, Result,
    app::{App, Client},
    auth::{Account, Permission, Viewer},
    database::ReadPool,
    domain::{
        mentorships,
        paging::Page,
        signup::NewUser,
        snippets,
        users::{self, Coders, User},
    },
    entity::{
        coder::Coder,
        mentor::Mentor,
        snippet::{Columns, Library, Listed},
        user::Role,
    },
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
    State(app): State<App>,
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
    State(app): State<App>,
    caller: Caller,
    Segment(username): Segment,
) -> Result<Json<Success<UserinfoOut>>, Failure> {
    let db = app.store.reader().await;
    let content = match users::by_name(&db, &caller, username).await? {
        User::Coder(coder) => {
            let mentor = match coder.mentor_id {
                Some(id) => users::mentors_by_id(&db, vec![id]).await?.remove(&id),
                None => None,
            };
            let snippets = libraries(&db, &caller, &[coder.library()], None).await?.remove(0);
            UserinfoOut::Coder { user_id: coder.id, mentor: mentor.map(|mentor| mentor.username), snippets }
        }
        User::Mentor(mentor) => {
            let coders = mentorships::coders_of(&db, vec![mentor.id], Page::EVERYTHING).await?;
            let coders: Vec<Coder> = coders.into_values().flat_map(|coders| coders.rows).collect();
            let of_coders: Vec<_> = coders.iter().map(Coder::library).collect();
            let to_review = libraries(&db, &caller, &of_coders, Some(true)).await?;
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
pub(crate) async fn coders(State(app): State<App>, caller: Caller) -> Result<Response, Failure> {
    list(app, caller, Coders::All).await
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
pub(crate) async fn available_coders(State(app): State<App>, caller: Caller) -> Result<Response, Failure> {
    list(app, caller, Coders::Available).await
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
pub(crate) async fn mentors(State(app): State<App>, caller: Caller) -> Result<Response, Failure> {
    let content = |reader: Rc<Reader>| {
        let mentors = reader.pages(
            |mentor: &Mentor| mentor.id,
            |reader, after| async move {
                let page = Page::following(after, ROWS_AT_ONCE);
                Ok(users::mentors(&reader.db, &reader.viewer, page).await?.rows)
            },
        );
        let with_coders = move |mentor: Mentor| MentorOut {
            id: mentor.id,
            username: mentor.username,
            coders: coders_of(&reader, mentor.id),
        };
        MentorsOut { mentors: Each::of(mentors.flatten_ok().map_ok(with_coders)) }
    };
    app.full_lists.send(app.store.reader().await, caller.into_viewer(), content).await
}

async fn list(app: App, caller: Caller, which: Coders) -> Result<Response, Failure> {
    let content = move |reader: Rc<Reader>| {
        let coders = reader.pages(
            |coder: &Coder| coder.id,
            move |reader, after| async move {
                let page = Page::following(after, ROWS_AT_ONCE);
                Ok(users::coders(&reader.db, &reader.viewer, which, page).await?.rows)
            },
        );
        CodersOut { coders: with_libraries(reader, coders) }
    };
    app.full_lists.send(app.store.reader().await, caller.into_viewer(), content).await
}

fn coders_of(reader: &Rc<Reader>, mentor_id: i32) -> Each<CoderOut> {
    let coders = reader.pages(
        |coder: &Coder| coder.id,
        move |reader, after| async move {
            let page = Page::following(after, ROWS_AT_ONCE);
            let coders = mentorships::coders_of(&reader.db, vec![mentor_id], page).await?.remove(&mentor_id);
            Ok(coders.unwrap_or_default().rows)
        },
    );
    with_libraries(Rc::clone(reader), coders)
}

/// Puts to each coder what the viewer may see of their library. The pages of coders are in the order
/// of their ids, and so are the libraries of each page.
fn with_libraries(
    reader: Rc<Reader>,
    coders: impl Iterator<Item = Result<Vec<Coder>, Stopped>> + 'static,
) -> Each<CoderOut> {
    Each::of(
        coders
            .map_ok(move |coders| {
                let ids: Rc<[i32]> = coders.iter().map(|coder| coder.id).collect();
                let snippets = reader.pages(
                    |snippet: &Listed| (snippet.coder_id, snippet.id),
                    move |reader, after| {
                        let ids = Rc::clone(&ids);
                        async move {
                            snippets::in_order(&reader.db, &reader.viewer, &ids, after, ROWS_AT_ONCE).await
                        }
                    },
                );
                let snippets = Rc::new(RefCell::new(snippets.flatten_ok().peekable()));
                coders.into_iter().map(move |coder| {
                    let snippets = Rc::clone(&snippets);
                    let is_theirs = move |snippet: &Result<Listed, Stopped>| {
                        snippet.as_ref().map_or(true, |snippet| snippet.coder_id == coder.id)
                    };
                    let library = iter::from_fn(move || snippets.borrow_mut().next_if(is_theirs));
                    CoderOut {
                        id: coder.id,
                        username: coder.username,
                        snippets: Each::of(library.map_ok(SnippetOut::from)),
                        mentor_id: coder.mentor_id,
                    }
                })
            })
            .flatten_ok(),
    )
}

/// What the viewer may see of these libraries, in the same order.
async fn libraries(
    db: &ReadPool,
    viewer: &Viewer,
    libraries: &[Library],
    needs_review: Option<bool>,
) -> Result<Vec<Vec<SnippetOut>>> {
    let mut pages =
        snippets::in_pages(db, viewer, libraries, needs_review, Columns::ALL, Page::EVERYTHING).await?;
    let pages = libraries.iter().map(|library| pages.remove(&library.coder_id).map(|page| page.rows));
    Ok(pages.map(|rows| rows.into_iter().flatten().map(SnippetOut::from).collect()).collect())
}
