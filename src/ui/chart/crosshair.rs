//! An area without a mouse: a crosshair that the arrows move, and Enter at two of the area's corners.

use eframe::egui::{Context, Key, Painter, Stroke, pos2};

use super::rows::{Row, Rows};
use super::{Area, TimeView};
use crate::ui::theme::Palette;

/// Where it is, and where the first corner was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crosshair {
    at: Corner,
    from: Option<Corner>,
}

/// A time, and a row by its number from the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Corner {
    time: i64,
    row: usize,
}

/// A press goes over so much of what is in sight, as a part of it.
const STEP: i64 = 50;

impl Crosshair {
    /// Does what keys ask for, and begins with the first of them in the middle of what is in sight. Returns the area between its corners
    /// once both are put.
    pub(super) fn take_keys(
        now: &mut Option<Self>,
        context: &Context,
        view: TimeView,
        rows: &[Row<'_>],
    ) -> Option<Area> {
        let pressed = |key| context.input(|input| input.num_presses(key)) as i64;
        let columns = pressed(Key::ArrowRight) - pressed(Key::ArrowLeft);
        let down = pressed(Key::ArrowDown) - pressed(Key::ArrowUp);
        let put = pressed(Key::Enter) + pressed(Key::Space) > 0;
        if columns == 0 && down == 0 && !put {
            return None;
        }
        let middle = Corner { time: view.start + view.length() / 2, row: 0 };
        let Some(crosshair) = now else {
            *now = Some(Self { at: middle, from: None });
            return None;
        };
        let at = &mut crosshair.at;
        at.time = (at.time + columns * (view.length() / STEP).max(1)).clamp(view.start, view.end);
        at.row = at.row.saturating_add_signed(down as isize).min(rows.len().saturating_sub(1));
        match crosshair.from {
            Some(_) if put => crosshair.area(rows),
            None if put => {
                crosshair.from = Some(crosshair.at);
                None
            }
            _ => None,
        }
    }

    /// Whether the first corner was put.
    pub(super) const fn has_corner(&self) -> bool {
        self.from.is_some()
    }

    /// What lies between the first corner and where it is.
    pub(super) fn area(&self, rows: &[Row<'_>]) -> Option<Area> {
        let (one, other) = (self.from?, self.at);
        let time = one.time.min(other.time)..one.time.max(other.time);
        Area::over(time, rows.get(one.row.min(other.row)..=one.row.max(other.row))?)
    }

    /// The row that it is in.
    pub(super) const fn row(&self) -> usize {
        self.at.row
    }

    /// When it is.
    pub(super) const fn time(&self) -> i64 {
        self.at.time
    }

    pub(super) fn draw(&self, painter: &Painter, palette: &Palette, rows: &Rows<'_>, view: TimeView) {
        let canvas = rows.canvas;
        let x = canvas.left() + view.x_of(self.at.time, canvas.width());
        let (painter, stroke) = (painter.with_clip_rect(canvas), Stroke::new(1.5, palette.accent));
        painter.vline(x, canvas.y_range(), stroke);
        if let Some(row) = rows.heights(self.at.row..self.at.row + 1) {
            let middle = f32::midpoint(row.start, row.end);
            painter.hline(canvas.x_range(), middle, stroke);
            painter.circle(pos2(x, middle), 4.0, palette.background, stroke);
        }
    }
}
