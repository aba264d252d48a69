use std::fmt;

/// What an access token may allow, as written in its `permissions` claim.
///
/// The names are those of the API's permissions in the Auth0 tenant (RBAC with "Add Permissions in
/// the Access Token"); nothing else in a token grants anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Permission {
    /// Look a person up by name or by id.
    GetUserinfo,
    /// List coders, and read every coder's snippets.
    GetCoders,
    /// List mentors.
    GetMentors,
    /// Choose one's own mentor.
    AddMentor,
    /// Take a coder on.
    AddCoder,
    /// Read one snippet, and change it.
    EditSnippet,
    /// Store a new snippet.
    PostSnippet,
    /// Delete a snippet.
    DeleteSnippet,
}

impl Permission {
    /// Every permission there is.
    pub const ALL: [Self; 8] = [
        Self::GetUserinfo,
        Self::GetCoders,
        Self::GetMentors,
        Self::AddMentor,
        Self::AddCoder,
        Self::EditSnippet,
        Self::PostSnippet,
        Self::DeleteSnippet,
    ];

    /// What the tenant's coder role holds.
    pub const OF_CODERS: [Self; 6] = [
        Self::GetUserinfo,
        Self::GetMentors,
        Self::AddMentor,
        Self::EditSnippet,
        Self::PostSnippet,
        Self::DeleteSnippet,
    ];

    /// What the tenant's mentor role holds.
    pub const OF_MENTORS: [Self; 5] =
        [Self::GetUserinfo, Self::GetCoders, Self::GetMentors, Self::AddCoder, Self::EditSnippet];

    /// The name that tokens and the SDL use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GetUserinfo => "get:userinfo",
            Self::GetCoders => "get:coders",
            Self::GetMentors => "get:mentors",
            Self::AddMentor => "add:mentor",
            Self::AddCoder => "add:coder",
            Self::EditSnippet => "edit:snippet",
            Self::PostSnippet => "post:snippet",
            Self::DeleteSnippet => "delete:snippet",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The permissions that one token carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Permissions(u8);

impl Permissions {
    /// Whether `permission` was granted.
    #[must_use]
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u8) != 0
    }

    /// Reads a `permissions` claim: an array of strings. A claim that is absent or of any other
    /// shape grants nothing; names that are not ours are passed over.
    #[must_use]
    pub fn from_claim(claim: Option<&serde_json::Value>) -> Self {
        let names: Option<Vec<&str>> = claim
            .and_then(serde_json::Value::as_array)
            .and_then(|items| items.iter().map(serde_json::Value::as_str).collect());
        let names = names.unwrap_or_default();
        Permission::ALL.into_iter().filter(|permission| names.contains(&permission.name())).collect()
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |bits, permission| bits | 1 << permission as u8))
    }
}
