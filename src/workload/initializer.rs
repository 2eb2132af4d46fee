//! What is done in each worker before its first call.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::param::FieldError;
use super::unattended::LOOK_AGAIN;
use crate::executor::{Function, TaskContext, TaskError};
use crate::units::{grouped_number, parse_number};

/// For worker processes, which look it up by its name.
pub const INITIALIZE: Function<Initializer, ()> = Function::new("initialize", in_process);

fn in_process(initializer: Initializer, context: &TaskContext) -> Result<(), TaskError> {
    context.blocking(|| initializer.run(|| true))
}

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Initializer {
    /// Nothing.
    #[default]
    None,
    /// Something that takes so many seconds.
    Takes(f64),
    /// Something that fails, which breaks the pool.
    Fails,
}

/// The shortest and the longest that there is, in seconds: a millisecond, and an hour.
pub const INITIALIZER_LIMITS: std::ops::RangeInclusive<f64> = 0.001..=3600.0;

/// The word for one that fails.
const FAIL: &str = "fail";

impl Initializer {
    /// Parses the text of the field: seconds, `fail`, or nothing.
    ///
    /// # Errors
    /// With what it can be.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let initializer = match text.trim() {
            "" => Self::None,
            FAIL => Self::Fails,
            seconds => Self::Takes(parse_number(seconds).ok_or_else(|| error(&seconds))?),
        };
        initializer.check()?;
        Ok(initializer)
    }

    pub(crate) fn check(self) -> Result<(), FieldError> {
        match self {
            Self::Takes(seconds) if !INITIALIZER_LIMITS.contains(&seconds) => Err(error(&seconds)),
            _ => Ok(()),
        }
    }

    /// Does it, in this thread, as long as `may_go_on` says so.
    ///
    /// # Errors
    /// That it was to fail, or could not go on.
    pub fn run(self, may_go_on: impl Fn() -> bool) -> Result<(), TaskError> {
        match self {
            Self::None => {}
            // What takes time in a real one, loading a model or connecting somewhere, is waiting.
            Self::Takes(seconds) => {
                let end = Instant::now() + Duration::try_from_secs_f64(seconds).unwrap_or_default();
                while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
                    if !may_go_on() {
                        return Err(TaskError::Interrupted);
                    }
                    thread::sleep(left.min(LOOK_AGAIN));
                }
            }
            Self::Fails => return Err(TaskError::message("the initializer was asked to fail")),
        }
        Ok(())
    }
}

impl fmt::Display for Initializer {
    /// As it is parsed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Takes(seconds) => seconds.fmt(f),
            Self::Fails => f.write_str(FAIL),
        }
    }
}

fn error(given: &dyn fmt::Display) -> FieldError {
    let (shortest, longest) = (INITIALIZER_LIMITS.start(), grouped_number(*INITIALIZER_LIMITS.end()));
    FieldError::new("initializer", format!("must be `{FAIL}`, or seconds from {shortest} to {longest}, not `{given}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for initializer in [Initializer::None, Initializer::Takes(0.25), Initializer::Fails] {
            assert_eq!(Initializer::parse(&initializer.to_string()).unwrap(), initializer);
        }
        for text in ["soon", "0", "-1", "NaN", "inf", "3601"] {
            let message = Initializer::parse(text).unwrap_err().to_string();
            assert!(
                message.starts_with("initializer: must be `fail`, or seconds from 0.001 to 3,600, not"),
                "{message}"
            );
        }
    }
}
