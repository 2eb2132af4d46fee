//! The door: reads the command line and opens the window, runs a workload without one, or becomes a worker.

mod console;
mod lesson;
mod list;
mod output;
mod run;
mod show;

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::executor::run_worker;
use crate::lab::for_terminal;
use crate::{sys, ui, workload};

/// Everything ran, and every item returned.
const SUCCESS: u8 = 0;
/// It ran, and something raised, was cancelled or lost; or it broke off.
const FAILURE: u8 = 1;
/// What was asked for can't be.
const USAGE: u8 = 2;
/// Its tasks waited for each other forever, and that was to end it.
const DEADLOCKED: u8 = 3;

#[derive(Parser)]
#[command(version, about = "Watch a pool of workers run your tasks. Without a command, opens the window.")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run a workload without a window
    Run(Box<run::Arguments>),
    /// Run a published example and compare, or list them all
    Lesson(lesson::Arguments),
    /// List the workloads and their parameters
    List(list::Arguments),
    /// Open a run that was saved in the window
    Open {
        /// The file
        file: PathBuf,
    },
    /// Tell what a run that was saved came to
    Show(show::Arguments),
    /// Serve a process pool over standard input and output
    #[command(hide = true)]
    Worker,
    /// Kill the commands that a process leaves behind
    #[command(hide = true)]
    Warden,
    /// Read standard input and forget it, for services whose output nobody reads any more
    #[command(hide = true)]
    Drain,
}

/// The program. Usage errors and `--help` end it on the way.
#[must_use]
pub fn main() -> ExitCode {
    sys::heed_children();
    let code = match Cli::parse().command {
        None => window(None),
        Some(Command::Run(arguments)) => run::main(&arguments),
        Some(Command::Lesson(arguments)) => lesson::main(&arguments),
        Some(Command::List(arguments)) => list::main(&arguments),
        Some(Command::Open { file }) => window(Some(file)),
        Some(Command::Show(arguments)) => show::main(&arguments),
        Some(Command::Worker) => worker(),
        Some(Command::Warden) => {
            workload::keep_watch();
            SUCCESS
        }
        Some(Command::Drain) => {
            workload::forget_input();
            SUCCESS
        }
    };
    ExitCode::from(code)
}

fn window(file: Option<PathBuf>) -> u8 {
    if !sys::has_display() {
        return no_window("no display was found");
    }
    let _ = sys::follow_suspension();
    match ui::open(file) {
        Ok(()) => SUCCESS,
        Err(error) => no_window(&error.to_string()),
    }
}

fn no_window(cause: &str) -> u8 {
    let cause = without_sources(cause);
    complain(&format!("can't open the window: {cause}\nTo run a workload without it: poolscope run sum"));
    FAILURE
}

/// Without the places in source files that some libraries put into their errors: they are paths of the machine that built this program.
fn without_sources(message: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in message.split(' ') {
        if word.contains(".rs:") {
            words.pop_if(|before| *before == "at");
            if let Some(last) = words.last_mut() {
                *last = last.trim_end_matches(':');
            }
        } else {
            words.push(word);
        }
    }
    words.join(" ")
}

fn worker() -> u8 {
    // Without it, Ctrl-Z stops this process but not the commands that its tasks run.
    let _ = sys::follow_suspension();
    match run_worker(&workload::registry()) {
        Ok(()) => SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            FAILURE
        }
    }
}

/// To standard error. Whoever closed it does not want to know.
fn complain(message: &str) {
    let _ = writeln!(std::io::stderr(), "poolscope: {}", for_terminal(message));
}

/// A line that a task printed, to standard error.
fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// To standard output; returns whether that worked. A reader that has gone away, such as `head`, is no error.
fn print(text: &str) -> bool {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            complain(&format!("the output could not be written: {error}"));
            false
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_tell_no_paths_of_sources() {
        let told = "os error at /home/me/winit-0.30/src/linux/mod.rs:788: Failed to open connection to X server";
        assert_eq!(without_sources(told), "os error Failed to open connection to X server");
        assert_eq!(without_sources("look at that: it broke"), "look at that: it broke");
    }
}
