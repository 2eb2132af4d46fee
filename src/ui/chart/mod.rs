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
mod navigation;
mod notes;
mod overview;
mod playhead;
mod rows;
mod skyline;
mod view;

use std::collections::HashMap;

use eframe::egui::{
    Align2, CursorIcon, EventFilter, FontId, Key, Popup, Rect, Response, Role, Sense, Stroke, Ui, WidgetInfo, pos2,
    vec2,
};

pub(in crate::ui) use area::{AreaCount, AreaFigures};
pub(in crate::ui) use item::{Item, Selected, Selection, Waiting};
pub(in crate::ui) use rows::{Shown, in_focus};
pub(in crate::ui) use view::TimeView;

use super::action::Action;
use super::format;
use super::task_index::TaskIndex;
use super::theme::{self};
use crate::lab::{End, Run, Status};
use crate::workload::FieldError;
use area::Area;
use axis::Legend;
use crosshair::Crosshair;
use navigation::Navigation;
use notes::Notes;
use rows::{Row, Rows};

/// Left of the lanes, for their names; the plots below leave the same room.
pub(super) const GUTTER: f32 = 124.0;
const RULER: f32 = 24.0;
/// Where there is less room than this, the overview is left out.
const ROOM_FOR_OVERVIEW: f32 = 190.0;

/// A way to move through the chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    ZoomIn,
    ZoomOut,
    Left,
    Right,
    /// The whole run.
    Fit,
    /// To the selected item, and from there to the whole run.
    FitSelection,
    Undo,
    Redo,
    /// To the item after or before the selected one on its lane.
    Next,
    Previous,
    /// To what executed on the next lane when the selected one began.
    LaneAbove,
    LaneBelow,
    /// To the item that the selected one had to wait for, or that waited for it.
    Cause,
    Effect,
    /// Puts a mark at the pointer, or takes it away.
    Mark,
    ClearMarks,
    /// The next drag selects an area.
    SelectArea,
    /// All that is in sight, as an area.
    SelectView,
    /// Brings the selected item into sight.
    Reveal,
    /// Scrolls through the lanes.
    LanesUp,
    LanesDown,
}

/// Where in time the chart is. It lasts as long as the window.
#[derive(Clone, Debug, Default)]
pub(super) struct Chart {
    navigation: Navigation,
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
    shares: HashMap<usize, overview::Shares>,
    /// How many items were drawn one by one.
    drawn: usize,
    /// A dialog lies over it, which nothing of it should cover in turn.
    pub(super) covered: bool,
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
        let Selecting::WithCrosshair(crosshair) = self.selecting else { return String::new() };
        let row = Rows::list(shown).get(crosshair.row()).map(Row::name).unwrap_or_default();
        format!("crosshair at {}, {row}", format::duration(crosshair.time()))
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
        self.navigation.view(elapsed(shown), is_live(shown))
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
        let response = ui.allocate_rect(area, Sense::click_and_drag());
        self.asked.extend(walked(ui, &response));
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
        self.drawn = lanes::show(ui, &rows, area.left(), view, found, actions);
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
        legend.draw(ui.painter(), palette, axis.left_bottom() + vec2(0.0, notes.height()));
        let ruler = Rect::from_min_max(axis.min, pos2(axis.right(), canvas.top()));
        self.ruler(ui, ruler, canvas, view, actions);
        if let Some(playhead) = playhead {
            playhead::show(ui, ruler, canvas, view, playhead, actions);
        }
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
        if response.clicked()
            && let Some(at) = response.interact_pointer_pos()
        {
            let item = hover::item_at(at, &rows, view);
            actions.push(Action::Select(item.map(|item| item.select())));
        }
    }

    /// Draws an area as long as the button is down.
    fn drag_area(&mut self, ui: &Ui, response: &Response, rows: &Rows<'_>, view: TimeView) {
        ui.set_cursor_icon(CursorIcon::Crosshair);
        let text = "Drag over the lanes to select an area, or arrows, and Enter at two corners · Esc: leave it";
        say(ui, rows.canvas, text);
        let now = response.interact_pointer_pos();
        let from = ui.input(|input| input.pointer.press_origin());
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

    /// What the keys and commands asked for.
    fn take_moves(&mut self, ui: &Ui, response: &Response, layout: Layout, shown: &[Shown<'_>], playhead: Option<i64>) {
        for way in std::mem::take(&mut self.asked) {
            let view = self.view(shown);
            let pointed = pointed_time(response, layout.axis, view);
            let pivot = pointed.unwrap_or(view.start + view.length() / 2);
            let selected = self.selected(shown).and_then(Selected::begun);
            let pan = |part: f64| view.moved((view.length() as f64 * part) as i64, elapsed(shown));
            match way {
                Move::ZoomIn => self.glide(ui, view.zoomed(pivot, 0.8), shown),
                Move::ZoomOut => self.glide(ui, view.zoomed(pivot, 1.25), shown),
                Move::Left => self.navigation.glide(pan(-0.1), false, seconds(ui)),
                Move::Right => self.navigation.glide(pan(0.1), false, seconds(ui)),
                Move::Fit => self.fit(),
                // Once more, and it is the whole run again.
                Move::FitSelection => match selected {
                    Some(item) if self.navigation.shows_everything() || !is_close_up(view, &item) => {
                        self.show_times(item.start, item.until());
                        self.reveals = true;
                    }
                    _ => self.fit(),
                },
                Move::Undo => self.navigation.undo(),
                Move::Redo => self.navigation.redo(),
                Move::Next | Move::Previous | Move::Cause | Move::Effect => {
                    let to = selected.and_then(|item| match way {
                        Move::Next => item.next(),
                        Move::Previous => item.previous(),
                        Move::Cause => item.cause(),
                        _ => item.effect(),
                    });
                    // Who begins with a key begins with the first that is in sight.
                    let in_turn = in_focus(shown).into_iter().chain(shown.iter().copied());
                    let first = || in_turn.clone().find_map(|shown| Item::first_from(shown.run, view.start));
                    let to = if self.selected(shown).is_none() { first() } else { to };
                    if let Some(item) = to {
                        self.selected = Some(item.select());
                        self.keep_in_sight(&item, view);
                    }
                }
                Move::LaneAbove | Move::LaneBelow => {
                    let rows = Rows::list(shown);
                    let next = selected.and_then(|item| Row::beside(&rows, &item, way == Move::LaneBelow));
                    if let Some(item) = next {
                        self.selected = Some(item.select());
                        self.keep_in_sight(&item, view);
                    }
                }
                Move::LanesUp => self.scrolled -= 0.8 * layout.canvas.height(),
                Move::LanesDown => self.scrolled += 0.8 * layout.canvas.height(),
                Move::Reveal => {
                    if let Some(item) = selected {
                        self.keep_in_sight(&item, view);
                    }
                }
                Move::Mark => self.mark(pointed.or(playhead).unwrap_or(pivot), view, layout.axis.width()),
                Move::ClearMarks => self.marks.clear(),
                Move::SelectArea => {
                    self.selecting = if self.selecting == Selecting::No { Selecting::Begins } else { Selecting::No };
                    // Arrows and Enter are for the area now.
                    ui.memory_mut(|memory| memory.focused().inspect(|focused| memory.surrender_focus(*focused)));
                }
                Move::SelectView => self.area = Area::over(view.start..view.end, &Rows::list(shown)),
            }
        }
    }

    /// Moves so that the item can be seen, if it can't.
    fn keep_in_sight(&mut self, item: &Item<'_>, view: TimeView) {
        self.reveals = true;
        if item.until() < view.start || item.start > view.end {
            let start = item.start - view.length() / 4;
            self.navigation.jump(TimeView { start, end: start + view.length() });
        }
    }

    fn glide(&mut self, ui: &Ui, to: TimeView, shown: &[Shown<'_>]) {
        // Whoever looks at the newest keeps looking at it.
        self.navigation.glide(to, is_live(shown) && to.end >= elapsed(shown), seconds(ui));
    }

    /// Wheel and drag.
    fn navigate(&mut self, ui: &Ui, response: &Response, layout: Layout, shown: &[Shown<'_>]) {
        let (view, width) = (self.view(shown), layout.axis.width());
        let (wheel, pinch) = if response.contains_pointer() {
            ui.input(|input| (input.smooth_scroll_delta, f64::from(input.zoom_delta())))
        } else {
            (vec2(0.0, 0.0), 1.0)
        };
        self.scrolled -= wheel.y;
        if (pinch - 1.0).abs() > f64::EPSILON {
            let pivot = pointed_time(response, layout.axis, view).unwrap_or(view.start);
            self.glide(ui, view.zoomed(pivot, 1.0 / pinch), shown);
        }
        let selects = self.selecting != Selecting::No;
        let dragged = if selects { 0.0 } else { response.drag_delta().x };
        let moved = (f64::from(-dragged - wheel.x) / f64::from(width) * view.length() as f64) as i64;
        if moved != 0 {
            self.navigation.glide(view.moved(moved, elapsed(shown)), false, seconds(ui));
        }
        if !selects {
            self.scrolled -= response.drag_delta().y;
        }
        if response.double_clicked() {
            self.fit();
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
        response.on_hover_text("Click: look at this moment of the run. Drag: zoom to a stretch of time");
    }

    fn overview(&mut self, ui: &Ui, area: Rect, shown: &[Shown<'_>], view: TimeView) {
        let whole = Navigation::default().view(elapsed(shown), is_live(shown));
        match overview::show(ui, area, shown, whole, view, &mut self.brush, &mut self.shares) {
            Some(overview::Wish::Show(to)) => self.navigation.glide(to, false, seconds(ui)),
            Some(overview::Wish::Fit) => self.fit(),
            None => {}
        }
    }

    /// Puts a mark there, or takes away the one that is there.
    fn mark(&mut self, time: i64, view: TimeView, width: f32) {
        const NEAR: f32 = 6.0;
        let near = |mark: &i64| (view.x_of(*mark, width) - view.x_of(time, width)).abs() < NEAR;
        let before = self.marks.len();
        self.marks.retain(|mark| !near(mark));
        if self.marks.len() == before {
            self.marks.push(time);
            self.marks.sort_unstable();
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
    RULER + 26.0 + rows::low(lanes, shown.len())
}

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

/// How long these runs have lasted. An empty axis shows a second.
fn elapsed(shown: &[Shown<'_>]) -> i64 {
    shown.iter().map(|shown| shown.run.elapsed().max(1_000)).max().unwrap_or(1_000_000_000)
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

/// What stands where the chart will be before anything has run. `wrong` = what has to be mended first.
pub(super) fn invite(ui: &mut Ui, wrong: Option<&FieldError>) {
    let area = ui.available_rect_before_wrap();
    let response = ui.allocate_rect(area, Sense::hover());
    let (title, text) = if let Some(error) = wrong {
        ("This can't run yet", error.to_string())
    } else {
        let text = "Choose a workload and an executor on the left, then press Run or Enter.";
        ("Press Run to watch it here", text.to_owned())
    };
    empty(ui, &response, area, title, &text);
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

/// Where the arrows lead from item to item, as long as the chart has the keyboard.
fn walked(ui: &Ui, chart: &Response) -> Vec<Move> {
    const WAYS: [(Key, Move); 4] = [
        (Key::ArrowLeft, Move::Previous),
        (Key::ArrowRight, Move::Next),
        (Key::ArrowUp, Move::LaneAbove),
        (Key::ArrowDown, Move::LaneBelow),
    ];
    if !chart.has_focus() {
        return Vec::new();
    }
    let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(chart.id, filter));
    let pressed = |key| ui.input(|input| input.modifiers.is_none() && input.key_pressed(key));
    WAYS.into_iter().filter(|(key, _)| pressed(*key)).map(|(_, way)| way).collect()
}

/// What to say, and to readers of the screen too, where there is nothing to draw.
fn empty(ui: &Ui, canvas: &Response, area: Rect, title: &str, text: &str) {
    let palette = theme::palette(ui);
    let painter = ui.painter();
    let center = area.center();
    let font = FontId::new(18.0, theme::strong());
    painter.text(center - vec2(0.0, 4.0), Align2::CENTER_BOTTOM, title, font, palette.text);
    let galley = painter.layout(text.to_owned(), FontId::proportional(13.0), palette.dim, area.width() * 0.8);
    painter.galley(center + vec2(-galley.size().x / 2.0, 6.0), galley, palette.dim);
    canvas.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{title}: {text}")));
}
