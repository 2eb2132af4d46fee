//! What can be run: one file a workload. Each describes its parameters and turns them into a [`Plan`]; what its items do
//! is a named function, so that worker processes know it too.
//!
//! A new workload is one file and three lines here: its `mod`, and one each in [`catalogue`] and [`registry`].

mod command;
mod countdown;
mod deadlock;
mod download;
mod durations;
mod files;
mod hash_files;
mod http;
mod initializer;
mod list;
mod locked_counter;
mod noop;
mod pace;
mod pages;
mod param;
mod pbkdf2;
mod plan;
mod primes;
mod samples;
mod sleep;
mod square;
mod sum;
mod synthetic;
mod thumbnails;
mod unattended;
mod web_service;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

pub use command::{forget_input, keep_watch};
pub use initializer::{INITIALIZE, Initializer};
pub use pace::units_per_second;
pub use param::{FieldError, Param, ParamKind, Params};
pub use plan::{GoOn, Labels, Plan, SharedGoOn};

use crate::executor::Registry;

/// Something that people can run.
pub trait Workload: Sync {
    /// As the user writes it.
    fn name(&self) -> &'static str;

    /// What it does, in one sentence.
    fn summary(&self) -> &'static str;

    /// What can be set.
    fn params(&self) -> Vec<Param>;

    /// Why it runs on threads only, if it does.
    fn threads_only(&self) -> Option<&'static str> {
        None
    }

    /// Whether it submits its items in a way of its own, and not in the way that a run is told to collect them.
    fn submits_itself(&self) -> bool {
        self.threads_only().is_some()
    }

    /// The first items, found quickly and without changing anything, for whoever is still typing; `None` = there is nothing to look up.
    fn preview(&self, _params: &Params) -> Option<Result<Preview, FieldError>> {
        None
    }

    /// The files that it is told to read, such as lists; not those that are its items.
    fn reads(&self, params: &Params) -> Vec<PathBuf> {
        let files = self.params().into_iter().filter(|param| param.kind == ParamKind::InputFile);
        files.filter_map(|param| params.file(param.name)).collect()
    }

    /// The file that the item called `name` is about, if its items are files. Nobody looks whether it is there.
    fn file_of(&self, _params: &Params, _name: &str) -> Option<PathBuf> {
        None
    }

    /// Looks at the outside world, as far as `params` point there, and finds the items. May take a while: it looks at
    /// `cancelled` now and then, and stops early with what it has.
    ///
    /// # Errors
    /// What can be known to be wrong before anything runs.
    fn plan(&self, params: &Params, cancelled: &AtomicBool) -> Result<Plan, FieldError>;
}

/// Items as far as they were found in a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// The names of the first.
    pub names: Vec<String>,
    /// How many were found.
    pub count: usize,
    /// Whether there may be more.
    pub has_more: bool,
}

/// All workloads, in the order in which they are shown.
#[must_use]
pub fn catalogue() -> &'static [&'static dyn Workload] {
    &[
        &sum::Sum,
        &countdown::Countdown,
        &thumbnails::Thumbnails,
        &command::Command,
        &hash_files::HashFiles,
        &download::Download,
        &pages::Pages,
        &web_service::WebService,
        &sleep::Sleep,
        &synthetic::Synthetic,
        &pbkdf2::Pbkdf2,
        &primes::Primes,
        &square::Square,
        &locked_counter::LockedCounter,
        &noop::Noop,
        &deadlock::DeadlockPair,
        &deadlock::DeadlockNested,
    ]
}

/// The workload called `name`.
///
/// # Errors
/// That there is none, and which there are.
pub fn find(name: &str) -> Result<&'static dyn Workload, FieldError> {
    catalogue().iter().copied().find(|workload| workload.name() == name).ok_or_else(|| {
        let names: Vec<_> = catalogue().iter().map(|workload| workload.name()).collect();
        FieldError::new("workload", format!("there is no `{name}`; there is {}", names.join(", ")))
    })
}

/// The functions of all workloads, for worker processes.
#[must_use]
pub fn registry() -> Registry {
    Registry::new()
        .with(sum::SUM)
        .with(countdown::COUNTDOWN)
        .with(thumbnails::THUMBNAIL)
        .with(command::COMMAND)
        .with(hash_files::HASH_FILE)
        .with(download::DOWNLOAD)
        .with(pages::PAGES)
        .with(web_service::RESIZE)
        .with(sleep::SLEEP)
        .with(synthetic::SYNTHETIC)
        .with(pbkdf2::PBKDF2)
        .with(primes::IS_PRIME)
        .with(square::SQUARE)
        .with(noop::NOOP)
        .with(initializer::INITIALIZE)
}

/// Workloads that are told how many items they have take no more than this: each takes memory, and a slip of the finger
/// should not take all of it.
const ITEMS_LIMIT: u64 = 10_000_000;
