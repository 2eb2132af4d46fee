//! Shapes as SVG. Bars of one colour are one path, and text stays text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use eframe::egui::epaint::{ClippedShape, ColorMode, PathShape, RectShape, TextShape};
use eframe::egui::{Color32, FontFamily, Mesh, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2};

/// Writes the shapes of a picture of `size` points.
pub(super) fn write(shapes: &[ClippedShape], size: Vec2, out: &mut dyn Write) -> io::Result<()> {
    let mut svg = Svg::default();
    for ClippedShape { clip_rect, shape, .. } in shapes {
        let clip = clip_rect.intersect(Rect::from_min_size(Pos2::ZERO, size));
        if !matches!(shape, Shape::Noop) && clip.is_positive() {
            svg.clipped(clip, shape);
        }
    }
    let Svg { body, clips, .. } = svg;
    let Vec2 { x, y } = size;
    writeln!(out, r#"<svg xmlns="http://www.w3.org/2000/svg" width="{x}" height="{y}" viewBox="0 0 {x} {y}">"#)?;
    writeln!(out, "<defs>\n{clips}</defs>\n{body}</svg>")
}

#[derive(Default)]
struct Svg {
    body: String,
    /// What is cut to what, by what it is cut to.
    clips: String,
    known: BTreeMap<String, usize>,
}

// Writing to a string can't fail.
impl Svg {
    fn clipped(&mut self, clip: Rect, shape: &Shape) {
        let rect = rect_of(clip);
        let next = self.known.len();
        let number = *self.known.entry(rect.clone()).or_insert_with(|| {
            let _ = writeln!(self.clips, r#"<clipPath id="c{next}"><rect {rect}/></clipPath>"#);
            next
        });
        let _ = writeln!(self.body, r#"<g clip-path="url(#c{number})">"#);
        self.shape(shape);
        self.body.push_str("</g>\n");
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| self.shape(shape)),
            Shape::Rect(rect) => self.rect(rect),
            Shape::Text(text) => self.text(text),
            Shape::Mesh(mesh) => self.mesh(mesh),
            Shape::Path(path) => self.path(path),
            Shape::LineSegment { points: [from, to], stroke } => {
                let line = format!(r#"<path d="M{} {}L{} {}""#, from.x, from.y, to.x, to.y);
                let _ = writeln!(self.body, "{line}{}/>", stroked(*stroke));
            }
            Shape::Circle(circle) => {
                let (x, y, r) = (circle.center.x, circle.center.y, circle.radius);
                let paint = format!("{}{}", filled(circle.fill), stroked(circle.stroke));
                let _ = writeln!(self.body, r#"<circle cx="{x}" cy="{y}" r="{r}"{paint}/>"#);
            }
            // The chart has none of these.
            Shape::Noop
            | Shape::Band(_)
            | Shape::Ellipse(_)
            | Shape::QuadraticBezier(_)
            | Shape::CubicBezier(_)
            | Shape::Callback(_) => {}
        }
    }

    fn rect(&mut self, shape: &RectShape) {
        if shape.fill == Color32::TRANSPARENT && shape.stroke.is_empty() {
            return;
        }
        let half = shape.stroke.width / 2.0;
        // SVG strokes the middle of an outline.
        let rect = match shape.stroke_kind {
            StrokeKind::Inside => shape.rect.shrink(half),
            StrokeKind::Middle => shape.rect,
            StrokeKind::Outside => shape.rect.expand(half),
        };
        let radius = shape.corner_radius.nw;
        let paint = format!("{}{}", filled(shape.fill), stroked(shape.stroke));
        let _ = writeln!(self.body, r#"<rect {} rx="{radius}"{paint}/>"#, rect_of(rect));
    }

    fn path(&mut self, path: &PathShape) {
        let stroke = match path.stroke.color {
            ColorMode::Solid(color) => Stroke::new(path.stroke.width, color),
            ColorMode::UV(_) => Stroke::NONE,
        };
        let points: Vec<_> = path.points.iter().map(|point| format!("{} {}", point.x, point.y)).collect();
        let close = if path.closed { "Z" } else { "" };
        let paint = format!("{}{}", filled(path.fill), stroked(stroke));
        let _ = writeln!(self.body, r#"<path d="M{}{close}"{paint}/>"#, points.join("L"));
    }

    /// A row of text an element, from its baseline.
    fn text(&mut self, shape: &TextShape) {
        let Some(section) = shape.galley.job.sections.first() else { return };
        let own = Some(section.format.color).filter(|color| *color != Color32::PLACEHOLDER);
        let color = shape.override_text_color.or(own).unwrap_or(shape.fallback_color);
        let (family, weight) = match &section.format.font_id.family {
            FontFamily::Monospace => ("JetBrains Mono, monospace", 400),
            FontFamily::Proportional => ("Inter, sans-serif", 400),
            FontFamily::Name(_) => ("Inter, sans-serif", 600),
        };
        let size = section.format.font_id.size;
        for row in &shape.galley.rows {
            let Some(first) = row.row.glyphs.first() else { continue };
            let text: String = row.row.glyphs.iter().map(|glyph| glyph.chr).collect();
            let at = shape.pos + row.pos.to_vec2() + first.pos.to_vec2();
            let (x, y, paint) = (at.x, at.y, filled(color));
            let font = format!(r#"font-family="{family}" font-weight="{weight}" font-size="{size}""#);
            let _ = writeln!(self.body, r#"<text x="{x}" y="{y}" {font}{paint}>{}</text>"#, escaped(&text));
        }
    }

    /// Quads of the same colour that follow each other are one path; so the order of what covers what is kept.
    fn mesh(&mut self, mesh: &Mesh) {
        let mut open: Option<(Color32, String)> = None;
        for corners in mesh.indices.as_chunks::<3>().0 {
            let [a, b, c] = corners.map(|corner| mesh.vertices[corner as usize]);
            if open.as_ref().is_none_or(|(color, _)| *color != a.color) {
                self.end_path(open.take());
            }
            let (_, path) = open.get_or_insert_with(|| (a.color, String::new()));
            let _ = write!(path, "M{} {}L{} {}L{} {}Z", a.pos.x, a.pos.y, b.pos.x, b.pos.y, c.pos.x, c.pos.y);
        }
        self.end_path(open);
    }

    fn end_path(&mut self, path: Option<(Color32, String)>) {
        if let Some((color, path)) = path {
            let _ = writeln!(self.body, r#"<path shape-rendering="crispEdges" d="{path}"{}/>"#, filled(color));
        }
    }
}

fn rect_of(rect: Rect) -> String {
    format!(r#"x="{}" y="{}" width="{}" height="{}""#, rect.min.x, rect.min.y, rect.width(), rect.height())
}

/// Colours in files are not multiplied by their alpha.
fn paint(name: &str, color: Color32) -> String {
    let [red, green, blue, alpha] = color.to_srgba_unmultiplied();
    let opacity = f32::from(alpha) / 255.0;
    if alpha == 255 {
        format!(r##" {name}="#{red:02x}{green:02x}{blue:02x}""##)
    } else {
        format!(r##" {name}="#{red:02x}{green:02x}{blue:02x}" {name}-opacity="{opacity:.3}""##)
    }
}

fn filled(color: Color32) -> String {
    if color == Color32::TRANSPARENT { r#" fill="none""#.to_owned() } else { paint("fill", color) }
}

fn stroked(stroke: Stroke) -> String {
    if stroke.is_empty() {
        return String::new();
    }
    format!(r#"{} stroke-width="{}""#, paint("stroke", stroke.color), stroke.width)
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}
