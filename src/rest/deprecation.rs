use axum::{
    Router,
    http::{HeaderName, HeaderValue, header::LINK},
};
use tower::ServiceBuilder;
use tower_http::set_header::SetResponseHeaderLayer;

/// Since when a path is deprecated (RFC 9745).
pub(crate) const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");

/// 22 November 2026, when GraphQL took over.
const SINCE: HeaderValue = HeaderValue::from_static("@1795305600");
const SUCCESSOR: HeaderValue = HeaderValue::from_static(r#"</graphql>; rel="successor-version""#);

/// Has every answer of these routes tell that GraphQL is to be used instead.
pub(crate) fn deprecated<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    routes.layer(
        ServiceBuilder::new()
            .layer(SetResponseHeaderLayer::overriding(DEPRECATION, SINCE))
            .layer(SetResponseHeaderLayer::appending(LINK, SUCCESSOR)),
    )
}
