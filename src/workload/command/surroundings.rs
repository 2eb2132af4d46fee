//! Where a command runs, and with which variables.

use std::path::PathBuf;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::workload::FieldError;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Surroundings {
    directory: Option<PathBuf>,
    /// Names and values.
    variables: Vec<(String, String)>,
}

impl Surroundings {
    /// # Errors
    /// When there is no such folder, or what is no variable.
    pub(super) fn parse(directory: Option<PathBuf>, environment: &str) -> Result<Self, FieldError> {
        if let Some(missing) = directory.as_ref().filter(|directory| !directory.is_dir()) {
            let cause = if missing.exists() { "is not a folder" } else { "there is no such folder" };
            return Err(FieldError::new("directory", format!("{}: {cause}", missing.display())));
        }
        let wrong = |message: String| FieldError::new("environment", message);
        let words = shlex::split(environment).ok_or_else(|| wrong("a quote is not closed".to_owned()))?;
        let variable = |word: String| match word.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
            _ => Err(wrong(format!("must be NAME=value, not `{word}`"))),
        };
        let variables = words.into_iter().map(variable).collect::<Result<_, FieldError>>()?;
        // Workers may run elsewhere one day; the folder is this program's.
        let directory = directory.map(|directory| directory.canonicalize().unwrap_or(directory));
        Ok(Self { directory, variables })
    }

    pub(super) fn apply(&self, command: &mut Command) {
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_quoted_as_in_a_shell() {
        let parsed = Surroundings::parse(None, "A=1 B='two words' C=").unwrap();
        let pairs =
            [("A", "1"), ("B", "two words"), ("C", "")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(parsed.variables, pairs);
        for wrong in ["A", "=1", "A='"] {
            assert_eq!(Surroundings::parse(None, wrong).unwrap_err().field, "environment", "{wrong}");
        }
        let missing = Surroundings::parse(Some("no/such/folder".into()), "").unwrap_err();
        assert_eq!(missing.to_string(), "directory: no/such/folder: there is no such folder");
    }
}
