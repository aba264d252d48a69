//! Global ids: unique over all types, and readable, such as `snippet_12`.

use std::fmt::{self, Display, Formatter};

use async_graphql::ID;

/// The types whose objects have an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Coder,
    Mentor,
    Snippet,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Coder, Self::Mentor, Self::Snippet];

    const fn prefix(self) -> &'static str {
        match self {
            Self::Coder => "coder_",
            Self::Mentor => "mentor_",
            Self::Snippet => "snippet_",
        }
    }
}

/// The object of this kind with this number.
pub(super) struct Global(pub(super) Kind, pub(super) i32);

impl Display for Global {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(kind, number) = self;
        write!(f, "{}{number}", kind.prefix())
    }
}

/// The id of the object of this kind with this number.
pub(super) fn global(kind: Kind, number: i32) -> ID {
    ID(Global(kind, number).to_string())
}

/// What a global id names. `None` when it can name nothing.
pub(super) fn parse(id: &str) -> Option<(Kind, i32)> {
    Kind::ALL.into_iter().find_map(|kind| Some((kind, number(id.strip_prefix(kind.prefix())?)?)))
}

/// The number in an id of a known kind, which may be given bare. `None` when it can name nothing of
/// that kind.
pub(super) fn number_of(kind: Kind, id: &str) -> Option<i32> {
    number(id.strip_prefix(kind.prefix()).unwrap_or(id))
}

fn number(digits: &str) -> Option<i32> {
    // One object has one id: 007 and +7 are none.
    digits.parse().ok().filter(|number: &i32| number.to_string() == digits)
}
