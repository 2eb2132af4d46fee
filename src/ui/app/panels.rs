//! The panels of a frame, and the room that each gets.

use eframe::egui::containers::panel::PanelState;
use eframe::egui::{CentralPanel, Frame, Id, IdSalt, Margin, Panel, ScrollArea, Ui, UiBuilder};

use super::App;
use crate::lab::Run;
use crate::ui::action::Action;
use crate::ui::chart::Shown;
use crate::ui::details::Subject;
use crate::ui::scale::Scale;
use crate::ui::time_machine::Past;
use crate::ui::toolbar::Status;
use crate::ui::{area_panel, chart, deadlock, flow, focus, help, inspector, settings_panel, theme, toolbar, transport};
use crate::workload::FieldError;

/// What a panel beside the chart takes, and what has to be left for the chart: where there is no room for that, the settings give way
/// to a lesson and to the inspector.
const ROOM_FOR_PANEL: f32 = 330.0;
const ROOM_FOR_CHART: f32 = 560.0;
/// Above and below the chart: the data flow and the line with the moment that is looked at; and the banner of a deadlock.
const AROUND_CHART: f32 = 150.0;
const ROOM_FOR_BANNER: f32 = 110.0;
/// Below the toolbar; where there is less, no line is spent on hints.
const ROOM_FOR_HINTS: f32 = 680.0;

impl App {
    /// Draws all panels. Of the runs that go on, `live` is what buttons act on.
    pub(super) fn panels(
        &mut self,
        ui: &mut Ui,
        shown: &[Shown<'_>],
        live: Option<&Run>,
        past: Option<&Past>,
        actions: &mut Vec<Action>,
    ) {
        let focus = chart::in_focus(shown);
        let now = focus.map(|shown| shown.run);
        let of_focus = |number: usize| now.is_some_and(|run| run.number == number);
        // As it was at the moment that is looked at.
        let run = focus.map(|shown| shown.looked_at());
        let settings = self.form.check();
        let errors = settings.as_ref().err().map_or(&[][..], Vec::as_slice);
        let palette = theme::palette(ui);
        let panel = Frame::new().fill(palette.panel);
        // The table is of the run in focus; what is looked for is looked for in all.
        if !self.filter.is_empty() {
            let all: Vec<_> = shown.iter().map(Shown::looked_at).collect();
            self.index.ask(ui.ctx(), &all, &self.filter);
        } else if self.details.shows_tasks() {
            self.index.ask(ui.ctx(), run.as_slice(), &self.filter);
        }
        let item = self.chart.selected(shown);
        let selects_area = self.chart.area().is_some();
        let area = self.chart.area().and_then(|area| self.area.of(ui.ctx(), area, shown));

        self.edges(ui, shown, live, errors.first(), actions);
        // A lesson brings its own settings, and the chart needs room beside it.
        let inspecting = item.is_some() || selects_area;
        let beside = usize::from(self.lessons.open) + usize::from(inspecting);
        if ui.available_width() >= ROOM_FOR_CHART + ROOM_FOR_PANEL * (beside + 1) as f32 || beside == 0 {
            Panel::left("settings").frame(panel).default_size(256.0).size_range(232.0..=420.0).show(ui, |ui| {
                ScrollArea::vertical().id_salt("settings").auto_shrink(false).show(ui, |ui| {
                    Frame::new().inner_margin(Margin::symmetric(14, 10)).show(ui, |ui| {
                        settings_panel::show(ui, &mut self.form, errors, self.no_dialog, live, actions);
                        ui.add_space(10.0);
                        let numbers: Vec<_> = shown.iter().map(|shown| shown.run.number).collect();
                        self.runs.show(ui, &numbers, actions);
                        focus::keep_in_sight(ui);
                    });
                });
            });
        }
        if self.lessons.open {
            let frame = panel.inner_margin(Margin::symmetric(12, 10));
            Panel::right("lessons").frame(frame).default_size(400.0).size_range(300.0..=640.0).show(ui, |ui| {
                self.lessons.show(ui, live.is_some_and(|live| live.deadlocked), actions);
            });
        }
        if inspecting {
            let frame = panel.inner_margin(Margin::symmetric(12, 10));
            Panel::right("inspector").frame(frame).default_size(300.0).size_range(240.0..=480.0).show(ui, |ui| {
                // It is as wide as it was made, whatever is in it.
                ui.take_available_width();
                if selects_area {
                    area_panel::show(ui, area.as_deref(), actions);
                    ui.add_space(12.0);
                }
                if let Some(item) = &item {
                    let of = shown.iter().find(|shown| shown.run.number == item.run_number());
                    let of = of.filter(|_| shown.len() > 1).map(|shown| shown.name);
                    inspector::show(ui, item, of, actions);
                }
            });
        }
        self.lower_panel(ui, shown, live, |app, ui| {
            let subject = Subject {
                shown,
                ticked: app.runs.ticked(),
                queued: app.again.as_ref().map_or(0, |again| again.queue.len()),
                playhead: app.time.time(),
                happened: past.map(|past| past.events),
                view: app.chart.view(shown),
                area: area.as_deref(),
                selected: item
                    .filter(|item| item.call().is_some_and(|(run, _)| of_focus(run)))
                    .map(|item| item.number()),
            };
            app.details.show(ui, &subject, &mut app.filter, &mut app.index, actions);
        });
        if past.is_some() || now.is_some_and(|run| !run.history.is_empty()) {
            let frame = panel.inner_margin(Margin::symmetric(12, 4));
            Panel::bottom("transport").frame(frame).show_separator_line(false).show(ui, |ui| {
                steady(ui, "transport", |ui| transport::show(ui, now, &mut self.time, past, actions));
            });
        }
        // The window is cleared in its colour, so it needs no filling: where the processor makes the pixels, each costs.
        let frame = Frame::new().inner_margin(Margin::symmetric(12, 8));
        CentralPanel::default().frame(frame).show(ui, |ui| {
            steady(ui, "chart", |ui| {
                let call = item.and_then(|item| item.call()).filter(|(number, _)| of_focus(*number));
                flow::show(ui, run, call.map(|(_, call)| call), actions);
                let stuck = live.filter(|live| past.is_none() && of_focus(live.number));
                deadlock::show(ui, stuck, actions);
                ui.add_space(6.0);
                let found = (!self.filter.is_empty()).then_some(&self.index);
                let area = ui.available_rect_before_wrap();
                if shown.is_empty() {
                    chart::invite(ui, errors.first());
                } else {
                    self.chart.covered = self.is_covered();
                    self.chart.show(ui, shown, self.time.time(), found, actions);
                }
                self.frame_times.show(ui, area, now, self.chart.drawn());
            });
        });
    }

    /// The panel with the tabs. It is as high as somebody made it, as long as that leaves the chart its room.
    fn lower_panel(
        &mut self,
        ui: &mut Ui,
        shown: &[Shown<'_>],
        live: Option<&Run>,
        draw: impl FnOnce(&mut Self, &mut Ui),
    ) {
        const LOWEST: f32 = 130.0;
        const NAME: &str = "details";

        let room = ui.available_height();
        let banner = if live.is_some_and(|live| live.deadlocked) { ROOM_FOR_BANNER } else { 0.0 };
        let most = (room * 0.45).min(room - chart::needs(shown) - banner - AROUND_CHART).max(LOWEST);
        // What comes from a file may be no number.
        let chosen = self.details_height.filter(|height| height.is_finite());
        let height = chosen.unwrap_or(room * 0.34).clamp(LOWEST, most);
        let id = ui.scope_id().with_salt(IdSalt::new(NAME));
        let of_panel = |ui: &Ui| PanelState::load(ui.ctx(), id);
        if let Some(PanelState { outer_rect }) = of_panel(ui) {
            let outer_rect = outer_rect.with_min_y(outer_rect.bottom() - height);
            ui.ctx().data_mut(|data| data.insert_persisted(id, PanelState { outer_rect }));
        }
        let frame = Frame::new().fill(theme::palette(ui).panel).inner_margin(Margin::symmetric(12, 8));
        let panel = Panel::bottom(NAME).frame(frame).resizable(true).default_size(height).size_range(LOWEST..=most);
        panel.show(ui, |ui| {
            // A panel is as large as what is in it, and would stay so: one with little in it fills its place.
            ui.take_available_height();
            steady(ui, NAME, |ui| draw(self, ui));
        });
        // Somebody has dragged its edge.
        if let Some(now) = of_panel(ui).map(|panel| panel.size().y).filter(|now| (now - height).abs() > 1.0) {
            self.details_height = Some(now);
        }
    }

    /// The row at the top of the window, and the line at its foot.
    fn edges(
        &mut self,
        ui: &mut Ui,
        shown: &[Shown<'_>],
        live: Option<&Run>,
        error: Option<&FieldError>,
        actions: &mut Vec<Action>,
    ) {
        let panel = Frame::new().fill(theme::palette(ui).panel);
        let focus = chart::in_focus(shown);
        let run = focus.map(|shown| shown.looked_at());
        Panel::top("toolbar").frame(panel.inner_margin(Margin::symmetric(12, 8))).show(ui, |ui| {
            let status = Status {
                run,
                name: focus.filter(|_| shown.len() > 1).map(|shown| shown.name),
                live,
                error,
                found: run.and_then(|run| self.index.count(run.number, &self.filter)),
                percent: self.scale.percent().min(Scale::fits(ui.ctx())),
                can_be_larger: self.scale.stepped(true, Scale::fits(ui.ctx())) != self.scale,
                high_contrast: self.high_contrast,
                frame_times: self.frame_times.is_shown(),
            };
            toolbar::show(ui, &status, &mut self.filter, actions);
        });
        if ui.available_height() >= ROOM_FOR_HINTS {
            Panel::bottom("hints").frame(panel.inner_margin(Margin::symmetric(12, 3))).show(ui, help::hints);
        }
    }
}

/// What is in there has ids that do not depend on which panels there are: it keeps the keyboard when one comes or goes.
fn steady(ui: &mut Ui, name: &str, draw: impl FnOnce(&mut Ui)) {
    ui.scope_builder(UiBuilder::new().scope_id(Id::unique(("in panel", name))), draw);
}
