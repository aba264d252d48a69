/// The lexical tokens of a document (section 2.1.6 of the GraphQL specification), roughly: what is
/// not well-formed is for the parser to say.
pub(super) fn tokens(query: &str) -> impl Iterator<Item = &str> {
    let mut rest = query;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',' || c == '\u{feff}');
            match rest.strip_prefix('#') {
                Some(comment) => rest = comment.trim_start_matches(|c| c != '\n' && c != '\r'),
                None => break,
            }
        }
        let length = match rest.as_bytes() {
            [] => return None,
            [b'"', b'"', b'"', ..] => 3 + rest[3..].find("\"\"\"").map_or(rest.len() - 3, |end| end + 3),
            [b'"', ..] => 1 + string_length(&rest.as_bytes()[1..]),
            [b'.', b'.', b'.', ..] => 3,
            [first, ..] if is_word(*first) => rest.bytes().take_while(|byte| is_word(*byte)).count(),
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        Some(token)
    })
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// The length of a string's content with its closing quote.
fn string_length(bytes: &[u8]) -> usize {
    let mut index = 0;
    while index < bytes.len() {
        match bytes[index] {
            b'"' => return index + 1,
            b'\\' => index += 2,
            _ => index += 1,
        }
    }
    bytes.len()
}
