//! What a client can read, and what it sends (RFC 9110 section 12.5.1).

use axum::http::{
    HeaderMap, HeaderValue,
    header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE},
};

/// The media types that a GraphQL response can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaType {
    /// `application/graphql-response+json`: the status tells whether execution began.
    GraphqlResponse,
    /// `application/json`, for clients that are older than the other one.
    Json,
    /// `text/event-stream`: one result after the other.
    EventStream,
}

impl MediaType {
    /// What the client prefers: the newer one, or a stream, only if it names it. `None` when it
    /// accepts none.
    pub(crate) fn negotiated(headers: &HeaderMap) -> Option<Self> {
        let ranges = accepted(headers);
        if ranges.is_empty() {
            return Some(Self::Json);
        }
        let (newer, newer_specificity) = preference(&ranges, "application/graphql-response+json");
        let (older, _) = preference(&ranges, "application/json");
        let (stream, stream_specificity) = preference(&ranges, "text/event-stream");
        let named = |quality: f32, specificity| if specificity == EXACT { quality } else { 0.0 };
        let (newer, stream) = (named(newer, newer_specificity), named(stream, stream_specificity));
        if stream > newer.max(older) {
            Some(Self::EventStream)
        } else if newer > 0.0 && newer >= older {
            Some(Self::GraphqlResponse)
        } else {
            (older > 0.0).then_some(Self::Json)
        }
    }

    pub(crate) const fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
            Self::EventStream => "text/event-stream",
        })
    }
}

/// Whether this is a browser that looks for a page.
pub(crate) fn wants_html(headers: &HeaderMap) -> bool {
    names(headers, "text/html")
}

/// Whether the client can take one result after the other, if there is no other way.
pub(crate) fn accepts_stream(headers: &HeaderMap) -> bool {
    names(headers, "text/event-stream")
}

fn names(headers: &HeaderMap, media_type: &str) -> bool {
    let (quality, specificity) = preference(&accepted(headers), media_type);
    specificity == EXACT && quality > 0.0
}

/// Whether the body is said to be JSON: in UTF-8, as all JSON is (RFC 8259 section 8.1), and not in a
/// content coding that nobody has undone.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (essence, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    let charset = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("charset="));
    essence.trim().eq_ignore_ascii_case("application/json")
        && !headers.contains_key(CONTENT_ENCODING)
        && charset.is_none_or(|charset| charset.trim_matches('"').eq_ignore_ascii_case("utf-8"))
}

/// The specificity of a range that names the media type.
const EXACT: u8 = 2;

/// The media ranges in `Accept`, in lower case, each with its quality.
fn accepted(headers: &HeaderMap) -> Vec<(String, f32)> {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges = values.flat_map(|value| value.split(',')).filter(|range| !range.trim().is_empty());
    ranges
        .map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let media_range = parts.next().unwrap_or_default().to_ascii_lowercase();
            let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            (media_range, quality.map_or(1.0, |quality| quality.parse().unwrap_or(0.0)))
        })
        .collect()
}

/// The quality of a media type, by the most specific range that has it, and how specific that is.
fn preference(ranges: &[(String, f32)], media_type: &str) -> (f32, u8) {
    let kind = media_type.split('/').next().unwrap_or_default();
    let matching = ranges.iter().filter_map(|(range, quality)| match range.as_str() {
        range if range == media_type => Some((*quality, EXACT)),
        range if range.strip_suffix("/*") == Some(kind) => Some((*quality, 1)),
        "*/*" => Some((*quality, 0)),
        _ => None,
    });
    matching.max_by_key(|(_, specificity)| *specificity).unwrap_or((0.0, 0))
}
