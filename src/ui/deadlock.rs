//! The banner over the chart when tasks wait for each other forever: what is the matter, and the ways out.

use eframe::egui::{Button, Frame, Margin, Stroke, Ui};

use super::action::Action;
use super::{readers, theme};
use crate::executor::Interruption;
use crate::lab::Run;

/// Draws it if `run` is stuck, or was at the moment that it shows.
pub(super) fn show(ui: &mut Ui, run: Option<&Run>, actions: &mut Vec<Action>) {
    let Some(run) = run else { return };
    let Some(period) = run.deadlock().filter(|_| run.is_deadlocked()) else { return };
    let deadlock = &*period.deadlock;
    let palette = theme::palette(ui);
    let frame = Frame::new().fill(palette.error.gamma_multiply(0.14)).stroke(Stroke::new(1.0, palette.error));
    frame.corner_radius(6).inner_margin(Margin::symmetric(12, 8)).outer_margin(Margin::symmetric(0, 6)).show(
        ui,
        |ui| {
            ui.set_min_width(ui.available_width());
            readers::live(&theme::few_lines(ui, &period.description));
            if run.moment.is_some() {
                // What was can't be changed.
                return;
            }
            ui.horizontal_wrapped(|ui| {
                let workers = run.settings.workers + 1;
                let possible =
                    deadlock.starved && deadlock.within.is_empty() && workers <= run.settings.executor.workers_limit();
                let text = format!("Add a worker ({} → {workers})", run.settings.workers);
                if possible && way_out(ui, &text, "The new worker takes the task that they wait for (set_max_workers)")
                {
                    actions.push(Action::SetWorkers(run.number, workers));
                }
                // The one that began to wait last closed the circle.
                let last = deadlock.waits.iter().max_by_key(|wait| wait.since).map(|wait| (wait.call, wait.item));
                // Threads of a task stop with that task.
                let outer = |worker| run.trace.lanes().iter().find(|lane| lane.worker == worker)?.open;
                let to_stop = match deadlock.within.first() {
                    Some(&worker) => outer(worker).map(|open| (open.call, open.item)),
                    None => last,
                };
                if let Some((call, item)) = to_stop {
                    let text = format!("Interrupt item {item}");
                    if way_out(ui, &text, "Its wait ends with an error, so the others can proceed") {
                        actions.push(Action::InterruptCall(run.number, call, Interruption::Cancelled));
                    }
                    let help = "As with result(timeout): its wait ends with a TimeoutError, which the task can handle";
                    if way_out(ui, &format!("Make item {item} time out"), help) {
                        actions.push(Action::InterruptCall(run.number, call, Interruption::TimedOut));
                    }
                }
                if way_out(ui, "Stop the run", "Cancels pending calls and interrupts those that wait") {
                    actions.push(Action::StopNow);
                }
            });
        },
    );
}

fn way_out(ui: &mut Ui, text: &str, help: &str) -> bool {
    ui.add(Button::new(text)).on_hover_text(help).clicked()
}
