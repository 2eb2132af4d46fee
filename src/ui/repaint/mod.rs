//! Only what changed since the last frame is painted again. Everything is described anew with each frame, which is quick; to make
//! pixels of it is not, above all where there is no graphics card: there a picture of the whole window costs as much as many tasks.
//!
//! The way of a frame: egui's shapes become triangles, [`tiles`] finds the parts of the window in which they are not what they were,
//! and only these are painted, over a picture that is [kept](kept_picture) from frame to frame and then shown.

mod kept_picture;
mod tiles;

use std::sync::Arc;

use eframe::egui::emath::TSTransform;
use eframe::egui::epaint::mutex::Mutex;
use eframe::egui::epaint::{ClippedPrimitive, ClippedShape, Mesh, PaintCallback, Primitive};
use eframe::egui::{Color32, Context, FullOutput, Plugin, Rect, Shape};
use eframe::egui_glow::CallbackFn;
use eframe::glow;

use super::stopwatch::{Stopwatch, Taken};
use super::theme;
use kept_picture::KeptPicture;
use tiles::{Pixels, Tiles};

/// See the module. It lasts as long as the window.
pub(super) struct Repaint {
    kept: Arc<Mutex<KeptPicture>>,
    /// What the last frame was made of.
    before: Option<Frame>,
    /// How much of the window was painted for it, from 0 to 1.
    share: f32,
    /// What it took to compare it with the one before.
    taken: Taken,
}

/// What a picture depends on.
struct Frame {
    number: u64,
    background: Color32,
    tiles: Tiles,
}

impl Repaint {
    /// `None` if the driver is too old to keep a picture.
    pub(super) fn new(gl: &glow::Context) -> Option<Self> {
        let kept = Arc::new(Mutex::new(KeptPicture::new(gl)?));
        Some(Self { kept, before: None, share: 1.0, taken: Taken::default() })
    }

    /// How much of the window was painted for the last frame, from 0 to 1.
    pub(super) const fn share(&self) -> f32 {
        self.share
    }

    /// What it took to compare the last frame with the one before.
    pub(super) const fn taken(&self) -> Taken {
        self.taken
    }

    /// The parts that have to be painted to make a picture of the last frame one of this; `None` = all of it.
    fn changed(&self, frame: &Frame) -> Option<Vec<Pixels>> {
        let whole = frame.tiles.whole();
        let before = self.before.as_ref().filter(|before| self.kept.lock().number() == Some(before.number))?;
        let same_window = before.background == frame.background && before.tiles.whole() == whole;
        let parts = same_window.then(|| frame.tiles.changed(&before.tiles))?;
        (area(&parts) < whole.area() / 2).then_some(parts)
    }

    /// Takes away what is in that part of the picture.
    fn clear(&self, part: Rect, background: Color32) -> ClippedShape {
        self.callback(part, move |kept, gl, size| kept.clear(gl, size, background.to_normalized_gamma_f32()))
    }

    fn callback(
        &self,
        rect: Rect,
        act: impl Fn(&mut KeptPicture, &glow::Context, [u32; 2]) + Send + Sync + 'static,
    ) -> ClippedShape {
        let kept = Arc::clone(&self.kept);
        let callback = CallbackFn::new(move |info, painter| act(&mut kept.lock(), painter.gl(), info.screen_size_px));
        clipped(rect, Shape::Callback(PaintCallback { rect, callback: Arc::new(callback) }))
    }
}

impl Plugin for Repaint {
    fn debug_name(&self) -> &'static str {
        "repaint"
    }

    fn output_hook(&mut self, context: &Context, output: &mut FullOutput) {
        let stopwatch = Stopwatch::start();
        let scale = output.pixels_per_point;
        let primitives = context.tessellate(std::mem::take(&mut output.shapes), scale);
        let size = context.input(|input| input.viewport_rect().size()) * scale;
        let tiles = Tiles::of(&primitives, size, scale);
        // What was drawn with letters that are somewhere else now looks as it did; what is drawn with them may not.
        let new_textures = output.textures_delta.set.values().flatten().any(|change| change.pos.is_none());
        if new_textures {
            self.before = None;
        }
        // A frame that was described but not painted, or described twice, leaves the picture with another number: then all is painted.
        let number = context.cumulative_frame_nr();
        let frame = Frame { number, background: theme::clear_color(&context.global_style().visuals), tiles };
        let changed = self.changed(&frame);
        let all = changed.is_none();
        let whole = frame.tiles.whole();
        let parts = changed.unwrap_or_else(|| vec![whole]);
        self.share = area(&parts) as f32 / whole.area().max(1) as f32;
        let height = whole.in_points(scale).bottom();
        // Each part is emptied right before it is painted: where parts overlap, nothing is laid over itself.
        for part in parts {
            output.shapes.push(self.clear(upside_down(part.in_points(scale), height), frame.background));
            output.shapes.extend(primitives.iter().filter_map(|primitive| cut(primitive, part, scale, height)));
        }
        output.shapes.push(self.callback(whole.in_points(scale), move |kept, gl, _| kept.show(gl, number, all)));
        self.before = Some(frame);
        self.taken = stopwatch.taken();
    }
}

fn area(parts: &[Pixels]) -> i64 {
    parts.iter().map(Pixels::area).sum()
}

const fn clipped(clip_rect: Rect, shape: Shape) -> ClippedShape {
    ClippedShape { clip_rect, shape, transform_after_tessellation: TSTransform::IDENTITY }
}

/// See [`kept_picture`].
fn upside_down(rect: Rect, height: f32) -> Rect {
    Rect::from_x_y_ranges(rect.x_range(), height - rect.bottom()..=height - rect.top())
}

/// What of it is to be painted in `part`, upside down.
fn cut(primitive: &ClippedPrimitive, part: Pixels, scale: f32, height: f32) -> Option<ClippedShape> {
    let Primitive::Mesh(mesh) = &primitive.primitive else { return None };
    // Rounded before it is turned over: halves would be rounded the other way.
    let clip = Pixels::of_clip(primitive.clip_rect, scale).intersect(part);
    if clip.is_empty() {
        return None;
    }
    let clip = clip.in_points(scale);
    let mut mesh = triangles_in(mesh, clip.expand(1.0))?;
    for vertex in &mut mesh.vertices {
        vertex.pos.y = height - vertex.pos.y;
    }
    Some(clipped(upside_down(clip, height), Shape::mesh(mesh)))
}

/// Those that touch `part`, if any.
fn triangles_in(mesh: &Mesh, part: Rect) -> Option<Mesh> {
    const NOT_YET: u32 = u32::MAX;
    let mut cut = Mesh::with_texture(mesh.texture_id);
    // Where each vertex is in the new one.
    let mut places = Vec::new();
    for corners in mesh.indices.as_chunks::<3>().0 {
        let bounds = tiles::bounds(corners.map(|corner| mesh.vertices[corner as usize].pos));
        if !bounds.intersects(part) {
            continue;
        }
        places.resize(mesh.vertices.len(), NOT_YET);
        for &corner in corners {
            let place = &mut places[corner as usize];
            if *place == NOT_YET {
                *place = cut.vertices.len() as u32;
                cut.vertices.push(mesh.vertices[corner as usize]);
            }
            cut.indices.push(*place);
        }
    }
    (!cut.indices.is_empty()).then_some(cut)
}

#[cfg(test)]
mod tests {
    use eframe::egui::{Pos2, Vec2, pos2, vec2};
    use proptest::prelude::*;

    use super::*;
    use crate::ui::picture::raster::Canvas;

    const SIZE: Vec2 = vec2(150.0, 100.0);

    /// Something that can be drawn, in a clip of its own.
    #[derive(Clone, Debug)]
    enum Thing {
        Quad(Rect, Color32),
        Triangle([Pos2; 3], Color32),
    }

    fn place() -> impl Strategy<Value = Pos2> {
        // Halves too, and places outside.
        ((-40..400_i32), (-40..300_i32)).prop_map(|(x, y)| pos2(x as f32 / 2.0, y as f32 / 2.0))
    }

    fn color() -> impl Strategy<Value = Color32> {
        let shades = [theme::opaque(), theme::opaque().gamma_multiply(0.5), theme::opaque().gamma_multiply(0.2)];
        prop::sample::select(shades.to_vec())
    }

    fn thing() -> impl Strategy<Value = (Rect, Thing)> {
        let rect = || (place(), place()).prop_map(|(a, b)| Rect::from_two_pos(a, b));
        let clip = prop_oneof![Just(Rect::EVERYTHING), rect()];
        let quad = (rect(), color()).prop_map(|(rect, color)| Thing::Quad(rect, color));
        let triangle = ([place(), place(), place()], color()).prop_map(|(at, color)| Thing::Triangle(at, color));
        (clip, prop_oneof![3 => quad, 1 => triangle])
    }

    fn primitive((clip_rect, thing): &(Rect, Thing)) -> ClippedPrimitive {
        let mut mesh = Mesh::default();
        match thing {
            Thing::Quad(rect, color) => mesh.add_colored_rect(*rect, *color),
            Thing::Triangle(corners, color) => {
                for corner in corners {
                    mesh.colored_vertex(*corner, *color);
                }
                mesh.add_triangle(0, 1, 2);
            }
        }
        ClippedPrimitive { clip_rect: *clip_rect, primitive: Primitive::Mesh(mesh) }
    }

    /// Paints these parts of what `things` make, and nothing else.
    fn paint(canvas: &mut Canvas, things: &[ClippedPrimitive], parts: &[Pixels], scale: f32) {
        for part in parts {
            let empty = upside_down(part.in_points(scale), SIZE.y);
            canvas.paint(&[primitive(&(empty, Thing::Quad(empty.expand(1.0), Color32::DARK_GRAY)))]);
            for cut in things.iter().filter_map(|thing| cut(thing, *part, scale, SIZE.y)) {
                let Shape::Mesh(mesh) = cut.shape else { panic!("only meshes are cut") };
                let primitive = Primitive::Mesh((*mesh).clone());
                canvas.paint(&[ClippedPrimitive { clip_rect: cut.clip_rect, primitive }]);
            }
        }
    }

    proptest! {
        // Pictures of which each pixel is computed take their time.
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// What was taken away, added or laid over something else: with only the parts painted that are said to have changed, the
        /// picture is the one that it is when all is painted.
        #[test]
        fn the_rest_is_as_it_was(
            things in prop::collection::vec((thing(), 0..4), 1..20), scale in prop::sample::select(vec![1.0, 1.5, 2.0_f32]),
        ) {
            // Some are only in one of the pictures.
            let of = |without: i32| -> Vec<_> {
                things.iter().filter(|(_, which)| *which != without).map(|(thing, _)| primitive(thing)).collect()
            };
            let (before, now) = (of(0), of(1));
            let tiles = |things: &[ClippedPrimitive]| Tiles::of(things, SIZE * scale, scale);
            let (tiles_before, tiles_now) = (tiles(&before), tiles(&now));
            let [mut kept, mut anew] = [(); 2].map(|()| Canvas::untextured(SIZE, scale));
            paint(&mut kept, &before, &[tiles_before.whole()], scale);
            paint(&mut kept, &now, &tiles_now.changed(&tiles_before), scale);
            paint(&mut anew, &now, &[tiles_now.whole()], scale);
            prop_assert!(kept.rgba() == anew.rgba());
        }
    }

    /// A bar that grows is painted where it grows, and a window in which nothing happens not at all.
    #[test]
    fn little_is_painted_where_little_happens() {
        let bar = |end: f32| {
            let bar = |top: f32| Thing::Quad(Rect::from_min_max(pos2(3.0, top), pos2(end, top + 8.0)), theme::opaque());
            Tiles::of(&[10.0, 50.0].map(|top| primitive(&(Rect::EVERYTHING, bar(top)))), SIZE, 1.0)
        };
        let parts = bar(101.0).changed(&bar(100.0));
        assert_eq!(parts.len(), 1);
        assert!(area(&parts) <= 2 * 32 * 64, "{parts:?}");
        assert!(bar(100.0).changed(&bar(100.0)).is_empty());
    }
}
