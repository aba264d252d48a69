//! The rules of the domain for what a request may hold, as schemas. What a schema cannot say stands in
//! its description.

use utoipa::openapi::{
    ObjectBuilder,
    schema::{Object, SchemaType, Type},
};

use crate::domain::{
    signup::{MAX_EMAIL_BYTES, MAX_PASSWORD_BYTES},
    snippets::{MAX_CODE_BYTES, MAX_COMMENTS_CHARACTERS, MAX_NAME_CHARACTERS},
    usernames,
};

/// No NUL anywhere.
const TEXT: &str = r"^[^\u0000]*$";
/// No NUL, and something that is not white space as Unicode has it.
const NOT_BLANK: &str = concat!(
    r"^[^\u0000]*",
    r"[^\u0000\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]",
    r"[^\u0000]*$"
);
const USERTYPE: &str = "^([Cc][Oo][Dd][Ee][Rr]|[Mm][Ee][Nn][Tt][Oo][Rr])$";

pub(in crate::rest) fn yes() -> Object {
    constant(true)
}

pub(in crate::rest) fn no() -> Object {
    constant(false)
}

pub(in crate::rest) fn snippet_name() -> Object {
    text(NOT_BLANK).min_length(Some(1)).max_length(Some(MAX_NAME_CHARACTERS)).build()
}

pub(in crate::rest) fn code() -> Object {
    let description = format!("At most {MAX_CODE_BYTES} bytes in UTF-8.");
    text(TEXT).min_length(Some(1)).max_length(Some(MAX_CODE_BYTES)).description(Some(description)).build()
}

pub(in crate::rest) fn comments() -> Object {
    text(TEXT)
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .max_length(Some(MAX_COMMENTS_CHARACTERS))
        .description(Some("Empty when they are left out."))
        .build()
}

pub(in crate::rest) fn username() -> Object {
    text(r"^[A-Za-z0-9@^$.!`#+'~_-]+$")
        .min_length(Some(1))
        .max_length(Some(usernames::MAX_CHARACTERS))
        .description(Some(
            "Unique whatever the case of its letters. A few names are reserved, such as admin.",
        ))
        .build()
}

pub(in crate::rest) fn usertype() -> Object {
    text(USERTYPE).description(Some("`coder` or `mentor`, in any case of letters.")).build()
}

pub(in crate::rest) fn optional_usertype() -> Object {
    text(USERTYPE)
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some("What the caller is: `coder` or `mentor`, in any case of letters."))
        .build()
}

pub(in crate::rest) fn email() -> Object {
    text(r"^[^@\s\u0000-\u001f\u007f-\u009f]+@[^\s\u0000-\u001f\u007f-\u009f]+$")
        .max_length(Some(MAX_EMAIL_BYTES))
        .description(Some(bytes(MAX_EMAIL_BYTES)))
        .build()
}

pub(in crate::rest) fn password() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(MAX_PASSWORD_BYTES))
        .description(Some(bytes(MAX_PASSWORD_BYTES)))
        .write_only(Some(true))
        .build()
}

fn bytes(most: usize) -> String {
    format!("At most {most} bytes in UTF-8. The identity provider has rules of its own.")
}

fn text(pattern: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern))
}

fn constant(value: bool) -> Object {
    ObjectBuilder::new().schema_type(Type::Boolean).enum_values(Some([value])).build()
}
