//! `poolscope run`: the same engine as the window, with a progress bar.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use indicatif::{ProgressBar, ProgressStyle};

use super::console::{Console, Watched};
use super::output::Output;
use super::{DEADLOCKED, FAILURE, USAGE, complain, tell};
use crate::executor::{GilMode, OnWorkerDeath};
use crate::lab::{
    CheckedSettings, Collect, End, ExecutorKind, OnError, Run, RunError, RunSettings, Status, for_terminal,
    parse_chunksize, parse_max_tasks_per_child, parse_seed, parse_switch_interval, parse_timeout, parse_workers,
};
use crate::ui::PictureSettings;
use crate::workload::Initializer;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// What to run (see `poolscope list`)
    workload: String,
    /// A parameter of the workload; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// What runs it
    #[arg(long, value_enum, default_value = "processes")]
    executor: ExecutorKind,
    /// How many workers at most [default: CPython's: one a core for processes, min(32, cores + 4) for threads]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    workers: Option<String>,
    /// Items a call, for `--collect map`
    #[arg(long, value_name = "N", default_value = "1", allow_hyphen_values = true)]
    chunksize: String,
    /// How results are collected
    #[arg(long, value_enum, default_value = "map")]
    collect: Collect,
    /// Stop the run after this time
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    timeout: Option<String>,
    /// What an item that raises does to the others: nothing, cancel what is pending, or have it return at once
    #[arg(long, value_enum, default_value = "continue")]
    on_error: OnError,
    /// Threads compute under an emulated global interpreter lock: none, one for all, or one for each
    #[arg(long, value_enum, default_value = "off")]
    gil: GilMode,
    /// How long a thread waits before it asks for that lock
    #[arg(long, value_name = "SECONDS", default_value = "0.005", allow_hyphen_values = true)]
    switch_interval: String,
    /// What each worker of a pool does before its first call: takes so many seconds, or `fail`s
    #[arg(long, value_name = "SECONDS", default_value = "", allow_hyphen_values = true)]
    initializer: String,
    /// Replace a worker process after so many calls
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    max_tasks_per_child: Option<String>,
    /// What the death of a worker process does: breaks the pool, as in Python, or costs its call alone
    #[arg(long, value_enum, default_value = "break-pool")]
    on_worker_death: OnWorkerDeath,
    /// For workloads that draw random numbers
    #[arg(long, value_name = "N", default_value = "0", allow_hyphen_values = true)]
    seed: String,
    /// Only the items that failed in this saved run, or did not finish
    #[arg(long, value_name = "FILE")]
    only_failed: Option<PathBuf>,
    /// End with status 3 as soon as tasks wait for each other forever
    #[arg(long)]
    deadlock_exit: bool,
    /// No progress bar and no summary
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    output: Output,
}

pub(super) fn main(arguments: &Arguments) -> u8 {
    // What can be known to be wrong is told before anything runs.
    let checked = arguments.checked().and_then(|checked| {
        let reads = [checked.reads(), arguments.only_failed.iter().cloned().collect()].concat();
        Ok((checked, arguments.output.check(&reads)?))
    });
    let (checked, picture) = match checked {
        Ok(checked) => checked,
        Err(message) => {
            complain(&message);
            return USAGE;
        }
    };
    let mut console = match Console::open() {
        Ok(console) => console,
        Err(error) => {
            complain(&format!("the run could not start: {error}"));
            return FAILURE;
        }
    };
    let mut bar: Option<ProgressBar> = None;
    let mut lines_told = 0;
    let show = |run: &Run| {
        // As programs that print do, on the stream that is not for results.
        if !arguments.quiet && !arguments.output.json {
            for line in run.trace.log_from(lines_told) {
                let task = line.item.map_or_else(String::new, |item| format!(" item {item}"));
                let cut = line.omitted.map_or_else(String::new, |omitted| match omitted.lines {
                    0 => " …".to_owned(),
                    lines => format!(" … ({lines} lines left out)"),
                });
                let line = format!("[worker {}{task}] {}{cut}", line.worker, for_terminal(&line.line));
                match &bar {
                    Some(bar) => bar.suspend(|| tell(&line)),
                    None => tell(&line),
                }
            }
        }
        lines_told = run.trace.log_length();
        // Before the items are known there is nothing to measure.
        if !arguments.quiet && std::io::stderr().is_terminal() && run.items.is_some() {
            show_progress(bar.get_or_insert_with(progress_bar), run);
        }
    };
    let watched = console.run(checked, arguments.deadlock_exit, show);
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let Some(Watched { run, interrupted, deadlocked }) = watched else { return FAILURE };
    console.only_printing();
    let code = conclude(&run, arguments, picture);
    match (interrupted, deadlocked) {
        (Some(status), _) => status,
        (None, true) => DEADLOCKED,
        (None, false) => code,
    }
}

impl Arguments {
    fn checked(&self) -> Result<CheckedSettings, String> {
        let checked = self.settings()?.check().map_err(|error| error.to_string())?;
        let Some(file) = &self.only_failed else { return Ok(checked) };
        let wrong = |cause: &dyn std::fmt::Display| format!("--only-failed: {cause}");
        let earlier = Run::open(file, 1).map_err(|error| wrong(&error))?;
        if earlier.settings.workload != checked.settings.workload {
            let workload = earlier.settings.workload;
            return Err(wrong(&format!("{}: that run is one of `{workload}`", file.display())));
        }
        let unfinished = earlier.unfinished_items();
        if unfinished.is_empty() {
            return Err(wrong(&format!("{}: every item of that run returned", file.display())));
        }
        Ok(checked.only(unfinished))
    }

    fn settings(&self) -> Result<RunSettings, String> {
        let mut params = BTreeMap::new();
        for pair in &self.set {
            let parts = pair.split_once('=').map(|(name, value)| (name.trim(), value));
            let (name, value) = parts
                .filter(|(name, _)| !name.is_empty())
                .ok_or_else(|| format!("--set: must be KEY=VALUE, not `{pair}`"))?;
            if params.insert(name.to_owned(), value.to_owned()).is_some() {
                return Err(format!("{name}: is given twice"));
            }
        }
        let field = |error: crate::workload::FieldError| format!("--{error}");
        let workers = match &self.workers {
            Some(text) => parse_workers(text, self.executor).map_err(field)?,
            None => self.executor.default_workers(),
        };
        Ok(RunSettings {
            workload: self.workload.clone(),
            params,
            executor: self.executor,
            workers,
            chunksize: parse_chunksize(&self.chunksize).map_err(field)?,
            collect: self.collect,
            // In the window an empty field is none; here it is a slip.
            timeout: self
                .timeout
                .as_deref()
                .map_or(Ok(None), |text| parse_timeout(if text.is_empty() { "nothing" } else { text }))
                .map_err(field)?,
            on_error: self.on_error,
            gil: self.gil,
            switch_interval: parse_switch_interval(&self.switch_interval).map_err(field)?,
            initializer: Initializer::parse(&self.initializer).map_err(field)?,
            max_tasks_per_child: match self.max_tasks_per_child.as_deref() {
                None => None,
                Some(text) => {
                    parse_max_tasks_per_child(if text.is_empty() { "nothing" } else { text }).map_err(field)?
                }
            },
            on_worker_death: self.on_worker_death,
            seed: parse_seed(&self.seed).map_err(field)?,
        })
    }
}

impl ValueEnum for GilMode {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Off, Self::Shared, Self::PerWorker]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Off => PossibleValue::new("off").help("Free-threaded Python"),
            Self::Shared => PossibleValue::new("shared").help("CPython as most know it"),
            Self::PerWorker => PossibleValue::new("per-worker").help("Subinterpreters"),
        })
    }
}

impl ValueEnum for OnWorkerDeath {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::BreakPool, Self::Restart]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::BreakPool => PossibleValue::new("break-pool"),
            Self::Restart => PossibleValue::new("restart"),
        })
    }
}

fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::no_length();
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} items · {elapsed}{msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn show_progress(bar: &ProgressBar, run: &Run) {
    let done = run.totals().sum() as u64;
    let items = run.items.unwrap_or(0) as u64;
    bar.set_length(items);
    bar.set_position(done);
    let failed = run.totals().failed();
    let mut notes = vec![String::new()];
    if failed > 0 {
        notes.push(format!("{failed} failed"));
    }
    if run.status == Status::Stopping {
        notes.push("stopping".to_owned());
    } else if done > 0 && done < items {
        let left = bar.elapsed().mul_f64((items - done) as f64 / done as f64);
        notes.push(format!("about {} s left", left.as_secs() + 1));
    }
    bar.set_message(notes.join(" · "));
}

fn conclude(run: &Run, arguments: &Arguments, picture: PictureSettings) -> u8 {
    if let Status::Ended(End::Failed(error)) = &run.status {
        complain(&error.to_string());
        return if matches!(error, RunError::System(_)) { FAILURE } else { USAGE };
    }
    if let Some(cause) = run.trace.missing_worker() {
        let started = run.trace.lanes().len();
        complain(&format!("only {started} of {} workers could be started: {cause}", run.settings.workers));
    }
    arguments.output.put_out(run, picture, arguments.quiet)
}
