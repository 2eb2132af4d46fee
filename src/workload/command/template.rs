//! The command that a user has typed, and how an item is put into it.

use std::ffi::{OsStr, OsString};
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::executor::TaskError;
use crate::sys;
use crate::workload::FieldError;

/// What stands for the item.
const HOLE: &str = "{}";

/// A command with holes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Template {
    /// A program and its arguments.
    Program { program: String, arguments: Vec<String> },
    /// A line for the system's shell.
    Shell(String),
}

impl Template {
    /// Takes a line apart as a shell does, but for a line that is for one.
    ///
    /// # Errors
    /// When it is empty, or a quote is not closed.
    pub(super) fn parse(line: &str, for_shell: bool) -> Result<Self, FieldError> {
        let wrong = |message: &str| FieldError::new("command", message);
        if line.trim().is_empty() {
            return Err(wrong("is empty: name a program"));
        }
        if for_shell {
            if let Some(place) = hole_where_no_word_can_be(line) {
                return Err(wrong(&format!(
                    "has a {{}} {place}: take it out of there, as each {{}} stands for the item as one word, quoted"
                )));
            }
            return Ok(Self::Shell(line.to_owned()));
        }
        let mut words = shlex::split(line).ok_or_else(|| wrong("a quote is not closed"))?.into_iter();
        let program = words.next().ok_or_else(|| wrong("is empty: name a program"))?;
        Ok(Self::Program { program, arguments: words.collect() })
    }

    /// The command for `item`.
    ///
    /// # Errors
    /// When the item can't be quoted for the shell.
    pub(super) fn command(&self, item: &OsStr) -> Result<Command, TaskError> {
        match self {
            Self::Program { program, arguments } => {
                let mut command = Command::new(filled(program, item));
                command.args(arguments.iter().map(|argument| filled(argument, item)));
                Ok(command)
            }
            Self::Shell(line) => sys::shell_command(line, HOLE, item)
                .ok_or_else(|| TaskError::message(format!("`{}` can't be quoted for the shell", item.display()))),
        }
    }
}

/// Where in a line for a shell a hole stands whose quotes would mean nothing, or something else; `None` if there is none.
fn hole_where_no_word_can_be(line: &str) -> Option<&'static str> {
    let (mut quote, mut escaped, mut here) = (None, false, false);
    for (index, letter) in line.char_indices() {
        let rest = &line[index..];
        if rest.starts_with(HOLE) {
            match quote {
                Some(_) => return Some("within quotes"),
                None if escaped => return Some("after a backslash"),
                None if here => return Some("within a here-document"),
                None => {}
            }
        }
        match (quote, letter) {
            _ if escaped => escaped = false,
            (Some('"') | None, '\\') => escaped = true,
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            // `<<<` is followed by a word.
            (None, '<') if rest.starts_with("<<") && !rest.starts_with("<<<") => here |= !line[..index].ends_with('<'),
            _ => {}
        }
    }
    None
}

/// `text` with the item in all its holes. An item need not be Unicode.
fn filled(text: &str, item: &OsStr) -> OsString {
    let mut parts = text.split(HOLE);
    let mut filled = OsString::from(parts.next().unwrap_or_default());
    for part in parts {
        filled.push(item);
        filled.push(part);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str, item: &str) -> Vec<String> {
        let command = Template::parse(line, false).unwrap().command(OsStr::new(item)).unwrap();
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words.map(|word| word.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn an_item_is_one_argument_whatever_is_in_it() {
        assert_eq!(
            words("cp {} 'a b'/{}.bak", "x; rm -rf \"$HOME\""),
            ["cp", "x; rm -rf \"$HOME\"", "a b/x; rm -rf \"$HOME\".bak"]
        );
        assert_eq!(words("{} --help", "ls"), ["ls", "--help"]);
        assert_eq!(words("true", "1"), ["true"]);
    }

    #[test]
    fn what_is_no_command_is_refused() {
        for line in ["", "  ", "#", "echo 'a"] {
            assert!(Template::parse(line, false).is_err(), "{line}");
        }
        assert!(Template::parse(" ", true).is_err());
        for line in [
            "wc \"{}\"",
            "echo '{}'",
            "echo \"a \\\" {}\"",
            "echo \"'{}'\"",
            "echo \\{}",
            "cat <<E\n{}\nE",
            "cat <<-'E'\n{}\nE",
        ] {
            assert!(Template::parse(line, true).is_err(), "{line}");
        }
        for line in ["wc {}", "echo 'a' {} \"b\"", "echo \\\"{}", "awk '{print}' {}", "cat <<< {}", "cat {} <<E\nx\nE"]
        {
            assert!(Template::parse(line, true).is_ok(), "{line}");
        }
    }

    #[test]
    fn a_shell_sees_the_item_as_one_word() {
        if cfg!(windows) {
            return;
        }
        let template = Template::parse("printf '%s|' {} end", true).unwrap();
        let output = template.command(OsStr::new("a b; echo 'no' $HOME")).unwrap().output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "a b; echo 'no' $HOME|end|");
    }

    #[test]
    fn no_item_is_code() {
        if cfg!(windows) {
            return;
        }
        for line in [
            "echo `echo {}`",
            "echo $(echo {})",
            "echo a{}b",
            "echo \\\\{}",
            "x={}; echo \"$x\"",
            "for x in {}; do echo $x; done",
        ] {
            for item in ["; echo no", "$(echo no)", "`echo no`", "'\"; echo no #", "a\\", "a\necho no"] {
                let command = Template::parse(line, true).unwrap().command(OsStr::new(item));
                let output = command.unwrap().output().unwrap();
                assert!(output.status.success(), "{line}, {item}: {output:?}");
                let told = String::from_utf8(output.stdout).unwrap();
                assert!(!told.lines().any(|line| line.trim() == "no") || item.contains('\n'), "{line}, {item}: {told}");
            }
        }
    }
}
