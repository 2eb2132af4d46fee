//! What can be changed of a run that is in progress. It stands apart from the form, which is about the next run.

use eframe::egui::{Frame, Label, Margin, RichText, Stroke, Ui};

use super::fields::{complain, number, row};
use crate::lab::{Collect, ExecutorKind, Run, parse_chunksize, parse_workers};
use crate::ui::action::Action;
use crate::ui::{runs, theme};

/// What stands in the fields, as typed. It lasts as long as the window.
#[derive(Default)]
pub(in crate::ui) struct LiveFields {
    /// The run that they are about, and the values that it had when they were filled.
    of: Option<(usize, usize, usize)>,
    workers: String,
    chunksize: String,
}

impl LiveFields {
    /// Fills the fields anew when another run is in focus, or when its settings have changed elsewhere.
    fn follow(&mut self, live: &Run) {
        let now = (live.number, live.settings.workers, live.settings.chunksize);
        if self.of != Some(now) {
            self.of = Some(now);
            self.workers = live.settings.workers.to_string();
            self.chunksize = live.settings.chunksize.to_string();
        }
    }

    /// Draws them for `live`.
    pub(super) fn show(&mut self, ui: &mut Ui, live: &Run, actions: &mut Vec<Action>) {
        self.follow(live);
        let palette = theme::palette(ui);
        theme::heading(ui, "IN PROGRESS");
        let frame = Frame::new().stroke(Stroke::new(1.0, palette.accent)).corner_radius(6);
        frame.inner_margin(Margin::symmetric(8, 6)).show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            ui.add(Label::new(RichText::new(runs::title(live)).size(12.0)).truncate());
            self.workers(ui, live, actions);
            self.chunksize(ui, live, actions);
        });
        ui.add_space(8.0);
    }

    fn workers(&mut self, ui: &mut Ui, live: &Run, actions: &mut Vec<Action>) {
        let kind = live.settings.executor;
        if kind == ExecutorKind::Sequential {
            return;
        }
        let help = "Changes the pool of this run: growing adds workers at once, shrinking retires each after its call (+ and −)";
        let limit = (4 * super::executor::cores().max(4)).min(kind.workers_limit());
        let come_to = row(ui, "workers", help, |ui| number(ui, "live workers", help, &mut self.workers, limit));
        let wanted = parse_workers(&self.workers, kind);
        if let Some(workers) = wanted.as_ref().ok().filter(|wanted| come_to && **wanted != live.settings.workers) {
            actions.push(Action::SetWorkers(live.number, *workers));
        }
        complain(ui, wanted.err().as_slice(), "workers");
    }

    fn chunksize(&mut self, ui: &mut Ui, live: &Run, actions: &mut Vec<Action>) {
        if live.settings.collect != Collect::Map || live.settings.executor == ExecutorKind::Sequential || live.closed {
            return;
        }
        let help = "Cuts the pending items of this run into chunks of another size";
        let come_to = row(ui, "chunksize", help, |ui| number(ui, "live chunksize", help, &mut self.chunksize, 64));
        let wanted = parse_chunksize(&self.chunksize);
        if let Some(chunksize) = wanted.as_ref().ok().filter(|wanted| come_to && **wanted != live.settings.chunksize) {
            actions.push(Action::SetChunksize(live.number, *chunksize));
        }
        complain(ui, wanted.err().as_slice(), "chunksize");
    }
}
