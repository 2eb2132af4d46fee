//! The fields about the executor.

use std::sync::LazyLock;

use eframe::egui::accesskit::Role;
use eframe::egui::{Button, CollapsingHeader, RichText, Sense, Stroke, Ui, vec2};

use super::fields::{LABEL_WIDTH, choose, complain, note, number, row, text_field, with_unit};
use crate::executor::{GilMode, OnWorkerDeath};
use crate::lab::{Collect, ExecutorKind, OnError};
use crate::ui::form::Form;
use crate::ui::{focus, readers, theme};
use crate::workload::FieldError;

/// Asked once, as the system may have to read files to answer.
static CORES: LazyLock<usize> = LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from));

/// How many cores this program may use.
pub(super) fn cores() -> usize {
    *CORES
}

/// Draws the fields.
pub(super) fn show(ui: &mut Ui, form: &mut Form, errors: &[FieldError]) {
    segments(ui, form);
    complain(ui, errors, "executor");
    let cores = cores();
    let sequential = form.executor == ExecutorKind::Sequential;
    ui.add_enabled_ui(!sequential, |ui| {
        let help = "How many workers run tasks at the same time";
        let slider_limit = (4 * cores.max(4)).min(form.executor.workers_limit());
        row(ui, "workers", help, |ui| number(ui, "workers", help, &mut form.workers, slider_limit));
        ui.horizontal(|ui| {
            ui.add_space(LABEL_WIDTH + 8.0);
            // Both fit into the narrowest panel.
            (ui.spacing_mut().item_spacing.x, ui.spacing_mut().button_padding.x) = (4.0, 5.0);
            preset(ui, form, cores, "cores", "One per core: the rule of thumb for computing");
            let help = "The rule of thumb for waiting on files and networks";
            preset(ui, form, 2 * cores + 1, "2 × cores + 1", help);
        });
    });
    if sequential {
        note(ui, "one after the other, in one thread");
    }
    complain(ui, errors, "workers");
    let in_chunks = form.collect == Collect::Map;
    ui.add_enabled_ui(in_chunks, |ui| {
        let help = "How many items map puts into one call";
        row(ui, "chunksize", help, |ui| number(ui, "chunksize", help, &mut form.chunksize, 64));
    });
    if !in_chunks {
        note(ui, "every item is a call of its own");
    }
    complain(ui, errors, "chunksize");
    let help = "How results are collected";
    row(ui, "collect", help, |ui| {
        let choices = [
            (Collect::Map, "map, in order", "Cut the input into chunks; results come in the order of the input"),
            (Collect::Submit, "submit, result()", "Submit each item, then wait for each in the order of submission"),
            (Collect::AsCompleted, "as_completed", "Submit each item, then take results as they come"),
            (Collect::Gather, "gather", "Submit each item, then await all together"),
        ];
        choose(ui, "collect", help, &mut form.collect, &choices);
    });
    let help = "What an item that raises does to the others";
    row(ui, "on error", help, |ui| {
        let choices = [
            (OnError::Continue, "continue", "Nothing: the others go on"),
            (OnError::Stop, "stop", "Cancel what is pending; what executes may finish"),
            (OnError::Skip, "skip the rest", "What has not begun is handed out all the same, but returns at once"),
        ];
        choose(ui, "on error", help, &mut form.on_error, &choices);
    });
    gil_fields(ui, form, errors);
    let help = "Stop the run after so many seconds; empty = never";
    row(ui, "timeout", help, |ui| {
        let field = |ui: &mut Ui| text_field(ui, "timeout", &mut form.timeout, ui.available_width(), "none");
        with_unit(ui, "s", field).on_hover_text(help);
    });
    complain(ui, errors, "timeout");
    let wrong = errors.iter().any(|error| MORE.contains(&error.field.as_str()));
    let header = CollapsingHeader::new(RichText::new("initializer, max tasks, seed …").size(12.0)).id_salt("more");
    // What is wrong must be seen.
    let shown = header.open(wrong.then_some(true)).show(ui, |ui| more(ui, form, errors));
    readers::foldable(&shown.header_response, shown.openness > 0.0);
}

/// The fields that are folded away.
const MORE: [&str; 3] = ["initializer", "max-tasks-per-child", "seed"];

fn more(ui: &mut Ui, form: &mut Form, errors: &[FieldError]) {
    let field =
        |ui: &mut Ui, enabled: bool, label: &str, name: &str, text: &mut String, hint: &'static str, help: &str| {
            ui.add_enabled_ui(enabled, |ui| {
                row(ui, label, help, |ui| {
                    let width = ui.available_width();
                    text_field(ui, name, text, width, hint).on_hover_text(help);
                });
            });
            complain(ui, errors, name);
        };
    let processes = form.executor == ExecutorKind::Processes;
    let help = "What each worker does before its first call: takes so many seconds, or, with the word fail, fails and breaks the pool";
    let pool = form.executor != ExecutorKind::Sequential;
    field(ui, pool, "initializer", "initializer", &mut form.initializer, "none; seconds, or fail", help);
    let help = "max_tasks_per_child: a worker process is replaced after so many calls";
    field(ui, processes, "max tasks", "max-tasks-per-child", &mut form.max_tasks_per_child, "no limit", help);
    field(
        ui,
        true,
        "seed",
        "seed",
        &mut form.seed,
        "0",
        "For workloads that draw random numbers: the same seed, the same numbers",
    );
    ui.add_enabled_ui(processes, |ui| {
        let help = "What the death of a worker process does to the pool";
        row(ui, "if one dies", help, |ui| {
            let choices = [
                (
                    OnWorkerDeath::BreakPool,
                    "pool breaks",
                    "BrokenProcessPool for all that is not finished, as in Python",
                ),
                (OnWorkerDeath::Restart, "restart it", "Only the call that it held is lost; another worker takes over"),
            ];
            choose(ui, "if one dies", help, &mut form.on_worker_death, &choices);
        });
    });
}

fn gil_fields(ui: &mut Ui, form: &mut Form, errors: &[FieldError]) {
    let help = "Global interpreter lock: of the threads of a process only the one that holds it computes, as in Python. Elsewhere than on \
                threads it is felt by tasks that have threads for themselves.";
    row(ui, "GIL", help, |ui| {
        let choices = [
            (GilMode::Off, "off", "Threads compute at the same time: free-threaded Python"),
            (GilMode::Shared, "shared", "One thread computes at a time: CPython as most know it"),
            (GilMode::PerWorker, "one a worker", "Each thread has its own: subinterpreters"),
        ];
        choose(ui, "GIL", help, &mut form.gil, &choices);
    });
    if form.gil == GilMode::Off {
        return;
    }
    let help = "How many seconds a thread waits before it asks for the GIL: sys.setswitchinterval";
    row(ui, "switch after", help, |ui| {
        let field =
            |ui: &mut Ui| text_field(ui, "switch-interval", &mut form.switch_interval, ui.available_width(), "0.005");
        with_unit(ui, "s", field).on_hover_text(help);
    });
    complain(ui, errors, "switch-interval");
}

fn preset(ui: &mut Ui, form: &mut Form, workers: usize, name: &str, help: &str) {
    let text = RichText::new(format!("{name} = {workers}")).size(11.0);
    let clicked = ui.add(Button::new(text).min_size(vec2(0.0, 20.0))).on_hover_text(help).clicked();
    if clicked {
        form.workers = workers.min(form.executor.workers_limit()).to_string();
    }
}

/// Three buttons, one of which is down: one stop of the Tab key, in which the arrows choose.
fn segments(ui: &mut Ui, form: &mut Form) {
    let palette = theme::palette(ui);
    let width = (ui.available_width() - 8.0) / 3.0;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let now = form.executor;
        let buttons = ExecutorKind::ALL.map(|kind| {
            let (text, help) = match kind {
                ExecutorKind::Sequential => ("Sequential", "No pool: one item after the other, in one thread"),
                ExecutorKind::Threads => ("Threads", "ThreadPoolExecutor: workers are threads of this program"),
                ExecutorKind::Processes => ("Processes", "ProcessPoolExecutor: workers are child processes"),
            };
            let chosen = now == kind;
            let sense = if chosen { Sense::click() } else { Sense::CLICK };
            let mut button = Button::new(RichText::new(text).size(12.5)).min_size(vec2(width, 28.0)).selected(chosen);
            if chosen {
                button = button.stroke(Stroke::new(1.0, palette.accent)).fill(palette.accent.gamma_multiply(0.18));
            }
            let button = ui.add(button.sense(sense)).on_hover_text(help);
            readers::one_of_several(&button, Role::RadioButton, chosen);
            if button.clicked() {
                form.executor = kind;
            }
            button
        });
        let at = ExecutorKind::ALL.iter().position(|kind| *kind == now).unwrap_or_default();
        let steps = focus::arrows(ui, &buttons[at]) as isize;
        if steps != 0 {
            let to = at.saturating_add_signed(steps).min(buttons.len() - 1);
            form.executor = ExecutorKind::ALL[to];
            buttons[to].request_focus();
        }
    });
}
