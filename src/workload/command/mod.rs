//! `command`: any program, once an item.
//!
//! ```text
//!  template ─┐                              ┌─▶ stdout, stderr: what is kept of them
//!  items ────┴─▶ one call an item ─▶ child ─┤
//!                                           └─▶ exit status; the whole tree is killed when it ends, or is to
//! ```

mod child;
mod items;
mod output;
mod pattern;
mod start;
mod surroundings;
mod template;
mod warden;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::files::{Entry, Found, labels};
use super::list::Separator;
use super::param::NO_OR_YES;
use super::{FieldError, Param, ParamKind, Params, Plan, Preview, Workload};
use crate::executor::{Function, TaskContext, TaskError};
use items::Source;
pub use output::forget_input;
use surroundings::Surroundings;
use template::Template;
pub use warden::keep_watch;

/// See the module.
pub(super) struct Command;

pub(super) const COMMAND: Function<Job, String> = Function::new("command", perform);

/// One item to run the command for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Job {
    template: Arc<Template>,
    surroundings: Arc<Surroundings>,
    item: Entry,
    timeout: Option<Duration>,
    retries: u32,
}

fn perform(job: Job, context: &TaskContext) -> Result<String, TaskError> {
    let Job { template, surroundings, item, timeout, retries } = job;
    let item = item.path()?.into_os_string();
    context.retry(retries, || {
        let mut command = template.command(&item)?;
        surroundings.apply(&mut command);
        child::run(command, timeout, context)
    })
}

impl Workload for Command {
    fn name(&self) -> &'static str {
        "command"
    }

    fn summary(&self) -> &'static str {
        "runs a program once per item"
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::new(
                "command",
                ParamKind::Text,
                "",
                "echo {}",
                "The program and its arguments, quoted as in a shell. Each {} becomes the item. No shell is used.",
            ),
            Param::new(
                "shell",
                NO_OR_YES,
                "",
                "no",
                "Runs the command in the system's shell, for pipes and redirections. Each {} becomes the item, quoted.",
            ),
            Param::new(
                "from",
                ParamKind::Choice(&Source::WORDS),
                "",
                "range",
                "Where the items come from: whole numbers, a file with a list, files that match a pattern, or a list on standard input.",
            ),
            Param::new(
                "items",
                ParamKind::Text,
                "",
                "1..20",
                "The range (1..20, both included; 08..10 keeps its zeros), the list's file name, or the pattern (photos/*.jpg).",
            ),
            Param::new(
                "separator",
                ParamKind::Choice(&Separator::WORDS),
                "",
                "auto",
                "What separates the items of a list: ends of lines, or NUL bytes as find -print0 writes them. auto: NUL if there is one.",
            ),
            Param::new(
                "directory",
                ParamKind::OptionalFolder,
                "",
                "",
                "Where the command runs; empty: where Poolscope was started.",
            ),
            Param::new(
                "environment",
                ParamKind::Text,
                "",
                "",
                "Variables to set for the command: NAME=value, several separated by spaces, quoted as in a shell.",
            ),
            Param::new(
                "time-limit",
                ParamKind::Seconds { max: 31_536_000 },
                "s",
                "0",
                "Kills the command, and everything it started, after this time; 0: no limit.",
            ),
            Param::new(
                "retries",
                ParamKind::Count { min: 0, max: 100 },
                "",
                "0",
                "How many times the command runs again for an item for which it failed.",
            ),
        ]
    }

    fn preview(&self, params: &Params) -> Option<Result<Preview, FieldError>> {
        let (source, separator) = (Source::of(params.choice("from")), Separator::of(params.choice("separator")));
        items::preview(source, params.text("items"), separator)
    }

    fn reads(&self, params: &Params) -> Vec<PathBuf> {
        let is_list = Source::of(params.choice("from")) == Source::Lines;
        is_list.then(|| PathBuf::from(params.text("items"))).into_iter().collect()
    }

    fn file_of(&self, params: &Params, name: &str) -> Option<PathBuf> {
        match Source::of(params.choice("from")) {
            Source::Range => None,
            Source::Glob => Some(PathBuf::from(name)),
            // Lists may hold anything. The paths among them are meant for the command.
            Source::Lines | Source::Stdin => {
                let is_path = Path::new(name).components().count() > 1 && !name.contains("://");
                is_path.then(|| params.folder("directory").join(name))
            }
        }
    }

    fn plan(&self, params: &Params, cancelled: &AtomicBool) -> Result<Plan, FieldError> {
        let template = Arc::new(Template::parse(params.text("command"), params.yes("shell"))?);
        let surroundings = Arc::new(Surroundings::parse(params.file("directory"), params.text("environment"))?);
        let (source, separator) = (Source::of(params.choice("from")), Separator::of(params.choice("separator")));
        let Found { entries: items, notes } = items::find(source, params.text("items"), separator, cancelled)?;
        let timeout = Some(params.seconds("time-limit")).filter(|timeout| !timeout.is_zero());
        let retries = u32::try_from(params.count("retries")).unwrap_or(u32::MAX);
        let of_items = Arc::clone(&items);
        let jobs = (0..items.len()).map(move |item| Job {
            template: Arc::clone(&template),
            surroundings: Arc::clone(&surroundings),
            item: of_items[item].clone(),
            timeout,
            retries,
        });
        Ok(Plan::new(COMMAND, jobs, labels(items, PathBuf::new())).noting(notes))
    }
}
