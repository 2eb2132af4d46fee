//! Where the panels are in a frame. They get their places first and are drawn after it, in the order in which one reads them, which is
//! the way of the Tab key.

use eframe::egui::containers::panel::PanelState;
use eframe::egui::{Frame, Id, IdSalt, Margin, Panel, Rect, Ui, UiBuilder};

use super::App;
use super::page::Page;
use super::panels::Scene;
use crate::lab::Run;
use crate::ui::{chart, focus, readers, tabs, theme};

/// What a panel beside the chart takes, and what has to be left for the chart: where there is no room for that, the settings give way
/// to a lesson and to the inspector.
const ROOM_FOR_PANEL: f32 = 330.0;
const ROOM_FOR_CHART: f32 = 560.0;
/// The chart is never narrower, and the inspector neither.
const NARROWEST_CHART: f32 = 500.0;
const NARROWEST_INSPECTOR: f32 = 260.0;
/// Above and below the chart: the data flow and the line with the moment that is looked at; and the banner of a deadlock.
const AROUND_CHART: f32 = 150.0;
const ROOM_FOR_BANNER: f32 = 110.0;
/// What is left of the settings when they are hidden.
const STRIP: f32 = 32.0;
/// The line with the moment.
const TRANSPORT: f32 = 32.0;
/// Panels beside the chart, and around it.
const BESIDE: Margin = Margin { left: 12, right: 12, top: 10, bottom: 10 };
const AROUND: Margin = Margin { left: 12, right: 12, top: 8, bottom: 8 };
/// What fills its panel leaves the edge to be dragged.
const EDGE: Margin = Margin { left: 0, right: 5, top: 0, bottom: 0 };

/// Where a panel is: all of it, and what its content may fill.
#[derive(Clone, Copy)]
pub(super) struct Place {
    outer: Rect,
    inner: Rect,
}

/// Why the settings are not there, if they are not.
#[derive(Clone, Copy, Debug)]
pub(super) struct SettingsPanel {
    /// Somebody has hidden them.
    pub(super) is_hidden: bool,
    /// Others have taken their room.
    pub(super) gives_way: bool,
}

/// Where which panel is; `None` = it is not shown.
#[derive(Default)]
pub(super) struct Places {
    pub(super) settings: Option<Place>,
    /// In place of the settings: what brings them back.
    pub(super) strip: Option<Place>,
    /// The data flow, what is said of a deadlock, and the chart: what of them there is goes below each other.
    pub(super) centre: Option<Place>,
    pub(super) with_flow: bool,
    pub(super) with_chart: bool,
    pub(super) transport: Option<Place>,
    pub(super) details: Option<Place>,
    pub(super) inspector: Option<Place>,
    pub(super) lessons: Option<Place>,
}

impl Place {
    /// Draws into it, with ids that do not depend on which panels there are: what is in there keeps the keyboard when one comes or goes.
    pub(super) fn show(self, ui: &mut Ui, name: &str, draw: impl FnOnce(&mut Ui)) {
        let builder = UiBuilder::new().scope_id(Id::unique(("in panel", name))).max_rect(self.inner);
        let mut inside = ui.new_child(builder);
        inside.shrink_clip_rect(self.outer);
        draw(&mut inside);
    }
}

impl App {
    /// Gives each panel its place: beside each other, or one at a time.
    pub(super) fn places(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Places {
        if Page::are_needed(ui.ctx()) { self.one_place(ui, scene) } else { self.places_beside(ui, scene) }
    }

    fn places_beside(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Places {
        let mut places = Places { with_flow: true, with_chart: true, ..Places::default() };
        // A lesson brings its own settings, and the chart needs room beside it.
        let beside = usize::from(self.lessons.open) + usize::from(scene.selects());
        let has_room = beside == 0 || ui.available_width() >= ROOM_FOR_CHART + ROOM_FOR_PANEL * (beside + 1) as f32;
        self.settings_panel.gives_way = !has_room;
        if self.settings_panel.is_hidden || !has_room {
            let panel = Panel::left("settings strip").resizable(false).exact_size(STRIP);
            places.strip = Some(take(ui, panel, "settings strip", Margin { left: 3, right: 3, top: 8, bottom: 8 }));
        } else {
            let panel = Panel::left("settings").default_size(300.0).size_range(300.0..=420.0);
            places.settings = Some(take(ui, panel, "settings", EDGE));
        }
        // However wide somebody made a panel, the chart keeps what it needs.
        let most = |ui: &Ui, others: f32| (ui.available_width() - NARROWEST_CHART - others).max(0.0);
        if self.lessons.open {
            let inspector = if scene.selects() { NARROWEST_INSPECTOR } else { 0.0 };
            let most = most(ui, inspector).clamp(300.0, 640.0);
            let panel = Panel::right("lessons").default_size(400.0).size_range(300.0..=most);
            places.lessons = Some(take(ui, panel, "lessons", BESIDE));
        }
        if scene.selects() {
            let most = most(ui, 0.0).clamp(NARROWEST_INSPECTOR, 480.0);
            let panel = Panel::right("inspector").default_size(384.0).size_range(NARROWEST_INSPECTOR..=most);
            places.inspector = Some(take(ui, panel, "inspector", BESIDE));
        }
        places.details = Some(self.lower_place(ui, scene));
        places.transport = transport(ui, scene);
        places.centre = Some(rest(ui, AROUND));
        places
    }

    /// The row of pages, and below it the one that was turned to.
    fn one_place(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Places {
        let pages = Page::all(ui.ctx(), scene.selects());
        if !pages.contains(&self.pages.shown) || self.pages.shown == Page::Lessons && !self.lessons.open {
            self.pages.shown = Page::Chart;
        }
        let takes_keyboard = std::mem::take(&mut self.pages.turned) && focus::keys_are_used(ui.ctx());
        let frame = Frame::new().fill(theme::palette(ui).panel).inner_margin(Margin::symmetric(12, 2));
        Panel::top("pages").frame(frame).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 2.0;
                let tabs: Vec<_> = pages.iter().map(|page| (page.name(), page.help())).collect();
                let chosen = pages.iter().position(|page| *page == self.pages.shown).unwrap_or_default();
                if let Some(to) = tabs::row(ui, &tabs, chosen, tabs::SIZE, takes_keyboard) {
                    self.turn_to(pages[to]);
                }
            });
        });
        let mut places = Places::default();
        if matches!(self.pages.shown, Page::Flow | Page::Chart | Page::Details) {
            places.transport = transport(ui, scene);
        }
        match self.pages.shown {
            Page::Settings => places.settings = Some(rest(ui, Margin::ZERO)),
            Page::Flow | Page::Chart => {
                places.with_chart = self.pages.shown == Page::Chart;
                places.with_flow = !places.with_chart || !Page::splits_flow(ui.ctx());
                places.centre = Some(rest(ui, AROUND));
            }
            Page::Details => places.details = Some(rest(ui, AROUND)),
            Page::Selected => places.inspector = Some(rest(ui, BESIDE)),
            Page::Lessons => places.lessons = Some(rest(ui, BESIDE)),
        }
        places
    }

    /// The panel with the tabs. It is as high as somebody made it, as long as that leaves the chart its room.
    fn lower_place(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Place {
        const LOWEST: f32 = 130.0;
        const NAME: &str = "details";

        let room = ui.available_height();
        let banner = if scene.run.is_some_and(Run::is_deadlocked) { ROOM_FOR_BANNER } else { 0.0 };
        let most = (room * 0.45).min(room - chart::needs(scene.shown) - banner - AROUND_CHART).max(LOWEST);
        // What comes from a file may be no number.
        let chosen = self.details_height.filter(|height| height.is_finite());
        let height = chosen.unwrap_or(room * 0.34).clamp(LOWEST, most);
        let id = panel_id(ui, NAME);
        let of_panel = |ui: &Ui| PanelState::load(ui.ctx(), id);
        if let Some(PanelState { outer_rect }) = of_panel(ui) {
            let outer_rect = outer_rect.with_min_y(outer_rect.bottom() - height);
            ui.ctx().data_mut(|data| data.insert_persisted(id, PanelState { outer_rect }));
        }
        let panel = Panel::bottom(NAME).resizable(true).default_size(height).size_range(LOWEST..=most);
        let place = take(ui, panel, NAME, AROUND);
        // Somebody has dragged its edge.
        if let Some(now) = of_panel(ui).map(|panel| panel.size().y).filter(|now| (now - height).abs() > 1.0) {
            self.details_height = Some(now);
        }
        place
    }
}

/// The line with the moment that is looked at, where there are moments.
fn transport(ui: &mut Ui, scene: &Scene<'_>) -> Option<Place> {
    let panel = || Panel::bottom("transport").exact_size(TRANSPORT).show_separator_line(false);
    let has_moments = scene.past.is_some() || scene.now.is_some_and(|run| !run.history.is_empty());
    has_moments.then(|| take(ui, panel(), "transport", Margin::symmetric(12, 4)))
}

/// Takes a panel's place from what is free; it is filled later.
fn take(ui: &mut Ui, panel: Panel, name: &str, margin: Margin) -> Place {
    let id = panel_id(ui, name);
    let frame = Frame::new().fill(theme::palette(ui).panel).inner_margin(margin);
    let shown = panel.frame(frame).show(ui, |ui| {
        // A panel is as large as what is in it, and would stay so.
        ui.take_available_space();
        (ui.clip_rect(), ui.max_rect())
    });
    edge_by_key(ui, id, name);
    let (outer, inner) = shown.inner;
    Place { outer, inner }
}

/// The edge that makes a panel larger or smaller is one more thing that has the keyboard.
fn edge_by_key(ui: &Ui, panel: Id, name: &str) {
    const STEP: f32 = 16.0;
    let Some(edge) = ui.read_response(panel.with("__resize")) else { return };
    readers::name_edge(ui.ctx(), edge.id, name);
    let steps = focus::arrows(ui, &edge) as f32 * STEP;
    let state = PanelState::load(ui.ctx(), panel).filter(|_| steps != 0.0);
    if let Some(PanelState { mut outer_rect }) = state {
        match name {
            "settings" => outer_rect.max.x += steps,
            "details" => outer_rect.min.y += steps,
            _ => outer_rect.min.x += steps,
        }
        ui.ctx().data_mut(|data| data.insert_persisted(panel, PanelState { outer_rect }));
        ui.ctx().request_repaint();
    }
}

/// All that is still free. The window is cleared in its colour, so it needs no filling: where the processor makes the pixels, each costs.
fn rest(ui: &Ui, margin: Margin) -> Place {
    let outer = ui.available_rect_before_wrap();
    Place { outer, inner: outer - margin }
}

fn panel_id(ui: &Ui, name: &str) -> Id {
    ui.scope_id().with_salt(IdSalt::new(name))
}
