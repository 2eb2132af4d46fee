//! Columns side by side, in as few rectangles as make the same pixels: a lane that was as busy all the time is one, not a thousand.

use std::ops::Range;

use eframe::egui::{Color32, Mesh, Rect};

/// Adds a run of columns of `width` points each, the first at `left`. Each is filled from one height to another, in points, or not at
/// all; upper and lower edges come to lie on pixels, of which a point has `scale`.
pub(super) fn add_columns(
    mesh: &mut Mesh,
    scale: f32,
    left: f32,
    width: f32,
    color: Color32,
    columns: impl IntoIterator<Item = Range<f32>>,
) {
    // As painters have it: a pixel is covered if its middle is, which is so on an upper edge and not on a lower one.
    let on_pixels = |y: f32| (y * scale - 0.5).ceil() / scale;
    let mut add = |columns: Range<usize>, y: Range<f32>| {
        if !y.is_empty() {
            let x = |column: usize| left + column as f32 * width;
            mesh.add_colored_rect(Rect::from_x_y_ranges(x(columns.start)..=x(columns.end), y.start..=y.end), color);
        }
    };
    let (mut first, mut height, mut count) = (0, 0.0..0.0, 0);
    for (column, y) in columns.into_iter().enumerate() {
        let y = on_pixels(y.start)..on_pixels(y.end);
        if y != height {
            add(first..column, std::mem::replace(&mut height, y));
            first = column;
        }
        count = column + 1;
    }
    add(first..count, height);
}

#[cfg(test)]
mod tests {
    use eframe::egui::epaint::{ClippedPrimitive, Primitive};
    use eframe::egui::{Vec2, vec2};
    use proptest::prelude::*;

    use super::*;
    use crate::ui::picture::raster::Canvas;
    use crate::ui::theme;

    const SIZE: Vec2 = vec2(40.0, 20.0);

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// As if each column were a rectangle of its own, with edges wherever they are.
        #[test]
        fn makes_the_same_pixels(
            columns in prop::collection::vec((0..160_u8, 0..8_u8, 1..6_usize), 1..12), scale in prop::sample::select(vec![1.0, 1.5, 2.0_f32]),
        ) {
            // Eighths, so that some edges are just in the middle of a pixel.
            let height = |(top, high, _): &(u8, u8, usize)| {
                let top = f32::from(*top) / 8.0;
                top..top + f32::from(*high) * 1.25
            };
            let heights: Vec<_> = columns.iter().flat_map(|column| vec![height(column); column.2]).take(36).collect();
            let [mut few, mut many] = [Mesh::default(), Mesh::default()];
            add_columns(&mut few, scale, 2.0, 1.0, theme::opaque(), heights.iter().cloned());
            for (column, y) in heights.iter().enumerate().filter(|(_, y)| !y.is_empty()) {
                let x = 2.0 + column as f32;
                many.add_colored_rect(Rect::from_x_y_ranges(x..=x + 1.0, y.start..=y.end), theme::opaque());
            }
            let paint = |mesh: &Mesh| {
                let mut canvas = Canvas::untextured(SIZE, scale);
                let primitive = Primitive::Mesh(mesh.clone());
                canvas.paint(&[ClippedPrimitive { clip_rect: Rect::EVERYTHING, primitive }]);
                canvas.rgba().to_vec()
            };
            prop_assert!(few.indices.len() <= 6 * columns.len());
            prop_assert!(paint(&few) == paint(&many));
        }
    }
}
