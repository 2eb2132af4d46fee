//! The panels of a frame, and what is in them.

use std::sync::Arc;

use eframe::egui::{Frame, Label, Margin, Panel, RichText, ScrollArea, Ui};

use super::App;
use crate::lab::{CheckedSettings, ExecutorKind, Run};
use crate::ui::action::Action;
use crate::ui::chart::{AreaFigures, Selected, Shown};
use crate::ui::details::Subject;
use crate::ui::scale::Scale;
use crate::ui::time_machine::Past;
use crate::ui::toolbar::Status;
use crate::ui::{
    area_panel, broken, chart, deadlock, flow, focus, format, help, inspector, settings_panel, theme, toolbar,
    transport, welcome,
};
use crate::workload::FieldError;

/// Below the toolbar; where there is less, no line is spent on hints.
const ROOM_FOR_HINTS: f32 = 680.0;

/// What the panels tell of.
pub(super) struct Scene<'a> {
    pub(super) shown: &'a [Shown<'a>],
    /// Of the runs that go on, what buttons act on.
    pub(super) live: Option<&'a Run>,
    pub(super) past: Option<&'a Past>,
    /// The run in focus, as it is now, and as it was at the moment that is looked at.
    pub(super) now: Option<&'a Run>,
    pub(super) run: Option<&'a Run>,
    /// What is wrong in the form.
    errors: &'a [FieldError],
    item: Option<Selected<'a>>,
    /// An area is selected; what is in it, once that is known.
    selects_area: bool,
    area: Option<Arc<AreaFigures>>,
}

impl Scene<'_> {
    /// Whether an item or an area is selected.
    pub(super) const fn selects(&self) -> bool {
        self.item.is_some() || self.selects_area
    }

    /// Whether all panels tell of the run with that number.
    fn is_in_focus(&self, number: usize) -> bool {
        self.now.is_some_and(|run| run.number == number)
    }
}

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
        let run = focus.map(|shown| shown.looked_at());
        // The table is of the run in focus; what is looked for is looked for in all.
        if !self.filter.is_empty() {
            let all: Vec<_> = shown.iter().map(Shown::looked_at).collect();
            self.index.ask(ui.ctx(), &all, &self.filter);
        } else if self.details.shows_tasks() {
            self.index.ask(ui.ctx(), run.as_slice(), &self.filter);
        }
        let settings = self.form.check();
        self.look_up_items(ui, settings.as_ref().ok());
        let scene = Scene {
            shown,
            live,
            past,
            now: focus.map(|shown| shown.run),
            run,
            errors: settings.as_ref().err().map_or(&[][..], Vec::as_slice),
            item: self.chart.selected(shown),
            selects_area: self.chart.area().is_some(),
            area: self.chart.area().and_then(|area| self.area.of(ui.ctx(), area, shown)),
        };
        self.edges(ui, &scene, actions);
        let places = self.places(ui, &scene);
        match places.settings {
            Some(place) => place.show(ui, "settings", |ui| self.settings(ui, &scene, actions)),
            None => self.runs.are_hidden(),
        }
        if let Some(place) = places.strip {
            place.show(ui, "settings strip", |ui| settings_panel::bring_back(ui, actions));
        }
        if let Some(place) = places.centre {
            place.show(ui, "chart", |ui| {
                let planned = self.form.executor;
                if !places.with_chart {
                    let by_key = focus::scrolled_by_key(ui, "data flow");
                    ScrollArea::vertical().id_salt("flow").auto_shrink(false).show(ui, |ui| {
                        ui.scroll_with_delta(by_key);
                        flow(ui, planned, &scene, actions);
                        focus::keep_in_sight(ui);
                    });
                } else if places.with_flow {
                    flow(ui, planned, &scene, actions);
                }
                if places.with_chart {
                    self.chart(ui, &scene, actions);
                }
            });
        }
        if let Some(place) = places.transport {
            place.show(ui, "transport", |ui| transport::show(ui, scene.now, &mut self.time, past, actions));
        }
        if let Some(place) = places.details {
            place.show(ui, "details", |ui| self.details(ui, &scene, actions));
        }
        if let Some(place) = places.inspector {
            place.show(ui, "inspector", |ui| inspect(ui, &scene, actions));
        }
        if let Some(place) = places.lessons {
            place.show(ui, "lessons", |ui| self.lessons.show(ui, live.is_some_and(Run::is_deadlocked), actions));
        }
    }

    fn settings(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        ScrollArea::vertical().id_salt("settings").auto_shrink(false).show(ui, |ui| {
            Frame::new().inner_margin(Margin::symmetric(14, 10)).show(ui, |ui| {
                let live = scene.live.map(|live| (live, &mut self.live_fields));
                let preview = self.preview.known().and_then(|(_, preview)| preview.as_deref());
                let told = settings_panel::Told { errors: scene.errors, no_dialog: self.no_dialog, preview };
                settings_panel::show(ui, &mut self.form, &told, live, actions);
                ui.add_space(10.0);
                let numbers: Vec<_> = scene.shown.iter().map(|shown| shown.run.number).collect();
                self.runs.show(ui, &numbers, &self.queue, actions);
                focus::keep_in_sight(ui);
            });
        });
    }

    /// Which items the form stands for, as far as that can be found in a moment.
    fn look_up_items(&mut self, ui: &Ui, settings: Option<&CheckedSettings>) {
        let Some(checked) = settings else { return };
        let key = (checked.settings.workload.clone(), checked.settings.params.clone());
        let checked: CheckedSettings = (*checked).clone();
        let find = move || {
            move || {
                let preview = checked.preview()?;
                Some(preview.map_or_else(|error| error.message, |preview| format::preview(&preview)))
            }
        };
        // Whoever is typing wants to see what that matches now.
        self.preview.ask(ui.ctx(), key, |_| true, false, find);
    }

    fn chart(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        let found = (!self.filter.is_empty()).then_some(&self.index);
        let area = ui.available_rect_before_wrap();
        if scene.shown.is_empty() {
            welcome::show(ui, scene.errors.first(), &self.recent, actions);
        } else {
            self.chart.covered = self.is_covered();
            self.chart.show(ui, scene.shown, self.time.time(), found, actions);
        }
        self.frame_times.show(ui, area, scene.now, self.chart.drawn());
    }

    fn details(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        let is_in_focus = |item: &Selected<'_>| item.call().is_some_and(|(run, _)| scene.is_in_focus(run));
        let subject = Subject {
            shown: scene.shown,
            ticked: self.runs.ticked(),
            queued: self.queue.len(),
            playhead: self.time.time(),
            happened: scene.past.map(|past| past.events),
            view: self.chart.view(scene.shown),
            area: scene.area.as_deref(),
            selected: scene.item.filter(is_in_focus).map(|item| item.number()),
        };
        self.details.show(ui, &subject, &mut self.filter, &mut self.index, actions);
    }

    /// The row at the top of the window, and the line at its foot.
    fn edges(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        let panel = Frame::new().fill(theme::palette(ui).panel);
        let focus = chart::in_focus(scene.shown);
        let run = scene.run;
        Panel::top("toolbar").frame(panel.inner_margin(Margin::symmetric(12, 8))).show(ui, |ui| {
            let status = Status {
                run,
                name: focus.filter(|_| scene.shown.len() > 1).map(|shown| shown.name),
                live: scene.live,
                error: scene.errors.first(),
                found: run.and_then(|run| Some(self.index.found_with(run.number, &self.filter)?.tasks.len())),
                percent: self.scale.percent().min(Scale::fits(ui.ctx())),
                can_be_larger: self.scale.stepped(true, Scale::fits(ui.ctx())) != self.scale,
                high_contrast: self.high_contrast,
                frame_times: self.frame_times.is_shown(),
                recent: &self.recent,
            };
            toolbar::show(ui, &status, &mut self.filter, actions);
        });
        if ui.available_height() >= ROOM_FOR_HINTS {
            Panel::bottom("hints").frame(panel.inner_margin(Margin::symmetric(12, 3))).show(ui, help::hints);
        }
    }
}

/// The data flow, and below it what is to be said of a deadlock.
fn flow(ui: &mut Ui, planned: ExecutorKind, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    let call = scene.item.and_then(|item| item.call()).filter(|(number, _)| scene.is_in_focus(*number));
    flow::show(ui, planned, scene.run, call.map(|(_, call)| call), actions);
    deadlock::show(ui, scene.run, actions);
    broken::show(ui, scene.now.filter(|_| scene.past.is_none()));
    notes(ui, scene.now);
    ui.add_space(6.0);
}

/// What is to be known of the items before the picture is trusted, such as what was left out.
fn notes(ui: &mut Ui, run: Option<&Run>) {
    let Some(run) = run.filter(|run| !run.notes.is_empty()) else { return };
    let notes = run.notes.join(" · ");
    ui.add_space(2.0);
    let text = RichText::new(&notes).size(11.5).color(theme::palette(ui).dim);
    ui.add(Label::new(text).truncate()).on_hover_text(run.notes.join("\n"));
}

/// What is selected: the area above the item.
fn inspect(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    if scene.selects_area {
        area_panel::show(ui, scene.area.as_deref(), actions);
        ui.add_space(12.0);
    }
    if let Some(item) = &scene.item {
        let of = scene.shown.iter().find(|shown| shown.run.number == item.run_number());
        let of = of.filter(|_| scene.shown.len() > 1).map(|shown| shown.name);
        inspector::show(ui, item, of, actions);
    }
}
