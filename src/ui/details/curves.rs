//! Curves over the chart's time axis: how deep the queues were, what was finished, and what cores and processes had to do.

use eframe::egui::{Color32, Rect, Sense, Ui, pos2, vec2};

use super::figure::{Curve, Figure, Round, columnwise, seconds, whole};
use crate::lab::{ExecutorKind, Load, ProcessLoad, Run};
use crate::trace::QueueDepths;
use crate::ui::chart::{GUTTER, TimeView};
use crate::ui::format;
use crate::ui::theme::{self, Palette};

/// What curves are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curves {
    QueuesAndCores,
    Throughput,
    Processes,
}

/// Draws them, one plot above the other, aligned with the lanes. `playhead` = the moment that is looked at, if it is not now.
pub(super) fn show(ui: &mut Ui, which: Curves, run: Option<&Run>, view: TimeView, playhead: Option<i64>) {
    const APART: f32 = 12.0;
    /// Points of a column in which no more than its peak and its end are told apart.
    const COLUMN: f32 = 2.0;
    let area = ui.available_rect_before_wrap();
    ui.allocate_rect(area, Sense::hover());
    let palette = theme::palette(ui);
    let columns = ((area.width() - GUTTER) / COLUMN).max(1.0) as usize;
    let figures = match which {
        Curves::QueuesAndCores => vec![queues(run, palette, view, columns), cores(run, palette, view, columns)],
        Curves::Throughput => vec![throughput(run, palette, view, columns)],
        Curves::Processes => vec![
            of_processes(run, palette, view, columns, "CPU", percent, |load| f64::from(load.cpu)),
            Figure {
                round: Round::Binary,
                ..of_processes(run, palette, view, columns, "memory", format::bytes, |load| load.memory as f64)
            },
        ],
    };
    // Each has room for its names, and they share the rest. Where there is too little, the last is left out.
    let needs = |figures: &[Figure]| -> f32 {
        figures.iter().map(Figure::needs).sum::<f32>() + APART * (figures.len() - 1) as f32
    };
    let fit = (1..=figures.len()).rev().find(|count| needs(&figures[..*count]) <= area.height()).unwrap_or(1);
    let figures = &figures[..fit];
    let rest = (area.height() - needs(figures)) / fit as f32;
    let mut top = area.top();
    for figure in figures {
        let height = figure.needs() + rest;
        let place = Rect::from_min_size(pos2(area.left(), top), vec2(area.width(), height));
        top += height + APART;
        figure.show(ui, place, view, playhead);
    }
}

fn empty(title: &'static str, stacked: bool) -> Figure {
    Figure {
        title,
        highest: 1.0,
        note: None,
        stacked,
        round: Round::Whole,
        format: whole,
        times: Vec::new(),
        curves: Vec::new(),
    }
}

fn percent(value: f64) -> String {
    format!("{value:.0} %")
}

/// What a layer shows of the queues.
type Depth = fn(&QueueDepths) -> u32;

fn queues(run: Option<&Run>, palette: &Palette, view: TimeView, columns: usize) -> Figure {
    let mut figure = empty("calls", true);
    let Some(run) = run else { return figure };
    // From the bottom up.
    let executing: (&str, Color32, Depth) = ("executing", palette.computing, |depths| depths.executing);
    let layers = match run.settings.executor {
        ExecutorKind::Sequential => vec![executing],
        ExecutorKind::Threads => vec![executing, ("work queue", palette.pending, |depths| depths.pending)],
        ExecutorKind::Processes => vec![
            executing,
            ("call queue", palette.call_queue, |depths| depths.call_queue),
            ("work ids", palette.pending, |depths| depths.pending),
            ("result queue", palette.result_queue, |depths| depths.result_queue),
        ],
    };
    let all = |depths: &QueueDepths| depths.pending + depths.call_queue + depths.executing + depths.result_queue;
    let depths = columnwise(run.trace.queues().points(), view, columns, all);
    // A value holds until the next.
    let ends = depths.iter().skip(1).map(|(at, _)| *at).chain([run.known_until()]);
    figure.times = depths.iter().zip(ends).flat_map(|((at, _), end)| [seconds(*at), seconds(end)]).collect();
    for (name, color, depth) in layers {
        let held = |(_, depths): &(i64, QueueDepths)| f64::from(depth(depths));
        // Each value twice, for the two ends of its step.
        let values = depths.iter().flat_map(|point| [held(point), held(point)]).collect();
        figure.curves.push(Curve { name: name.to_owned(), color, values });
    }
    let sum = |index: usize| figure.curves.iter().map(|curve| curve.values[index]).sum();
    // Peaks that are out of sight need no room.
    let (start, end) = (seconds(view.start), seconds(view.end));
    let in_sight = |index: &usize| figure.times[index | 1] >= start && figure.times[index & !1] <= end;
    figure.highest = (0..figure.times.len()).filter(in_sight).map(sum).fold(1.0, f64::max);
    figure
}

fn cores(run: Option<&Run>, palette: &Palette, view: TimeView, columns: usize) -> Figure {
    let samples = run.map(|run| run.load.points()).unwrap_or_default();
    let none = samples.is_empty();
    let samples = columnwise(samples, view, columns, |load| load.cores.iter().sum::<f32>());
    let cores = samples.iter().map(|(_, load)| load.cores.len()).min().unwrap_or(0);
    let curve = |name: String, color: usize, value: &dyn Fn(&[f32]) -> f32| Curve {
        name,
        color: palette.cores[color],
        values: samples.iter().map(|(_, load)| f64::from(value(&load.cores))).collect(),
    };
    let curves = if cores <= TOLD_APART {
        (0..cores).map(|core| curve(format!("core {core}"), core, &|cores| cores[core])).collect()
    } else {
        let mean = |cores: &[f32]| cores.iter().sum::<f32>() / cores.len() as f32;
        let busiest = |cores: &[f32]| cores.iter().copied().fold(0.0, f32::max);
        vec![curve(format!("mean of {cores}"), 0, &mean), curve("busiest".to_owned(), 2, &busiest)]
    };
    Figure {
        highest: 100.0,
        note: too_short(run, none),
        times: samples.iter().map(|(at, _)| seconds(*at)).collect(),
        curves,
        format: percent,
        ..empty("CPU", false)
    }
}

/// More cores or processes than this are no longer told apart.
const TOLD_APART: usize = 4;

fn too_short(run: Option<&Run>, none: bool) -> Option<&'static str> {
    let run = run.filter(|run| none && run.ended())?;
    Some(if run.trace.call_count() > 0 { "too short to be sampled" } else { "nothing ran" })
}

/// Items a second, of stretches long enough to hold one in the mean, and where there are many, some.
fn throughput(run: Option<&Run>, palette: &Palette, view: TimeView, columns: usize) -> Figure {
    const ITEMS: usize = 4;
    /// Up to so many items, each may have a stretch.
    const EACH: usize = 24;
    let mut figure = Figure { format: format::rate, round: Round::Decimal, ..empty("items/s", true) };
    let Some(run) = run else { return figure };
    let points = run.trace.finished_items().points();
    let until = |time: i64| {
        let after = points.partition_point(|(at, _)| *at <= time);
        after.checked_sub(1).map_or(0, |last| points[last].1)
    };
    let end = view.end.min(run.known_until());
    let start = view.start.max(0);
    let in_view = until(end).saturating_sub(until(start));
    let stretches = (in_view / ITEMS).max(in_view.min(EACH)).clamp(1, (columns / 4).max(1)) as i64;
    let length = (end - start).max(0) / stretches;
    if in_view == 0 || length == 0 {
        figure.note = (run.ended() && points.is_empty()).then_some("nothing ran");
        return figure;
    }
    let mut values = Vec::new();
    for stretch in 0..stretches {
        let (from, to) = (start + stretch * length, start + (stretch + 1) * length);
        let rate = until(to).saturating_sub(until(from)) as f64 / seconds(length);
        figure.times.extend([seconds(from), seconds(to)]);
        values.extend([rate, rate]);
    }
    figure.highest = values.iter().copied().fold(0.0, f64::max);
    figure.curves.push(Curve { name: "finished".to_owned(), color: palette.computing, values });
    figure
}

/// What each worker process had of something, and this program itself.
fn of_processes(
    run: Option<&Run>,
    palette: &Palette,
    view: TimeView,
    columns: usize,
    title: &'static str,
    format: fn(f64) -> String,
    value: fn(&ProcessLoad) -> f64,
) -> Figure {
    let samples = run.map(|run| run.load.points()).unwrap_or_default();
    let none = samples.is_empty();
    let all = |load: &Load| load.processes.iter().map(value).sum::<f64>();
    let samples = columnwise(samples, view, columns, all);
    let mut workers: Vec<_> = samples.iter().flat_map(|(_, load)| &load.processes).filter_map(|p| p.worker).collect();
    workers.sort_unstable();
    workers.dedup();
    let of =
        |load: &Load, who: Option<u32>| load.processes.iter().find(|process| process.worker == who).map_or(0.0, value);
    let curve = |name: String, color, value: &dyn Fn(&Load) -> f64| Curve {
        name,
        color,
        values: samples.iter().map(|(_, load)| value(load)).collect(),
    };
    let mut curves: Vec<_> = if workers.len() <= TOLD_APART {
        let worker = |(index, &worker): (usize, &u32)| {
            curve(format!("worker {worker}"), palette.cores[index], &|load| of(load, Some(worker)))
        };
        workers.iter().enumerate().map(worker).collect()
    } else {
        let those = |load: &Load| load.processes.iter().filter(|process| process.worker.is_some()).map(value).collect();
        let largest = |load: &Load| Vec::into_iter(those(load)).fold(0.0, f64::max);
        let mean = |load: &Load| {
            let those: Vec<f64> = those(load);
            those.iter().sum::<f64>() / those.len().max(1) as f64
        };
        let name = format!("mean of {}", workers.len());
        vec![curve(name, palette.cores[0], &mean), curve("largest".to_owned(), palette.cores[2], &largest)]
    };
    curves.push(curve("this program".to_owned(), palette.dim, &|load| of(load, None)));
    let highest = curves.iter().flat_map(|curve| &curve.values).copied().fold(1.0, f64::max);
    Figure {
        highest,
        note: too_short(run, none),
        format,
        times: samples.iter().map(|(at, _)| seconds(*at)).collect(),
        curves,
        ..empty(title, false)
    }
}
