//! Signing up, people by name, and the lists of coders and mentors.

use std::{cell::RefCell, iter, rc::Rc};

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use itertools::Itertools;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    body::Body,
    caller::Caller,
    failure::Failure,
    full_list::{Each, PEOPLE_AT_ONCE, Reader, Stopped},
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
        snippet::{Columns, Listed},
        user::Role,
    },
    error::Code,
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
    let role = role(&body.usertype)?;
    let new = NewUser { username: body.username, email: body.email, password: body.password, role };
    let user_id = match app.sign_ups.sign_up(client.0, new).await? {
        Account::Coder(coder) => coder.id,
        Account::Mentor(mentor) => mentor.id,
    };
    Ok(success(SignedUpOut { message: "You are signed up: welcome to Funcster.", user_id }))
}

/// What a `usertype` says that somebody is.
pub(super) fn role(usertype: &str) -> Result<Role> {
    Role::from_name(usertype)
        .ok_or_else(|| Error::bad_user_input("usertype", "usertype must be coder or mentor."))
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
) -> Result<Response, Failure> {
    let db = app.store.reader(caller.client()).await.up_to(LONG_USERINFO_BYTES);
    let person = Person::find(&db, &caller, username).await?;
    match person.libraries(&db, &caller).await {
        Ok(libraries) => Ok(db.portion().held_by(success(person.with(libraries)).into_response())),
        Err(error) if matches!(error.code, Code::ResponseTooLarge | Code::Unavailable) => {
            let content = |reader: Rc<Reader>| {
                let libraries = libraries_of(&reader, &person.coders, person.needs_review());
                person.with(libraries)
            };
            app.long_people.send(db, caller, content).await
        }
        Err(error) => Err(error.into()),
    }
}

/// How long the texts may be that are told of a person at once. Longer ones are sent as the lists are: while they
/// are read.
const LONG_USERINFO_BYTES: usize = 256 * 1024;

/// A person, and whose snippets are told with them.
struct Person {
    user: User,
    /// A coder's.
    mentor: Option<Mentor>,
    /// The coder, or the mentor's.
    coders: Vec<Coder>,
}

impl Person {
    async fn find(db: &ReadPool, viewer: &Viewer, username: String) -> Result<Self> {
        let user = users::by_name(db, viewer, username).await?;
        let (mentor, coders) = match &user {
            User::Coder(coder) => {
                let mentor = match coder.mentor_id {
                    Some(id) => users::mentors_by_id(db, vec![id]).await?.remove(&id),
                    None => None,
                };
                (mentor, vec![coder.clone()])
            }
            User::Mentor(mentor) => {
                let coders = mentorships::coders_of(db, vec![mentor.id], Page::EVERYTHING).await?;
                (None, coders.into_values().flat_map(|coders| coders.rows).collect())
            }
        };
        Ok(Self { user, mentor, coders })
    }

    /// A mentor is told what there is to review.
    const fn needs_review(&self) -> Option<bool> {
        match self.user {
            User::Coder(_) => None,
            User::Mentor(_) => Some(true),
        }
    }

    /// What the viewer may see of each coder's library.
    async fn libraries(
        &self,
        db: &ReadPool,
        viewer: &Viewer,
    ) -> Result<impl Iterator<Item = Each<SnippetOut>> + use<>> {
        let libraries: Vec<_> = self.coders.iter().map(Coder::library).collect();
        let (everything, columns) = (Page::EVERYTHING, Columns::ALL);
        let mut pages =
            snippets::in_pages(db, viewer, &libraries, self.needs_review(), columns, everything).await?;
        Ok(libraries.into_iter().map(move |library| {
            let page = pages.remove(&library.coder_id).unwrap_or_default();
            Each::of(page.rows.into_iter().map(SnippetOut::from).map(Ok))
        }))
    }

    fn with(self, mut libraries: impl Iterator<Item = Each<SnippetOut>>) -> UserinfoOut {
        match self.user {
            User::Coder(coder) => UserinfoOut::Coder {
                user_id: coder.id,
                mentor: self.mentor.map(|mentor| mentor.username),
                snippets: libraries.next().unwrap_or_else(|| Each::of(iter::empty())),
            },
            User::Mentor(mentor) => {
                let review = |(coder, snippets): (Coder, _)| ReviewOut {
                    username: coder.username,
                    id: coder.id,
                    snippets,
                };
                let coders = self.coders.into_iter().zip(libraries).map(review).collect();
                UserinfoOut::Mentor { user_id: mentor.id, coders }
            }
        }
    }
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
                let page = Page::following(after, PEOPLE_AT_ONCE);
                users::mentors(&reader.db, &reader.caller, page).await
            },
        );
        let with_coders = move |mentor: Mentor| MentorOut {
            id: mentor.id,
            username: mentor.username,
            coders: coders_of(&reader, mentor.id),
        };
        MentorsOut { mentors: Each::of(mentors.flatten_ok().map_ok(with_coders)) }
    };
    app.full_lists.send(app.store.reader(caller.client()).await, caller, content).await
}

async fn list(app: App, caller: Caller, which: Coders) -> Result<Response, Failure> {
    let content = move |reader: Rc<Reader>| {
        let coders = reader.pages(
            |coder: &Coder| coder.id,
            move |reader, after| async move {
                let page = Page::following(after, PEOPLE_AT_ONCE);
                users::coders(&reader.db, &reader.caller, which, page).await
            },
        );
        CodersOut { coders: with_libraries(reader, coders) }
    };
    app.full_lists.send(app.store.reader(caller.client()).await, caller, content).await
}

fn coders_of(reader: &Rc<Reader>, mentor_id: i32) -> Each<CoderOut> {
    let coders = reader.pages(
        |coder: &Coder| coder.id,
        move |reader, after| async move {
            let page = Page::following(after, PEOPLE_AT_ONCE);
            let coders = mentorships::coders_of(&reader.db, vec![mentor_id], page).await?.remove(&mentor_id);
            Ok(coders.unwrap_or_default())
        },
    );
    with_libraries(Rc::clone(reader), coders)
}

/// Puts to each coder what the viewer may see of their library.
fn with_libraries(
    reader: Rc<Reader>,
    coders: impl Iterator<Item = Result<Vec<Coder>, Stopped>> + 'static,
) -> Each<CoderOut> {
    Each::of(
        coders
            .map_ok(move |coders| {
                let libraries = libraries_of(&reader, &coders, None);
                coders.into_iter().zip(libraries).map(|(coder, snippets)| CoderOut {
                    id: coder.id,
                    username: coder.username,
                    snippets,
                    mentor_id: coder.mentor_id,
                })
            })
            .flatten_ok(),
    )
}

/// What the viewer may see of the libraries of these coders, who are in the order of their ids. Each library is to be
/// written before the next.
fn libraries_of(
    reader: &Rc<Reader>,
    coders: &[Coder],
    needs_review: Option<bool>,
) -> impl Iterator<Item = Each<SnippetOut>> + use<> {
    let ids: Vec<_> = coders.iter().map(|coder| coder.id).collect();
    let of: Rc<[i32]> = Rc::from(&ids[..]);
    let snippets = reader.pages(
        |snippet: &Listed| (snippet.coder_id, snippet.id),
        move |reader, after| {
            let ids = Rc::clone(&of);
            async move { snippets::in_order(&reader.db, &reader.caller, &ids, needs_review, after).await }
        },
    );
    let snippets = Rc::new(RefCell::new(snippets.flatten_ok().peekable()));
    ids.into_iter().map(move |coder_id| {
        let snippets = Rc::clone(&snippets);
        let is_theirs = move |snippet: &Result<Listed, Stopped>| {
            snippet.as_ref().map_or(true, |snippet| snippet.coder_id == coder_id)
        };
        let library = iter::from_fn(move || snippets.borrow_mut().next_if(is_theirs));
        Each::of(library.map_ok(SnippetOut::from))
    })
}
