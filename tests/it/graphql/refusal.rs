use serde_json::{Value, json};

use crate::support::Answer;

/// The code of the error that made one root field null, and left the rest of the answer alone.
#[track_caller]
pub(super) fn refusal<'a>(answer: &'a Answer, field: &str) -> &'a str {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body["data"].get(field), Some(&Value::Null), "{}", answer.body);
    assert_eq!(answer.error()["path"], json!([field]), "{}", answer.body);
    answer.code()
}

/// The input field that the answer's only error blames, which must be `BAD_USER_INPUT`.
#[track_caller]
pub(super) fn blamed(answer: &Answer) -> &str {
    assert_eq!(answer.code(), "BAD_USER_INPUT", "{}", answer.body);
    answer.error()["extensions"]["field"].as_str().unwrap_or_else(|| panic!("no field: {}", answer.body))
}
