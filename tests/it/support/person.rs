use axum::{
    body::Body,
    http::{
        Method, Request,
        header::{AUTHORIZATION, CONTENT_TYPE},
        request::Builder,
    },
};
use funcster_api::{auth::Permission, entity::user::Role};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Answer, App};

/// A client of the server, with or without a token.
#[derive(Clone)]
pub(crate) struct Person<'a> {
    app: &'a App,
    pub(crate) token: Option<String>,
    /// Empty for somebody without an account.
    pub(crate) username: String,
    /// The number among coders or mentors; 0 for somebody without an account.
    pub(crate) id: i32,
    role: Option<Role>,
}

impl<'a> Person<'a> {
    pub(super) fn new(app: &'a App, username: &str, role: Role, id: i32, token: String) -> Self {
        Self { app, token: Some(token), username: username.to_owned(), id, role: Some(role) }
    }

    pub(super) fn anonymous(app: &'a App) -> Self {
        Self { app, token: None, username: String::new(), id: 0, role: None }
    }

    pub(super) fn with_token(app: &'a App, token: String) -> Self {
        Self { token: Some(token), ..Self::anonymous(app) }
    }

    /// The global id, such as `coder_7`.
    pub(crate) fn global_id(&self) -> String {
        let role = self.role.expect("this person has an account").name().to_lowercase();
        format!("{role}_{}", self.id)
    }

    /// The subject that this person's tokens are for.
    pub(crate) fn subject(&self) -> String {
        let token = self.token.as_deref().expect("this person has a token");
        let claims: Value =
            jsonwebtoken::dangerous::insecure_decode_claims(token).expect("the token has claims");
        claims["sub"].as_str().expect("a subject").to_owned()
    }

    /// This person with a token that carries just these permissions.
    pub(crate) fn with_permissions(&self, permissions: &[Permission]) -> Self {
        let claims = self.app.claims(&self.subject(), permissions);
        Self { token: Some(App::sign(&claims)), ..self.clone() }
    }

    /// This person with a token that carries every permission but this one.
    pub(crate) fn without(&self, missing: Permission) -> Self {
        let others: Vec<_> =
            Permission::ALL.into_iter().filter(|permission| *permission != missing).collect();
        self.with_permissions(&others)
    }

    /// Runs a GraphQL operation.
    pub(crate) async fn graphql(&self, query: &str) -> Answer {
        self.graphql_with(query, json!({})).await
    }

    /// Runs a GraphQL operation with variables.
    pub(crate) async fn graphql_with(&self, query: &str, variables: Value) -> Answer {
        self.post("/graphql", json!({ "query": query, "variables": variables })).await
    }

    /// Becomes the mentor of `coder`.
    pub(crate) async fn take_on(&self, coder: &Person<'_>) {
        let query =
            format!("mutation {{ addCoder(input: {{ coderId: {} }}) {{ coder {{ id }} }} }}", coder.id);
        self.graphql(&query).await.data();
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path), Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send_json(Method::POST, path, &body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send_json(Method::PATCH, path, &body).await
    }

    pub(crate) async fn delete(&self, path: &str, body: Value) -> Answer {
        self.send_json(Method::DELETE, path, &body).await
    }

    async fn send_json(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.request(method, path).header(CONTENT_TYPE, "application/json");
        self.send(request, Body::from(body.to_string())).await
    }

    /// A request with this person's token, to be finished by hand and given to [`send`](Self::send).
    pub(crate) fn request(&self, method: Method, path: &str) -> Builder {
        let request = Request::builder().method(method).uri(path);
        match &self.token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    /// Sends a request through the router.
    pub(crate) async fn send(&self, request: Builder, body: impl Into<Body>) -> Answer {
        let request = request.body(body.into()).expect("the request is well-formed");
        let Ok(response) = self.app.router.clone().oneshot(request).await;
        Answer::read(response).await
    }
}
