//! What stands where the chart will be, before anything has run: what this program is for, and four ways to begin.

use std::path::PathBuf;

use eframe::egui::{Button, Label, RichText, Role, Ui, WidgetInfo, vec2};

use super::action::Action;
use super::files::FileKind;
use super::{readers, theme};
use crate::workload::FieldError;

/// How wide the offers are.
const WIDTH: f32 = 420.0;

/// Draws it. `wrong` = what keeps the settings from being run.
pub(super) fn show(ui: &mut Ui, wrong: Option<&FieldError>, recent: &[PathBuf], actions: &mut Vec<Action>) {
    let palette = theme::palette(ui);
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.5 - 150.0).max(8.0));
        ui.set_max_width(WIDTH.min(ui.available_width() - 16.0));
        ui.label(RichText::new("See how a pool of workers runs your tasks").family(theme::strong()).size(18.0));
        let what = "Poolscope runs tasks on a pool of threads or processes and shows what every worker and every queue does, live.";
        ui.add(Label::new(RichText::new(what).color(palette.dim)).wrap());
        ui.add_space(10.0);
        let offers = [
            ("Watch a pool run", "About 5 s on this machine", Action::Demo, true),
            ("Take a lesson", "Predict, run, compare", Action::ToggleLessons, true),
            ("Run a command on my files", "Any program, once per file", Action::TryCommand, true),
            ("Open a run …", "One that was saved before", Action::File(FileKind::OpenRun), true),
        ];
        for (name, help, action, enabled) in offers {
            offer(ui, name, help, action, enabled, actions);
        }
        if let Some(newest) = recent.first() {
            let name = newest.file_name().unwrap_or(newest.as_os_str()).display().to_string();
            let help = newest.display().to_string();
            offer(ui, &format!("Open {name}"), &help, Action::OpenFile(newest.clone()), true, actions);
        }
        if let Some(error) = wrong {
            ui.add_space(6.0);
            let text = format!("These settings can't run yet: {error}");
            readers::live(&ui.add(Label::new(RichText::new(text).color(palette.error)).wrap()));
        }
    });
}

fn offer(ui: &mut Ui, name: &str, help: &str, action: Action, enabled: bool, actions: &mut Vec<Action>) {
    let dim = theme::palette(ui).dim;
    let text = RichText::new(name).family(theme::strong());
    let button = Button::new(text).right_text(RichText::new(help).size(11.0).color(dim));
    let button = button.min_size(vec2(ui.available_width(), 34.0)).truncate();
    let response = ui.add_enabled(enabled, button).on_hover_text(help);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, name));
    if response.clicked() {
        actions.push(action);
    }
}
