//! The data flow: every queue that the executor in use really has, in the order in which calls go through them, with the calls
//! themselves as chips: the next to leave a queue stands first.

use eframe::egui::{
    Align2, Color32, CursorIcon, FontId, Id, Painter, Pos2, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui,
    WidgetInfo, pos2, vec2,
};

use super::action::Action;
use super::chart::Selection;
use super::theme::{self, Palette};
use super::{focus, format, readers};
use crate::lab::{ExecutorKind, Run};
use crate::trace::{Stage, Trace};

const HEIGHT: f32 = 86.0;
const BOX_TOP: f32 = 20.0;
const BOX_HEIGHT: f32 = 38.0;
const ARROW: f32 = 26.0;
const DONE_WIDTH: f32 = 150.0;
const NARROW_DONE_WIDTH: f32 = 126.0;
/// Where there is less room than this, arrows and counts get less of it; with still less, what is done stands below the queues.
const NARROW: f32 = 860.0;
const NARROWER: f32 = 620.0;
const LINE: f32 = 18.0;
/// Around a chip's text, between chips, and the narrowest chip.
const CHIP_PADDING: f32 = 6.0;
const CHIP_GAP: f32 = 4.0;
const CHIP_WIDTH: f32 = 24.0;
const CHIP_HEIGHT: f32 = 22.0;
const NARROWEST_PLACE: f32 = 7.0;
/// Below the first stands what can be cancelled.
const NARROWEST_STATION: f32 = 94.0;
/// Between a title and the number beside it.
const BESIDE_TITLE: f32 = 6.0;

/// A queue, or the workers.
struct Station {
    title: &'static str,
    /// What is in it, and how much fits if that is limited.
    count: usize,
    capacity: Option<usize>,
    /// The calls in it, as far as there may be room for them.
    calls: Vec<u32>,
    color: fn(&Palette) -> Color32,
    help: &'static str,
    weight: f32,
    /// It is full, and what comes before it has to wait.
    holds_back: bool,
}

/// A call as it is drawn.
struct Chip {
    call: u32,
    clicked: bool,
}

/// More chips than this fit on no screen.
const CHIPS: usize = 120;

/// Draws the row; `selected` = the call that is looked at. Without a run it shows, empty, what the executor `planned` would have.
pub(super) fn show(
    ui: &mut Ui,
    planned: ExecutorKind,
    run: Option<&Run>,
    selected: Option<u32>,
    actions: &mut Vec<Action>,
) {
    let kind = run.map_or(planned, |run| run.settings.executor);
    let is_below = ui.available_width() < NARROWER;
    let height = if is_below { HEIGHT + LINE } else { HEIGHT };
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), height));
    let id = Id::unique("data flow");
    let palette = theme::palette(ui);
    let painter = ui.painter().with_clip_rect(rect.expand(2.0));
    let stations = stations(kind, run);
    let weights: f32 = stations.iter().map(|station| station.weight).sum();
    let needs: Vec<_> = stations.iter().map(|station| needs(&painter, station)).collect();
    let (arrow_width, done_width) = match rect.width() {
        // No arrow after the last.
        ..NARROWER => (16.0, -16.0),
        ..NARROW => (20.0, done_needs(&painter, run).max(NARROW_DONE_WIDTH)),
        _ => (ARROW, done_needs(&painter, run).max(DONE_WIDTH)),
    };
    let room = rect.width() - done_width - arrow_width * stations.len() as f32;
    let mut x = rect.left();
    let mut edges = Vec::new();
    let told = readers::are_there(ui.ctx()).then(|| in_words(&stations, run));
    let whole = ui.interact(rect, id, Sense::focusable_noninteractive());
    let of = run.map(|run| (run.number, run.ended(), run.moment.is_some()));
    let told = readers::calm(&whole, of, told.unwrap_or_default());
    whole.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("data flow: {told}")));
    let mut drawn = Vec::new();
    for (index, station) in stations.iter().enumerate() {
        let width = needs[index] + (room - needs.iter().sum::<f32>()) * station.weight / weights;
        let area = Rect::from_min_size(pos2(x, rect.top()), vec2(width, BOX_TOP + BOX_HEIGHT));
        let amount = amount(station);
        let response = ui.interact(area, id.with(index), Sense::hover()).on_hover_text(station.help);
        let label = format!("{}: {amount}", station.title);
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &label));
        let inner = draw_station(&painter, palette, area, station);
        if let Some(run) = run {
            chips(ui, id.with(("chips", run.number)), palette, inner, station, run, selected, &mut drawn);
        }
        let middle = rect.top() + BOX_TOP + BOX_HEIGHT / 2.0;
        if !is_below || index + 1 < stations.len() {
            arrow(&painter, palette, pos2(area.right() + 5.0, middle), arrow_width - 10.0);
        }
        edges.push(area.right());
        x = area.right() + arrow_width;
    }
    if let Some(run) = run {
        let next = by_key(ui, &whole, &drawn, selected);
        let call = next.or_else(|| drawn.iter().find(|chip| chip.clicked).map(|chip| chip.call));
        actions.extend(call.map(|call| Action::Select(Selection::of_call(run, call))));
    }
    if is_below {
        done_in_a_line(ui, id, palette, rect.with_min_y(rect.top() + HEIGHT), run);
    } else {
        // The tip of the last arrow ends before it.
        done_in_a_column(ui, id, palette, Rect::from_min_max(pos2(x + 4.0, rect.top()), rect.max), run);
    }
    if kind != ExecutorKind::Sequential {
        draw_note(ui, id, palette, rect, edges[0] + arrow_width / 2.0, x - arrow_width, run);
    }
}

fn stations(kind: ExecutorKind, run: Option<&Run>) -> Vec<Station> {
    let calls = run.map(|run| run.trace.counts().calls).unwrap_or_default();
    let those = |which: &dyn Fn(&Trace) -> Vec<u32>| run.map(|run| which(&run.trace)).unwrap_or_default();
    let workers = Station {
        title: "workers",
        count: calls.executing,
        capacity: run.map(|run| run.settings.workers),
        // Between two items of its chunk, too.
        calls: those(&|trace| {
            let executes = |call: &u32| trace.call(*call).is_some_and(|call| call.stage == Stage::Executing);
            trace.lanes().iter().filter_map(|lane| lane.taken.filter(executes)).collect()
        }),
        color: |palette| palette.computing,
        help: "Calls that a worker has taken. Each worker has one at a time.",
        weight: 1.2,
        holds_back: false,
    };
    let waiting = |title, help| Station {
        title,
        count: calls.pending,
        capacity: None,
        calls: those(&|trace| trace.pending().take(CHIPS).collect()),
        color: |palette| palette.pending,
        help,
        weight: 1.2,
        holds_back: false,
    };
    // Where places are counted, there should be room for them.
    let places = |count: usize| (count as f32 / 4.0).clamp(1.2, 2.4);
    let workers = Station { weight: places(workers.capacity.unwrap_or_default()), ..workers };
    match kind {
        ExecutorKind::Sequential => {
            let under_way = run.filter(|run| !run.ended());
            let open = under_way.and_then(|run| Some(run.items?.saturating_sub(run.trace.counts().items.submitted)));
            let help = "Items whose turn has not come. A sequential run has no queue: each is submitted when the one before it is done.";
            vec![
                Station { count: open.unwrap_or(0), ..waiting("not submitted", help) },
                Station { title: "this thread", ..workers },
            ]
        }
        ExecutorKind::Threads => {
            let help = "Pending calls. All threads take from this one queue; what is in it can be cancelled.";
            vec![waiting("work queue", help), workers]
        }
        ExecutorKind::Processes => {
            let help = "Pending calls, known to the parent alone. What is in here can be cancelled.";
            let capacity = run.and_then(Run::call_queue_capacity);
            vec![
                waiting("work ids", help),
                Station {
                    title: "call queue",
                    count: calls.call_queue,
                    capacity,
                    calls: those(&|trace| trace.in_call_queue().take(CHIPS).collect()),
                    color: |palette| palette.call_queue,
                    help: "Calls that wait for a worker: at most workers + 1, as they can no longer be cancelled. Their futures are already RUNNING. Tinted while it is full and more are pending: back-pressure.",
                    weight: places(capacity.unwrap_or_default()),
                    holds_back: calls.pending > 0 && capacity.is_some_and(|capacity| calls.call_queue >= capacity),
                },
                workers,
                Station {
                    title: "result queue",
                    count: calls.result_queue,
                    capacity: None,
                    calls: those(&|trace| trace.in_result_queue().take(CHIPS).collect()),
                    color: |palette| palette.result_queue,
                    help: "Answers on their way back to the manager thread, which resolves the futures.",
                    weight: 0.75,
                    holds_back: false,
                },
            ]
        }
    }
}

/// All of it in a line.
fn in_words(stations: &[Station], run: Option<&Run>) -> String {
    let totals = run.map(Run::totals).unwrap_or_default();
    let done = [
        ("returned", totals.returned),
        ("raised", totals.raised),
        ("cancelled", totals.cancelled),
        ("lost", totals.lost),
    ];
    let queues = stations.iter().map(|station| format!("{} {}", station.title, amount(station)));
    let done = done.into_iter().map(|(name, count)| format!("{name} {}", format::count(count)));
    let what = run.and_then(manager).into_iter();
    queues.chain(done).chain(what).collect::<Vec<_>>().join(", ")
}

/// The width without which a station's title or its number would be missing. Up to [`USUAL_COUNT`] it does not change with the number.
fn needs(painter: &Painter, station: &Station) -> f32 {
    const USUAL_COUNT: usize = 9_999;
    let width = |text: String, font| painter.layout_no_wrap(text, font, Color32::PLACEHOLDER).size().x;
    let count = format::count(station.count.max(USUAL_COUNT));
    let needs = width(station.title.to_owned(), title_font()) + BESIDE_TITLE + width(count, FontId::proportional(12.0));
    needs.max(NARROWEST_STATION)
}

/// The width of what is done, whatever becomes of the items: it does not change while they are run.
fn done_needs(painter: &Painter, run: Option<&Run>) -> f32 {
    let small = FontId::proportional(12.0);
    let width = |text: String| painter.layout_no_wrap(text, small.clone(), Color32::PLACEHOLDER).size().x;
    let items = run.and_then(|run| run.items).unwrap_or_default();
    // The square before the name, and what is around the column.
    14.0 + width("cancelled".to_owned()) + BESIDE_TITLE + width(format::count(items)) + 12.0
}

fn title_font() -> FontId {
    FontId::new(12.0, theme::strong())
}

fn amount(station: &Station) -> String {
    match station.capacity {
        Some(capacity) => format!("{} of {}", format::count(station.count), format::count(capacity)),
        None => format::count(station.count),
    }
}

/// Title, count and frame. Returns where its chips are.
fn draw_station(painter: &Painter, palette: &Palette, area: Rect, station: &Station) -> Rect {
    let named = painter.text(area.left_top(), Align2::LEFT_TOP, station.title, title_font(), palette.text);
    // Where there is no room for all of it, the capacity is the first to go.
    let room = area.right() - named.right() - BESIDE_TITLE;
    let amounts = [amount(station), format::count(station.count)];
    let galleys = amounts.map(|text| painter.layout_no_wrap(text, FontId::proportional(12.0), palette.dim));
    if let Some(galley) = galleys.into_iter().find(|galley| galley.size().x <= room) {
        painter.galley(area.right_top() - vec2(galley.size().x, 0.0), galley, palette.dim);
    }
    let frame = Rect::from_min_max(area.left_top() + vec2(0.0, BOX_TOP), area.max);
    let (fill, line) = if station.holds_back {
        (palette.waiting.gamma_multiply(0.14), palette.waiting)
    } else {
        (palette.panel, palette.line)
    };
    painter.rect(frame, 6.0, fill, Stroke::new(1.0, line), StrokeKind::Inside);
    frame.shrink2(vec2(7.0, 0.0))
}

/// What a call is called on its chip: by its item, or by its number if it is a chunk of several.
fn chip_text(run: &Run, call: u32) -> String {
    match run.trace.call(call) {
        Some(facts) if facts.items == 1 => facts.first_item.to_string(),
        _ => format!("c{call}"),
    }
}

/// The calls of a station, each to be looked at with a click, and the places that are free.
#[expect(clippy::too_many_arguments, reason = "where, what and for whom")]
fn chips(
    ui: &Ui,
    id: Id,
    palette: &Palette,
    area: Rect,
    station: &Station,
    run: &Run,
    selected: Option<u32>,
    drawn: &mut Vec<Chip>,
) {
    let painter = ui.painter().with_clip_rect(area.expand2(vec2(4.0, 0.0)));
    let font = FontId::monospace(11.0);
    // Room for the dots that say that there is more.
    let dots = 14.0;
    let mut x = area.left();
    let before = drawn.len();
    let color = (station.color)(palette);
    let deadlocked: Vec<u32> = match run.trace.current_deadlock() {
        // Those of pools within tasks have other numbers.
        Some(period) if !run.ended() && period.deadlock.within.is_empty() => {
            period.deadlock.waits.iter().map(|wait| wait.call).collect()
        }
        _ => Vec::new(),
    };
    // Each has its id from its call: what is pressed stays what is let go, though the queue moves.
    for (index, &call) in station.calls.iter().enumerate() {
        let text = painter.layout_no_wrap(chip_text(run, call), font.clone(), palette.text);
        let width = (text.size().x + 2.0 * CHIP_PADDING).max(CHIP_WIDTH);
        let is_last = index + 1 == station.count;
        if x + width + if is_last { 0.0 } else { dots } > area.right() {
            break;
        }
        let chip = Rect::from_min_size(pos2(x, area.center().y - CHIP_HEIGHT / 2.0), vec2(width, CHIP_HEIGHT));
        let chosen = selected == Some(call);
        let color = if deadlocked.contains(&call) { palette.error } else { color };
        let stroke = if chosen { Stroke::new(2.0, palette.text) } else { Stroke::new(1.0, color) };
        painter.rect(chip, 4.0, color.gamma_multiply(0.26), stroke, StrokeKind::Inside);
        let at = Align2::CENTER_CENTER.anchor_size(chip.center(), text.size()).min;
        painter.galley(at, text, palette.text);
        // The row has the keyboard as a whole: a chip goes when its call does.
        let response = ui.interact(chip, id.with(call), Sense::CLICK).on_hover_cursor(CursorIcon::PointingHand);
        let name = format!("{} in {}", format::call_name(run, call), station.title);
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, &name));
        drawn.push(Chip { call, clicked: response.clicked() });
        response.on_hover_text(name);
        x += width + CHIP_GAP;
    }
    if drawn.len() - before < station.count && !station.calls.is_empty() {
        return more(&painter, palette, pos2(x, area.center().y));
    }
    let free = station.capacity.map_or(0, |capacity| capacity.saturating_sub(station.count));
    // Free places share what is left, as long as they can be told apart.
    let width = ((area.right() - x + CHIP_GAP) / free.max(1) as f32 - CHIP_GAP).min(CHIP_WIDTH);
    if width < NARROWEST_PLACE {
        let text = format!("{} free", format::count(free));
        let text = painter.layout_no_wrap(text, FontId::proportional(11.0), palette.dim);
        if x + text.size().x <= area.right() {
            painter.galley(pos2(x, area.center().y - text.size().y / 2.0), text, palette.dim);
        }
        return;
    }
    for _ in 0..free {
        let place = Rect::from_min_size(pos2(x, area.center().y - CHIP_HEIGHT / 2.0), vec2(width, CHIP_HEIGHT));
        painter.rect_stroke(place, 4.0, Stroke::new(1.0, color.gamma_multiply(0.5)), StrokeKind::Inside);
        x += width + CHIP_GAP;
    }
}

/// The call that the arrows lead to from the selected one, or from the first.
fn by_key(ui: &Ui, whole: &Response, drawn: &[Chip], selected: Option<u32>) -> Option<u32> {
    let steps = focus::arrows(ui, whole);
    let last = drawn.len().checked_sub(1).filter(|_| steps != 0)?;
    let at = drawn.iter().position(|chip| Some(chip.call) == selected);
    let to = at.map_or(0, |at| at.saturating_add_signed(steps as isize).min(last));
    Some(drawn[to].call)
}

/// There is more than there is room for.
fn more(painter: &Painter, palette: &Palette, at: Pos2) {
    painter.text(at, Align2::LEFT_CENTER, "…", FontId::proportional(14.0), palette.dim);
}

fn arrow(painter: &Painter, palette: &Palette, from: Pos2, length: f32) {
    let stroke = Stroke::new(1.5, palette.dim);
    let tip = from + vec2(length, 0.0);
    painter.line_segment([from, tip], stroke);
    painter.line_segment([tip - vec2(4.0, 4.0), tip], stroke);
    painter.line_segment([tip - vec2(4.0, -4.0), tip], stroke);
}

/// What became of items: its name, how many, its colour, and what it means.
fn done(run: Option<&Run>, palette: &Palette) -> [(&'static str, usize, Color32, &'static str); 4] {
    let totals = run.map(Run::totals).unwrap_or_default();
    let cancelled = "Items that were not run: cancelled, skipped, or never submitted.";
    let lost = "Items whose worker or pool broke: nobody knows what became of them.";
    [
        (
            "returned",
            totals.returned,
            palette.computing,
            "Items that gave a value, once the result of their call is there.",
        ),
        (
            "raised",
            totals.raised,
            palette.error,
            "Items that gave an error or panicked, once the result of their call is there.",
        ),
        ("cancelled", totals.cancelled, palette.pending, cancelled),
        ("lost", totals.lost, palette.error, lost),
    ]
}

fn done_in_a_column(ui: &Ui, id: Id, palette: &Palette, area: Rect, run: Option<&Run>) {
    ui.painter().text(area.left_top(), Align2::LEFT_TOP, "done", title_font(), palette.text);
    for (row, outcome) in done(run, palette).into_iter().enumerate() {
        let y = area.top() + BOX_TOP - 1.0 + row as f32 * 15.0;
        draw_done(
            ui,
            id,
            palette,
            Rect::from_min_max(pos2(area.left(), y), pos2(area.right() - 4.0, y + 15.0)),
            outcome,
        );
    }
}

fn done_in_a_line(ui: &Ui, id: Id, palette: &Palette, area: Rect, run: Option<&Run>) {
    let width = area.width() / 4.0;
    for (column, outcome) in done(run, palette).into_iter().enumerate() {
        let min = area.min + vec2(column as f32 * width, 0.0);
        draw_done(ui, id, palette, Rect::from_min_size(min, vec2(width - 10.0, 15.0)), outcome);
    }
}

fn draw_done(
    ui: &Ui,
    id: Id,
    palette: &Palette,
    line: Rect,
    (name, count, color, help): (&'static str, usize, Color32, &'static str),
) {
    let painter = ui.painter();
    let square = Rect::from_min_size(line.left_top() + vec2(0.0, 4.0), vec2(8.0, 8.0));
    painter.rect_filled(square, 2.0, if count == 0 { color.gamma_multiply(0.35) } else { color });
    let small = FontId::proportional(12.0);
    painter.text(line.left_top() + vec2(14.0, 0.0), Align2::LEFT_TOP, name, small.clone(), palette.dim);
    painter.text(line.right_top(), Align2::RIGHT_TOP, format::count(count), small, palette.text);
    let response = ui.interact(line, id.with(name), Sense::hover()).on_hover_text(help);
    let label = format!("{name}: {}", format::count(count));
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &label));
}

/// The line below: where cancelling ends, and what the thread does that moves everything.
fn draw_note(ui: &Ui, id: Id, palette: &Palette, rect: Rect, boundary: f32, right: f32, run: Option<&Run>) {
    let painter = ui.painter();
    let y = rect.top() + BOX_TOP + BOX_HEIGHT + 5.0;
    let dash = Stroke::new(1.5, palette.error.gamma_multiply(0.8));
    for part in 0..4 {
        let top = y + part as f32 * 5.0;
        painter.line_segment([pos2(boundary, top), pos2(boundary, top + 2.5)], dash);
    }
    let font = theme::small();
    let can_be = painter.layout_no_wrap("can be cancelled".to_owned(), font.clone(), palette.dim);
    let left = (boundary - 7.0 - can_be.size().x).max(rect.left());
    painter.galley(pos2(left, y + 3.0), can_be, palette.dim);
    let no_longer =
        painter.text(pos2(boundary + 7.0, y + 3.0), Align2::LEFT_TOP, "no longer", font.clone(), palette.dim);
    let border = Rect::from_min_max(pos2(left, y), pos2(no_longer.right(), no_longer.bottom()));
    let border = ui.interact(border, id.with("border"), Sense::hover());
    border.widget_info(|| {
        WidgetInfo::labeled(Role::Label, true, "before this, calls can be cancelled; after it no longer")
    });
    border
        .on_hover_text("Before it a future is PENDING, and cancel() works; after it, it is RUNNING, executing or not");
    let Some(text) = run.and_then(manager) else { return };
    let galley = painter.layout_no_wrap(text.clone(), font, palette.dim);
    let left = no_longer.right() + 28.0;
    if left + galley.size().x <= right {
        let area = Rect::from_min_size(pos2(left, y + 3.0), galley.size());
        painter.galley(area.min, galley, palette.dim);
        let response = ui.interact(area, id.with("manager"), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &text));
        let help = "The thread of the parent process that fills the call queue, takes results and resolves futures";
        response.on_hover_text(help);
    }
}

/// What the executor manager thread waits for, as far as the queues tell.
fn manager(run: &Run) -> Option<String> {
    if run.settings.executor != ExecutorKind::Processes {
        return None;
    }
    let calls = &run.trace.counts().calls;
    let full = run.call_queue_capacity().is_some_and(|capacity| calls.call_queue >= capacity);
    let what = if run.ended() {
        "has ended"
    } else if format::is_broken(run) {
        "fails what is pending: the pool is broken"
    } else if calls.result_queue > 0 {
        "takes results"
    } else if calls.pending > 0 && full {
        "waits for room in the call queue"
    } else if calls.pending > 0 {
        "fills the call queue"
    } else if calls.call_queue + calls.executing > 0 {
        "waits for a result"
    } else {
        "waits for work"
    };
    Some(format!("executor manager thread: {what}"))
}
