//! The GraphQL edge: the schema, one file a feature, and its transport over HTTP.

mod batches;
pub mod breaking;
mod cache;
mod connection;
pub mod context;
pub mod documents;
mod error;
mod execution;
pub mod explorer;
pub mod http;
mod id;
mod json;
pub mod known;
pub mod large;
mod limits;
mod loaders;
mod mentorships;
mod merging;
mod node;
mod parameters;
mod permission;
mod roots;
mod rows;
mod signup;
mod snippets;
mod sse;
mod stage;
mod subscriptions;
mod tokens;
mod type_system;
mod usages;
mod users;
mod variables;
mod websocket;

use self::{connection::Connection, subscriptions::Subscription};
use async_graphql::{MergedObject, SDLExportOptions, SchemaBuilder};
use chrono::{DateTime, Utc};

/// Everything that can be asked for.
#[derive(MergedObject, Default)]
pub struct Query(users::UserQueries, snippets::SnippetQueries, node::NodeQueries);

/// Everything that can be changed. Each mutation returns what it changed, so that a client's cache
/// follows by itself.
#[derive(MergedObject, Default)]
pub struct Mutation(signup::SignupMutation, mentorships::MentorshipMutations, snippets::SnippetMutations);

/// The schema.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// Builds the schema. Without `introspection` a client can neither read it nor guess it from
/// suggestions in messages.
#[must_use]
pub fn schema(introspection: bool) -> Schema {
    finish(builder(), introspection)
}

fn finish(builder: SchemaBuilder<Query, Mutation, Subscription>, introspection: bool) -> Schema {
    if introspection { builder } else { builder.disable_introspection().disable_suggestions() }.finish()
}

/// The schema's definition, sorted: what `schema.graphql` holds.
#[must_use]
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .prefer_single_line_descriptions()
        .include_specified_by()
        .use_space_ident();
    let sdl = builder().finish().sdl_with_options(options);
    sdl.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_owned() + "\n"
}

fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription)
        .register_output_type::<node::Node>()
        .register_output_type::<node::User>()
        .override_output_type_description::<DateTime<Utc>>(
            "A moment, by RFC 3339, in UTC and to the microsecond.",
        )
        .override_output_type_description::<Connection<users::Coder>>("A page of coders.")
        .override_output_type_description::<Connection<users::Mentor>>("A page of mentors.")
        .override_output_type_description::<Connection<snippets::Snippet>>("A page of snippets.")
}
