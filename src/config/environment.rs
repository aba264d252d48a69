use std::collections::HashMap;

use super::Problems;

/// Environment variables by name: those of the process, and under them those of `.env`.
#[derive(Clone, Debug, Default)]
pub struct Environment(HashMap<String, String>);

impl Environment {
    /// Reads the process's environment and, where there is one, the file `.env`; what stands in
    /// both is taken from the process.
    ///
    /// # Errors
    /// When `.env` is there but cannot be read as such.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn load() -> Result<Self, Problems> {
        let mut variables = HashMap::new();
        match dotenvy::dotenv_iter() {
            Ok(file) => {
                for variable in file {
                    let (name, value) = variable.map_err(|error| unreadable(&error))?;
                    variables.insert(name, value);
                }
            }
            Err(error) if error.not_found() => {}
            Err(error) => return Err(unreadable(&error)),
        }
        variables.extend(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        );
        Ok(Self(variables))
    }

    /// The variable's value; one that is set to nothing counts as not set.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

/// What is wrong with `.env`, without the line that is wrong: it may hold a password.
fn unreadable(error: &dotenvy::Error) -> Problems {
    Problems(vec![match error {
        dotenvy::Error::LineParse(..) => ".env cannot be read: a line in it is not NAME=VALUE".to_owned(),
        error => format!(".env cannot be read: {error}"),
    }])
}
