//! How one moves through the chart: by keys and commands, by wheel and drag.

use eframe::egui::{EventFilter, Key, Response, Ui, vec2};

use super::area::Area;
use super::item::{Item, Selected};
use super::rows::{Row, Rows, Shown, in_focus};
use super::view::TimeView;
use super::{Chart, Layout, Selecting, elapsed, is_close_up, is_live, pointed_time, seconds};

/// A way to move through the chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Move {
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

impl Chart {
    /// What the keys and commands asked for.
    pub(super) fn take_moves(
        &mut self,
        ui: &Ui,
        response: &Response,
        layout: Layout,
        shown: &[Shown<'_>],
        playhead: Option<i64>,
    ) {
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
    pub(super) fn navigate(&mut self, ui: &Ui, response: &Response, layout: Layout, shown: &[Shown<'_>]) {
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

/// Where the arrows lead from item to item, as long as the chart has the keyboard.
pub(super) fn walked(ui: &Ui, chart: &Response) -> Vec<Move> {
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
