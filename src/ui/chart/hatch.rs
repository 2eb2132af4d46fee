//! Patterns: what colour says, said a second time for those who don't see it.

use eframe::egui::{Color32, Mesh, Pos2, Rect, pos2};

use crate::ui::theme::Palette;

/// Which way the stripes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hatch {
    /// For the GIL.
    Rising,
    /// For a lock.
    Falling,
    /// For a future.
    Upright,
    /// For the outside world.
    Level,
    /// For a core.
    Thin,
    /// For what failed.
    Crossed,
}

/// Of its colour, the part that is between the stripes.
const HATCH_GROUND: f32 = 0.35;

/// From stripe to stripe, and how wide one is.
const STEP: f32 = 6.0;
const STRIPE: f32 = 2.5;
/// The same for thin ones, on full colour.
const THIN_STEP: f32 = 10.0;
const THIN: f32 = 1.2;

/// From line to line of what lies level, and how dark one is.
pub(super) const LINES_APART: f32 = 7.0;
pub(super) const LINE_SHARE: f32 = 0.35;

/// Full colour with thin dark lines along it, so that it stands out as much as computing does.
fn level(mesh: &mut Mesh, area: Rect, palette: &Palette) {
    mesh.add_colored_rect(area, palette.blocking);
    if area.width() < NARROW {
        return;
    }
    let line = palette.panel.gamma_multiply(LINE_SHARE);
    let mut y = area.top() + LINES_APART / 2.0;
    while y < area.bottom() - 1.0 {
        mesh.add_colored_rect(Rect::from_x_y_ranges(area.x_range(), y..=y + 1.0), line);
        y += LINES_APART;
    }
}

/// Full colour with dark stripes both ways.
fn crossed(mesh: &mut Mesh, area: Rect, palette: &Palette) {
    mesh.add_colored_rect(area, palette.error);
    if area.width() < NARROW {
        return;
    }
    let dark = palette.background.gamma_multiply(0.55);
    for way in [Hatch::Rising, Hatch::Falling] {
        way.stripes(mesh, area, area.height(), (STEP, 1.5), dark);
    }
}

/// No stripes fit into less.
const NARROW: f32 = 4.0;

impl Hatch {
    /// Where no stripes fit, how long a dash is, and how long the gap after it: what waits for what is told apart all the same.
    const fn dash(self) -> (f32, f32) {
        match self {
            Self::Rising => (3.0, 2.0),
            Self::Falling => (1.0, 2.0),
            Self::Upright => (6.0, 2.0),
            Self::Level | Self::Thin | Self::Crossed => (f32::INFINITY, 0.0),
        }
    }

    fn dashes(self, mesh: &mut Mesh, area: Rect, color: Color32) {
        let (dash, gap) = self.dash();
        let mut top = area.top();
        while top < area.bottom() {
            let bottom = (top + dash).min(area.bottom());
            mesh.add_colored_rect(Rect::from_x_y_ranges(area.x_range(), top..=bottom), color);
            top = bottom + gap;
        }
    }

    /// Fills `area` with stripes.
    pub(super) fn draw(self, mesh: &mut Mesh, area: Rect, palette: &Palette) {
        match self {
            Self::Level => return level(mesh, area, palette),
            Self::Crossed => return crossed(mesh, area, palette),
            _ => {}
        }
        let color = palette.waiting;
        if area.width() < NARROW {
            return self.dashes(mesh, area, color);
        }
        let (step, stripe) = if self == Self::Thin {
            mesh.add_colored_rect(area, color);
            (THIN_STEP, palette.panel.gamma_multiply(0.24))
        } else {
            mesh.add_colored_rect(area, palette.panel);
            mesh.add_colored_rect(area, color.gamma_multiply(HATCH_GROUND));
            (STEP, color)
        };
        let slant = if self == Self::Upright { 0.0 } else { area.height() };
        let width = if self == Self::Thin { THIN } else { STRIPE };
        self.stripes(mesh, area, slant, (step, width), stripe);
    }

    /// Stripes that go so far to the right, `step` from each other.
    fn stripes(self, mesh: &mut Mesh, area: Rect, slant: f32, (step, width): (f32, f32), color: Color32) {
        // They keep their place on the screen, so that neighbours match and moving bars don't flicker.
        let mut foot = ((area.left() - slant) / step).floor() * step;
        while foot < area.right() {
            self.stripe(mesh, area, (foot, foot + width), slant, color);
            foot += step;
        }
    }

    /// The part of a stripe that lies in `area`; its lower end is from `left` to `right`, and it goes `slant` to the right.
    fn stripe(self, mesh: &mut Mesh, area: Rect, (left, right): (f32, f32), slant: f32, color: Color32) {
        // How far along the stripe its edges enter and leave the area, from 0 to 1.
        let along = |x: f32, edge: f32| if slant > 0.0 { ((x - edge) / slant).clamp(0.0, 1.0) } else { 0.0 };
        let at = |edge: f32, share: f32| -> Pos2 {
            let up = match self {
                Self::Falling => share,
                _ => 1.0 - share,
            };
            let x = (edge + slant * share).clamp(area.left(), area.right());
            pos2(x, area.top() + area.height() * up)
        };
        if slant == 0.0 {
            let (left, right) = (left.max(area.left()), right.min(area.right()));
            if left < right {
                mesh.add_colored_rect(Rect::from_x_y_ranges(left..=right, area.y_range()), color);
            }
            return;
        }
        let (left_in, left_out) = (along(area.left(), left), along(area.right(), left));
        let (right_in, right_out) = (along(area.left(), right), along(area.right(), right));
        let corners = [at(left, left_in), at(right, right_in), at(right, right_out), at(left, left_out)];
        let first = mesh.vertices.len() as u32;
        for corner in corners {
            mesh.colored_vertex(corner, color);
        }
        mesh.add_triangle(first, first + 1, first + 2);
        mesh.add_triangle(first, first + 2, first + 3);
    }
}
