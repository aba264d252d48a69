//! Responses as JSON. Parts of one may have been written before it is complete: they go in as they are.

use std::io::Write;

use async_graphql::{Response, ScalarType, ServerError, Value};
use serde::Serialize;

use super::rows::Leaf;

/// A value that is JSON text already. No scalar of the schema is binary, so that this stands for
/// nothing else.
pub(super) fn written(json: Vec<u8>) -> Value {
    Value::Binary(json.into())
}

/// The response, by section 7.2 of the GraphQL specification.
pub(super) fn response(response: &Response) -> Vec<u8> {
    // What is written already is the most of it.
    let mut json = Vec::with_capacity(512 + length_written(&response.data));
    json.push(b'{');
    if !response.errors.is_empty() {
        json.extend_from_slice(b"\"errors\":");
        scalar(&mut json, &response.errors);
        json.push(b',');
    }
    json.extend_from_slice(b"\"data\":");
    value(&mut json, &response.data);
    if !response.extensions.is_empty() {
        json.extend_from_slice(b",\"extensions\":");
        scalar(&mut json, &response.extensions);
    }
    json.push(b'}');
    json
}

/// A response without data, since execution never began (section 7.1.2 of the GraphQL specification).
pub(super) fn errors(errors: &[ServerError]) -> Vec<u8> {
    let mut json = b"{\"errors\":".to_vec();
    scalar(&mut json, errors);
    json.push(b'}');
    json
}

fn length_written(of: &Value) -> usize {
    match of {
        Value::Binary(written) => written.len(),
        Value::List(items) => items.iter().map(length_written).sum(),
        Value::Object(members) => members.values().map(length_written).sum(),
        _ => 0,
    }
}

/// Appends a value.
pub(super) fn value(json: &mut Vec<u8>, of: &Value) {
    match of {
        Value::Binary(written) => json.extend_from_slice(written),
        Value::List(items) => list(json, b'[', b']', items, value),
        Value::Object(members) => list(json, b'{', b'}', members, |json, (name, member)| {
            key(json, name);
            value(json, member);
        }),
        of => scalar(json, of),
    }
}

/// Appends what stands between two brackets.
fn list<I: IntoIterator>(
    json: &mut Vec<u8>,
    begin: u8,
    end: u8,
    items: I,
    mut item: impl FnMut(&mut Vec<u8>, I::Item),
) {
    json.push(begin);
    for (index, of) in items.into_iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        item(json, of);
    }
    json.push(end);
}

/// Appends a member's name, and what stands between it and its value. A name in GraphQL has nothing
/// that would have to be escaped.
pub(super) fn key(json: &mut Vec<u8>, name: &str) {
    json.push(b'"');
    json.extend_from_slice(name.as_bytes());
    json.extend_from_slice(b"\":");
}

/// Appends what is in a column.
pub(super) fn leaf(json: &mut Vec<u8>, of: Leaf<'_>) {
    match of {
        // No kind has anything in its ids that would have to be escaped.
        Leaf::Id(id) => {
            let _ = write!(json, "\"{id}\"");
        }
        Leaf::Number(number) => scalar(json, &number),
        Leaf::Text(text) => scalar(json, text),
        Leaf::Flag(flag) => scalar(json, &flag),
        Leaf::Time(time) => value(json, &time.to_value()),
        Leaf::Cursor(cursor) => scalar(json, &cursor),
    }
}

/// How many bytes a text is as JSON: those of its characters that are escaped are two or six.
pub(super) fn length(text: &str) -> usize {
    let length = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | b'\x08' | b'\x0c' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    2 + text.bytes().map(length).sum::<usize>()
}

/// Appends what can tell itself.
pub(super) fn scalar(json: &mut Vec<u8>, of: &(impl Serialize + ?Sized)) {
    // Writing to memory does not fail, and neither does any of these types.
    let _ = serde_json::to_writer(json, of);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_as_long_as_it_is_written() {
        let ascii: String = (0..=127_u8).map(char::from).collect();
        for text in ["", "print('ä')\n", "\u{7f}\u{2028}\u{fffd}", &ascii] {
            let mut json = Vec::new();
            scalar(&mut json, text);
            assert_eq!(length(text), json.len(), "{text:?}");
        }
    }
}
