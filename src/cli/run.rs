//! `poolscope run`: the same engine as the window, with a progress bar.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded, select, unbounded};
use indicatif::{ProgressBar, ProgressStyle};

use super::report::Report;
use super::{FAILURE, INTERRUPTED, SUCCESS, USAGE, complain, print};
use crate::lab::{
    Collect, Command, End, ExecutorKind, Lab, OnError, Run, RunError, RunSettings, Status, parse_chunksize,
    parse_timeout, parse_workers,
};

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
    /// For workloads that draw random numbers
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// One JSON object on standard output
    #[arg(long)]
    json: bool,
    /// No progress bar and no summary
    #[arg(long)]
    quiet: bool,
}

pub(super) fn main(arguments: &Arguments) -> u8 {
    let checked = arguments.settings().and_then(|settings| settings.check().map_err(|error| error.to_string()));
    let checked = match checked {
        Ok(checked) => checked,
        Err(message) => {
            complain(&message);
            return USAGE;
        }
    };
    let (interrupts_in, interrupts) = unbounded();
    let handler_end = interrupts_in.clone();
    // Without the handler Ctrl-C still ends the program, and with it the workers.
    let _ = ctrlc::set_handler(move || {
        let _ = handler_end.send(());
    });
    let (wake, woken) = bounded(1);
    let lab = match Lab::start(None, move || {
        let _ = wake.try_send(());
    }) {
        Ok(lab) => lab,
        Err(error) => {
            complain(&format!("the run could not start: {error}"));
            return FAILURE;
        }
    };
    lab.send(Command::Run(Box::new(checked)));
    let bar = (!arguments.quiet && std::io::stderr().is_terminal()).then(progress_bar);
    let watched = watch(&lab, &woken, &interrupts, bar.as_ref());
    // Kept until here, so that the channel is open whether there is a handler or not.
    drop(interrupts_in);
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let Some((run, interrupted)) = watched else {
        complain("the run broke off because of a bug");
        return FAILURE;
    };
    let code = conclude(&run, arguments);
    if interrupted { INTERRUPTED } else { code }
}

impl Arguments {
    fn settings(&self) -> Result<RunSettings, String> {
        let mut params = BTreeMap::new();
        for pair in &self.set {
            let (name, value) =
                pair.split_once('=').ok_or_else(|| format!("--set: must be KEY=VALUE, not `{pair}`"))?;
            params.insert(name.trim().to_owned(), value.to_owned());
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
            timeout: self.timeout.as_deref().map_or(Ok(None), parse_timeout).map_err(field)?,
            on_error: self.on_error,
            seed: self.seed,
        })
    }
}

/// Until the run has ended. Returns its last state, and whether somebody pressed Ctrl-C; nothing if the lab broke.
fn watch(
    lab: &Lab,
    woken: &Receiver<()>,
    interrupts: &Receiver<()>,
    bar: Option<&ProgressBar>,
) -> Option<(Arc<Run>, bool)> {
    let mut interrupted = false;
    loop {
        select! {
            recv(woken) -> woken => woken.ok()?,
            recv(interrupts) -> _ => {
                if interrupted {
                    // Asked twice: at once. Workers end with this process.
                    std::process::exit(INTERRUPTED.into());
                }
                interrupted = true;
                lab.send(Command::StopNow);
            }
        }
        let Some(run) = lab.run() else { continue };
        if let Some(bar) = bar {
            show_progress(bar, &run);
        }
        if run.ended() {
            return Some((run, interrupted));
        }
    }
}

fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::no_length();
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} items · {elapsed} · {eta} left {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn show_progress(bar: &ProgressBar, run: &Run) {
    let totals = run.totals();
    if let Some(items) = run.items {
        bar.set_length(items as u64);
    }
    bar.set_position(totals.sum() as u64);
    let trouble = totals.raised + totals.lost;
    bar.set_message(match run.status {
        Status::Preparing => "· looking for items".to_owned(),
        Status::Stopping => "· stopping".to_owned(),
        _ if trouble > 0 => format!("· {trouble} failed"),
        _ => String::new(),
    });
}

fn conclude(run: &Run, arguments: &Arguments) -> u8 {
    if let Status::Ended(End::Failed(error)) = &run.status {
        complain(&error.to_string());
        return if matches!(error, RunError::System(_)) { FAILURE } else { USAGE };
    }
    let report = Report::new(run);
    if arguments.json {
        match serde_json::to_string(&report) {
            Ok(json) => print(&format!("{json}\n")),
            Err(error) => {
                complain(&error.to_string());
                return FAILURE;
            }
        }
    } else if !arguments.quiet {
        print(&report.readable());
    }
    if report.all_returned() { SUCCESS } else { FAILURE }
}
