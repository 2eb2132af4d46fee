//! `command`: any program, once an item.
//!
//! ```text
//!  template ─┐                              ┌─▶ stdout, stderr: what is kept of them
//!  items ────┴─▶ one call an item ─▶ child ─┤
//!                                           └─▶ exit status; the whole tree is killed when it ends, or is to
//! ```

mod child;
mod items;
mod template;
mod warden;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::files::{Entry, labels};
use super::param::NO_OR_YES;
use super::{FieldError, Param, ParamKind, Params, Plan, Workload};
use crate::executor::{Function, TaskContext, TaskError};
use template::Template;
pub use warden::keep_watch;

/// See the module.
pub(super) struct Command;

pub(super) const COMMAND: Function<Job, String> = Function::new("command", perform);

/// One item to run the command for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Job {
    template: Arc<Template>,
    item: Entry,
    timeout: Option<Duration>,
}

fn perform(Job { template, item, timeout }: Job, context: &TaskContext) -> Result<String, TaskError> {
    let command = template.command(&item.path()?.into_os_string())?;
    child::run(command, timeout, context)
}

impl Workload for Command {
    fn name(&self) -> &'static str {
        "command"
    }

    fn summary(&self) -> &'static str {
        "run a program, once an item"
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::new(
                "command",
                ParamKind::Text,
                "",
                "echo {}",
                "The program and its arguments, with quotes as in a shell. Each {} becomes the item. No shell is asked.",
            ),
            Param::new(
                "shell",
                NO_OR_YES,
                "",
                "no",
                "Whether the system's shell runs it, so that pipes and the like work. Each {} becomes the item, quoted.",
            ),
            Param::new(
                "from",
                ParamKind::Choice(&items::SOURCES),
                "",
                "range",
                "Where the items are: whole numbers, the lines of a file, the files that match a pattern, or the lines of standard input.",
            ),
            Param::new(
                "items",
                ParamKind::Text,
                "",
                "1..20",
                "The range (1..20: both are included), the name of the file, or the pattern (photos/*.jpg). Not for standard input.",
            ),
            Param::new(
                "time-limit",
                ParamKind::Seconds { max: 31_536_000 },
                "s",
                "0",
                "How long it may take for an item, before it is killed with all that it has started; 0 = as long as it likes.",
            ),
        ]
    }

    fn plan(&self, params: &Params, cancelled: &AtomicBool) -> Result<Plan, FieldError> {
        let template = Arc::new(Template::parse(params.text("command"), params.yes("shell"))?);
        let items = items::find(params.choice("from"), params.text("items"), cancelled)?;
        let timeout = Some(params.seconds("time-limit")).filter(|timeout| !timeout.is_zero());
        let of_items = Arc::clone(&items);
        let jobs = (0..items.len()).map(move |item| Job {
            template: Arc::clone(&template),
            item: of_items[item].clone(),
            timeout,
        });
        Ok(Plan::new(COMMAND, jobs, labels(items, PathBuf::new())))
    }
}
