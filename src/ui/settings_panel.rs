//! The fields of the left panel: what is run, and on what.

use std::sync::LazyLock;

use eframe::egui::{
    Align, Button, ComboBox, Id, Label, Layout, Margin, Response, RichText, Role, Slider, Stroke, TextEdit, Ui,
    WidgetInfo, vec2,
};

use super::action::Action;
use super::form::Form;
use super::theme;
use crate::executor::GilMode;
use crate::lab::{Collect, ExecutorKind, OnError};
use crate::workload::{self, FieldError, ParamKind};

/// Asked once, as the system may have to read files to answer.
static CORES: LazyLock<usize> = LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from));

/// Labels take this much of a row; the rest is the field's.
const LABEL_WIDTH: f32 = 78.0;

/// Draws the fields. `errors` = those that are wrong; `no_dialog` = the one for which no folder dialog came up.
pub(super) fn show(
    ui: &mut Ui,
    form: &mut Form,
    errors: &[FieldError],
    no_dialog: Option<&str>,
    actions: &mut Vec<Action>,
) {
    theme::heading(ui, "WORKLOAD");
    workload_fields(ui, form, errors, no_dialog, actions);
    ui.add_space(10.0);
    theme::heading(ui, "EXECUTOR");
    executor_fields(ui, form, errors);
}

fn workload_fields(
    ui: &mut Ui,
    form: &mut Form,
    errors: &[FieldError],
    no_dialog: Option<&str>,
    actions: &mut Vec<Action>,
) {
    let width = ui.available_width();
    let combo =
        ComboBox::from_id_salt("workload").width(width).height(600.0).selected_text(&form.workload).show_ui(ui, |ui| {
            for workload in workload::catalogue() {
                let chosen = form.workload == workload.name();
                let response = ui.selectable_label(chosen, workload.name()).on_hover_text(workload.summary());
                if response.clicked() {
                    workload.name().clone_into(&mut form.workload);
                }
            }
        });
    name_for_readers(&combo.response, Role::ComboBox, "workload", &form.workload);
    if let Ok(workload) = workload::find(&form.workload) {
        let dim = theme::palette(ui).dim;
        ui.label(RichText::new(workload.summary()).size(11.5).color(dim));
    }
    complain(ui, errors, "workload");
    for param in form.params() {
        let path = param.kind.is_path();
        row(ui, param.name, param.help, |ui| {
            // From the right, so that the field takes what the button leaves.
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let help = if param.kind == ParamKind::InputFile {
                    "Choose a file (or drop one on the window)"
                } else {
                    "Choose a folder (or drop one on the window)"
                };
                if !param.unit.is_empty() {
                    let dim = theme::palette(ui).dim;
                    ui.label(RichText::new(param.unit).size(11.0).color(dim));
                }
                if path {
                    let button = ui.add(Button::new("…").min_size(vec2(30.0, 0.0))).on_hover_text(help);
                    let name = format!("choose {}", param.name);
                    button.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
                    if button.clicked() {
                        actions.push(Action::PickPath(param.name));
                    }
                }
                if let ParamKind::Choice(words) = param.kind {
                    return words_to_choose(ui, param.name, form.param_text(&param), words);
                }
                let width = ui.available_width();
                let response = text_field(ui, param.name, form.param_text(&param), width, "");
                if path {
                    // Paths are longer than the field.
                    response.on_hover_text(form.param_text(&param).as_str());
                }
            });
        });
        if no_dialog == Some(param.name) {
            note(ui, "no dialog here: type the path");
        }
        complain(ui, errors, param.name);
    }
    let link = ui
        .add(Button::new(RichText::new("defaults").size(11.0)).min_size(vec2(0.0, 20.0)))
        .on_hover_text("Give every parameter of this workload its default");
    if link.clicked() {
        form.reset_params();
    }
}

fn executor_fields(ui: &mut Ui, form: &mut Form, errors: &[FieldError]) {
    segments(ui, form);
    let cores = *CORES;
    let sequential = form.executor == ExecutorKind::Sequential;
    ui.add_enabled_ui(!sequential, |ui| {
        let help = "How many workers run tasks at the same time";
        let slider_limit = (4 * cores.max(4)).min(form.executor.workers_limit());
        row(ui, "workers", help, |ui| number(ui, "workers", &mut form.workers, slider_limit));
        ui.horizontal(|ui| {
            ui.add_space(LABEL_WIDTH + 8.0);
            preset(ui, form, cores, "cores", "One a core: the rule of thumb for computing");
            preset(ui, form, 2 * cores + 1, "2 × cores + 1", "The rule of thumb for waiting on files and networks");
        });
    });
    if sequential {
        note(ui, "one after the other, in one thread");
    }
    complain(ui, errors, "workers");
    let in_chunks = form.collect == Collect::Map;
    ui.add_enabled_ui(in_chunks, |ui| {
        let help = "How many items map puts into one call";
        row(ui, "chunksize", help, |ui| number(ui, "chunksize", &mut form.chunksize, 64));
    });
    if !in_chunks {
        note(ui, "every item is a call of its own");
    }
    complain(ui, errors, "chunksize");
    row(ui, "collect", "How results are collected", |ui| {
        let choices = [
            (Collect::Map, "map, in order", "Cut the input into chunks; results come in the order of the input"),
            (Collect::Submit, "submit, result()", "Submit each item, then wait for each in the order of submission"),
            (Collect::AsCompleted, "as_completed", "Submit each item, then take results as they come"),
            (Collect::Gather, "gather", "Submit each item, then await all together"),
        ];
        choose(ui, "collect", &mut form.collect, &choices);
    });
    row(ui, "on error", "What an item that raises does to the others", |ui| {
        let choices = [
            (OnError::Continue, "continue", "Nothing: the others go on"),
            (OnError::Stop, "stop", "Cancel what is pending; what executes may finish"),
            (OnError::Skip, "skip the rest", "What has not begun is handed out all the same, but returns at once"),
        ];
        choose(ui, "on error", &mut form.on_error, &choices);
    });
    gil_fields(ui, form, errors);
    row(ui, "timeout", "Stop the run after so many seconds; empty = never", |ui| {
        let width = ui.available_width();
        text_field(ui, "timeout", &mut form.timeout, width, "none, in seconds");
    });
    complain(ui, errors, "timeout");
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
        choose(ui, "GIL", &mut form.gil, &choices);
    });
    if form.gil == GilMode::Off {
        return;
    }
    row(
        ui,
        "switch after",
        "How many seconds a thread waits before it asks for the GIL: sys.setswitchinterval",
        |ui| {
            let width = ui.available_width();
            text_field(ui, "switch-interval", &mut form.switch_interval, width, "0.005, in seconds");
        },
    );
    complain(ui, errors, "switch-interval");
}

/// A label and, right of it, its field.
fn row(ui: &mut Ui, label: &str, help: &str, field: impl FnOnce(&mut Ui)) {
    let dim = theme::palette(ui).dim;
    ui.horizontal(|ui| {
        let size = vec2(LABEL_WIDTH, ui.spacing().interact_size.y);
        let text = Label::new(RichText::new(label).color(dim)).truncate();
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(LABEL_WIDTH);
            ui.add(text).on_hover_text(help);
        });
        field(ui);
    });
}

fn text_field(ui: &mut Ui, name: &str, text: &mut String, width: f32, hint: &'static str) -> Response {
    // An id of its own: a message that comes or goes above must not take the keyboard away.
    let field = TextEdit::singleline(text)
        .id(Id::unique(("field", name)))
        .desired_width(width)
        .hint_text(hint)
        .margin(Margin::symmetric(6, 4));
    let response = ui.add(field);
    name_for_readers(&response, Role::TextInput, name, text);
    response
}

/// A slider for the usual range, and a field that takes any number.
fn number(ui: &mut Ui, name: &str, text: &mut String, slider_limit: usize) {
    let field_width = 62.0;
    ui.spacing_mut().slider_width = (ui.available_width() - field_width - 8.0).max(40.0);
    let mut value = text.trim().parse().unwrap_or(1).clamp(1, slider_limit);
    let slider = Slider::new(&mut value, 1..=slider_limit).show_value(false).logarithmic(slider_limit > 32);
    let response = ui.add(slider);
    name_for_readers(&response, Role::Slider, &format!("{name} slider"), &value.to_string());
    if response.changed() {
        *text = value.to_string();
    }
    text_field(ui, name, text, field_width, "");
}

fn preset(ui: &mut Ui, form: &mut Form, workers: usize, name: &str, help: &str) {
    let text = RichText::new(format!("{name} = {workers}")).size(11.0);
    if ui.add(Button::new(text).min_size(vec2(0.0, 20.0))).on_hover_text(help).clicked() {
        form.workers = workers.min(form.executor.workers_limit()).to_string();
    }
}

fn words_to_choose(ui: &mut Ui, name: &str, text: &mut String, words: &[&str]) {
    let width = ui.available_width();
    let combo = ComboBox::from_id_salt(name).width(width).selected_text(text.as_str()).show_ui(ui, |ui| {
        for word in words {
            ui.selectable_value(text, (*word).to_owned(), *word);
        }
    });
    name_for_readers(&combo.response, Role::ComboBox, name, text);
}

fn choose<T: Copy + PartialEq>(ui: &mut Ui, name: &str, value: &mut T, choices: &[(T, &str, &str)]) {
    let chosen = choices.iter().find(|choice| choice.0 == *value).map_or("", |choice| choice.1);
    let width = ui.available_width();
    let combo = ComboBox::from_id_salt(name).width(width).selected_text(chosen).show_ui(ui, |ui| {
        for &(choice, text, help) in choices {
            ui.selectable_value(value, choice, text).on_hover_text(help);
        }
    });
    name_for_readers(&combo.response, Role::ComboBox, name, chosen);
}

/// Three buttons, one of which is down.
fn segments(ui: &mut Ui, form: &mut Form) {
    let palette = theme::palette(ui);
    let width = (ui.available_width() - 8.0) / 3.0;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for kind in ExecutorKind::ALL {
            let (text, help) = match kind {
                ExecutorKind::Sequential => ("Sequential", "No pool: one item after the other, in one thread"),
                ExecutorKind::Threads => ("Threads", "ThreadPoolExecutor: workers are threads of this program"),
                ExecutorKind::Processes => ("Processes", "ProcessPoolExecutor: workers are child processes"),
            };
            let chosen = form.executor == kind;
            let mut button = Button::new(RichText::new(text).size(12.5)).min_size(vec2(width, 28.0)).selected(chosen);
            if chosen {
                button = button.stroke(Stroke::new(1.0, palette.accent)).fill(palette.accent.gamma_multiply(0.18));
            }
            if ui.add(button).on_hover_text(help).clicked() {
                form.executor = kind;
            }
        }
    });
}

fn note(ui: &mut Ui, text: &str) {
    let dim = theme::palette(ui).dim;
    ui.horizontal(|ui| {
        ui.add_space(LABEL_WIDTH + 8.0);
        ui.label(RichText::new(text).size(11.0).color(dim));
    });
}

/// The message under a field that is wrong.
fn complain(ui: &mut Ui, errors: &[FieldError], field: &str) {
    for error in errors.iter().filter(|error| error.field == field) {
        let color = theme::palette(ui).error;
        ui.label(RichText::new(error.to_string()).size(11.5).color(color));
    }
}

/// Names a field for screen readers, and for tests.
fn name_for_readers(response: &Response, kind: Role, name: &str, value: &str) {
    let enabled = response.enabled();
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(kind, enabled, name);
        info.current_text_value = Some(value.to_owned());
        info
    });
}
