//! Passwords: what makes one acceptable, and how it is kept.

use std::{io, num::NonZeroU32};

use aws_lc_rs::{pbkdf2, rand};
use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const ALGORITHM: pbkdf2::Algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
/// Few: demo passwords are in the documentation anyway, and what a developer types in by habit is
/// kept from a glance into the file, not from a thief with a graphics card. Every test registers
/// people, too.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(10_000).expect("is not zero");
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// How long an acceptable password is at least.
const MIN_LENGTH: usize = 8;
/// How many classes of characters it has at least, of the four.
const MIN_CLASSES: usize = 3;

/// A salted hash by PBKDF2-HMAC-SHA256 (RFC 8018), with all that is needed to check it.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct PasswordHash {
    iterations: NonZeroU32,
    salt: String,
    hash: String,
}

impl PasswordHash {
    /// Hashes a password with a salt of its own.
    pub(super) fn of(password: &SecretString) -> io::Result<Self> {
        let mut salt = [0; SALT_BYTES];
        rand::fill(&mut salt).map_err(io::Error::other)?;
        let mut hash = [0; HASH_BYTES];
        pbkdf2::derive(ALGORITHM, ITERATIONS, &salt, password.expose_secret().as_bytes(), &mut hash);
        Ok(Self {
            iterations: ITERATIONS,
            salt: BASE64_STANDARD.encode(salt),
            hash: BASE64_STANDARD.encode(hash),
        })
    }

    /// Whether it is `password`'s.
    pub(super) fn matches(&self, password: &SecretString) -> bool {
        let (Ok(salt), Ok(hash)) = (BASE64_STANDARD.decode(&self.salt), BASE64_STANDARD.decode(&self.hash))
        else {
            return false;
        };
        let password = password.expose_secret().as_bytes();
        pbkdf2::verify(ALGORITHM, self.iterations, &salt, password, &hash).is_ok()
    }
}

/// Checks a password by the policy that Auth0 calls "Good".
///
/// # Errors
/// The body of Auth0's answer, for a password that is too weak.
pub(super) fn check_strength(password: &SecretString) -> Result<(), Value> {
    let password = password.expose_secret();
    let classes = [
        ("lower case letters (a-z)", "lowerCase", password.contains(|c: char| c.is_ascii_lowercase())),
        ("upper case letters (A-Z)", "upperCase", password.contains(|c: char| c.is_ascii_uppercase())),
        ("numbers (i.e. 0-9)", "numbers", password.contains(|c: char| c.is_ascii_digit())),
        ("special characters (e.g. !@#$%^&*)", "specialCharacters", password.contains(is_special)),
    ];
    let is_long = password.chars().count() >= MIN_LENGTH;
    let is_mixed = classes.iter().filter(|(.., present)| *present).count() >= MIN_CLASSES;
    if is_long && is_mixed {
        return Ok(());
    }
    let items = classes
        .map(|(message, code, verified)| json!({ "message": message, "code": code, "verified": verified }));
    let of_classes = classes.map(|(message, ..)| format!("\n * {message}")).concat();
    let policy = format!(
        "* At least {MIN_LENGTH} characters in length\n\
         * Contain at least {MIN_CLASSES} of the following {} types of characters:{of_classes}",
        classes.len()
    );
    Err(json!({
        "name": "PasswordStrengthError",
        "message": "Password is too weak",
        "code": "invalid_password",
        "description": {
            "rules": [
                {
                    "message": "At least %d characters in length",
                    "format": [MIN_LENGTH],
                    "code": "lengthAtLeast",
                    "verified": is_long,
                },
                {
                    "message": "Contain at least %d of the following %d types of characters:",
                    "code": "containsAtLeast",
                    "format": [MIN_CLASSES, classes.len()],
                    "items": items,
                    "verified": is_mixed,
                },
            ],
            "verified": false,
        },
        "policy": policy,
        "statusCode": 400,
    }))
}

fn is_special(character: char) -> bool {
    character.is_ascii_punctuation() || character == ' '
}
