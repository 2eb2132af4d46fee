//! How long items ran, and how long they waited: two histograms. A drag over one, or the arrows, choose items, which stay bright in the chart and
//! are listed in the table; an area of the chart, in turn, chooses what is counted.

use std::ops::Range;

use eframe::egui::{
    Align2, Color32, EventFilter, Id, Key, Painter, Rect, Response, Role, Sense, Stroke, Ui, UiBuilder, WidgetInfo,
    pos2, vec2,
};
use egui_plot::{Bar, BarChart, PlotBounds};

use super::figure::bare_plot;
use crate::lab::Run;
use crate::trace::Histogram;
use crate::ui::chart::AreaFigures;
use crate::ui::filter::Filter;
use crate::ui::format;
use crate::ui::theme::{self, Palette};

/// Left of the bars, for the highest count; above them, for the title; below, for the times.
const MARGIN: f32 = 44.0;
const TITLE: f32 = 20.0;
const AXIS: f32 = 18.0;
/// No more bars than about twice this.
const BARS: usize = 60;

/// 1, 2 and 5 times the powers of ten, from a nanosecond to 20 seconds; then what clocks have, up to some days.
fn round_times() -> impl Iterator<Item = i64> {
    const SECOND: i64 = 1_000_000_000;
    const MINUTES: [i64; 13] = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_440, 2_880, 5_760];
    let of_ten = (0..11).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_i64.pow(power)));
    of_ten.take_while(|time| *time <= 20 * SECOND).chain(MINUTES.map(|minutes| minutes * 60 * SECOND))
}

/// Draws both, side by side. With an area, only what is in it counts.
pub(super) fn show(ui: &mut Ui, run: Option<&Run>, area: Option<&AreaFigures>, filter: &mut Filter) {
    let palette = theme::palette(ui);
    let place = ui.available_rect_before_wrap();
    ui.allocate_rect(place, Sense::hover());
    let half = (place.width() - 24.0) / 2.0;
    let left = Rect::from_min_size(place.min, vec2(half, place.height()));
    let right = Rect::from_min_size(pos2(left.right() + 24.0, place.top()), left.size());
    let none = Histogram::default();
    let (ran, waited) = match (area, run) {
        (Some(area), _) => (&area.run_times, &area.queue_waits),
        (None, Some(run)) => (run.trace.run_times(), run.trace.queue_waits()),
        (None, None) => (&none, &none),
    };
    let of_area = if area.is_some() { ", in the selected area" } else { "" };
    let none = |what: &str| match (area, run) {
        (Some(_), _) => format!("No item {what} within the selected area."),
        (None, None) => "Nothing has run yet.".to_owned(),
        (None, Some(run)) if run.ended() => format!("No item {what}."),
        (None, Some(_)) => format!("No item has {what} yet."),
    };
    let title = format!("run time{of_area}");
    one(ui, left, &title, ran, &none("finished"), palette.computing, &mut filter.run_time, palette);
    let title = format!("waited until started{of_area}");
    one(ui, right, &title, waited, &none("started"), palette.pending, &mut filter.wait, palette);
}

/// Where on the screen the buckets are.
#[derive(Clone, Copy)]
struct Scale {
    inner: Rect,
    /// The buckets at its edges; so many are one bar.
    from: f64,
    to: f64,
    group: usize,
}

impl Scale {
    fn bucket_at(self, x: f32) -> usize {
        let part = ((x - self.inner.left()) / self.inner.width()).clamp(0.0, 1.0);
        (self.from + f64::from(part) * (self.to - self.from)).floor().max(0.0) as usize
    }

    fn x_of(self, bucket: f64) -> f32 {
        self.inner.left() + ((bucket - self.from) / (self.to - self.from)) as f32 * self.inner.width()
    }

    /// Whether that time is on it.
    fn holds(self, time: i64) -> bool {
        (self.from..self.to).contains(&(Histogram::bucket_of(time) as f64))
    }

    /// The time in its middle.
    fn middle(self) -> i64 {
        Histogram::times_of(f64::midpoint(self.from, self.to) as usize).start
    }

    /// Of times that lie far apart, several buckets are one bar.
    fn new(inner: Rect, buckets: &[(usize, u64)]) -> (Self, Vec<(usize, u64)>) {
        let first = buckets.first().map_or(0, |bucket| bucket.0);
        let last = buckets.last().map_or(0, |bucket| bucket.0);
        let group = ((last - first) / BARS).next_power_of_two();
        let mut bars: Vec<(usize, u64)> = Vec::new();
        for &(bucket, count) in buckets {
            let start = bucket / group * group;
            match bars.last_mut() {
                Some(bar) if bar.0 == start => bar.1 += count,
                _ => bars.push((start, count)),
            }
        }
        // Room around a single bar.
        let room = 4.0 * group as f64;
        (Self { inner, from: first as f64 - room, to: last as f64 + room + 1.0, group }, bars)
    }
}

/// One of them, or why there is `none`.
#[expect(clippy::too_many_arguments, reason = "where, what and for whom")]
fn one(
    ui: &mut Ui,
    area: Rect,
    title: &str,
    histogram: &Histogram,
    none: &str,
    color: Color32,
    chosen: &mut Option<Range<i64>>,
    palette: &Palette,
) {
    let painter = ui.painter().clone();
    let figures = format!(
        "median {} · 95 % at most about {} · {} items",
        format::duration(histogram.quantile(50)),
        format::duration(histogram.quantile(95)),
        format::count(histogram.total() as usize)
    );
    let named = painter.text(area.left_top(), Align2::LEFT_TOP, title, theme::small(), palette.text);
    if histogram.total() == 0 {
        painter.text(area.center(), Align2::CENTER_CENTER, none, theme::small(), palette.dim);
        let response = ui.interact(area, Id::unique(("brush", title)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("histogram of {title}: {none}")));
        return;
    }
    let text = painter.layout_no_wrap(figures.clone(), theme::small(), palette.dim);
    if named.right() + 12.0 + text.size().x <= area.right() {
        painter.galley(pos2(area.right() - text.size().x, area.top()), text, palette.dim);
    }
    let inner = Rect::from_min_max(area.min + vec2(MARGIN, TITLE), area.max - vec2(0.0, AXIS));
    let (scale, bars) = Scale::new(inner, &histogram.buckets().collect::<Vec<_>>());
    let highest = bars.iter().map(|bar| bar.1).max().unwrap_or(1);
    draw_bars(ui, scale, &bars, highest, color, chosen.as_ref());
    painter.hline(inner.x_range(), inner.bottom(), Stroke::new(1.0, palette.line));
    let top = format::count(highest as usize);
    painter.text(pos2(inner.left() - 6.0, inner.top()), Align2::RIGHT_TOP, top, theme::small(), palette.dim);
    draw_times(&painter, palette, scale, area.right());
    let response = ui.interact(inner, Id::unique(("brush", title)), Sense::click_and_drag());
    brush(ui, &response, scale, chosen);
    if response.has_focus() {
        *chosen = chosen_by_key(ui, &response, scale.group, &bars, chosen.take());
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, told(title, &figures, &bars, chosen.as_ref())));
    if let Some(chosen) = chosen {
        let x = |time: i64| scale.x_of(Histogram::bucket_of(time) as f64).clamp(inner.left(), inner.right());
        let covered = Rect::from_x_y_ranges(x(chosen.start)..=x(chosen.end), inner.y_range());
        painter.rect_filled(covered, 0.0, palette.accent.gamma_multiply(0.12));
    }
    if let Some(at) = response.hover_pos() {
        let start = scale.bucket_at(at.x) / scale.group * scale.group;
        let count = bars.iter().find(|bar| bar.0 == start).map_or(0, |bar| bar.1);
        let time = |bucket: usize| format::duration(Histogram::times_of(bucket).start);
        let (count, from, to) = (format::count(count as usize), time(start), time(start + scale.group));
        response.on_hover_text_at_pointer(format!("{count} items from {from} to {to}\nDrag: choose items; click: all. By key: ← → choose, Shift takes in more, Enter: all"));
    }
}

fn draw_bars(
    ui: &mut Ui,
    scale: Scale,
    bars: &[(usize, u64)],
    highest: u64,
    color: Color32,
    chosen: Option<&Range<i64>>,
) {
    let Scale { inner, from, to, group } = scale;
    let drawn = bars.iter().filter(|bar| bar.1 > 0).map(|&(bucket, count)| {
        let times = Histogram::times_of(bucket);
        let bright = chosen.is_none_or(|chosen| chosen.contains(&times.start));
        let color = if bright { color } else { color.gamma_multiply(0.3) };
        let (middle, width) = (bucket as f64 + group as f64 / 2.0, group as f64 * 0.9);
        Bar::new(middle, count as f64).width(width).fill(color).stroke(Stroke::NONE)
    });
    let chart = BarChart::new("items", drawn.collect()).allow_hover(false);
    ui.scope_builder(UiBuilder::new().max_rect(inner), |ui| {
        bare_plot(("histogram", color), inner.size()).show(ui, |plot| {
            plot.set_plot_bounds(PlotBounds::from_min_max([from, 0.0], [to, highest as f64 * 1.06]));
            plot.bar_chart(chart);
        });
    });
}

/// Round times below the bars, as far as there is room.
fn draw_times(painter: &Painter, palette: &Palette, scale: Scale, right: f32) {
    let inner = scale.inner;
    let mut free_from = inner.left();
    let round: Vec<_> = round_times().filter(|time| scale.holds(*time)).collect();
    // Where all times are alike, no round one may be among them.
    let is_round = !round.is_empty();
    let shown = if is_round { round } else { vec![scale.middle()] };
    for time in shown {
        let bucket = Histogram::bucket_of(time);
        let times = Histogram::times_of(bucket);
        let x = scale.x_of(bucket as f64 + (time - times.start) as f64 / (times.end - times.start) as f64);
        let text = if is_round { format::short(time) } else { format::duration(time) };
        let text = painter.layout_no_wrap(text, theme::small(), palette.dim);
        let at = pos2(x - text.size().x / 2.0, inner.bottom() + 3.0);
        if at.x >= free_from && at.x + text.size().x <= right {
            free_from = at.x + text.size().x + 16.0;
            painter.vline(x, inner.bottom()..=inner.bottom() + 3.0, Stroke::new(1.0, palette.dim));
            painter.galley(at, text, palette.dim);
        }
    }
}

/// The histogram in words, and what is chosen of it.
fn told(title: &str, figures: &str, bars: &[(usize, u64)], chosen: Option<&Range<i64>>) -> String {
    let Some(times) = chosen else { return format!("histogram of {title}: {figures}") };
    let within = |bar: &&(usize, u64)| times.contains(&Histogram::times_of(bar.0).start);
    let count: u64 = bars.iter().filter(within).map(|bar| bar.1).sum();
    let (from, to) = (format::duration(times.start), format::duration(times.end));
    format!("histogram of {title}: {} items from {from} to {to} chosen, of {figures}", format::count(count as usize))
}

/// The arrows go from bar to bar, and with Shift take one more; what is empty is passed over. Each bar holds `group` buckets.
fn chosen_by_key(
    ui: &Ui,
    response: &Response,
    group: usize,
    bars: &[(usize, u64)],
    chosen: Option<Range<i64>>,
) -> Option<Range<i64>> {
    let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let (more, forward) = ui.input(|input| {
        let pressed = |key| i64::from(input.key_pressed(key));
        (input.modifiers.shift, pressed(Key::ArrowRight) - pressed(Key::ArrowLeft))
    });
    let full: Vec<usize> = bars.iter().filter(|bar| bar.1 > 0).map(|bar| bar.0).collect();
    let (Some(last), false) = (full.len().checked_sub(1), forward == 0) else { return chosen };
    let within = |bar: &usize| chosen.as_ref().is_some_and(|times| times.contains(&Histogram::times_of(*bar).start));
    let those = full.iter().position(within).zip(full.iter().rposition(within));
    let (one, other) = match (those, forward > 0) {
        (None, true) => (0, 0),
        (None, false) => (last, last),
        (Some((one, other)), true) => (one, (other + 1).min(last)),
        (Some((one, other)), false) => (one.saturating_sub(1), other),
    };
    let (one, other) = match (more, forward > 0) {
        (true, _) => (one, other),
        (false, true) => (other, other),
        (false, false) => (one, one),
    };
    Some(Histogram::times_of(full[one]).start..Histogram::times_of(full[other] + group - 1).end)
}

/// A drag chooses, a click lets go.
fn brush(ui: &Ui, response: &Response, scale: Scale, chosen: &mut Option<Range<i64>>) {
    if response.dragged()
        && let Some((begun, at)) = ui.input(|input| input.pointer.press_origin()).zip(response.interact_pointer_pos())
    {
        let (one, other) = (scale.bucket_at(begun.x), scale.bucket_at(at.x));
        *chosen = Some(Histogram::times_of(one.min(other)).start..Histogram::times_of(one.max(other)).end);
    } else if response.clicked() {
        *chosen = None;
    }
}
