use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use serde_json::{Number, Value};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Object, ObjectBuilder, OneOfBuilder, RefOr, Schema, Type},
};

use crate::{Error, Result, media_type};

const TWO_TO_THE_63: f64 = 9_223_372_036_854_775_808.0;

/// A request's body, not looked into yet: clients rely on being told of a missing permission before
/// they are told of a bad body.
pub(crate) struct Body {
    is_json: bool,
    bytes: Result<Bytes>,
}

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, state: &S) -> std::result::Result<Self, Self::Rejection> {
        let is_json = media_type::is_json(request.headers());
        let bytes = Bytes::from_request(request, state).await.map_err(Error::from);
        Ok(Self { is_json, bytes })
    }
}

impl Body {
    /// Reads the JSON object in the body.
    ///
    /// # Errors
    /// `BadRequest` for a body that is missing, not JSON, not an object, or without a key that is
    /// required; `UnsupportedMediaType`; `ContentTooLarge`.
    pub(super) fn parse<T: DeserializeOwned>(self) -> Result<T> {
        let bytes = self.bytes?;
        if bytes.is_empty() {
            return Err(Error::bad_request("The body is missing: it must be a JSON object."));
        }
        if !self.is_json {
            return Err(Error::unsupported_media_type());
        }
        let is_object = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        if !is_object {
            return Err(Error::bad_request("The body must be a JSON object."));
        }
        serde_json::from_slice(&bytes)
            .map_err(|error| Error::bad_request(format!("The body is not as it should be: {error}.")))
    }
}

/// An id in a body: an integer, or a string of digits, since old clients send both. `None` when it
/// is an integer that no row can have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Id(pub(super) Option<i32>);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Number(number) if is_integer(&number) => {
                Ok(Self(number.as_i64().and_then(|id| i32::try_from(id).ok())))
            }
            Value::String(digits)
                if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                Ok(Self(digits.parse().ok()))
            }
            _ => Err(D::Error::custom("an id must be an integer")),
        }
    }
}

/// An integer that is too large for one is read as a float.
fn is_integer(number: &Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|number| number.abs() >= TWO_TO_THE_63)
}

impl ToSchema for Id {}

impl PartialSchema for Id {
    fn schema() -> RefOr<Schema> {
        let digits = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9]+$"));
        let id = OneOfBuilder::new().item(Object::with_type(Type::Integer)).item(digits);
        id.description(Some("An integer, or a string of digits.")).into()
    }
}
