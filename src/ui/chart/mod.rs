//! The Gantt chart: one lane a worker, one bar an item, growing while it executes.
//!
//! All bars of a frame are one mesh; what a lane draws comes from [`Lane::marks`](crate::trace::Lane::marks), so a frame
//! costs pixels, not tasks. The canvas is one widget: what is under the pointer is found by lane and binary search.

mod area;
mod axis;
mod crosshair;
mod hatch;
mod hover;
mod item;
mod lanes;
mod menu;
mod moves;
mod names;
mod navigation;
mod notes;
mod overview;
mod playhead;
mod rows;
mod skyline;
mod view;

use std::collections::HashMap;

use eframe::egui::text::LayoutJob;
use eframe::egui::{
    Align, Align2, Context, CursorIcon, FontId, Id, Popup, Rect, Response, Role, Sense, Stroke, Ui, WidgetInfo, pos2,
    vec2,
};

pub(in crate::ui) use area::{AreaCount, AreaFigures};
pub(in crate::ui) use item::{Item, Selected, Selection, Waiting};
pub(in crate::ui) use moves::Move;
pub(in crate::ui) use rows::{Shown, in_focus};
pub(in crate::ui) use view::TimeView;

use super::action::Action;
use super::format;
use super::task_index::TaskIndex;
use super::theme::{self};
use crate::lab::{End, Run, Status};
use crate::trace::KeptColumns;
use area::Area;
use axis::Legend;
use crosshair::Crosshair;
use item::LaneId;
use navigation::Navigation;
use notes::Notes;
use rows::{Row, Rows};

/// Left of the lanes, for their names; the plots below leave the same room.
pub(super) const GUTTER: f32 = 124.0;
const RULER: f32 = 24.0;
/// Where there is less room than this, the overview is left out.
const ROOM_FOR_OVERVIEW: f32 = 190.0;

/// Where in time the chart is. It lasts as long as the window.
#[derive(Clone, Debug, Default)]
pub(super) struct Chart {
    navigation: Navigation,
    /// What is in sight stays so while somebody drags the playhead through it.
    held: Option<TimeView>,
    /// How far the lanes are scrolled up.
    scrolled: f32,
    /// All of them are to be seen, however low they are then: nobody scrolls through a picture.
    pub(super) all_lanes: bool,
    /// They are to be scrolled so that the lane of what is selected is in sight.
    reveals: bool,
    /// The item that is looked at.
    selected: Option<Selection>,
    /// Times that the user marked, in order.
    marks: Vec<i64>,
    area: Option<Area>,
    /// The next drag selects an area, or keys do.
    selecting: Selecting,
    /// A drag over the ruler that zooms, from where it began.
    zooming_from: Option<i64>,
    brush: Option<overview::Brush>,
    /// What of the lanes is drawn in columns, in the overview and below it.
    overview: HashMap<LaneId, KeptColumns>,
    columns: HashMap<LaneId, KeptColumns>,
    /// How many items were drawn one by one.
    drawn: usize,
    /// A dialog lies over it, which nothing of it should cover in turn.
    pub(super) covered: bool,
    /// The time at which the other mouse button was pressed last.
    menu_at: i64,
    /// What was asked for since the last frame.
    asked: Vec<Move>,
}

/// Whether an area is being selected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Selecting {
    #[default]
    No,
    /// The next drag will, or keys.
    Begins,
    WithCrosshair(Crosshair),
}

/// What part of the chart is what.
#[derive(Clone, Copy)]
struct Layout {
    overview: Option<Rect>,
    /// The ruler and the lanes below it.
    axis: Rect,
    canvas: Rect,
}

impl Chart {
    /// As it is seen, without what is going on in it.
    pub(super) fn still(&self) -> Self {
        let (selecting, zooming_from, brush, asked) = (Selecting::No, None, None, Vec::new());
        Self { selecting, zooming_from, brush, asked, covered: false, ..self.clone() }
    }

    /// The whole run again.
    pub(super) fn fit(&mut self) {
        self.scrolled = 0.0;
        self.navigation.fit();
    }

    /// Other runs are looked at from now on: where the chart was, and what was selected or marked, was of those before.
    pub(super) fn look_elsewhere(&mut self) {
        *self = Self { selected: self.selected, asked: std::mem::take(&mut self.asked), ..Self::default() };
    }

    /// Moves with the next frame, as only that knows where everything is.
    pub(super) fn ask(&mut self, way: Move) {
        self.asked.push(way);
    }

    /// Where the crosshair is, if there is one.
    pub(super) fn crosshair_in_words(&self, shown: &[Shown<'_>]) -> String {
        let crosshair = match self.selecting {
            Selecting::No => return String::new(),
            Selecting::Begins => return SELECTING.to_owned(),
            Selecting::WithCrosshair(crosshair) => crosshair,
        };
        let row = Rows::list(shown).get(crosshair.row()).map(Row::name).unwrap_or_default();
        let corner = if crosshair.has_corner() { ", first corner set" } else { "" };
        format!("crosshair at {}, {row}{corner}", format::duration(crosshair.time()))
    }

    /// Whether arrows and Enter are for the area that is being selected.
    pub(super) fn takes_keys(&self) -> bool {
        self.selecting != Selecting::No
    }

    /// How many items the last picture has, drawn one by one.
    pub(super) const fn drawn(&self) -> usize {
        self.drawn
    }

    /// Looks at an item, or at none. Its lane comes into sight.
    pub(super) fn select(&mut self, selection: Option<Selection>) {
        (self.selected, self.reveals) = (selection, true);
    }

    /// Ends what is going on or is selected. Returns whether there was something.
    pub(super) fn clear(&mut self) -> bool {
        let area = self.area.take().is_some() | (std::mem::take(&mut self.selecting) != Selecting::No);
        area || self.selected.take().is_some()
    }

    /// The number of the run in which something is selected.
    pub(super) fn selected_run(&self) -> Option<usize> {
        self.selected.map(Selection::run)
    }

    /// What is selected, if it is in one of these runs: as it was at the moment that is looked at.
    pub(super) fn selected<'a>(&self, shown: &[Shown<'a>]) -> Option<Selected<'a>> {
        let selected = self.selected?;
        shown.iter().find_map(|shown| selected.find_as_it_was(shown.run, shown.past))
    }

    /// The area that is selected. While it is being drawn it is none: a panel that opens would take the room.
    pub(super) fn area(&self) -> Option<&Area> {
        self.area.as_ref().filter(|_| self.selecting == Selecting::No)
    }

    /// Shows a stretch of time.
    pub(super) fn show_times(&mut self, start: i64, end: i64) {
        self.navigation.jump(with_room(start, end));
    }

    /// The visible stretch of time.
    pub(super) fn view(&self, shown: &[Shown<'_>]) -> TimeView {
        self.held.unwrap_or_else(|| self.navigation.view(elapsed(shown), is_live(shown)))
    }

    /// Draws the chart of these runs, one below the other on one time axis, into what is left of `ui`. `playhead` = the moment
    /// that is looked at, if it is not now; `found` knows which items are looked for, if not all.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        shown: &[Shown<'_>],
        playhead: Option<i64>,
        found: Option<&TaskIndex>,
        actions: &mut Vec<Action>,
    ) {
        let area = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(area);
        let response = ui.interact(area, Id::unique(ID), Sense::click_and_drag());
        self.asked.extend(moves::walked(ui, &response));
        let palette = theme::palette(ui);
        // Of several that go on, the one that has come furthest says where now is.
        let furthest = shown.iter().filter(|shown| !shown.run.ended()).max_by_key(|shown| shown.run.elapsed());
        let Some(run) = furthest.copied().or(in_focus(shown)).map(|shown| shown.run) else { return };
        let legend = Legend::new(ui.painter(), palette, shown, area.width() - GUTTER);
        let notes = Notes::new(shown, &self.marks, area.height());
        let layout = Layout::new(area, legend.height(), notes.height());
        let selected = self.selected;
        self.take_moves(ui, &response, layout, shown, playhead);
        if self.selected != selected {
            actions.push(Action::Select(self.selected));
        }
        self.navigate(ui, &response, layout, shown);
        let view = self.view(shown);
        let Layout { overview, axis, canvas } = layout;
        if shown.iter().all(|shown| shown.run.trace.lanes().is_empty() && shown.run.trace.sides().is_empty()) {
            let (title, text) = nothing_to_see(run);
            empty(ui, &response, canvas, title, &text);
            return;
        }
        if let Some(overview) = overview {
            self.overview(ui, overview, shown, view);
        }
        axis::ruler(ui.painter(), palette, axis, canvas, view, run, playhead);
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, "what each worker executed, over time"));
        let mut rows = Rows::new(shown, canvas, self.all_lanes, &mut self.scrolled);
        if std::mem::take(&mut self.reveals)
            && let Some(row) = self.selected(shown).and_then(Selected::begun).and_then(|item| rows.row_of(&item))
        {
            self.scrolled += rows.out_of_sight(row);
            rows = Rows::new(shown, canvas, self.all_lanes, &mut self.scrolled);
        }
        self.columns.retain(|(number, _), _| shown.iter().any(|shown| shown.run.number == *number));
        self.drawn = lanes::show(ui, &rows, area.left(), view, found, &mut self.columns, actions);
        if let Some(playhead) = playhead {
            for lanes in shown.iter().filter_map(|shown| rows.of_run(shown.run.number)) {
                let lanes = canvas.with_min_y(lanes.start).with_max_y(lanes.end);
                playhead::veil(ui.painter(), palette, lanes, view, playhead);
            }
        }
        if let Some(selected) = &self.area {
            selected.draw(ui.painter(), palette, &rows, view);
        }
        axis::now_line(ui.painter(), palette, canvas, view, run);
        notes.draw(ui, &rows, view);
        legend.draw(ui, axis.left_bottom() + vec2(0.0, notes.height()));
        let ruler = Rect::from_min_max(axis.min, pos2(axis.right(), canvas.top()));
        self.ruler(ui, ruler, canvas, view, actions);
        let drags =
            playhead.is_some_and(|playhead| playhead::show(ui, ruler, canvas, view, playhead, elapsed(shown), actions));
        self.held = self.held.filter(|_| drags).or(drags.then_some(view));
        if let Some(item) = self.selected(shown).and_then(Selected::begun) {
            hover::mark(ui, &item, &rows, view, Stroke::new(2.5, palette.text));
        }
        if self.selecting != Selecting::No {
            self.drag_area(ui, &response, &rows, view);
            let free = ui.memory(|memory| memory.focused().is_none()) && !Popup::is_any_open(ui.ctx());
            if free && !self.covered {
                self.area_by_key(ui, &rows, view);
            }
            return;
        }
        if !self.covered {
            hover::show(ui, &response, &rows, view);
        }
        if (response.clicked() || response.secondary_clicked())
            && let Some(at) = response.interact_pointer_pos()
        {
            let item = hover::item_at(at, &rows, view).map(|item| item.select());
            actions.push(Action::Select(item));
            if response.secondary_clicked() {
                self.selected = item;
                self.menu_at = pointed_time(&response, axis, view).unwrap_or(view.start).clamp(0, elapsed(shown));
            }
        }
        menu::show(&response, self.selected(shown), self.menu_at, actions);
    }

    /// Draws an area as long as the button is down.
    fn drag_area(&mut self, ui: &Ui, response: &Response, rows: &Rows<'_>, view: TimeView) {
        ui.set_cursor_icon(CursorIcon::Crosshair);
        say(ui, rows.canvas, SELECTING);
        let now = response.interact_pointer_pos();
        let from = ui.input(|input| input.pointer.press_origin());
        if response.drag_started() {
            // Corners that keys put are no more.
            self.selecting = Selecting::Begins;
        }
        if response.dragged()
            && let (Some(from), Some(to)) = (from, now)
        {
            self.area = Area::between(from, to, rows, view);
        }
        if response.drag_stopped() {
            self.selecting = Selecting::No;
        }
    }

    /// The same with the keyboard.
    fn area_by_key(&mut self, ui: &Ui, rows: &Rows<'_>, view: TimeView) {
        let mut crosshair = match self.selecting {
            Selecting::WithCrosshair(crosshair) => Some(crosshair),
            Selecting::Begins => None,
            Selecting::No => return,
        };
        let area = Crosshair::take_keys(&mut crosshair, ui.ctx(), view, rows.all());
        let Some(crosshair) = crosshair else { return };
        self.selecting = Selecting::WithCrosshair(crosshair);
        self.scrolled += rows.all().get(crosshair.row()).map_or(0.0, |row| rows.out_of_sight(row));
        crosshair.draw(ui.painter(), theme::palette(ui), rows, view);
        if let Some(area) = area.clone().or_else(|| crosshair.area(rows.all())) {
            self.area = Some(area);
        }
        if area.is_some() {
            self.selecting = Selecting::No;
        }
    }

    /// A click on the ruler looks at that moment; a drag over it zooms to what it covers.
    fn ruler(&mut self, ui: &Ui, ruler: Rect, canvas: Rect, view: TimeView, actions: &mut Vec<Action>) {
        let response = ui.interact(ruler, ui.scope_id().with("ruler"), Sense::CLICK | Sense::DRAG);
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, "ruler"));
        let time = |x: f32| view.time_at(x - ruler.left(), ruler.width());
        let at = response.interact_pointer_pos().map(|at| time(at.x));
        if response.drag_started() {
            self.zooming_from = ui.input(|input| input.pointer.press_origin()).map(|at| time(at.x));
        }
        if let (Some(from), Some(to)) = (self.zooming_from, at) {
            let x = |time: i64| ruler.left() + view.x_of(time, ruler.width()).clamp(0.0, ruler.width());
            let covered = Rect::from_x_y_ranges(x(from.min(to))..=x(from.max(to)), ruler.top()..=canvas.bottom());
            ui.painter().rect_filled(covered, 0.0, theme::palette(ui).accent.gamma_multiply(0.18));
            if response.drag_stopped() {
                self.zooming_from = None;
                if (to - from).abs() >= TimeView::SHORTEST {
                    self.navigation.jump(TimeView { start: from.min(to), end: from.max(to) });
                }
            }
        } else if response.clicked() {
            actions.push(Action::LookAt(at));
        }
        response.on_hover_text_at_pointer("Click: look at this moment of the run. Drag: zoom to a stretch of time");
    }

    fn overview(&mut self, ui: &Ui, area: Rect, shown: &[Shown<'_>], view: TimeView) {
        let whole = Navigation::default().view(elapsed(shown), is_live(shown));
        match overview::show(ui, area, shown, whole, view, &mut self.brush, &mut self.overview) {
            Some(overview::Wish::Show(to)) => self.navigation.glide(to, false, seconds(ui)),
            Some(overview::Wish::Fit) => self.fit(),
            None => {}
        }
    }
}

impl Layout {
    fn new(area: Rect, legend: f32, notes: f32) -> Self {
        let axis = Rect::from_min_max(area.min + vec2(GUTTER, 0.0), area.max - vec2(0.0, legend + notes));
        let overview = (axis.height() >= ROOM_FOR_OVERVIEW)
            .then(|| Rect::from_min_size(area.min, vec2(area.width(), overview::HEIGHT)));
        let axis = overview.map_or(axis, |overview| axis.with_min_y(overview.bottom() + 4.0));
        let canvas = Rect::from_min_max(axis.min + vec2(0.0, RULER), axis.max);
        Self { overview, axis, canvas }
    }
}

/// The height that a chart of these runs needs to be of use: some lanes, the ruler and a line of the legend.
pub(super) fn needs(shown: &[Shown<'_>]) -> f32 {
    const LANES: usize = 4;
    let lanes = shown.iter().map(|shown| shown.run.trace.lanes().len().min(LANES)).sum::<usize>().min(2 * LANES);
    overview::HEIGHT + RULER + 30.0 + rows::low(lanes, shown.len())
}

/// The chart itself has the keyboard when what had it is gone.
const ID: &str = "chart";

/// Whether it has.
pub(super) fn has_keyboard(context: &Context) -> bool {
    context.memory(|memory| memory.has_focus(Id::unique(ID)))
}

/// Gives it the keyboard.
pub(super) fn take_keyboard(context: &Context) {
    context.memory_mut(|memory| memory.request_focus(Id::unique(ID)));
}

/// What is to be done to select an area.
const SELECTING: &str = "Drag over the lanes to select an area, or arrows, and Enter at two corners · Esc: leave it";

/// A stretch of time, and a little of what is around it.
fn with_room(start: i64, end: i64) -> TimeView {
    let room = ((end - start) / 4).max(TimeView::SHORTEST);
    TimeView { start: start - room, end: end + room }
}

/// Whether that is all of the item, and not much else.
fn is_close_up(view: TimeView, item: &Item<'_>) -> bool {
    let close = with_room(item.start, item.until());
    view.start <= item.start && item.until() <= view.end && view.length() <= 2 * close.length()
}

/// How long these runs have lasted. An empty axis shows a second. What workers do after the last result, to end, is no part of it.
fn elapsed(shown: &[Shown<'_>]) -> i64 {
    let lasted = |shown: &Shown<'_>| match shown.run.trace.last_result() {
        last if last > 0 && shown.run.ended() => last,
        _ => shown.run.elapsed(),
    };
    shown.iter().map(|shown| lasted(shown).max(1_000)).max().unwrap_or(1_000_000_000)
}

/// Whether one of them goes on.
fn is_live(shown: &[Shown<'_>]) -> bool {
    shown.iter().any(|shown| !shown.run.ended())
}

/// The time under the pointer.
fn pointed_time(response: &Response, axis: Rect, view: TimeView) -> Option<i64> {
    let pointer = response.hover_pos().filter(|at| axis.x_range().contains(at.x));
    pointer.map(|at| view.time_at(at.x - axis.left(), axis.width()))
}

fn seconds(ui: &Ui) -> f64 {
    ui.input(|input| input.time)
}

fn nothing_to_see(run: &Run) -> (&'static str, String) {
    match &run.status {
        Status::Ended(End::Failed(error)) => ("The run could not start", error.to_string()),
        Status::Ended(End::Refused(cause)) => ("The executor took no calls", cause.to_string()),
        Status::Ended(_) if format::is_broken(run) => {
            let first = run.trace.errors().next();
            ("The pool broke", first.map(|error| error.message.to_string()).unwrap_or_default())
        }
        Status::Ended(_) if run.items == Some(0) => ("Nothing to do", "There were no items.".to_owned()),
        Status::Ended(_) => ("Nothing ran", "The run was stopped before its first item started.".to_owned()),
        _ => ("Looking for items …", run.settings.workload.clone()),
    }
}

/// Says what the next drag is for, at the top of the canvas.
fn say(ui: &Ui, canvas: Rect, text: &str) {
    let palette = theme::palette(ui);
    let galley = ui.painter().layout_no_wrap(text.to_owned(), FontId::proportional(12.0), palette.on_accent);
    let place = Align2::CENTER_TOP.anchor_size(canvas.center_top() + vec2(0.0, 6.0), galley.size());
    ui.painter().rect_filled(place.expand2(vec2(8.0, 4.0)), 5.0, palette.accent);
    ui.painter().galley(place.min, galley, palette.on_accent);
    let response = ui.interact(place, ui.scope_id().with("said"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
}

/// What to say, and to readers of the screen too, where there is nothing to draw.
fn empty(ui: &Ui, canvas: &Response, area: Rect, title: &str, text: &str) {
    let text = &*format::shortened(text, 400);
    let palette = theme::palette(ui);
    let painter = ui.painter();
    let center = area.center();
    let font = FontId::new(18.0, theme::strong());
    painter.text(center - vec2(0.0, 4.0), Align2::CENTER_BOTTOM, title, font, palette.text);
    let mut job = LayoutJob::simple(text.to_owned(), FontId::proportional(13.0), palette.dim, area.width() * 0.8);
    job.halign = Align::Center;
    painter.galley(center + vec2(0.0, 6.0), painter.layout_job(job), palette.dim);
    canvas.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{title}: {text}")));
}
