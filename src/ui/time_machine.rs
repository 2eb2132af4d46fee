//! Which moment of a run is looked at: now, or an earlier one, at which it stands still or from which it is replayed.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use eframe::egui::Context;

use super::format;
use super::sentence::sentence;
use crate::lab::Run;
use crate::trace::Replay;

/// See the module. It lasts as long as the window.
pub(super) struct TimeMachine {
    /// `None` = now.
    moment: Option<Moment>,
    playing: bool,
    /// The moment was now, when the view was made to stand still.
    paused: bool,
    /// How fast a replay goes; 1 = as fast as it was.
    pub(super) speed: f64,
    /// Of each run that is looked at, by its number.
    replays: HashMap<usize, Replay>,
    /// How many events further or back was asked for.
    steps: i64,
}

#[derive(Clone, Copy)]
struct Moment {
    /// Nanoseconds from the start of each run; those since the last whole one, for slow replays.
    time: i64,
    rest: f64,
    /// Of the run with this number exactly so many events had happened, as several may happen at the same time.
    events: Option<(usize, usize)>,
}

/// What there is to see at a moment.
pub(super) struct Past {
    /// The runs as they were, in the order in which they were given.
    pub(super) runs: Vec<Run>,
    /// Of the run in focus: how many events had happened, of how many, and what the last of them says.
    pub(super) events: usize,
    pub(super) of: usize,
    pub(super) sentence: String,
    /// Whether all of them are there already; if not, the next frame goes on.
    pub(super) arrived: bool,
}

/// How long a frame may take to get to the moment.
const BUDGET: Duration = Duration::from_millis(5);

impl Default for TimeMachine {
    fn default() -> Self {
        Self { moment: None, playing: false, paused: false, speed: 1.0, replays: HashMap::new(), steps: 0 }
    }
}

impl TimeMachine {
    /// Looks at `time`, nanoseconds from the start; `None` = now.
    pub(super) fn look_at(&mut self, time: Option<i64>) {
        self.moment = time.map(|time| Moment { time: time.max(0), rest: 0.0, events: None });
        (self.playing, self.paused) = (false, false);
    }

    /// Looks at the moment of `run` after so many events.
    pub(super) fn look_at_event(&mut self, run: &Run, events: usize) {
        let last = events.checked_sub(1).and_then(|last| run.history.events_from(last).next());
        self.moment =
            Some(Moment { time: last.map_or(0, |event| event.at), rest: 0.0, events: Some((run.number, events)) });
        (self.playing, self.paused) = (false, false);
    }

    /// Goes so many events of the run in focus further, or back.
    pub(super) const fn step(&mut self, events: i64) {
        self.steps += events;
        (self.playing, self.paused) = (false, false);
    }

    /// The moment that is looked at; `None` = now.
    pub(super) fn time(&self) -> Option<i64> {
        self.moment.map(|moment| moment.time)
    }

    pub(super) const fn plays(&self) -> bool {
        self.playing
    }

    /// Stands still, or goes on: where the view of a live run was paused it is looked at as it is now again, from anywhere else it is
    /// replayed.
    pub(super) fn toggle(&mut self, run: Option<&Run>) {
        let Some(run) = run else { return };
        match self.moment {
            Some(_) if self.playing => self.playing = false,
            Some(_) if self.paused && !run.ended() => self.look_at(None),
            Some(_) => self.play(),
            None if run.ended() => self.play(),
            // Its time has not begun.
            None if run.trace.events() == 0 => {}
            None => {
                self.look_at(Some(run.elapsed()));
                self.paused = true;
            }
        }
    }

    /// Replays from where it is, or from the start.
    pub(super) fn play(&mut self) {
        let start = Moment { time: 0, rest: 0.0, events: None };
        self.moment.get_or_insert(start);
        (self.playing, self.paused) = (true, false);
    }

    /// Stops a replay where it is.
    pub(super) const fn pause(&mut self) {
        self.playing = false;
    }

    /// The runs as they were at the moment that is looked at; `None` = as they are now. `focus` is one of them.
    pub(super) fn look(&mut self, context: &Context, runs: &[&Run], focus: &Run) -> Option<Past> {
        self.replays.retain(|number, _| runs.iter().any(|run| run.number == *number));
        self.go_on(context, runs);
        self.take_steps(focus);
        let Moment { time, events, .. } = self.moment?;
        let deadline = Instant::now() + BUDGET;
        let (mut sought, mut heard_of) = (true, true);
        let mut as_it_was = |run: &&Run| {
            let index = events_of(run, time, events);
            let replay = self.replays.entry(run.number).or_default();
            sought &= replay.seek(&run.history, index, deadline);
            // What has just happened may not have been heard of yet. A run that goes on brings the next frame by itself.
            heard_of &= run.ended() || index < run.history.len() || time <= run.settled;
            run.at(time, replay.trace())
        };
        let past: Vec<_> = runs.iter().map(&mut as_it_was).collect();
        if !sought {
            context.request_repaint();
        }
        let replay = self.replays.get(&focus.number)?;
        let last = replay.index().checked_sub(1).and_then(|last| focus.history.events_from(last).next());
        let sentence = match last {
            None => "before the first event".to_owned(),
            Some(last) if last.at < time => {
                let ago = format::duration(time - last.at);
                format!("{ago} after: {}", sentence(replay.trace(), &last.kind))
            }
            Some(last) => sentence(replay.trace(), &last.kind),
        };
        Some(Past {
            runs: past,
            events: replay.index(),
            of: focus.history.len(),
            sentence,
            arrived: sought && heard_of,
        })
    }

    fn go_on(&mut self, context: &Context, runs: &[&Run]) {
        let Some(moment) = self.moment.as_mut().filter(|_| self.playing) else { return };
        let passed = f64::from(context.input(|input| input.stable_dt)) * 1e9 * self.speed + moment.rest;
        moment.time = moment.time.saturating_add(passed as i64);
        moment.rest = passed.fract();
        moment.events = None;
        if runs.iter().all(|run| run.elapsed() <= moment.time) {
            self.look_at(None);
        } else {
            context.request_repaint();
        }
    }

    fn take_steps(&mut self, focus: &Run) {
        let steps = std::mem::take(&mut self.steps);
        if steps == 0 || focus.history.is_empty() {
            return;
        }
        let here = match self.moment {
            Some(Moment { time, events, .. }) => events_of(focus, time, events),
            // Nothing comes after now.
            None if steps > 0 => return,
            None => focus.history.len(),
        };
        if steps > 0 && here == focus.history.len() {
            // Another run may go on for longer, but this one has no next event.
            return;
        }
        let events = (here as i64 + steps).clamp(0, focus.history.len() as i64) as usize;
        let last = events.checked_sub(1).and_then(|last| focus.history.events_from(last).next());
        self.moment =
            Some(Moment { time: last.map_or(0, |event| event.at), rest: 0.0, events: Some((focus.number, events)) });
    }
}

/// How many events of `run` had happened at `time`, or just how many, if that is known of this run.
fn events_of(run: &Run, time: i64, known: Option<(usize, usize)>) -> usize {
    let exactly = known.filter(|(number, _)| *number == run.number);
    exactly.map_or_else(|| run.history.count_until(time), |(_, events)| events)
}
