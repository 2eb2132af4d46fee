//! A workload's parameters: name, kind, default and help in one description, from which the window builds its form and
//! the command line its messages. Text is parsed once, into values that cannot be wrong.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::ITEMS_LIMIT;
use crate::units::{grouped, parse_number, parse_whole};

/// One parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// As the user writes it.
    pub name: &'static str,
    /// What it takes.
    pub kind: ParamKind,
    /// What a number counts or measures; empty if that needs no saying.
    pub unit: &'static str,
    /// The text that it has when nobody gave one.
    pub default: String,
    /// One sentence, for a tooltip.
    pub help: &'static str,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// A folder to read from.
    InputFolder,
    /// A folder to write to; it is made if need be.
    OutputFolder,
    /// A folder that is there, or none.
    OptionalFolder,
    /// A file to read, or none.
    InputFile,
    /// Any line.
    Text,
    /// A whole number.
    Count {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// A time in seconds, fractions allowed.
    Seconds {
        /// The longest.
        max: u32,
    },
    /// Whole numbers, separated by commas; may be none.
    Counts {
        /// The largest.
        max: u64,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
}

impl ParamKind {
    /// Whether it is a place on the disk.
    #[must_use]
    pub const fn is_path(self) -> bool {
        matches!(self, Self::InputFolder | Self::OutputFolder | Self::OptionalFolder | Self::InputFile)
    }

    /// What it takes, in words.
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::InputFolder => "a folder".to_owned(),
            Self::OutputFolder => "a folder to write to".to_owned(),
            Self::OptionalFolder => "a folder, or nothing".to_owned(),
            Self::InputFile => "a file, or nothing".to_owned(),
            Self::Text => "any text".to_owned(),
            Self::Count { min, max } => format!("a whole number from {} to {}", grouped(min), grouped(max)),
            Self::Seconds { max } => format!("seconds from 0 to {}", grouped(max.into())),
            // A comma between digits would be one between numbers.
            Self::Counts { max } => {
                format!("whole numbers from 0 to {max}, without marks of thousands, separated by commas")
            }
            Self::Choice(words) => format!("one of {}", words.join(", ")),
        }
    }
}

/// A field of a run's settings holds what it can't take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct FieldError {
    /// The field, as the user knows it.
    pub field: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl FieldError {
    /// About `field`.
    #[must_use]
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

#[derive(Clone, Debug)]
enum ParamValue {
    Path(PathBuf),
    Text(String),
    Count(u64),
    Seconds(Duration),
    Counts(Vec<u64>),
    Choice(&'static str),
}

impl Param {
    /// All that there is to say of one.
    pub(super) fn new(
        name: &'static str,
        kind: ParamKind,
        unit: &'static str,
        default: &str,
        help: &'static str,
    ) -> Self {
        Self { name, kind, unit, default: default.to_owned(), help }
    }

    /// How many tasks there are, for workloads whose tasks nothing else counts.
    pub(super) fn tasks(default: usize) -> Self {
        let kind = ParamKind::Count { min: 0, max: ITEMS_LIMIT };
        Self { name: "tasks", kind, unit: "", default: default.to_string(), help: "How many tasks." }
    }

    /// Of a server on the loopback address.
    pub(super) fn port() -> Self {
        let kind = ParamKind::Count { min: 0, max: 65_535 };
        let help = "Where the server in this program listens, on the loopback address; 0 = wherever there is room.";
        Self { name: "port", kind, unit: "", default: "0".to_owned(), help }
    }

    /// What it takes, with its unit, in words.
    #[must_use]
    pub fn describe(&self) -> String {
        match (self.kind, self.unit) {
            (ParamKind::Seconds { .. }, _) | (_, "") => self.kind.describe(),
            (kind, unit) => format!("{} ({unit})", kind.describe()),
        }
    }

    /// Checks `text` without touching the disk.
    ///
    /// # Errors
    /// With the limits in it.
    pub fn check(&self, text: &str) -> Result<(), FieldError> {
        self.parse(text).map(drop)
    }

    /// `text` without marks of thousands, where they can be.
    #[must_use]
    pub fn plain(&self, text: &str) -> String {
        let count = matches!(self.kind, ParamKind::Count { .. }).then(|| parse_whole(text)).flatten();
        count.map_or_else(|| text.to_owned(), |count| count.to_string())
    }

    /// `text` with marks of thousands, where they can be.
    #[must_use]
    pub fn readable(&self, text: &str) -> String {
        let count = matches!(self.kind, ParamKind::Count { .. }).then(|| parse_whole(text)).flatten();
        count.map_or_else(|| text.to_owned(), grouped)
    }

    fn parse(&self, text: &str) -> Result<ParamValue, FieldError> {
        // The name of a file or folder may begin or end with spaces.
        let text = if self.kind.is_path() || self.kind == ParamKind::Text { text } else { text.trim() };
        let wrong = || FieldError::new(self.name, format!("must be {}, not `{text}`", self.describe()));
        match self.kind {
            ParamKind::InputFolder | ParamKind::OutputFolder if text.trim().is_empty() => Err(wrong()),
            ParamKind::InputFolder | ParamKind::OutputFolder | ParamKind::OptionalFolder | ParamKind::InputFile => {
                Ok(ParamValue::Path(PathBuf::from(text)))
            }
            ParamKind::Text => Ok(ParamValue::Text(text.to_owned())),
            ParamKind::Count { min, max } => {
                parse_whole(text).filter(|count| (min..=max).contains(count)).map(ParamValue::Count).ok_or_else(wrong)
            }
            ParamKind::Seconds { max } => parse_number(text)
                .filter(|seconds| (0.0..=f64::from(max)).contains(seconds))
                .map(|seconds| ParamValue::Seconds(Duration::from_secs_f64(seconds)))
                .ok_or_else(wrong),
            ParamKind::Counts { .. } if text.is_empty() => Ok(ParamValue::Counts(Vec::new())),
            ParamKind::Counts { max } => text
                .split(',')
                .map(|part| parse_whole(part).filter(|&count| count <= max && !is_rest_of_a_group(part.trim())))
                .collect::<Option<_>>()
                .map(ParamValue::Counts)
                .ok_or_else(wrong),
            ParamKind::Choice(words) => {
                words.iter().find(|word| **word == text).map(|word| ParamValue::Choice(word)).ok_or_else(wrong)
            }
        }
    }
}

/// What follows the comma of `1,000`.
fn is_rest_of_a_group(part: &str) -> bool {
    part.len() > 1 && part.starts_with('0')
}

const YES: &str = "yes";

/// The words of a parameter that is on or off.
pub(super) const NO_OR_YES: ParamKind = ParamKind::Choice(&["no", YES]);

/// Parsed parameters of one workload.
#[derive(Clone, Debug)]
pub struct Params {
    values: BTreeMap<&'static str, ParamValue>,
    seed: u64,
}

impl Params {
    /// Takes `texts` where given and defaults elsewhere.
    ///
    /// # Errors
    /// A name that `params` doesn't have, or a text that its kind doesn't take.
    pub fn parse(params: &[Param], texts: &BTreeMap<String, String>) -> Result<Self, FieldError> {
        if let Some(unknown) = texts.keys().find(|name| params.iter().all(|param| param.name != *name)) {
            let known: Vec<_> = params.iter().map(|param| param.name).collect();
            return Err(FieldError::new(unknown.as_str(), format!("no such parameter; there is {}", known.join(", "))));
        }
        let value = |param: &Param| {
            let text = texts.get(param.name).unwrap_or(&param.default);
            Ok((param.name, param.parse(text)?))
        };
        Ok(Self { values: params.iter().map(value).collect::<Result<_, FieldError>>()?, seed: 0 })
    }

    /// The same, where random numbers are drawn from `seed`.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// What random numbers are drawn from: the same gives the same.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    // A workload asks for what it has itself described, so the other arms are never reached; they give the empty value
    // of the kind, which is caught by the test that makes a plan of every workload.

    /// The folder `name`.
    #[must_use]
    pub fn folder(&self, name: &str) -> PathBuf {
        match self.values.get(name) {
            Some(ParamValue::Path(folder)) => folder.clone(),
            _ => PathBuf::new(),
        }
    }

    /// The file `name`, if there is to be one.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<PathBuf> {
        Some(self.folder(name)).filter(|path| !path.as_os_str().is_empty())
    }

    /// The line `name`.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        match self.values.get(name) {
            Some(ParamValue::Text(text)) => text,
            _ => "",
        }
    }

    /// Whether the word of `name`, which is `yes` or `no`, is `yes`.
    #[must_use]
    pub fn yes(&self, name: &str) -> bool {
        self.choice(name) == YES
    }

    /// The whole number `name`.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        match self.values.get(name) {
            Some(ParamValue::Count(count)) => *count,
            _ => 0,
        }
    }

    /// The time `name`.
    #[must_use]
    pub fn seconds(&self, name: &str) -> Duration {
        match self.values.get(name) {
            Some(ParamValue::Seconds(seconds)) => *seconds,
            _ => Duration::ZERO,
        }
    }

    /// The chosen word of `name`.
    #[must_use]
    pub fn choice(&self, name: &str) -> &'static str {
        match self.values.get(name) {
            Some(ParamValue::Choice(word)) => word,
            _ => "",
        }
    }

    /// The list `name`.
    #[must_use]
    pub fn counts(&self, name: &str) -> &[u64] {
        match self.values.get(name) {
            Some(ParamValue::Counts(counts)) => counts,
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn param(kind: ParamKind) -> Param {
        Param { name: "field", kind, unit: "", default: String::new(), help: "" }
    }

    #[test]
    fn messages_name_the_field_and_its_limits() {
        let count = param(ParamKind::Count { min: 1, max: 10 });
        for text in ["", "0", "11", "-1", "1.5", "abc", "99999999999999999999999"] {
            let message = count.check(text).unwrap_err().to_string();
            assert_eq!(message, format!("field: must be a whole number from 1 to 10, not `{text}`"));
        }
        assert!(count.check(" 1_0 ").is_ok());
        let seconds = param(ParamKind::Seconds { max: 60 });
        for text in ["", "-1", "inf", "NaN", "61", "1s"] {
            assert!(seconds.check(text).is_err(), "{text}");
        }
        assert!(seconds.check("0.25").is_ok());
        let counts = param(ParamKind::Counts { max: 100 });
        assert!(counts.check("").is_ok());
        assert!(counts.check("1, 2,100").is_ok());
        assert!(counts.check("1,,2").is_err());
        let choice = param(ParamKind::Choice(&["yes", "no"]));
        assert!(choice.check(" yes ").is_ok());
        assert_eq!(choice.check("maybe").unwrap_err().to_string(), "field: must be one of yes, no, not `maybe`");
        assert!(param(ParamKind::InputFolder).check(" ").is_err());
    }

    #[test]
    fn an_unknown_name_is_told_what_there_is() {
        let texts = BTreeMap::from([("feild".to_owned(), String::new())]);
        let error = Params::parse(&[param(ParamKind::Counts { max: 1 })], &texts).unwrap_err();
        assert_eq!(error.to_string(), "feild: no such parameter; there is field");
    }
}
