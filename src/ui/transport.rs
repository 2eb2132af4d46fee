//! The bar below the chart: which moment is looked at, and the buttons that go from one to the next.

use eframe::egui::{Align, Button, ComboBox, Label, Layout, RichText, Role, Ui, WidgetInfo, vec2};

use super::action::Action;
use super::time_machine::{Past, TimeMachine};
use super::{focus, format, readers, theme};
use crate::lab::Run;

/// How fast a replay can go.
pub(super) const SPEEDS: [f64; 9] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0];

/// Draws the bar for `run`, which `past` shows as it was.
pub(super) fn show(
    ui: &mut Ui,
    run: Option<&Run>,
    machine: &mut TimeMachine,
    past: Option<&Past>,
    actions: &mut Vec<Action>,
) {
    let Some(run) = run else { return };
    let palette = theme::palette(ui);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let mut button = |ui: &mut Ui, sign: &str, name: &str, help: &str, enabled: bool, action: Action| {
            let button = Button::new(RichText::new(sign).size(12.0)).min_size(vec2(28.0, 24.0));
            let response = ui.add_enabled(enabled, button).on_hover_text(help).on_disabled_hover_text(help);
            response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, name));
            if response.clicked() {
                actions.push(action);
            }
        };
        let at_start = past.is_some_and(|past| past.events == 0);
        button(ui, "|◀", "To the start", "The run before anything happened (Home)", !at_start, Action::LookAt(Some(0)));
        button(ui, "‹", "Previous event", "One event back (←)", !at_start, Action::StepEvents(-1));
        let (sign, name, help) = match (machine.plays(), run.ended()) {
            (true, _) => ("‖", "Pause", "Stand still here (Space)"),
            (false, true) => ("▶", "Play", "Replay the run at the speed on the right (Space)"),
            (false, false) => ("▶", "Play", "Replay what has happened so far, while the run goes on"),
        };
        let play = if machine.plays() { Action::PauseReplay } else { Action::PlayReplay };
        button(ui, sign, name, help, true, play);
        let more = past.is_some_and(|past| past.events < past.of);
        button(ui, "›", "Next event", "One event further (→)", more, Action::StepEvents(1));
        let help = if run.ended() { "The run at its end (End)" } else { "The run as it is now (End)" };
        button(ui, "▶|", "To the newest", help, past.is_some(), Action::LookAt(None));
        speed(ui, machine);
        ui.add_space(6.0);
        let Some(past) = past else {
            let text = if run.ended() { "End of run" } else { "Live" };
            ui.label(RichText::new(text).color(palette.dim));
            return;
        };
        let time = machine.time().unwrap_or_default();
        ui.label(RichText::new(format::exact(time)).monospace().color(palette.accent));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let count = format!("event {} of {}", format::count(past.events), format::count(past.of));
            ui.label(RichText::new(count).size(11.5).color(palette.dim));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let text = if past.arrived { past.sentence.as_str() } else { "on the way there …" };
                let told = ui.add(Label::new(RichText::new(text).color(palette.text)).truncate());
                if past.arrived && !machine.plays() {
                    readers::live(&told);
                }
            });
        });
    });
}

fn speed(ui: &mut Ui, machine: &mut TimeMachine) {
    let text = |speed: f64| format!("{speed} ×");
    let combo = ComboBox::from_id_salt("speed").width(64.0).height(320.0).selected_text(text(machine.speed));
    let response = focus::list(ui, combo, |ui| {
        let is_chosen =
            |speed: &&f64| focus::choice(ui, (machine.speed - **speed).abs() < f64::EPSILON, text(**speed)).clicked();
        let chosen = SPEEDS.iter().filter(is_chosen).last();
        machine.speed = *chosen.unwrap_or(&machine.speed);
        chosen.is_some()
    });
    let response = response.on_hover_text("How fast a replay goes: 1 × is as fast as it was");
    readers::name_field(&response, Role::ComboBox, "speed", &text(machine.speed));
}
