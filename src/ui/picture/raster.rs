//! Triangles to pixels, by the processor: what a graphics card does with egui's meshes, blending included.

use std::collections::HashMap;

use eframe::egui::epaint::{ClippedPrimitive, ImageData, Mesh, Primitive, Vertex};
use eframe::egui::{ColorImage, Rect, TextureId, TexturesDelta, Vec2};

/// Pixels, with red, green, blue and alpha of each, multiplied by alpha as egui does it.
pub(in crate::ui) struct Canvas {
    width: usize,
    height: usize,
    /// Pixels a point.
    scale: f32,
    pixels: Vec<u8>,
    textures: HashMap<TextureId, ColorImage>,
}

impl Canvas {
    /// An empty one of `size` points.
    pub(in crate::ui) fn new(size: Vec2, scale: f32) -> Self {
        let (width, height) = ((size.x * scale).round() as usize, (size.y * scale).round() as usize);
        Self { width, height, scale, pixels: vec![0; width * height * 4], textures: HashMap::new() }
    }

    /// An empty one for what has only colours.
    #[cfg(test)]
    pub(in crate::ui) fn untextured(size: Vec2, scale: f32) -> Self {
        let white = ColorImage::filled([1, 1], crate::ui::theme::opaque());
        Self { textures: HashMap::from([(TextureId::default(), white)]), ..Self::new(size, scale) }
    }

    /// In pixels.
    pub(in crate::ui) const fn size(&self) -> (u32, u32) {
        (self.width as u32, self.height as u32)
    }

    /// Row by row, four bytes a pixel.
    pub(in crate::ui) fn rgba(&self) -> &[u8] {
        &self.pixels
    }

    /// Takes what has changed of the textures.
    pub(in crate::ui) fn set_textures(&mut self, delta: &TexturesDelta) {
        for (id, changes) in &delta.set {
            for change in changes {
                let ImageData::Color(patch) = &change.image;
                match (change.pos, self.textures.get_mut(id)) {
                    (Some([left, top]), Some(texture)) => {
                        for row in 0..patch.height() {
                            let from = row * patch.width();
                            let to = (top + row) * texture.width() + left;
                            texture.pixels[to..to + patch.width()]
                                .copy_from_slice(&patch.pixels[from..from + patch.width()]);
                        }
                    }
                    _ => drop(self.textures.insert(*id, (**patch).clone())),
                }
            }
        }
    }

    /// Draws it all, in order.
    pub(in crate::ui) fn paint(&mut self, primitives: &[ClippedPrimitive]) {
        for ClippedPrimitive { clip_rect, primitive } in primitives {
            // Nothing here draws in a way of its own.
            if let Primitive::Mesh(mesh) = primitive {
                self.mesh(mesh, *clip_rect);
            }
        }
    }

    fn mesh(&mut self, mesh: &Mesh, clip: Rect) {
        let pixel = |points: f32, limit: usize| ((points * self.scale).round().max(0.0) as usize).min(limit);
        let clip = Clip {
            left: pixel(clip.min.x, self.width),
            top: pixel(clip.min.y, self.height),
            right: pixel(clip.max.x, self.width),
            bottom: pixel(clip.max.y, self.height),
        };
        let Some(texture) = self.textures.remove(&mesh.texture_id) else { return };
        for corners in mesh.indices.as_chunks::<3>().0 {
            self.triangle(corners.map(|corner| mesh.vertices[corner as usize]), &texture, &clip);
        }
        self.textures.insert(mesh.texture_id, texture);
    }

    fn triangle(&mut self, mut corners: [Vertex; 3], texture: &ColorImage, clip: &Clip) {
        let scale = f64::from(self.scale);
        let at = |corner: &Vertex| (f64::from(corner.pos.x) * scale, f64::from(corner.pos.y) * scale);
        let area = edge(at(&corners[0]), at(&corners[1]), at(&corners[2]));
        if area == 0.0 || !area.is_finite() {
            return;
        }
        if area < 0.0 {
            corners.swap(1, 2);
        }
        let [a, b, c] = [at(&corners[0]), at(&corners[1]), at(&corners[2])];
        let area = area.abs();
        let sides = [(b, c), (c, a), (a, b)];
        let bound = |low: f64, high: f64| (low.max(0.0).floor() as usize, high.max(0.0).ceil() as usize);
        let (left, right) = bound(a.0.min(b.0).min(c.0), a.0.max(b.0).max(c.0));
        let (top, bottom) = bound(a.1.min(b.1).min(c.1), a.1.max(b.1).max(c.1));
        for y in top.max(clip.top)..bottom.min(clip.bottom) {
            for x in left.max(clip.left)..right.min(clip.right) {
                let middle = (x as f64 + 0.5, y as f64 + 0.5);
                let weights = sides.map(|(from, to)| edge(from, to, middle));
                // A pixel on the border of two triangles belongs to one of them.
                let inside = weights
                    .iter()
                    .zip(&sides)
                    .all(|(weight, (from, to))| *weight > 0.0 || *weight == 0.0 && is_top_or_left(*from, *to));
                if inside {
                    let weights = weights.map(|weight| (weight / area) as f32);
                    self.blend(x, y, shade(&corners, weights, texture));
                }
            }
        }
    }

    /// Lays a colour, multiplied by its alpha, over a pixel.
    fn blend(&mut self, x: usize, y: usize, color: [f32; 4]) {
        let start = (y * self.width + x) * 4;
        let below = 1.0 - color[3] / 255.0;
        for (channel, value) in self.pixels[start..start + 4].iter_mut().zip(color) {
            *channel = (value + f32::from(*channel) * below).round().clamp(0.0, 255.0) as u8;
        }
    }
}

struct Clip {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

/// Twice the area of the triangle, positive if it turns clockwise on the screen.
fn edge(from: (f64, f64), to: (f64, f64), point: (f64, f64)) -> f64 {
    (to.0 - from.0) * (point.1 - from.1) - (to.1 - from.1) * (point.0 - from.0)
}

#[expect(clippy::float_cmp, reason = "neighbouring triangles have the very same corners")]
fn is_top_or_left(from: (f64, f64), to: (f64, f64)) -> bool {
    (from.1 == to.1 && to.0 > from.0) || to.1 < from.1
}

/// The colour between the corners, times that of the texture there.
fn shade(corners: &[Vertex; 3], weights: [f32; 3], texture: &ColorImage) -> [f32; 4] {
    let mix = |value: &dyn Fn(&Vertex) -> f32| {
        corners.iter().zip(weights).map(|(corner, weight)| value(corner) * weight).sum::<f32>()
    };
    let (u, v) = (mix(&|corner| corner.uv.x), mix(&|corner| corner.uv.y));
    let texel = |part: f32, size: usize| ((part * size as f32).max(0.0) as usize).min(size - 1);
    let index = texel(v, texture.height()) * texture.width() + texel(u, texture.width());
    let texel = texture.pixels[index].to_array();
    std::array::from_fn(|channel| {
        mix(&|corner| f32::from(corner.color.to_array()[channel])) * f32::from(texel[channel]) / 255.0
    })
}

#[cfg(test)]
mod tests {
    use eframe::egui::{Color32, Mesh as EguiMesh, pos2, vec2};

    use super::*;
    use crate::ui::theme;

    fn quad(rect: Rect, color: Color32) -> ClippedPrimitive {
        let mut mesh = EguiMesh::default();
        mesh.add_colored_rect(rect, color);
        ClippedPrimitive { clip_rect: Rect::EVERYTHING, primitive: Primitive::Mesh(mesh) }
    }

    /// Its two triangles share an edge: no pixel on it is left out or painted twice.
    #[test]
    fn a_translucent_quad_is_even() {
        let mut canvas = Canvas::untextured(vec2(10.0, 10.0), 1.0);
        let color = theme::opaque().gamma_multiply(0.5);
        canvas.paint(&[quad(Rect::from_min_max(pos2(2.0, 1.0), pos2(9.0, 8.0)), color)]);
        for y in 0..10 {
            for x in 0..10 {
                let inside = (2..9).contains(&x) && (1..8).contains(&y);
                let pixel = &canvas.rgba()[(y * 10 + x) * 4..][..4];
                assert_eq!(pixel, if inside { color.to_array() } else { [0; 4] }, "{x}, {y}");
            }
        }
    }

    #[test]
    fn nothing_is_painted_outside_of_its_clip() {
        let mut canvas = Canvas::untextured(vec2(10.0, 10.0), 1.0);
        let mut primitive = quad(Rect::from_min_max(pos2(-50.0, -50.0), pos2(50.0, 50.0)), theme::opaque());
        primitive.clip_rect = Rect::from_min_max(pos2(3.0, 3.0), pos2(5.0, 6.0));
        canvas.paint(&[primitive]);
        let painted = canvas.rgba().chunks(4).filter(|pixel| pixel[3] > 0).count();
        assert_eq!(painted, 2 * 3);
    }
}
