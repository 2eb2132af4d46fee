//! The bottom panel: curves over the chart's time axis, histograms, the table of all items, and lists of what happened.

mod compare;
mod curves;
mod durations;
mod events;
mod figure;
mod lists;
mod row_keys;
mod tasks;

use eframe::egui::{Ui, vec2};
use serde::{Deserialize, Serialize};

use super::action::Action;
use super::chart::{AreaFigures, Shown, TimeView, in_focus};
use super::filter::Filter;
use super::task_index::TaskIndex;
use super::{format, tabs};
use crate::lab::{End, Status};
use compare::Compare;
use curves::Curves;
use events::Events;

/// All tabs in one line, with air between them, take about this.
const ROOM_FOR_TABS: f32 = 780.0;
/// With less, they are written smaller, and with still less smaller again.
const NARROW_FOR_TABS: f32 = 640.0;
const NARROWER_FOR_TABS: f32 = 520.0;

/// Which tab is open, and what the tabs hold. It lasts as long as the window.
#[derive(Default)]
pub(super) struct Details {
    pub(super) tab: Tab,
    events: Events,
    compare: Compare,
    error_groups: lists::ErrorGroups,
}

/// Which tab is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Tab {
    #[default]
    Queues,
    Throughput,
    Processes,
    Durations,
    Tasks,
    Events,
    Compare,
    Errors,
    Log,
}

impl Tab {
    /// All, from left to right.
    pub(super) const ALL: [Self; 9] = [
        Self::Queues,
        Self::Throughput,
        Self::Processes,
        Self::Durations,
        Self::Tasks,
        Self::Events,
        Self::Compare,
        Self::Errors,
        Self::Log,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Queues => "Queues",
            Self::Throughput => "Throughput",
            Self::Processes => "CPU and memory",
            Self::Durations => "Durations",
            Self::Tasks => "Tasks",
            Self::Events => "Events",
            Self::Compare => "Compare",
            Self::Errors => "Errors",
            Self::Log => "Log",
        }
    }

    const fn help(self) -> &'static str {
        match self {
            Self::Queues => "How many calls were in which queue, and what the cores had to do",
            Self::Throughput => "Items that finished, by the second",
            Self::Processes => "What each worker process had of the processor and of memory",
            Self::Durations => "How long items ran, and how long they waited",
            Self::Tasks => "All items, in any order",
            Self::Events => "All that happened, event by event",
            Self::Compare => "Runs beside each other, and item by item",
            Self::Errors => "What raised or was lost, and why",
            Self::Log => "What tasks printed",
        }
    }
}

/// What the tabs tell of.
pub(super) struct Subject<'a> {
    /// The runs that are looked at.
    pub(super) shown: &'a [Shown<'a>],
    /// How many are ticked in the list of runs.
    pub(super) ticked: usize,
    /// How many of those that run again one after the other have not begun.
    pub(super) queued: usize,
    /// The moment that is looked at, if it is not now, and how many events had happened.
    pub(super) playhead: Option<i64>,
    pub(super) happened: Option<usize>,
    /// What the chart shows.
    pub(super) view: TimeView,
    pub(super) area: Option<&'a AreaFigures>,
    /// The item that is looked at.
    pub(super) selected: Option<u32>,
}

impl Details {
    /// With that tab open.
    pub(super) fn at(tab: Tab) -> Self {
        Self { tab, ..Self::default() }
    }

    /// Whether the table is in sight.
    pub(super) fn shows_tasks(&self) -> bool {
        self.tab == Tab::Tasks
    }

    /// Draws the panel.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        subject: &Subject<'_>,
        filter: &mut Filter,
        index: &mut TaskIndex,
        actions: &mut Vec<Action>,
    ) {
        let &Subject { shown, ticked, queued, playhead, happened, view, area, selected } = subject;
        let focus = in_focus(shown);
        let (now, run) = (focus.map(|shown| shown.run), focus.map(|shown| shown.looked_at()));
        let failed = match run.map(|run| (&run.status, run)) {
            Some((Status::Ended(End::Failed(_)), _)) => 1,
            Some((_, run)) => run.trace.error_count(),
            None => 0,
        };
        // Narrow windows leave less air between them, or take two lines.
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(2.0, 2.0);
            match ui.available_width() {
                ..NARROW_FOR_TABS => ui.spacing_mut().button_padding.x = 2.0,
                ..ROOM_FOR_TABS => ui.spacing_mut().button_padding.x = 4.0,
                _ => {}
            }
            let lines = run.map_or(0, |run| run.trace.log_length());
            let titles = Tab::ALL.map(|tab| match tab {
                Tab::Errors => format!("Errors ({})", format::count(failed)),
                Tab::Log => format!("Log ({})", format::count(lines)),
                _ => tab.name().to_owned(),
            });
            let tabs: Vec<_> = titles.iter().zip(Tab::ALL).map(|(title, tab)| (title.as_str(), tab.help())).collect();
            let chosen = Tab::ALL.iter().position(|tab| *tab == self.tab).unwrap_or_default();
            let size = match ui.max_rect().width() {
                ..NARROWER_FOR_TABS => 10.5,
                ..NARROW_FOR_TABS => 11.5,
                _ => tabs::SIZE,
            };
            if let Some(to) = tabs::row(ui, &tabs, chosen, size, false) {
                self.tab = Tab::ALL[to];
            }
        });
        ui.add_space(4.0);
        match self.tab {
            Tab::Queues => curves::show(ui, Curves::QueuesAndCores, now, view, playhead),
            Tab::Throughput => curves::show(ui, Curves::Throughput, now, view, playhead),
            Tab::Processes => curves::show(ui, Curves::Processes, now, view, playhead),
            Tab::Durations => durations::show(ui, run, area, filter),
            Tab::Tasks => tasks::show(ui, run, index, selected, actions),
            Tab::Events => self.events.show(ui, now, happened, actions),
            Tab::Compare => self.compare.show(ui, shown, ticked, queued, actions),
            Tab::Errors => lists::errors(ui, run, &mut self.error_groups, actions),
            Tab::Log => lists::log(ui, run),
        }
    }
}
