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

/// A window that has less room than this, in points, would cut things off: there everything is drawn smaller than was asked for. It is
/// the smallest window at the largest scale.
const NARROWEST: f32 = 512.0;
const LOWEST: f32 = 320.0;

impl Default for Scale {
    fn default() -> Self {
        Self(100)
    }
}

impl Scale {
    /// A step larger, or smaller, than it is drawn in a window in which `fits` percent fit. What does not fit is no step.
    pub(super) fn stepped(self, larger: bool, fits: u32) -> Self {
        let now = self.percent().min(fits);
        let next = if larger {
            ((now / STEP + 1) * STEP).min(fits).max(self.percent())
        } else {
            now.div_ceil(STEP).saturating_sub(1) * STEP
        };
        Self(next.clamp(SMALLEST, LARGEST))
    }

    /// What may come from a file is kept within its limits.
    pub(super) fn percent(self) -> u32 {
        self.0.clamp(SMALLEST, LARGEST)
    }

    /// The most that fits into the window.
    pub(super) fn fits(context: &Context) -> u32 {
        let size = context.input(|input| input.content_rect().size()) * context.zoom_factor();
        let fits = (size.x / NARROWEST).min(size.y / LOWEST) * 100.0;
        // What is a hair below a whole number, as it comes from the size that it leads to, is that number.
        ((fits + 0.01) as u32).max(SMALLEST)
    }

    /// Draws the next frames so large, as far as they then still fit into the window.
    pub(super) fn apply(self, context: &Context) {
        let factor = self.percent().min(Self::fits(context)) as f32 / 100.0;
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
        let steps = |from: u32, larger: bool, fits: u32| {
            let mut scale = Scale(from);
            [(); 5].map(|()| {
                scale = scale.stepped(larger, fits);
                scale.percent()
            })
        };
        assert_eq!(steps(100, true, 300), [125, 150, 175, 200, 200]);
        assert_eq!(steps(100, true, 144), [125, 144, 144, 144, 144], "what does not fit is not counted");
        assert_eq!(steps(200, true, 144), [200; 5], "for when the window is larger again");
        assert_eq!(steps(200, false, 144), [125, 100, 75, 75, 75]);
        assert_eq!(Scale(7_000).percent(), 200);
        assert_eq!(Scale(0).stepped(false, 100).percent(), 75);
    }
}
