//! `poolscope lesson`: lists the lessons, or runs one and prints what came of it beside what was published.

use std::fmt::Write;
use std::sync::Arc;

use serde::Serialize;

use super::console::{Console, Watched};
use super::{FAILURE, SUCCESS, USAGE, complain, print, tell};
use crate::lab::{End, Report, Run, Status, for_terminal};
use crate::lesson::{self, Course, Lesson, LessonRun, Machine, Outcome, Ratio, Step, Verdict};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Which lesson; without one, they are listed
    id: Option<String>,
    /// One JSON object (or array, of the list) on standard output
    #[arg(long)]
    json: bool,
    /// Print the text instead of running it
    #[arg(long, requires = "id", conflicts_with = "json")]
    text: bool,
}

#[derive(Serialize)]
struct Entry {
    id: &'static str,
    title: &'static str,
}

#[derive(Serialize)]
struct LessonReport {
    id: &'static str,
    runs: Vec<NamedReport>,
    ratios: Vec<Ratio>,
    facts: String,
    verdict: Verdict,
}

#[derive(Serialize)]
struct NamedReport {
    name: &'static str,
    #[serde(flatten)]
    report: Report,
}

pub(super) fn main(arguments: &Arguments) -> u8 {
    let Some(id) = &arguments.id else { return list(arguments.json) };
    match lesson::find(id) {
        Ok(lesson) if arguments.text => printed(&for_terminal(lesson.text)),
        Ok(lesson) => run(lesson, arguments.json),
        Err(error) => {
            complain(&error.to_string());
            USAGE
        }
    }
}

fn printed(text: &str) -> u8 {
    if print(text) { SUCCESS } else { FAILURE }
}

fn json<T: Serialize>(value: &T) -> u8 {
    match serde_json::to_string(value) {
        Ok(json) => printed(&(json + "\n")),
        Err(error) => {
            complain(&error.to_string());
            FAILURE
        }
    }
}

fn list(as_json: bool) -> u8 {
    let entries: Vec<_> = lesson::catalogue().map(|lesson| Entry { id: lesson.id, title: lesson.title() }).collect();
    if as_json {
        return json(&entries);
    }
    let width = entries.iter().map(|entry| entry.id.len()).max().unwrap_or(0);
    let lines: Vec<_> = entries.iter().map(|Entry { id, title }| format!("{id:width$}  {title}\n")).collect();
    printed(&lines.concat())
}

fn run(lesson: &'static Lesson, as_json: bool) -> u8 {
    let mut console = match Console::open() {
        Ok(console) => console,
        Err(error) => {
            complain(&format!("the lesson could not start: {error}"));
            return FAILURE;
        }
    };
    let machine = Machine::new();
    let mut course = Course::plan(lesson, &machine);
    let outcome = loop {
        let Step::Run(LessonRun { name, settings, deadlocks }) = course.next() else {
            match course.conclude(&machine) {
                Some(outcome) => break outcome,
                None => continue,
            }
        };
        if !as_json {
            let again = if course.round() > 1 { ", again, as the runs were disturbed" } else { "" };
            tell(&format!("{}: {name}{again} …", lesson.id));
        }
        let checked = match settings.check() {
            Ok(checked) => checked,
            Err(error) => {
                complain(&error.to_string());
                return FAILURE;
            }
        };
        let Some(Watched { run, interrupted, .. }) = console.run(checked, *deadlocks, |_| {}) else { return FAILURE };
        if let Some(status) = interrupted {
            return status;
        }
        if let Status::Ended(End::Failed(error)) = &run.status {
            complain(&error.to_string());
            return FAILURE;
        }
        course.ended_one(run);
    };
    console.only_printing();
    let (planned, runs) = (course.planned(), course.ended());
    let matches = matches!(outcome.verdict, Verdict::Matches(_));
    let code = if as_json {
        let Outcome { ratios, facts, verdict } = outcome;
        let reports = planned.iter().zip(runs);
        let runs = reports.map(|(planned, run)| NamedReport { name: planned.name, report: Report::new(run) }).collect();
        json(&LessonReport { id: lesson.id, runs, ratios, facts, verdict })
    } else {
        printed(&readable(lesson, planned, runs, &outcome))
    };
    if code == SUCCESS && !matches { FAILURE } else { code }
}

fn readable(lesson: &Lesson, planned: &[LessonRun], runs: &[Arc<Run>], outcome: &Outcome) -> String {
    let mut text = String::new();
    // Writing to a string can't fail.
    let _ = writeln!(text, "{}\n", lesson.title());
    for (planned, run) in planned.iter().zip(runs) {
        let _ = writeln!(text, "{:40} {:10.3} s", planned.name, run.trace.makespan() as f64 / 1e9);
    }
    let _ = writeln!(text, "\n{:40} {:>10} {:>10} {:>10}", "", "published", "ideal", "yours");
    for Ratio { name, published, ideal, yours } in &outcome.ratios {
        let published = published.map_or_else(|| "–".to_owned(), |published| format!("{published:.2}"));
        let _ = writeln!(text, "{name:40} {published:>10} {ideal:>10.2} {yours:>10.2}");
    }
    let _ = writeln!(text, "\n{}\n{}: {}", outcome.facts, outcome.verdict.word(), outcome.verdict.because());
    text
}
