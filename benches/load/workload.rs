//! The five workloads: what is asked for.

use clap::ValueEnum;

use crate::data;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workload {
    W1,
    W2,
    W3,
    W4,
    W5,
}

impl Workload {
    pub(crate) const ALL: [Self; 5] = [Self::W1, Self::W2, Self::W3, Self::W4, Self::W5];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::W1 => "W1",
            Self::W2 => "W2",
            Self::W3 => "W3",
            Self::W4 => "W4",
            Self::W5 => "W5",
        }
    }

    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::W1 => "one snippet",
            Self::W2 => "a coder's 10 snippets",
            Self::W3 => "a mentor's 9 coders, snippets to review",
            Self::W4 => "100 mentors, their coders and snippets",
            Self::W5 => "store or change a snippet",
        }
    }
}

const FIND_SNIPPET: &str =
    "query Snippet($id: ID!) { snippet(id: $id) { id databaseId name code needsReview comments } }";
const READ_LIBRARY: &str = "query Library($username: String!) { userinfo(username: $username) { id username \
    ... on Coder { snippets { nodes { id databaseId name code needsReview comments } } } } }";
const REVIEW_QUEUE: &str = "query Queue($username: String!) { userinfo(username: $username) { id username \
    ... on Mentor { coders { nodes { id username snippets(needsReview: true) { nodes { \
    id databaseId name code needsReview comments } } } } } } }";
const OVERVIEW: &str = "query Overview { mentors(first: 100) { nodes { id username coders { nodes { id username \
    snippets { nodes { id name } } } } } } }";
const CREATE: &str = "mutation Create($input: CreateSnippetInput!) { createSnippet(input: $input) { snippet { \
    id databaseId name code needsReview comments } } }";
const UPDATE: &str = "mutation Update($input: UpdateSnippetInput!) { updateSnippet(input: $input) { snippet { \
    id databaseId name code needsReview comments } } }";

/// What one request asked for, by numbers in the database.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked {
    Snippet { id: u32 },
    Library { coder: u32 },
    Queue { mentor: u32 },
    Overview,
    Create { coder: u32, number: u32 },
    Update { id: u32, number: u32 },
}

impl Asked {
    /// The body of a request for it.
    pub(crate) fn body(self) -> String {
        let (query, variables) = self.document();
        format!(r#"{{"query":"{query}","variables":{variables}}}"#)
    }

    /// The query, and its variables in JSON.
    fn document(self) -> (&'static str, String) {
        let code = |number: u32| data::code(&number.to_string()).replace('\n', "\\n").replace('"', "\\\"");
        match self {
            Self::Snippet { id } => (FIND_SNIPPET, format!(r#"{{"id":"{id}"}}"#)),
            Self::Library { coder } => {
                (READ_LIBRARY, format!(r#"{{"username":"{}"}}"#, data::coder_name(coder)))
            }
            Self::Queue { mentor } => {
                (REVIEW_QUEUE, format!(r#"{{"username":"{}"}}"#, data::mentor_name(mentor)))
            }
            Self::Overview => (OVERVIEW, "{}".to_owned()),
            Self::Create { number, .. } => (
                CREATE,
                format!(
                    r#"{{"input":{{"name":"Exercise {number}, words","code":"{}","needsReview":true}}}}"#,
                    code(number)
                ),
            ),
            Self::Update { id, number } => {
                (UPDATE, format!(r#"{{"input":{{"id":"{id}","code":"{}"}}}}"#, code(number)))
            }
        }
    }
}
