//! The fields of the left panel: what is run, and on what.

mod executor;
mod fields;
mod in_progress;

use eframe::egui::{Align, Button, ComboBox, Label, Layout, RichText, Role, Ui, WidgetInfo, vec2};

use super::action::Action;
use super::form::Form;
use super::{commands, focus, readers, theme};
use crate::lab::Run;
use crate::workload::{self, FieldError, ParamKind};
use fields::{complain, note, row, text_field, was_entered, with_unit, words_to_choose};
pub(super) use in_progress::LiveFields;

/// What is told of the fields.
pub(super) struct Told<'a> {
    /// What is wrong.
    pub(super) errors: &'a [FieldError],
    /// The system has no file dialogs, as came out at this field.
    pub(super) no_dialog: Option<&'a str>,
    /// Which items there will be, where they can be looked up.
    pub(super) preview: Option<&'a str>,
}

/// Draws the fields, and above them those of the run in progress.
pub(super) fn show(
    ui: &mut Ui,
    form: &mut Form,
    told: &Told<'_>,
    live: Option<(&Run, &mut LiveFields)>,
    actions: &mut Vec<Action>,
) {
    let in_progress = live.is_some();
    if let Some((run, fields)) = live {
        fields.show(ui, run, actions);
    }
    ui.horizontal(|ui| {
        theme::heading(ui, if in_progress { "NEXT RUN: WORKLOAD" } else { "WORKLOAD" });
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| fold(ui, "«", "Hide the settings", actions));
    });
    workload_fields(ui, form, told, actions);
    ui.add_space(10.0);
    theme::heading(ui, if in_progress { "NEXT RUN: EXECUTOR" } else { "EXECUTOR" });
    executor::show(ui, form, told.errors);
    // In a form, Enter is for all of it; while a run is in progress it may have been for that.
    if was_entered(ui) && !in_progress {
        actions.push(Action::Run);
    }
}

/// What stands where the settings are hidden.
pub(super) fn bring_back(ui: &mut Ui, actions: &mut Vec<Action>) {
    fold(ui, "»", "Show the settings", actions);
}

fn fold(ui: &mut Ui, sign: &str, name: &str, actions: &mut Vec<Action>) {
    let key = commands::key_of(&Action::ToggleSettings);
    let button =
        ui.add(Button::new(sign).frame(false).min_size(vec2(22.0, 22.0))).on_hover_text(format!("{name} ({key})"));
    button.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    if button.clicked() {
        actions.push(Action::ToggleSettings);
    }
}

fn workload_fields(ui: &mut Ui, form: &mut Form, told: &Told<'_>, actions: &mut Vec<Action>) {
    let &Told { errors, no_dialog, preview } = told;
    let width = ui.available_width();
    let combo = ComboBox::from_id_salt("workload").width(width).height(600.0).selected_text(&form.workload);
    let response = focus::list(ui, combo, |ui| {
        let mut chosen = false;
        for workload in workload::catalogue() {
            let entry = focus::choice(ui, form.workload == workload.name(), workload.name());
            if entry.on_hover_text(workload.summary()).clicked() {
                workload.name().clone_into(&mut form.workload);
                chosen = true;
            }
        }
        chosen
    });
    readers::name_field(&response, Role::ComboBox, "workload", &form.workload);
    if let Ok(workload) = workload::find(&form.workload) {
        let dim = theme::palette(ui).dim;
        ui.label(RichText::new(workload.summary()).size(11.5).color(dim));
    }
    complain(ui, errors, "workload");
    for param in form.params() {
        let path = param.kind.is_path();
        row(ui, param.name, param.help, |ui| {
            with_unit(ui, param.unit, |ui| {
                let help = if param.kind == ParamKind::InputFile {
                    "Choose a file (or drop one on the window)"
                } else {
                    "Choose a folder (or drop one on the window)"
                };
                if path {
                    let button = Button::new("…").min_size(vec2(30.0, 0.0));
                    let button = ui.add_enabled(no_dialog.is_none(), button).on_hover_text(help);
                    let button = button.on_disabled_hover_text("This system has no file dialog: type the path");
                    let name = format!("choose {}", param.name);
                    button.widget_info(|| WidgetInfo::labeled(Role::Button, no_dialog.is_none(), &name));
                    if button.clicked() {
                        actions.push(Action::PickPath(param.name));
                    }
                }
                if let ParamKind::Choice(words) = param.kind {
                    return words_to_choose(ui, param.name, form.param_text(&param), words);
                }
                let width = ui.available_width();
                let response = text_field(ui, param.name, form.param_text(&param), width, "");
                // Digits are grouped where nobody is typing.
                if !response.has_focus() {
                    let text = form.param_text(&param);
                    *text = param.readable(text);
                }
                // Paths are longer than the field.
                let all = if path { form.param_text(&param).as_str() } else { "" };
                response.on_hover_text(format!("{all}\n{}", param.help).trim_start());
            });
        });
        if no_dialog == Some(param.name) {
            note(ui, "no file dialog on this system: type the path");
        }
        complain(ui, errors, param.name);
        if let Some(preview) = preview.filter(|_| param.name == "items") {
            let dim = theme::palette(ui).dim;
            let preview = Label::new(RichText::new(preview).size(11.5).color(dim));
            readers::live(&ui.add(preview.wrap()));
        }
    }
    let link = ui
        .add(Button::new(RichText::new("defaults").size(11.0)).min_size(vec2(0.0, 20.0)))
        .on_hover_text("Give every parameter of this workload its default");
    if link.clicked() {
        form.reset_params();
    }
}
