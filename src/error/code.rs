use axum::http::StatusCode;

/// The kinds of failure that a client can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The request is not well-formed.
    BadRequest,
    /// The GraphQL document has a syntax error.
    ParseFailed,
    /// The GraphQL document does not fit the schema.
    ValidationFailed,
    /// The document is named by a hash that is not known (Apollo's automatic persisted queries).
    PersistedQueryNotFound,
    /// A value that the client gave is not allowed.
    BadUserInput,
    /// There is no access token.
    TokenMissing,
    /// There is an access token, and it is not valid.
    TokenInvalid,
    /// The token or the account does not allow this.
    Forbidden,
    /// What was named does not exist.
    NotFound,
    /// This path does not know the request's method.
    MethodNotAllowed,
    /// No media type that the client accepts can be produced.
    NotAcceptable,
    /// It clashes with what is there already.
    Conflict,
    /// What the client has seen is not what is there (`If-Match`).
    PreconditionFailed,
    /// The request's body is over the limit.
    ContentTooLarge,
    /// The request's body is of a media type that is not read here.
    UnsupportedMediaType,
    /// What was asked for is more than fits into a response.
    ResponseTooLarge,
    /// Too many requests of this kind.
    RateLimited,
    /// A fault of ours.
    Internal,
    /// The identity provider failed.
    BadGateway,
    /// Something that the request needs is not there at the moment.
    Unavailable,
    /// The identity provider did not answer in time.
    GatewayTimeout,
}

impl Code {
    /// The name in GraphQL's `extensions.code`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status of a response that reports this failure and nothing else.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.row().1
    }

    const fn row(self) -> (&'static str, StatusCode) {
        match self {
            Self::BadRequest => ("BAD_REQUEST", StatusCode::BAD_REQUEST),
            Self::ParseFailed => ("GRAPHQL_PARSE_FAILED", StatusCode::BAD_REQUEST),
            Self::ValidationFailed => ("GRAPHQL_VALIDATION_FAILED", StatusCode::BAD_REQUEST),
            Self::PersistedQueryNotFound => ("PERSISTED_QUERY_NOT_FOUND", StatusCode::NOT_FOUND),
            Self::BadUserInput => ("BAD_USER_INPUT", StatusCode::BAD_REQUEST),
            Self::TokenMissing | Self::TokenInvalid => ("UNAUTHENTICATED", StatusCode::UNAUTHORIZED),
            Self::Forbidden => ("FORBIDDEN", StatusCode::FORBIDDEN),
            Self::NotFound => ("NOT_FOUND", StatusCode::NOT_FOUND),
            Self::MethodNotAllowed => ("BAD_REQUEST", StatusCode::METHOD_NOT_ALLOWED),
            Self::NotAcceptable => ("BAD_REQUEST", StatusCode::NOT_ACCEPTABLE),
            Self::Conflict => ("CONFLICT", StatusCode::CONFLICT),
            Self::PreconditionFailed => ("CONFLICT", StatusCode::PRECONDITION_FAILED),
            Self::ContentTooLarge => ("BAD_REQUEST", StatusCode::PAYLOAD_TOO_LARGE),
            Self::UnsupportedMediaType => ("BAD_REQUEST", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::ResponseTooLarge => ("RESPONSE_TOO_LARGE", StatusCode::BAD_REQUEST),
            Self::RateLimited => ("RATE_LIMITED", StatusCode::TOO_MANY_REQUESTS),
            Self::Internal => ("INTERNAL_SERVER_ERROR", StatusCode::INTERNAL_SERVER_ERROR),
            Self::BadGateway => ("UNAVAILABLE", StatusCode::BAD_GATEWAY),
            Self::Unavailable => ("UNAVAILABLE", StatusCode::SERVICE_UNAVAILABLE),
            Self::GatewayTimeout => ("UNAVAILABLE", StatusCode::GATEWAY_TIMEOUT),
        }
    }
}
