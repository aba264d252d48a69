use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};

/// The variable segment of a path. One that is no text (its bytes are not UTF-8) is read as the empty
/// text, which names nothing: it is answered when its turn comes, after the permission.
pub(crate) struct Segment(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let segment = Path::from_request_parts(parts, state).await;
        Ok(Self(segment.map(|Path(text)| text).unwrap_or_default()))
    }
}
