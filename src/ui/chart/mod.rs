//! The Gantt chart: one lane a worker, one bar an item, growing while it executes.
//!
//! All bars of a frame are one mesh; what a lane draws comes from [`Lane::marks`](crate::trace::Lane::marks), so a frame
//! costs pixels, not tasks. The canvas is one widget: what is under the pointer is found by lane and binary search.

mod axis;
mod hatch;
mod hover;
mod item;
mod lanes;
mod rows;
mod view;

use eframe::egui::{Align2, Context, FontId, Key, Rect, Response, Role, Sense, Stroke, Ui, WidgetInfo, vec2};

pub(in crate::ui) use item::{Item, Selection};
pub(in crate::ui) use rows::Shown;
pub(in crate::ui) use view::TimeView;

use super::theme::{self};
use crate::lab::{End, Run, Status};
use axis::Legend;
use rows::Rows;

/// Left of the lanes, for their names; the plots below leave the same room.
pub(super) const GUTTER: f32 = 124.0;
const RULER: f32 = 24.0;

/// Where in time the chart is. It lasts as long as the window.
#[derive(Debug, Default)]
pub(super) struct Chart {
    /// `None` = the whole run, as long as it may get.
    window: Option<TimeView>,
    /// The right edge stays with the newest events.
    following: bool,
    /// How far the lanes are scrolled up.
    scrolled: f32,
    /// The item that is looked at.
    selected: Option<Selection>,
    /// What the keys asked for since the last frame.
    key_zoom: f64,
    key_move: f64,
    key_step: i32,
    key_to_selection: bool,
}

impl Chart {
    /// The whole run again.
    pub(super) fn fit(&mut self) {
        *self = Self { selected: self.selected, ..Self::default() };
    }

    /// Looks at an item, or at none.
    pub(super) fn select(&mut self, selection: Option<Selection>) {
        self.selected = selection;
    }

    /// The item that is looked at, if it is in one of these runs.
    pub(super) fn selected<'a>(&self, shown: &[Shown<'a>]) -> Option<Item<'a>> {
        let selected = self.selected?;
        shown.iter().find_map(|shown| selected.find(shown.run))
    }

    /// Shows an item, with some room around it.
    pub(super) fn zoom_to(&mut self, item: &Item<'_>) {
        let room = ((item.until() - item.start) / 4).max(TimeView::SHORTEST);
        self.window = Some(TimeView { start: item.start - room, end: item.until() + room });
        self.following = false;
    }

    /// The visible stretch of time.
    pub(super) fn view(&self, shown: &[Shown<'_>]) -> TimeView {
        // An empty axis shows a second.
        let elapsed = shown.iter().map(|shown| shown.run.elapsed().max(1_000)).max().unwrap_or(1_000_000_000);
        match self.window {
            None => TimeView { start: 0, end: elapsed + elapsed / 16 },
            Some(window) if self.following => {
                let end = elapsed + window.length() / 16;
                TimeView { start: end - window.length(), end }
            }
            Some(window) => window,
        }
    }

    /// The keys of people who know Perfetto, by their place on the keyboard.
    pub(super) fn keys(&mut self, context: &Context) {
        let pressed = context.input(|input| {
            let keys = input.events.iter().filter_map(|event| match event {
                eframe::egui::Event::Key { key, physical_key, pressed: true, modifiers, .. } if modifiers.is_none() => {
                    Some(physical_key.unwrap_or(*key))
                }
                _ => None,
            });
            keys.collect::<Vec<_>>()
        });
        for key in pressed {
            match key {
                Key::W => self.key_zoom -= 1.0,
                Key::S => self.key_zoom += 1.0,
                Key::A => self.key_move -= 0.1,
                Key::D => self.key_move += 0.1,
                Key::F if self.window.is_none() && self.selected.is_some() => self.key_to_selection = true,
                Key::F => self.fit(),
                Key::Period => self.key_step = 1,
                Key::Comma => self.key_step = -1,
                _ => {}
            }
        }
    }

    /// Draws the chart of these runs, one below the other on one time axis, into what is left of `ui`.
    pub(super) fn show(&mut self, ui: &mut Ui, shown: &[Shown<'_>]) {
        let area = ui.available_rect_before_wrap();
        let response = ui.allocate_rect(area, Sense::CLICK | Sense::DRAG);
        let palette = theme::palette(ui);
        let Some(run) = shown.last().map(|shown| shown.run) else {
            let text = "Choose a workload and an executor on the left, then press Run or Enter.";
            empty(ui, &response, area, "Press Run to watch it here", text);
            return;
        };
        let legend = Legend::new(ui.painter(), palette, shown, area.width() - GUTTER);
        let axis = Rect::from_min_max(area.min + vec2(GUTTER, 0.0), area.max - vec2(0.0, legend.height()));
        self.keys_of_selection(shown);
        self.navigate(ui, &response, axis, shown);
        let view = self.view(shown);
        let canvas = Rect::from_min_max(axis.min + vec2(0.0, RULER), axis.max);
        if shown.iter().all(|shown| shown.run.trace.lanes().is_empty() && shown.run.trace.sides().is_empty()) {
            let (title, text) = nothing_to_see(run);
            empty(ui, &response, canvas, title, &text);
            return;
        }
        axis::ruler(ui.painter(), palette, axis, canvas, view, run);
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, "what each worker executed, over time"));
        let rows = Rows::new(shown, canvas, &mut self.scrolled);
        lanes::show(ui, &rows, area.left(), view);
        axis::now_line(ui.painter(), palette, canvas, view, run);
        legend.draw(ui.painter(), palette, axis.left_bottom());
        if let Some(item) = self.selected(shown) {
            hover::mark(ui, &item, &rows, view, Stroke::new(2.5, palette.text));
        }
        hover::show(ui, &response, &rows, view);
        if response.clicked()
            && let Some(at) = response.interact_pointer_pos()
        {
            self.selected = hover::item_at(at, &rows, view).map(|item| item.select());
        }
    }

    /// The keys that have to do with the item that is looked at.
    fn keys_of_selection(&mut self, shown: &[Shown<'_>]) {
        let (step, zoom) = (std::mem::take(&mut self.key_step), std::mem::take(&mut self.key_to_selection));
        let Some(item) = self.selected(shown) else { return };
        let stepped = match step {
            1 => item.next(),
            -1 => item.previous(),
            _ => None,
        };
        if let Some(stepped) = stepped {
            self.selected = Some(stepped.select());
        }
        if zoom {
            self.zoom_to(&item);
        }
    }

    /// Wheel, drag and keys.
    fn navigate(&mut self, ui: &Ui, response: &Response, axis: Rect, shown: &[Shown<'_>]) {
        let view = self.view(shown);
        let elapsed = shown.iter().map(|shown| shown.run.elapsed()).max().unwrap_or_default();
        let live = shown.iter().any(|shown| !shown.run.ended());
        let width = axis.width();
        let pointer = response.hover_pos().filter(|at| axis.x_range().contains(at.x));
        let pivot = pointer.map_or(view.start + view.length() / 2, |at| view.time_at(at.x - axis.left(), width));
        let (wheel, pinch) = if response.contains_pointer() {
            ui.input(|input| (input.smooth_scroll_delta, f64::from(input.zoom_delta())))
        } else {
            (vec2(0.0, 0.0), 1.0)
        };
        self.scrolled -= wheel.y;
        let mut new = view;
        let factor = 1.25_f64.powf(std::mem::take(&mut self.key_zoom)) / pinch;
        if (factor - 1.0).abs() > f64::EPSILON {
            new = new.zoomed(pivot, factor);
        }
        let dragged = f64::from(-response.drag_delta().x - wheel.x) / f64::from(width);
        let moved = ((dragged + std::mem::take(&mut self.key_move)) * view.length() as f64) as i64;
        if moved != 0 {
            new = new.moved(moved, elapsed);
        }
        if new != view {
            // Whoever looks at the newest keeps looking at it.
            self.following = live && moved == 0 && new.end >= elapsed;
            self.window = Some(new);
        }
        if response.double_clicked() {
            self.fit();
        }
    }
}

fn nothing_to_see(run: &Run) -> (&'static str, String) {
    match &run.status {
        Status::Ended(End::Failed(error)) => ("The run could not start", error.to_string()),
        Status::Ended(End::Refused(cause)) => ("The executor took no calls", cause.to_string()),
        Status::Ended(_) if run.totals().lost > 0 => {
            let first = run.trace.errors().next();
            ("The pool broke", first.map(|error| error.message.to_string()).unwrap_or_default())
        }
        Status::Ended(_) if run.items == Some(0) => ("Nothing to do", "There were no items.".to_owned()),
        Status::Ended(_) => ("Nothing ran", "The run was stopped before its first item started.".to_owned()),
        _ => ("Looking for items …", run.settings.workload.clone()),
    }
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
