//! The lab thread: obeys commands, folds events, publishes the run, and ends it when it is over. It waits in one place, for
//! whatever comes first.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, at, never, select, tick, unbounded};

use super::Command;
use super::batches::add_batch;
use super::drive::{Ended, Prepared, Progress, RunError, Shared, drive};
use super::machine_load::MachineLoad;
use super::published::Published;
use super::rechunking::Rechunking;
use super::recorder::tells_of_an_error;
use super::run::{End, Run, Status};
use super::sampler::{Sample, Sampler};
use super::settings::{CheckedSettings, Collect, ExecutorKind, OnError, RunSettings};
use crate::executor::{
    Chunking, Event, EventKind, EventSink, Interruption, Intervention, Pending, RawExecutor, WorkerCommand,
};
use crate::sys;
use crate::trace::{Historian, Series, Stage, Trace};
use crate::workload::{FieldError, Labels};

/// How often the window can be told: 60 times a second.
const PUBLISH_INTERVAL: Duration = Duration::from_millis(16);

/// How long a state that nobody has looked at stays the newest, while things happen. To publish one means to copy what the next
/// events will change, for nothing if the window has not come to draw it.
const UNSEEN_INTERVAL: Duration = Duration::from_millis(80);

/// How often the lab looks for events while a run is under way.
const FOLD_INTERVAL: Duration = Duration::from_millis(8);

/// How long the lab folds events before it looks at commands again.
const FOLD_BUDGET: Duration = Duration::from_millis(8);

/// What happened is heard of within this many nanoseconds: worker processes send their events every few milliseconds, if they
/// have a core for it.
const HEARD_WITHIN: i64 = 100_000_000;

/// All that the lab thread has. Nobody else has any of it.
pub(super) struct Actor {
    inbox: Receiver<Command>,
    published: Arc<Published>,
    ended_runs: Sender<Arc<Run>>,
    wake: Box<dyn Fn() + Send>,
    worker_command: Option<WorkerCommand>,
    current: Option<Current>,
    /// What to run once the current run has ended.
    next: Option<Box<CheckedSettings>>,
    /// How many were started, by this lab and those beside it.
    runs: Arc<AtomicUsize>,
    /// The handle is gone: end as soon as the run has.
    closing: bool,
}

/// The run that is under way.
struct Current {
    run: Run,
    historian: Historian,
    shared: Shared,
    /// Collected from the recorder, and not folded.
    events: std::vec::IntoIter<Event>,
    fold_tick: Receiver<Instant>,
    progress: Receiver<Progress>,
    samples: Receiver<Sample>,
    executor: Option<Arc<dyn RawExecutor>>,
    /// Of each map whose chunks can be cut anew.
    chunkings: Vec<Chunking<'static, String>>,
    rechunking: Rechunking,
    /// How it will have ended, once it has.
    end: End,
    /// Whether what executes is to be interrupted, now or when it comes to that.
    interrupt: bool,
    /// The rest is skipped, as an item raised.
    skips: bool,
    /// The last word of the drive thread.
    result: Option<Ended>,
    deadline: Option<Instant>,
    publish_at: Option<Instant>,
    published_at: Instant,
    thread: JoinHandle<()>,
    sampler: Option<Sampler>,
    machine: Option<MachineLoad>,
}

/// What the lab thread woke up for.
enum Woken {
    Command(Option<Command>),
    Fold,
    Progress(Progress),
    Sample(Option<Sample>),
    Publish,
    TimeOut,
    Over,
}

impl Actor {
    pub(super) fn new(
        inbox: Receiver<Command>,
        published: Arc<Published>,
        ended_runs: Sender<Arc<Run>>,
        wake: Box<dyn Fn() + Send>,
        worker_command: Option<WorkerCommand>,
        runs: Arc<AtomicUsize>,
    ) -> Self {
        Self { inbox, published, ended_runs, wake, worker_command, current: None, next: None, runs, closing: false }
    }

    /// Until the handle is gone and the run that was under way has ended.
    pub(super) fn run(mut self) {
        while !(self.closing && self.current.is_none()) {
            match self.next_woken() {
                Woken::Command(command) => self.obey(command),
                Woken::Fold => self.fold(),
                Woken::Progress(Progress::Prepared(prepared)) => {
                    if let Some(current) = &mut self.current {
                        current.begin_at(prepared.at);
                        current.prepared(prepared);
                    }
                }
                Woken::Progress(Progress::Mapped(chunking)) => self.change(|current| current.mapped(chunking)),
                Woken::Progress(Progress::More(more)) => self.change(|current| current.more(more)),
                Woken::Progress(Progress::Ended(result)) => {
                    if let Some(current) = &mut self.current {
                        current.result = Some(result);
                        // Everything that happened, happened before its last word.
                        current.collect();
                    }
                }
                Woken::Over => self.end(),
                Woken::Sample(sample) => {
                    if let Some(current) = &mut self.current {
                        current.sampled(sample);
                    }
                }
                Woken::Publish => self.publish(),
                Woken::TimeOut => {
                    if let Some(current) = &mut self.current {
                        current.deadline = None;
                        current.stop(End::TimedOut, true);
                    }
                }
            }
        }
    }

    fn next_woken(&self) -> Woken {
        // While closing, the disconnected inbox must not be heard again and again.
        let silence = never();
        let inbox = if self.closing { &silence } else { &self.inbox };
        let Some(current) = &self.current else { return Woken::Command(inbox.recv().ok()) };
        let timer = |when: Option<Instant>| when.map_or_else(never, at);
        let (publish, time_out) = (timer(current.publish_at), timer(current.deadline));
        // What it did is heard before the events that came of that.
        if current.result.is_none()
            && let Ok(progress) = current.progress.try_recv()
        {
            return Woken::Progress(progress);
        }
        // Its last word was said, and all events that came before it are folded.
        if current.result.is_some() && current.events.len() == 0 {
            return Woken::Over;
        }
        // Events that are there are folded at once, but not before somebody was heard who waits.
        let behind = if current.events.len() > 0 { at(Instant::now()) } else { never() };
        let no_progress = never();
        let progress = if current.result.is_none() { &current.progress } else { &no_progress };
        select! {
            recv(inbox) -> command => Woken::Command(command.ok()),
            recv(publish) -> _ => Woken::Publish,
            recv(time_out) -> _ => Woken::TimeOut,
            recv(behind) -> _ => Woken::Fold,
            recv(current.fold_tick) -> _ => Woken::Fold,
            // It stays open: this side has a sender of it too.
            recv(progress) -> progress => progress.map_or(Woken::Publish, Woken::Progress),
            recv(current.samples) -> sample => Woken::Sample(sample.ok()),
        }
    }

    /// Whatever is asked for, the run that is under way ends; no command = the handle is gone.
    fn obey(&mut self, command: Option<Command>) {
        self.closing |= command.is_none();
        let (next, interrupt) = match command {
            Some(Command::SetWorkers(workers)) => return self.change(|current| current.set_workers(workers)),
            Some(Command::SetChunksize(chunksize)) => return self.change(|current| current.set_chunksize(chunksize)),
            Some(Command::InterruptCall(call, why)) => return self.change(|current| current.interrupt_call(call, why)),
            Some(Command::CancelPending(which)) => return self.change(|current| current.cancel_pending(which)),
            Some(Command::KillWorker(worker)) => return self.change(|current| current.kill_worker(worker)),
            Some(Command::SubmitMore) => return self.change(Current::submit_more),
            Some(Command::Close) => return self.change(Current::close),
            Some(Command::Run(settings)) => (Some(settings), true),
            Some(Command::Stop) => (None, false),
            Some(Command::StopNow) | None => (None, true),
        };
        self.next = next;
        if let Some(current) = &mut self.current {
            current.stop(End::Stopped, interrupt);
        }
        // Whoever asked for something sees at once that it was heard.
        self.publish();
        self.start_next();
    }

    /// Changes the run that is under way, if there is one.
    fn change(&mut self, change: impl FnOnce(&mut Current)) {
        if let Some(current) = &mut self.current {
            change(current);
            current.publish_soon();
        }
    }

    fn start_next(&mut self) {
        if self.current.is_some() {
            return;
        }
        let Some(settings) = self.next.take() else { return };
        let number = self.runs.fetch_add(1, Ordering::Relaxed) + 1;
        match Current::start(number, *settings, self.worker_command.clone()) {
            Ok(current) => {
                self.current = Some(current);
                self.publish();
            }
            Err((run, error)) => {
                let status = Status::Ended(End::Failed(RunError::System(error.to_string())));
                self.tell_of_the_end(Run { status, ..*run });
            }
        }
    }

    /// Takes what has happened, for a while.
    fn fold(&mut self) {
        let Some(current) = &mut self.current else { return };
        let started = Instant::now();
        if current.events.len() == 0 {
            current.collect();
        }
        let results_came = current.take_results();
        // What is not published yet is told soon after somebody looks, though nothing follows.
        if results_came || current.events.len() > 0 || current.publish_at.is_some() {
            let looked_at = self.published.was_looked_at();
            current.publish_within(if looked_at { PUBLISH_INTERVAL } else { UNSEEN_INTERVAL });
        }
        let mut count = 0;
        while let Some(event) = current.events.next() {
            current.run.trace.apply(&event);
            if tells_of_an_error(&event) {
                current.heed_error();
            }
            current.historian.keep(event);
            count += 1;
            if count % 256 == 0 && started.elapsed() > FOLD_BUDGET {
                break;
            }
        }
    }

    fn publish(&mut self) {
        let Some(current) = &mut self.current else { return };
        (current.publish_at, current.published_at) = (None, Instant::now());
        current.settle(sys::monotonic_nanos());
        current.watch_processes();
        current.run.backlog = current.events.len() + current.shared.recorder.backlog();
        self.published.put(Arc::new(current.run.clone()));
        (self.wake)();
    }

    fn tell_of_the_end(&self, run: Run) {
        let run = Arc::new(run);
        // First to the list: whoever sees that the run is over finds it there.
        let _ = self.ended_runs.send(Arc::clone(&run));
        self.published.put(run);
        (self.wake)();
    }

    fn end(&mut self) {
        if let Some(current) = &mut self.current {
            let end = match current.result.take() {
                // Whoever stops a run knows why no more calls were taken.
                Some(Ok(Some(refused))) if current.end == End::Completed => End::Refused(refused),
                Some(Err(error)) => End::Failed(error),
                Some(Ok(_)) | None => current.end.clone(),
            };
            current.look_at_machine();
            current.run.status = Status::Ended(end);
            current.run.backlog = 0;
        }
        if let Some(mut current) = self.current.take() {
            current.settle(i64::MAX);
            current.take_results();
            self.tell_of_the_end(current.run);
            let _ = current.thread.join();
        }
        self.start_next();
    }
}

/// Something that has no kind of its own.
fn other(what: String) -> Intervention {
    Intervention::Other(what.into())
}

impl Current {
    fn start(
        number: usize,
        checked: CheckedSettings,
        worker_command: Option<WorkerCommand>,
    ) -> Result<Self, (Box<Run>, std::io::Error)> {
        let origin = sys::monotonic_nanos();
        let run = Run { only: checked.only.clone(), ..Run::new(number, checked.settings.clone(), origin) };
        let (progress_in, progress) = unbounded();
        let shared = Shared {
            recorder: Arc::default(),
            cancelled: Arc::default(),
            interrupted: Arc::default(),
            progress: progress_in,
            results: Arc::default(),
            batches: Arc::default(),
        };
        let of_drive = shared.clone();
        let thread =
            thread::Builder::new().name("drive".to_owned()).spawn(move || drive(checked, worker_command, &of_drive));
        let thread = match thread {
            Ok(thread) => thread,
            Err(error) => return Err((Box::new(run), error)),
        };
        // A run without CPU curves is better than none.
        let (cpu, samples) = match Sampler::start() {
            Ok((cpu, samples)) => (Some(cpu), samples),
            Err(_) => (None, never()),
        };
        Ok(Self {
            run,
            historian: Historian::new(origin),
            shared,
            events: Vec::new().into_iter(),
            fold_tick: tick(FOLD_INTERVAL),
            progress,
            samples,
            executor: None,
            chunkings: Vec::new(),
            rechunking: Rechunking::default(),
            end: End::Completed,
            interrupt: false,
            skips: false,
            result: None,
            deadline: None,
            publish_at: None,
            published_at: Instant::now(),
            thread,
            sampler: cpu,
            machine: MachineLoad::begin(),
        })
    }

    /// Takes over what was recorded.
    fn collect(&mut self) {
        let mut events: Vec<_> = self.events.by_ref().collect();
        self.shared.recorder.collect(&mut events);
        self.events = events.into_iter();
    }

    /// Has the sampler ask for the processes that there are now.
    fn watch_processes(&self) {
        if let Some(sampler) = &self.sampler {
            let alive = self.run.trace.lanes().iter().filter(|lane| lane.exited.is_none());
            sampler.watch(alive.filter_map(|lane| Some((lane.worker, lane.pid?))));
        }
    }

    /// Adds to the history what happened long enough before the stamp `now`, and nothing before which more may be heard of.
    fn settle(&mut self, now: i64) {
        let next = self.events.as_slice().first().map_or(now, |event| event.at.min(now));
        let settled = next.saturating_sub(HEARD_WITHIN);
        self.historian.settle(settled);
        self.run.settled = self.run.trace.time_of(settled);
        self.run.history = self.historian.history().clone();
    }

    /// Takes over what was yielded. Returns whether there was something.
    fn take_results(&mut self) -> bool {
        let results = self.shared.results.take();
        let came = !results.is_empty();
        for (item, result) in results {
            self.run.results.push(item, result);
        }
        came
    }

    /// Looking for items, which may take long, is no part of the run's time: that begins at this stamp, if nothing happened before.
    fn begin_at(&mut self, origin: i64) {
        if self.run.trace.events() == 0 {
            self.run.trace = Trace::new(origin);
            self.run.load = Series::default();
            self.historian = Historian::new(origin);
            self.machine = MachineLoad::begin();
        }
    }

    fn prepared(&mut self, prepared: Prepared) {
        let Prepared { items, labels, notes, resolved, executor, .. } = prepared;
        self.run.notes = notes;
        self.run.notes.extend(idle_workers_note(&self.run.settings, items));
        let resolved = resolved.into_iter().map(|(name, text)| (name.to_owned(), text));
        self.run.settings.params.extend(resolved);
        self.run.items = Some(items);
        self.run.began_with.items = items;
        self.run.labels = Some(labels);
        self.deadline = self.run.settings.timeout().and_then(|timeout| Instant::now().checked_add(timeout));
        self.executor = Some(executor);
        if self.shared.cancelled.load(Ordering::Relaxed) {
            // The stop came while the items were being looked for.
            self.apply_stop();
        } else {
            self.run.status = Status::Running;
        }
        // An item may have raised before this was heard.
        if self.run.totals().failed() > 0 {
            self.heed_error();
        }
        self.publish_soon();
    }

    /// Ends the run early. The first reason is the one that is told.
    fn stop(&mut self, end: End, interrupt: bool) {
        if Some(self.run.totals().sum()) == self.run.items {
            // There is nothing left to stop.
            return;
        }
        if self.run.status != Status::Stopping || interrupt && !self.interrupt {
            let what = match end {
                End::TimedOut => "its time is over",
                End::StoppedByError => "stopped, as an item raised",
                _ if interrupt => "stop now",
                _ => "stop: shutdown(cancel_futures=True)",
            };
            self.intervened(other(what.to_owned()));
        }
        if self.end == End::Completed {
            self.end = end;
        }
        self.run.closed = true;
        self.interrupt |= interrupt;
        self.shared.interrupted.fetch_or(interrupt, Ordering::Relaxed);
        self.shared.cancelled.store(true, Ordering::Relaxed);
        self.run.status = Status::Stopping;
        self.apply_stop();
        self.publish_soon();
    }

    fn apply_stop(&self) {
        if let Some(executor) = &self.executor {
            executor.shutdown(false, true);
            if self.interrupt {
                executor.interrupt();
            }
        }
    }

    fn set_workers(&mut self, workers: usize) {
        // A number that can't be changes nothing; whoever offers one knows the limits.
        if let Some(executor) = &self.executor
            && workers != self.run.settings.workers
            && executor.set_max_workers(workers).is_ok()
        {
            self.run.settings.workers = workers;
            self.intervened(Intervention::Workers(u32::try_from(workers).unwrap_or(u32::MAX)));
        }
    }

    fn set_chunksize(&mut self, chunksize: usize) {
        let maps = self.run.settings.collect == Collect::Map;
        // What is taken back could not be submitted again.
        if !maps || self.run.closed || [0, self.run.settings.chunksize].contains(&chunksize) {
            return;
        }
        self.run.settings.chunksize = chunksize;
        self.intervened(Intervention::Chunksize(u32::try_from(chunksize).unwrap_or(u32::MAX)));
        for chunking in &self.chunkings {
            self.rechunking.start(chunking.clone(), chunksize);
        }
    }

    /// The items of a map are submitted.
    fn mapped(&mut self, chunking: Chunking<'static, String>) {
        // Somebody may have asked for it while they were.
        if self.run.settings.chunksize != self.run.began_with.chunksize {
            self.rechunking.start(chunking.clone(), self.run.settings.chunksize);
        }
        self.chunkings.push(chunking);
    }

    fn interrupt_call(&self, call: u32, why: Interruption) {
        if let Some(executor) = &self.executor {
            let open = self.run.trace.lanes().iter().filter_map(|lane| lane.open).find(|open| open.call == call);
            let Some(item) = open.map(|open| open.item) else { return };
            let how = match why {
                Interruption::Cancelled => "interrupted",
                Interruption::TimedOut => "timed out",
            };
            let is_chunk = self.run.trace.call(call).is_some_and(|facts| facts.items > 1);
            // A task may handle that its time is over; what was cancelled is over for all of its chunk.
            let of_chunk = if is_chunk && why == Interruption::Cancelled {
                format!(", and what is left of chunk {call}")
            } else {
                String::new()
            };
            self.intervened(other(format!("item {item} {how}{of_chunk}")));
            executor.interrupt_call(call.into(), why);
        }
    }

    fn cancel_pending(&self, which: Pending) {
        // To cancel nothing is nothing that was done to the run. What was not heard of yet may be pending.
        let counts = self.run.trace.counts();
        let all_heard_of = Some(counts.items.submitted) == self.run.items;
        let none = which == Pending::All && all_heard_of && counts.calls.pending == 0;
        // As far as is known: it may have left the queue just now.
        let is_late = |call: u64| {
            let call = u32::try_from(call).ok().and_then(|call| self.run.trace.call(call));
            call.is_some_and(|call| call.stage != Stage::Pending)
        };
        if let Some(executor) = self.executor.as_ref().filter(|_| !none) {
            self.intervened(other(match which {
                Pending::All => "cancel all pending".to_owned(),
                Pending::Call(call) if is_late(call) => format!("cancel call {call}: too late"),
                Pending::Call(call) => format!("cancel call {call}"),
            }));
            executor.cancel_pending(which);
        }
    }

    fn kill_worker(&self, worker: u32) {
        if let Some(executor) = &self.executor {
            self.intervened(other(format!("kill worker {worker}")));
            executor.kill_worker(worker);
        }
    }

    fn submit_more(&mut self) {
        // A sequential run has no time for it: its only thread is at the items that it has.
        let takes_more = !self.run.closed && self.run.settings.executor != ExecutorKind::Sequential;
        let Some(executor) = self.executor.as_ref().filter(|_| takes_more) else { return };
        // They were in order when the run began. Items that tasks submit have numbers of their own in between.
        let checked = self.run.again().ok().filter(|checked| !checked.workload.submits_itself());
        if let Some(checked) = checked {
            // Without a thread there is nothing more.
            let _ = add_batch(checked, Arc::clone(executor), &self.shared);
        }
    }

    /// More items are coming.
    fn more(&mut self, more: Result<(usize, Labels), FieldError>) {
        match more {
            Ok((items, labels)) => {
                let before = self.run.items.unwrap_or_default();
                self.run.items = Some(before + items);
                let old = self.run.labels.take();
                self.run.labels = Some(Arc::new(move |item| match (&old, item.checked_sub(before)) {
                    (_, Some(item)) => labels(item),
                    (Some(old), None) => old(item),
                    (None, None) => String::new(),
                }));
                self.intervened(Intervention::MoreItems(u32::try_from(items).unwrap_or(u32::MAX)));
            }
            Err(error) => self.intervened(other(format!("no more items: {error}"))),
        }
    }

    fn close(&mut self) {
        if let Some(executor) = &self.executor {
            self.run.closed = true;
            self.shared.cancelled.store(true, Ordering::Relaxed);
            self.intervened(other("shutdown(cancel_futures=False)".to_owned()));
            executor.shutdown(false, false);
        }
    }

    /// Notes what somebody outside did to the run.
    fn intervened(&self, what: Intervention) {
        self.shared.recorder.record(Event::now(EventKind::Intervened { what }));
    }

    fn heed_error(&mut self) {
        match self.run.settings.on_error {
            OnError::Continue => {}
            OnError::Stop => {
                if self.end == End::Completed {
                    self.stop(End::StoppedByError, false);
                }
            }
            OnError::Skip => {
                if let Some(executor) = &self.executor
                    && !std::mem::replace(&mut self.skips, true)
                {
                    self.intervened(other("the rest is skipped, as an item raised".to_owned()));
                    executor.skip_rest();
                }
            }
        }
    }

    /// Looks how much of the machine others took so far.
    fn look_at_machine(&mut self) {
        let alive = self.run.trace.lanes().iter().filter(|lane| lane.exited.is_none());
        let workers: Vec<u32> = alive.filter_map(|lane| lane.pid).collect();
        self.run.others = self.machine.as_ref().and_then(|machine| machine.share_of_others(&workers));
    }

    fn sampled(&mut self, sample: Option<Sample>) {
        self.look_at_machine();
        match sample {
            // One may have been on its way when the run's time began.
            Some(Sample { at, load }) if self.run.trace.time_of(at) >= 0 => {
                self.run.load.push(self.run.trace.time_of(at), load);
                self.publish_soon();
            }
            Some(_) => {}
            // The sampler has ended; a closed channel would be heard again and again.
            None => self.samples = never(),
        }
    }

    fn publish_soon(&mut self) {
        self.publish_within(PUBLISH_INTERVAL);
    }

    /// No later than so long after the last time.
    fn publish_within(&mut self, interval: Duration) {
        let at = self.published_at + interval;
        self.publish_at = Some(self.publish_at.map_or(at, |before| before.min(at)));
    }
}
/// Says so when a chunk size leaves workers without work: people set it to make a run faster.
fn idle_workers_note(settings: &RunSettings, items: usize) -> Option<String> {
    let RunSettings { workers, chunksize, collect: Collect::Map, .. } = *settings else { return None };
    let calls = items.div_ceil(chunksize.max(1));
    let busy = workers.min(items);
    (0 < calls && calls < busy).then(|| {
        let (calls_made, have) = if calls == 1 { ("call", "has") } else { ("calls", "have") };
        format!("{items} items at chunk size {chunksize} make {calls} {calls_made}: {calls} of {workers} workers {have} work")
    })
}
