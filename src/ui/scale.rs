//! How large everything is drawn.

use eframe::egui::Context;
use serde::{Deserialize, Serialize};

/// In percent of the size that the system asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Scale(u32);

const SMALLEST: u32 = 75;
const LARGEST: u32 = 200;
const STEP: u32 = 25;

/// A window that has less room than this, in points, would cut things off: there everything is drawn smaller than was asked for.
const NARROWEST: f32 = 1000.0;
const LOWEST: f32 = 620.0;

impl Default for Scale {
    fn default() -> Self {
        Self(100)
    }
}

impl Scale {
    /// So many steps larger, or smaller.
    pub(super) fn stepped(self, steps: i32) -> Self {
        let percent = self.percent().saturating_add_signed(steps * STEP as i32);
        Self(percent.clamp(SMALLEST, LARGEST))
    }

    /// What may come from a file is kept within its limits.
    pub(super) fn percent(self) -> u32 {
        self.0.clamp(SMALLEST, LARGEST)
    }

    /// Draws the next frames so large, as far as they then still fit into the window.
    pub(super) fn apply(self, context: &Context) {
        let size = context.input(|input| input.content_rect().size()) * context.zoom_factor();
        let fits = (size.x / NARROWEST).min(size.y / LOWEST).max(SMALLEST as f32 / 100.0);
        let factor = (self.percent() as f32 / 100.0).min(fits);
        if (factor - context.zoom_factor()).abs() > 0.001 {
            context.set_zoom_factor(factor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_stay_within_the_limits() {
        let mut scale = Scale::default();
        let seen: Vec<_> = (0..6)
            .map(|_| {
                scale = scale.stepped(1);
                scale.percent()
            })
            .collect();
        assert_eq!(seen, [125, 150, 175, 200, 200, 200]);
        assert_eq!(Scale(7_000).percent(), 200);
        assert_eq!(Scale(0).stepped(-1).percent(), 75);
    }
}
