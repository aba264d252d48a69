//! The GraphQL edge as its clients meet it: what each field gives, to whom, in how many statements,
//! and how it travels over HTTP.

mod awkward;
mod breaking;
mod costs;
mod depth;
mod http_requests;
mod http_statuses;
mod introspection;
mod mentorships;
mod nodes;
mod operations;
mod paging;
mod permissions;
mod plans;
mod queries;
mod recorder;
mod refusal;
mod response_shape;
mod response_size;
mod rows;
mod schema;
mod selections;
mod sharing;
mod signup;
mod snippets;
mod statements;
mod updates;
mod variables;
mod visibility;
