//! What people try, over either edge, and what it comes to there: in the words of REST.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::support::{Answer, Person};

pub(super) enum Action {
    Read(&'static str),
    /// `name`, `code` and, where there are, `needsReview` and `comments`.
    Create(Value),
    /// All of the four: what is left out is where the edges differ, on purpose.
    Update(&'static str, Value),
    /// The snippet, and whose it is: REST asks for that.
    Delete(&'static str, i32),
    SelectMentor(i64),
    AddCoder(i64),
    Coders,
    AvailableCoders,
    Mentors,
    Userinfo(&'static str),
}

/// What is shown, or the status of the refusal.
pub(super) type Outcome = Result<Value, u16>;

const SNIPPET: &str = "id: databaseId snippet_name: name code needs_review: needsReview comments \
                       coder_id: coder { databaseId }";

pub(super) async fn by_rest(person: &Person<'_>, action: &Action) -> Outcome {
    let one = |id| format!("/snippet/{id}");
    let answer = match action {
        Action::Read(id) => person.get(&one(id)).await,
        Action::Create(body) => person.post("/snippet", body.clone()).await,
        Action::Update(id, body) => person.patch(&one(id), body.clone()).await,
        Action::Delete(id, owner) => person.delete(&one(id), json!({ "coderId": owner })).await,
        Action::SelectMentor(id) => {
            person.patch(&format!("/coder/{}/mentor", person.id), json!({ "mentorId": id })).await
        }
        Action::AddCoder(id) => {
            person.patch(&format!("/mentor/{}/coder", person.id), json!({ "coderId": id })).await
        }
        Action::Coders => person.get("/coders").await,
        Action::AvailableCoders => person.get("/coders/available").await,
        Action::Mentors => person.get("/mentors").await,
        Action::Userinfo(name) => person.get(&format!("/userinfo/{}", name.replace('%', "%25"))).await,
    };
    if answer.status != 200 {
        return Err(answer.status);
    }
    let mut body = answer.body;
    Ok(match action {
        Action::Coders | Action::AvailableCoders => without_nulls(body["coders"].take()),
        Action::Mentors => without_nulls(body["mentors"].take()),
        Action::Create(_) => json!({ "id": body["snippet_id"] }),
        Action::Read(_) | Action::Userinfo(_) => {
            body.as_object_mut().expect("an object").remove("success");
            without_nulls(body)
        }
        Action::Update(..) | Action::Delete(..) | Action::SelectMentor(_) | Action::AddCoder(_) => {
            Value::Null
        }
    })
}

pub(super) async fn by_graphql(person: &Person<'_>, action: &Action) -> Outcome {
    let coder = format!(
        "id: databaseId username mentor_id: mentor {{ databaseId }} snippets {{ nodes {{ {SNIPPET} }} }}"
    );
    let mutation = |name: &str, input: &str, payload: &str| {
        format!("mutation($input: {input}!) {{ outcome: {name}(input: $input) {{ {payload} }} }}")
    };
    let (operation, variables) = match action {
        Action::Read(id) => {
            (format!("query($id: ID!) {{ outcome: snippet(id: $id) {{ {SNIPPET} }} }}"), json!({ "id": id }))
        }
        Action::Create(body) => (
            mutation("createSnippet", "CreateSnippetInput", "snippet { id: databaseId }"),
            json!({ "input": body }),
        ),
        Action::Update(id, body) => {
            let mut input = body.clone();
            input["id"] = (*id).into();
            (mutation("updateSnippet", "UpdateSnippetInput", "__typename"), json!({ "input": input }))
        }
        Action::Delete(id, _) => {
            (mutation("deleteSnippet", "DeleteSnippetInput", "__typename"), json!({ "input": { "id": id } }))
        }
        Action::SelectMentor(id) => {
            let input = json!({ "mentorId": id.to_string() });
            (mutation("selectMentor", "SelectMentorInput", "__typename"), json!({ "input": input }))
        }
        Action::AddCoder(id) => {
            let input = json!({ "coderId": id.to_string() });
            (mutation("addCoder", "AddCoderInput", "__typename"), json!({ "input": input }))
        }
        Action::Coders => (format!("{{ outcome: coders {{ nodes {{ {coder} }} }} }}"), json!({})),
        Action::AvailableCoders => {
            (format!("{{ outcome: availableCoders {{ nodes {{ {coder} }} }} }}"), json!({}))
        }
        Action::Mentors => {
            let coders = format!("coders {{ nodes {{ {coder} }} }}");
            let mentor = format!("id: databaseId username {coders}");
            (format!("{{ outcome: mentors {{ nodes {{ {mentor} }} }} }}"), json!({}))
        }
        Action::Userinfo(name) => (userinfo(), json!({ "username": name })),
    };
    let answer = person.graphql_with(&operation, variables).await;
    if answer.body.get("errors").is_some() {
        assert!(answer.body["data"]["outcome"].is_null(), "a refusal shows nothing: {}", answer.body);
        return Err(status_of(&answer));
    }
    let mut data = answer.body;
    let outcome = data["data"]["outcome"].take();
    Ok(match action {
        Action::Create(_) => flat(outcome)["snippet"].take(),
        Action::Update(..) | Action::Delete(..) | Action::SelectMentor(_) | Action::AddCoder(_) => {
            Value::Null
        }
        _ => flat(outcome),
    })
}

fn userinfo() -> String {
    let of_coder = format!("mentor {{ username }} snippets {{ nodes {{ {SNIPPET} }} }}");
    let review = format!("snippets(needsReview: true) {{ nodes {{ {SNIPPET} }} }}");
    let of_mentor = format!("coders {{ nodes {{ id: databaseId username {review} }} }}");
    format!(
        "query($username: String!) {{ outcome: userinfo(username: $username) {{ \
         user_id: databaseId usertype: __typename \
         ... on Coder {{ {of_coder} }} ... on Mentor {{ {of_mentor} }} }} }}"
    )
}

fn status_of(answer: &Answer) -> u16 {
    match answer.code() {
        "UNAUTHENTICATED" => 401,
        "FORBIDDEN" => 403,
        "NOT_FOUND" => 404,
        "BAD_USER_INPUT" => 400,
        "CONFLICT" => 409,
        other => panic!("no refusal of the domain's: {other}: {}", answer.body),
    }
}

/// Comments that are null in an old row: GraphQL shows them as empty, REST as they are.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        Value::Object(object) => {
            let entry = |(key, value): (String, Value)| match (key.as_str(), value) {
                ("comments", Value::Null) => (key, json!("")),
                (_, value) => (key, without_nulls(value)),
            };
            Value::Object(object.into_iter().map(entry).collect())
        }
        other => other,
    }
}

/// Puts what stands alone in an object into its place, as REST has it.
fn flat(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(flat).collect(),
        Value::Object(object) => {
            let mut object: Map<_, _> = object.into_iter().map(|(key, value)| (key, flat(value))).collect();
            let is_alone = object.len() == 1;
            let mut keys = ["nodes", "databaseId", "username"].into_iter().filter(|_| is_alone);
            let content = keys.find_map(|key| object.remove(key));
            content.unwrap_or(Value::Object(object))
        }
        other => other,
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |body: &Value| body.to_string().chars().take(160).collect::<String>();
        match self {
            Self::Read(id) => write!(f, "read {id}"),
            Self::Create(body) => write!(f, "create {}", short(body)),
            Self::Update(id, body) => write!(f, "update {id} with {}", short(body)),
            Self::Delete(id, _) => write!(f, "delete {id}"),
            Self::SelectMentor(id) => write!(f, "select mentor {id}"),
            Self::AddCoder(id) => write!(f, "add coder {id}"),
            Self::Coders => write!(f, "coders"),
            Self::AvailableCoders => write!(f, "available coders"),
            Self::Mentors => write!(f, "mentors"),
            Self::Userinfo(name) => write!(f, "userinfo {name}"),
        }
    }
}
