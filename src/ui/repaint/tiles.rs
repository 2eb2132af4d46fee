//! In which parts of the window triangles are not what they were. The window is cut into small squares, and each has a digest of all
//! that is drawn in it, in order: where digests are the same, so are the pixels.

use eframe::egui::epaint::{ClippedPrimitive, Mesh, Primitive, Vertex};
use eframe::egui::{Color32, Pos2, Rect, TextureId, Vec2, pos2};

/// Pixels of a side. Smaller ones follow closer what changes, larger ones take less time to compare.
const SIDE: i32 = 32;
/// Parts are painted as one where that paints no more than so many pixels in vain: each has a price of its own.
const IN_VAIN: i64 = 6 * (SIDE * SIDE) as i64;

/// A part of the window, in its own pixels, up to but not with `right` and `bottom`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pixels {
    left: i32,
    top: i32,
    right: i32,
    bottom: i32,
}

impl Pixels {
    pub(super) const fn area(&self) -> i64 {
        (self.right - self.left) as i64 * (self.bottom - self.top) as i64
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }

    /// In points, of which each has `scale` pixels.
    pub(super) fn in_points(self, scale: f32) -> Rect {
        let point = |x: i32, y: i32| pos2(x as f32 / scale, y as f32 / scale);
        Rect::from_min_max(point(self.left, self.top), point(self.right, self.bottom))
    }

    /// The pixels of a clip rectangle, as painters round them.
    pub(super) fn of_clip(clip: Rect, scale: f32) -> Self {
        let round = |points: f32| (points * scale).round() as i32;
        Self { left: round(clip.min.x), top: round(clip.min.y), right: round(clip.max.x), bottom: round(clip.max.y) }
    }

    /// All that have a part in `rect`, which is in pixels: none if it has no area.
    fn around(rect: Rect) -> Self {
        if rect.width() <= 0.0 || rect.height() <= 0.0 {
            return Self { left: 0, top: 0, right: 0, bottom: 0 };
        }
        let (min, max) = (rect.min.floor(), rect.max.ceil());
        Self { left: min.x as i32, top: min.y as i32, right: max.x as i32, bottom: max.y as i32 }
    }

    /// All that are within it.
    fn within(rect: Rect) -> Self {
        let (min, max) = (rect.min.ceil(), rect.max.floor());
        Self { left: min.x as i32, top: min.y as i32, right: max.x as i32, bottom: max.y as i32 }
    }

    pub(super) fn intersect(self, other: Self) -> Self {
        Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        }
    }

    /// A square of the window.
    const fn square(column: i32, row: i32) -> Self {
        Self { left: column * SIDE, top: row * SIDE, right: (column + 1) * SIDE, bottom: (row + 1) * SIDE }
    }

    /// How many pixels of neither would be painted if both were painted as one.
    fn in_vain_with(self, other: Self) -> i64 {
        self.union(other).area() - self.area() - other.area()
    }

    fn words(self) -> [u64; 2] {
        let pair = |a: i32, b: i32| u64::from(a.cast_unsigned()) << 32 | u64::from(b.cast_unsigned());
        [pair(self.left, self.top), pair(self.right, self.bottom)]
    }

    fn union(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }
}

/// The digest of each square, row by row.
pub(super) struct Tiles {
    whole: Pixels,
    columns: i32,
    digests: Vec<u64>,
}

impl Tiles {
    /// Of a window of `size` pixels with these primitives, in points of `scale` pixels each.
    pub(super) fn of(primitives: &[ClippedPrimitive], size: Vec2, scale: f32) -> Self {
        let whole = Pixels { left: 0, top: 0, right: size.x.round() as i32, bottom: size.y.round() as i32 };
        let (columns, rows) = ((whole.right + SIDE - 1) / SIDE, (whole.bottom + SIDE - 1) / SIDE);
        let mut tiles = Self { whole, columns, digests: vec![0; (columns * rows) as usize] };
        for ClippedPrimitive { clip_rect, primitive } in primitives {
            let clip = Pixels::of_clip(*clip_rect, scale).intersect(whole);
            // Nothing here draws in a way of its own.
            if let Primitive::Mesh(mesh) = primitive {
                tiles.add_mesh(mesh, clip, scale);
            }
        }
        tiles
    }

    pub(super) const fn whole(&self) -> Pixels {
        self.whole
    }

    fn add_mesh(&mut self, mesh: &Mesh, clip: Pixels, scale: f32) {
        let vertex = |index: u32| mesh.vertices[index as usize];
        let texture = match mesh.texture_id {
            TextureId::Managed(id) => id << 1,
            TextureId::User(id) => id << 1 | 1,
        };
        let mut indices = mesh.indices.as_slice();
        while let Some(&triangle) = indices.first_chunk::<3>() {
            let Some(corners) = indices.first_chunk::<6>().and_then(|six| quad(*six)) else {
                self.add_piece(triangle.map(vertex), texture, clip, scale);
                indices = &indices[3..];
                continue;
            };
            let corners = corners.map(vertex);
            match solid(corners) {
                Some((rect, vertex)) => self.add_solid(rect * scale, vertex, texture, clip),
                None => self.add_piece(corners, texture, clip, scale),
            }
            indices = &indices[6..];
        }
    }

    /// Of one colour: what is outside of a square makes no difference in it. A bar that grows differs where it ends.
    fn add_solid(&mut self, rect: Rect, vertex: Vertex, texture: u64, clip: Pixels) {
        let color = digest([[texture, pair(vertex.uv)], [word(vertex.color), 0]]);
        let part = Pixels::around(rect).intersect(clip);
        self.add(part, Pixels::within(rect).intersect(clip), color, |square| {
            let part = rect.intersect(square.intersect(clip).in_points(1.0));
            digest([[color, 0], [pair(part.min), pair(part.max)]])
        });
    }

    /// Anything else that has these corners.
    fn add_piece<const CORNERS: usize>(&mut self, corners: [Vertex; CORNERS], texture: u64, clip: Pixels, scale: f32) {
        let bounds = bounds(corners.map(|corner| corner.pos));
        let places = digest(corners.map(|corner| [pair(corner.pos), pair(corner.uv)]));
        let colors = digest(corners.map(|corner| [word(corner.color), texture]));
        let what = mix(places, colors);
        let part = Pixels::around(bounds * scale).intersect(clip);
        self.add(part, clip, what, |square| digest([[what, 0], square.intersect(clip).words()]));
    }

    /// Something is drawn in `part`. In a square that is all within `inside` its digest is `whole`, in others that which `cut` gives.
    fn add(&mut self, part: Pixels, inside: Pixels, whole: u64, cut: impl Fn(Pixels) -> u64) {
        if part.is_empty() {
            return;
        }
        for row in part.top / SIDE..=(part.bottom - 1) / SIDE {
            for column in part.left / SIDE..=(part.right - 1) / SIDE {
                let square = Pixels::square(column, row);
                let what = if square.intersect(inside) == square { whole } else { cut(square) };
                let before = &mut self.digests[(row * self.columns + column) as usize];
                *before = mix(*before, what);
            }
        }
    }

    /// The parts, few and large, outside of which the pixels are those of `before`, a window of the same size. They may overlap.
    pub(super) fn changed(&self, before: &Self) -> Vec<Pixels> {
        let mut parts: Vec<Pixels> = Vec::new();
        let row = self.columns.max(1) as usize;
        let rows = self.digests.chunks(row).zip(before.digests.chunks(row));
        for (row, (now, before)) in rows.enumerate() {
            let mut runs: Vec<Pixels> = Vec::new();
            for (column, _) in now.iter().zip(before).enumerate().filter(|(_, (now, before))| now != before) {
                let square = Pixels::square(column as i32, row as i32).intersect(self.whole);
                match runs.last_mut().filter(|run| run.in_vain_with(square) <= IN_VAIN) {
                    Some(run) => *run = run.union(square),
                    None => runs.push(square),
                }
            }
            for run in runs {
                let nearest = parts.iter_mut().min_by_key(|part| part.in_vain_with(run));
                match nearest.filter(|part| part.in_vain_with(run) <= IN_VAIN) {
                    Some(part) => *part = part.union(run),
                    None => parts.push(run),
                }
            }
        }
        parts
    }
}

/// The corners of a quad as [`Mesh::add_colored_rect`] makes it, if these six make one.
const fn quad(indices: [u32; 6]) -> Option<[u32; 4]> {
    let [first, second, third, third_again, second_again, fourth] = indices;
    if third == third_again && second == second_again { Some([first, second, third, fourth]) } else { None }
}

/// The rectangle that these corners, row by row, are of, and one of them, if all of it has the same colour.
#[expect(clippy::float_cmp, reason = "almost upright is not upright")]
fn solid(corners: [Vertex; 4]) -> Option<(Rect, Vertex)> {
    let [a, b, c, d] = corners;
    let upright = a.pos.x == c.pos.x && b.pos.x == d.pos.x && a.pos.y == b.pos.y && c.pos.y == d.pos.y;
    let same = [b, c, d].iter().all(|corner| corner.color == a.color && corner.uv == a.uv);
    (upright && same).then(|| (Rect::from_two_pos(a.pos, d.pos), a))
}

/// The smallest rectangle around them.
pub(super) fn bounds<const CORNERS: usize>(corners: [Pos2; CORNERS]) -> Rect {
    corners.into_iter().fold(Rect::NOTHING, |bounds, corner| bounds.union(Rect::from_min_max(corner, corner)))
}

const fn word(color: Color32) -> u64 {
    u32::from_le_bytes(color.to_array()) as u64
}

const fn pair(at: Pos2) -> u64 {
    (at.x.to_bits() as u64) << 32 | at.y.to_bits() as u64
}

/// Of words, two by two: their products don't wait for each other.
fn digest<const PAIRS: usize>(words: [[u64; 2]; PAIRS]) -> u64 {
    words.into_iter().fold(0, |digest: u64, [one, other]| digest.rotate_left(29).wrapping_add(mix(one, other)))
}

/// The two halves of a product, laid over each other: each bit of both has a part in all of it (as in wyhash; the constants are its
/// own, odd and without a pattern).
const fn mix(digest: u64, word: u64) -> u64 {
    let product = (digest ^ 0xa076_1d64_78bd_642f) as u128 * (word ^ 0xe703_7ed1_a0b4_28db) as u128;
    (product as u64) ^ (product >> 64) as u64
}
