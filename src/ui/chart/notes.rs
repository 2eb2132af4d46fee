//! What was done to a run from outside, and the times that the user marked: a line through the lanes, and below them, where it covers no
//! item, what it says.

use eframe::egui::{Color32, Rect, Role, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::rows::Rows;
use super::{Shown, TimeView};
use crate::ui::format;
use crate::ui::theme::{self, Palette};

/// Lines of text below the lanes, at most, and how high one is.
const MOST_LINES: usize = 3;
const LINE: f32 = 16.0;
/// A longer text ends with `…`; pointing at it tells all.
const WIDEST: f32 = 200.0;

/// All of them, in the order of time.
pub(super) struct Notes {
    notes: Vec<Note>,
    lines: usize,
}

struct Note {
    at: i64,
    text: String,
    of: Of,
    /// Of which colour its run is, if there are several.
    color: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Of {
    /// The number of the run, and which of what was done to it.
    Run(usize, usize),
    User,
}

impl Notes {
    /// Of these runs; `marks` = times that the user marked, in order. The lower the chart, the fewer lines they get.
    pub(super) fn new(shown: &[Shown<'_>], marks: &[i64], height: f32) -> Self {
        /// A line for so much of its height.
        const EACH: f32 = 80.0;

        let several = shown.len() > 1;
        // At a moment that is past, what was done later was not done.
        let done = shown.iter().flat_map(|shown| {
            let (run, color) = (shown.looked_at(), several.then_some(shown.color));
            let done = run.trace.interventions().enumerate();
            done.map(move |(index, (at, what))| {
                let (text, of) = (what.to_string(), Of::Run(run.number, index));
                Note { at: *at, text, of, color }
            })
        });
        let before = std::iter::once(None).chain(marks.iter().copied().map(Some));
        let marked = marks.iter().zip(before).map(|(&at, before)| {
            let since = before.map(|before| format!("  Δ {}", format::duration(at - before))).unwrap_or_default();
            Note { at, text: format!("{}{since}", format::duration(at)), of: Of::User, color: None }
        });
        let mut notes: Vec<_> = done.chain(marked).collect();
        notes.sort_by_key(|note| note.at);
        let lines = notes.len().min(((height / EACH) as usize).clamp(1, MOST_LINES));
        Self { notes, lines }
    }

    /// What they need below the lanes, wherever in the run the chart is.
    pub(super) fn height(&self) -> f32 {
        LINE * self.lines as f32
    }

    /// Draws those that are in sight, through the lanes on `canvas` and below them. A text that fits on no line is left out; its flag
    /// tells it to who points there.
    /// Of several runs, each note goes through the lanes of its own.
    pub(super) fn draw(&self, ui: &Ui, rows: &Rows<'_>, view: TimeView) {
        let (painter, palette, canvas) = (ui.painter(), theme::palette(ui), rows.canvas);
        let mut free_from = [f32::NEG_INFINITY; MOST_LINES];
        let mut texts = Vec::new();
        for note in &self.notes {
            let x = canvas.left() + view.x_of(note.at, canvas.width());
            if !canvas.x_range().contains(x) {
                continue;
            }
            let color = note.color(palette);
            let text = theme::one_line(ui, &note.text, theme::small(), color, WIDEST);
            // At the right edge it stands on the other side.
            let beside = [x + 4.0, x - 4.0 - text.size().x];
            let place = (0..self.lines).find_map(|line| {
                let fits =
                    |left: &f32| *left >= free_from[line].max(canvas.left()) && left + text.size().x <= canvas.right();
                beside.into_iter().find(fits).map(|left| (line, left))
            });
            let foot = canvas.bottom() + LINE * place.map_or(0.0, |(line, _)| line as f32 + 1.0);
            let lanes = match note.of {
                Of::Run(run, _) => rows.of_run(run),
                Of::User => None,
            };
            let lanes = lanes.unwrap_or(canvas.top()..canvas.bottom());
            if lanes.is_empty() {
                // They are scrolled away.
                continue;
            }
            let line = |from: f32, to: f32, color| {
                painter.extend(Shape::dashed_line(&[pos2(x, from), pos2(x, to)], Stroke::new(1.0, color), 3.0, 3.0));
            };
            line(lanes.start, lanes.end, color);
            // From lanes further up to its text, past those of other runs.
            line(lanes.end, canvas.bottom(), color.gamma_multiply(0.25));
            line(canvas.bottom(), foot, color);
            let top = pos2(x, lanes.start);
            let flag = [vec2(0.0, -6.0), vec2(8.0, -2.0), vec2(0.0, 2.0)].map(|corner| top + corner);
            painter.add(Shape::convex_polygon(flag.to_vec(), color, Stroke::NONE));
            let flag = Rect::from_x_y_ranges(x - 3.0..=x + 9.0, top.y - 8.0..=top.y + 6.0);
            let mut sensitive = flag;
            if let Some((line, left)) = place {
                free_from[line] = left + text.size().x + 8.0;
                let at = pos2(left, canvas.bottom() + LINE * line as f32 + 1.0);
                sensitive = Rect::from_min_size(at, text.size());
                texts.push((at, text, color));
            }
            note.tell(ui, sensitive, flag);
        }
        // Above all lines, none of which goes through a text.
        for (at, text, color) in texts {
            let behind = Rect::from_min_size(at, text.size()).expand2(vec2(3.0, 0.0));
            painter.rect_filled(behind, 3.0, palette.background);
            painter.galley(at, text, color);
        }
    }
}

impl Note {
    const fn color(&self, palette: &Palette) -> Color32 {
        match (self.of, self.color) {
            (Of::Run(..), Some(color)) => palette.runs[color],
            (Of::Run(..), None) => palette.text,
            (Of::User, _) => palette.accent,
        }
    }

    /// To who points at it or at its flag, and to readers of the screen.
    fn tell(&self, ui: &Ui, text: Rect, flag: Rect) {
        let label = match self.of {
            Of::Run(..) => format!("{}, at {}", self.text, format::duration(self.at)),
            Of::User => format!("mark: {}", self.text),
        };
        let id = ui.scope_id().with(("note", self.of, self.at));
        let response = ui.interact(text, id, Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &label));
        response.on_hover_text(&label);
        if flag != text {
            ui.interact(flag, id.with("flag"), Sense::hover()).on_hover_text(label);
        }
    }
}
