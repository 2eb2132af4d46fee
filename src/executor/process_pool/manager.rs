//! The executor manager thread: moves calls from the work ids queue to the call queue, starts workers, resolves futures
//! from the news that workers' readers bring, and breaks the pool when a worker dies.
//!
//! It owns everything that only it touches, so it needs no lock for it. While the pool lives it
//! blocks in one place, on a wake-up or news; it never writes to a pipe, and it holds no lock while it resolves a future,
//! as that runs callbacks.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, after, at, never, select, unbounded};

use super::builder::OnWorkerDeath;
use super::call_queue::CallQueue;
use super::link::{CallItem, Fate, Link, News, NewsSender, Order, WorkerEnd, record_packed};
use super::protocol::{Answer, FromWorker, read_message};
use super::shared::{INTERRUPT, SKIP_REST, Taken};
use super::{ProcessPoolExecutor, Shared};
use crate::executor::error::{BrokenExecutor, ForcedShutdown, TaskError};
use crate::executor::event::{Event, EventKind, WorkId, WorkerId};
use crate::executor::future::this_thread_resolves_for;
use crate::executor::guard;
use crate::executor::work_item::WorkItem;
use crate::sys;

/// How long an idle worker may take to end after its input was closed. A healthy one takes a millisecond; one that is
/// stopped, or swaps, is ended the hard way after this.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long an interrupted task may take to reach its next checkpoint.
const GRACE: Duration = Duration::from_secs(2);

/// After a shortage of processes, threads or files the system is asked again after this time, and then after twice as long, up to the
/// longest.
const FIRST_TRY: Duration = Duration::from_millis(100);
const LONGEST_TRY: Duration = Duration::from_secs(5);

/// A pool that has had no worker for so long, for want of the system's means, is given up.
const GIVE_UP: Duration = Duration::from_secs(10);

/// The system gave no more workers than there are.
struct Shortage {
    since: Instant,
    try_again: Instant,
    pause: Duration,
}

/// A worker that was woken for a call may not come to take it for long: it is stopped, or starves. Others are woken after this time, and
/// again after twice as long, up to the longest.
const FIRST_RING: Duration = Duration::from_millis(20);
const LONGEST_RING: Duration = Duration::from_secs(1);

struct RingAgain {
    at: Instant,
    after: Duration,
}

pub(super) struct Manager {
    shared: Arc<Shared>,
    wake_ups: Receiver<()>,
    /// Calls that have a place in the call queue or a worker: they are RUNNING.
    running: HashMap<WorkId, WorkItem>,
    call_queue: CallQueue,
    links: HashMap<WorkerId, Link>,
    next_worker: WorkerId,
    shortage: Option<Shortage>,
    /// Calls wait although workers are idle: when to wake those once more.
    ring_again: Option<RingAgain>,
    /// Workers that died without a call since one was last taken: a pool whose workers only die is given up. Each that dies of a
    /// call leaves a call less to die of.
    deaths_in_a_row: usize,
    news: Receiver<News>,
    news_in: NewsSender,
    /// What was passed on to the workers so far.
    interrupted: bool,
    skipping: bool,
    forced: Option<ForcedShutdown>,
    /// When workers that did not heed the interruption are ended the hard way.
    kill_at: Option<Instant>,
}

impl Manager {
    pub(super) fn new(shared: Arc<Shared>, wake_ups: Receiver<()>) -> Self {
        let (news_in, news) = unbounded();
        let call_queue = CallQueue::new(shared.settings.pipes_only);
        let hall = call_queue.hall().cloned();
        if let Some(hall) = &hall {
            // From here on whoever wakes this thread rings that bell.
            shared.hall.store(Some(Arc::new(hall.clone())));
        }
        let news_in = NewsSender { news: news_in, hall };
        Self {
            shared,
            wake_ups,
            running: HashMap::new(),
            call_queue,
            links: HashMap::new(),
            next_worker: 0,
            shortage: None,
            ring_again: None,
            deaths_in_a_row: 0,
            news,
            news_in,
            interrupted: false,
            skipping: false,
            forced: None,
            kill_at: None,
        }
    }

    /// Until the pool is shut down and empty, or broken. No child is left when it returns.
    pub(super) fn run(mut self) {
        this_thread_resolves_for(self.shared.id);
        // Even a bug in here must not leave a future unresolved.
        let ended = guard::run(|| self.manage());
        match ended.unwrap_or_else(|message| Err(BrokenExecutor::Manager(message))) {
            Ok(()) => self.say_farewell(),
            Err(broken) => self.break_pool(&broken),
        }
    }

    fn manage(&mut self) -> Result<(), BrokenExecutor> {
        loop {
            self.cancel_if_asked();
            self.force_down_if_asked()?;
            self.retire_surplus();
            self.post_orders();
            self.fill_call_queue();
            self.start_workers()?;
            self.pass_orders_on();
            self.ring_again_in_time();
            if self.is_finished() {
                return Ok(());
            }
            let first = self.wait();
            if self.kill_at.is_some_and(|when| when <= Instant::now()) {
                self.kill_the_deaf();
            }
            self.handle_frames()?;
            // Of one worker, answers come before its death, so those that are there already are kept.
            for news in first.into_iter().chain(self.news.clone().try_iter()) {
                self.handle(news)?;
            }
        }
    }

    /// Until there is something to do.
    fn wait(&self) -> Option<News> {
        let CallQueue::Shared(shared) = &self.call_queue else {
            return select! {
                recv(self.news) -> news => news.ok(),
                recv(self.wake_ups) -> _ => None,
                recv(self.wakes_at().map_or_else(never, at)) -> _ => None,
            };
        };
        let look = || {
            let woken = self.wake_ups.try_recv().is_ok();
            (woken || !self.news.is_empty() || shared.is_ready()).then_some(())
        };
        let timeout = self.wakes_at().map(|when| when.saturating_duration_since(Instant::now()));
        shared.hall.manager_bell().wait(timeout, look);
        None
    }

    /// When there is something to do even if nobody says anything.
    fn wakes_at(&self) -> Option<Instant> {
        let ring_again = self.ring_again.as_ref().map(|again| again.at);
        let try_again = self.shortage.as_ref().map(|shortage| shortage.try_again);
        [self.kill_at, try_again, ring_again].into_iter().flatten().min()
    }

    /// Wakes workers once more if calls have waited long although some of them are idle.
    fn ring_again_in_time(&mut self) {
        let CallQueue::Shared(shared) = &self.call_queue else { return };
        let is_idle = |link: &Link| link.ready && link.call.is_none() && link.fate == Fate::Stays;
        if shared.board.len() == 0 || !self.links.values().any(is_idle) {
            self.ring_again = None;
            return;
        }
        let now = Instant::now();
        match &mut self.ring_again {
            None => self.ring_again = Some(RingAgain { at: now + FIRST_RING, after: FIRST_RING }),
            Some(again) if again.at <= now => {
                shared.board.ring_all();
                again.after = (again.after * 2).min(LONGEST_RING);
                again.at = now + again.after;
            }
            Some(_) => {}
        }
    }

    /// Hears what workers say in the shared memory, and who took which call.
    fn handle_frames(&mut self) -> Result<(), BrokenExecutor> {
        let CallQueue::Shared(shared) = &mut self.call_queue else { return Ok(()) };
        // Whoever has spoken of a call has taken it before, so its taking is told first.
        let frames = shared.frames();
        self.note_taken();
        for (worker, frame) in frames {
            let fault = match &frame {
                Ok(frame) => self.handle_frame(worker, frame)?,
                Err(length) => Some(format!("a message of {length} bytes is longer than any of ours")),
            };
            if let (Some(cause), Some(link)) = (fault, self.links.get_mut(&worker)) {
                link.fate = Fate::OutOfMind;
                link.kill();
                let pid = link.pid;
                return Err(BrokenExecutor::Protocol { worker, pid, cause });
            }
        }
        Ok(())
    }

    /// Returns what was wrong with it.
    fn handle_frame(&mut self, worker: WorkerId, frame: &[u8]) -> Result<Option<String>, BrokenExecutor> {
        match read_message::<FromWorker>(frame) {
            Ok((FromWorker::Report { others, packed, answer }, blob)) => {
                let results = match record_packed(&*self.shared.sink, others, packed, blob) {
                    Ok(results) => results,
                    Err(error) => return Ok(Some(error.to_string())),
                };
                if let Some(Answer { call, error }) = answer {
                    self.answered(worker, call, error.map_or(Ok(results), Err));
                }
                Ok(None)
            }
            Ok((FromWorker::Leaving, _)) => self.handle(News::Leaving { worker }).map(|()| None),
            Ok(_) => Ok(Some("it said hello twice".to_owned())),
            Err(error) => Ok(Some(error.to_string())),
        }
    }

    fn note_taken(&mut self) {
        while let CallQueue::Shared(shared) = &mut self.call_queue
            && let Some(taken) = shared.board.taken()
        {
            self.took(taken);
        }
    }

    /// A worker took a call from the shared call queue.
    fn took(&mut self, Taken { call, seat, at, through_the_pipe }: Taken) {
        let CallQueue::Shared(shared) = &mut self.call_queue else { return };
        let Some(worker) = shared.seats.get(seat).and_then(|sitting| sitting.as_ref()).map(|sitting| sitting.worker)
        else {
            return;
        };
        let encoded = if through_the_pipe { shared.too_long.remove(&call) } else { None };
        self.shared.sink.tell(Event::at(at, EventKind::Taken { call, worker }));
        self.deaths_in_a_row = 0;
        if let Some(link) = self.links.get_mut(&worker) {
            link.call = Some(call);
            if let Some(encoded) = encoded {
                link.order(Order::Send(CallItem { call, encoded }));
            }
        }
    }

    fn cancel_if_asked(&self) {
        self.shared.take_cancelled().into_iter().for_each(WorkItem::cancel);
    }

    /// Ends all workers if that was asked for: `terminate_workers`, `kill_workers`. The first that is gone breaks the pool.
    fn force_down_if_asked(&mut self) -> Result<(), BrokenExecutor> {
        let Some(how) = self.shared.orders().forced else { return Ok(()) };
        if self.forced.replace(how) != Some(how) {
            self.links.values_mut().for_each(|link| link.force_down(how));
        }
        // The last worker may have left just before, as planned; there will be no other.
        if self.links.is_empty() && !self.running.is_empty() {
            return Err(BrokenExecutor::NoWorkerLeft { how });
        }
        Ok(())
    }

    /// Lets workers go if there are more than there may be: idle ones first, then the youngest.
    fn retire_surplus(&mut self) {
        let staying = self.links.values().filter(|link| link.fate == Fate::Stays).count();
        let surplus = staying.saturating_sub(self.shared.max_workers());
        if surplus == 0 {
            return;
        }
        let mut candidates: Vec<_> = self.links.iter_mut().filter(|(_, link)| link.fate == Fate::Stays).collect();
        candidates.sort_by_key(|(worker, link)| (link.call.is_some(), std::cmp::Reverse(**worker)));
        for (_, link) in candidates.into_iter().take(surplus) {
            link.fate = Fate::Retiring;
            match (&self.call_queue, link.seat) {
                (CallQueue::Shared(shared), Some(seat)) => shared.board.dismiss(seat),
                _ => link.order(Order::Retire),
            }
        }
    }

    /// Whoever takes a call from now on knows what was ordered before.
    fn post_orders(&self) {
        let orders = self.shared.orders();
        if orders.interrupt {
            self.call_queue.order(INTERRUPT);
        }
        if orders.skip_rest {
            self.call_queue.order(SKIP_REST);
        }
    }

    /// Moves calls on while there is room; what is in the call queue can't be cancelled any more.
    fn fill_call_queue(&mut self) {
        let capacity = ProcessPoolExecutor::call_queue_capacity(self.shared.max_workers());
        while !self.call_queue.is_full(capacity) {
            let Some(item) = self.shared.next_pending() else { return };
            if !item.start() {
                continue;
            }
            let call = item.id;
            match item.encode() {
                Ok(encoded) => {
                    self.record(EventKind::EnteredCallQueue { call });
                    self.running.insert(call, item);
                    self.call_queue.push(CallItem { call, encoded });
                }
                // The pool lives; only this call can't be sent.
                Err(error) => self.resolve(item, Err(error)),
            }
        }
    }

    /// A worker is started when there are more calls to run than workers.
    fn start_workers(&mut self) -> Result<(), BrokenExecutor> {
        let mut present = self.links.values().filter(|link| link.fate != Fate::Retiring).count();
        let limit = self.shared.max_workers();
        let able = self.links.values().filter(|link| link.ready && link.fate == Fate::Stays).count();
        if able >= limit.min(self.running.len()) {
            // Nothing waits for a worker that is missing.
            self.shortage = None;
        }
        while self.forced.is_none() && present < limit && present < self.running.len() {
            if self.shortage.as_ref().is_some_and(|shortage| Instant::now() < shortage.try_again) {
                break;
            }
            let worker = self.next_worker;
            let (settings, sink) = (&self.shared.settings, Arc::clone(&self.shared.sink));
            // Without a seat it is not started before another has left.
            let Some(source) = self.call_queue.source_for(worker, settings.max_tasks_per_child) else { break };
            self.next_worker += 1;
            match Link::start(worker, settings, source, self.news_in.clone(), sink) {
                Ok(link) => {
                    // What was ordered before it was there. It reads orders in turn, so it knows before its first call.
                    if self.interrupted {
                        link.order(Order::Interrupt);
                    }
                    if self.skipping {
                        link.order(Order::SkipRest);
                    }
                    self.links.insert(worker, link);
                    present += 1;
                }
                Err(cause) if self.links.is_empty() && !sys::is_shortage(&cause) => {
                    let program = settings.worker_command.program.display();
                    return Err(BrokenExecutor::Spawn(format!("{program}: {cause}")));
                }
                // Those that are there can do the work, only later.
                Err(cause) => {
                    self.call_queue.not_started(worker);
                    self.is_short(&cause.to_string())?;
                    break;
                }
            }
        }
        Ok(())
    }

    /// A worker could not be started for want of the system's means. Somebody may give them back.
    fn is_short(&mut self, cause: &str) -> Result<(), BrokenExecutor> {
        let now = Instant::now();
        if let Some(shortage) = &mut self.shortage {
            shortage.pause = (shortage.pause * 2).min(LONGEST_TRY);
            shortage.try_again = now + shortage.pause;
            let others = self.links.values().any(|link| link.ready);
            return if others || now - shortage.since < GIVE_UP {
                Ok(())
            } else {
                Err(BrokenExecutor::Spawn(cause.to_owned()))
            };
        }
        self.record(EventKind::WorkerMissing { cause: cause.into() });
        self.shortage = Some(Shortage { since: now, try_again: now + FIRST_TRY, pause: FIRST_TRY });
        Ok(())
    }

    fn pass_orders_on(&mut self) {
        let orders = self.shared.orders();
        if orders.interrupt && !self.interrupted {
            self.interrupted = true;
            self.links.values().for_each(|link| link.order(Order::Interrupt));
        }
        let interrupted_calls = self.shared.take_interrupted_calls();
        if !interrupted_calls.is_empty() {
            self.note_taken();
            for (call, why) in interrupted_calls {
                if let Some(link) = self.links.values().find(|link| link.call == Some(call)) {
                    link.order(Order::InterruptCall(call, why));
                }
            }
        }
        for worker in self.shared.take_kill_workers() {
            if let Some(link) = self.links.get(&worker) {
                link.kill();
            }
        }
        if self.running.is_empty() {
            self.kill_at = None;
        } else if self.interrupted {
            self.kill_at.get_or_insert_with(|| Instant::now() + GRACE);
        }
        if orders.skip_rest && !self.skipping {
            self.skipping = true;
            self.links.values().for_each(|link| link.order(Order::SkipRest));
        }
    }

    /// Ends workers that went on although they were interrupted, or, if none of them holds a call, those that never got
    /// ready for one. Their readers tell of their end, which breaks the pool.
    fn kill_the_deaf(&mut self) {
        self.kill_at = None;
        let busy = self.links.values().any(|link| link.call.is_some());
        for link in self.links.values_mut().filter(|link| !busy || link.call.is_some()) {
            link.fate = Fate::Deaf;
            link.kill();
        }
    }

    fn is_finished(&self) -> bool {
        self.running.is_empty() && self.shared.is_shut_down_and_empty()
    }

    /// # Errors
    /// Why the pool is now broken.
    fn handle(&mut self, news: News) -> Result<(), BrokenExecutor> {
        match news {
            News::Ready { worker } => {
                self.shortage = None;
                if let Some(link) = self.links.get_mut(&worker) {
                    link.ready = true;
                    // It can share memory, but others can't, so nobody does any more.
                    if link.seat.is_some() && !self.call_queue.prove() {
                        link.fate = Fate::Leaving;
                        link.order(Order::Close);
                    }
                }
            }
            News::CannotStart { worker, cause } => {
                self.leaves(worker);
                self.is_short(&cause)?;
            }
            News::NoSharedMemory { worker, cause } => {
                self.leaves(worker);
                if !self.call_queue.fall_back() {
                    self.is_short(&cause)?;
                }
            }
            News::InitializerFailed { worker, error } => {
                return Err(BrokenExecutor::Initializer { worker, error: Box::new(error) });
            }
            News::Taken { worker, call } => {
                self.deaths_in_a_row = 0;
                if let Some(link) = self.links.get_mut(&worker) {
                    link.call = Some(call);
                }
            }
            News::Answered { worker, call, answer } => {
                self.answered(worker, call, answer.as_deref().map_err(Clone::clone));
            }
            News::Leaving { worker } => self.leaves(worker),
            News::Exited { worker, at, end } => {
                // It is gone, so what it has said is all there.
                let heard = self.handle_frames();
                self.record_exit(worker, at, &end.exit);
                heard?;
                if let Some(link) = self.links.remove(&worker) {
                    self.ended(worker, link, end)?;
                }
            }
        }
        Ok(())
    }

    /// Its end is no surprise.
    fn leaves(&mut self, worker: WorkerId) {
        if let Some(link) = self.links.get_mut(&worker) {
            link.fate = Fate::Leaving;
        }
    }

    fn answered(&mut self, worker: WorkerId, call: WorkId, answer: Result<&[u8], TaskError>) {
        // It may have taken the next one already.
        if let Some(link) = self.links.get_mut(&worker).filter(|link| link.call == Some(call)) {
            link.call = None;
        }
        if let Some(item) = self.running.remove(&call) {
            self.resolve(item, answer);
        }
    }

    fn record_exit(&self, worker: WorkerId, at: i64, exit: &str) {
        self.shared.sink.tell(Event::at(at, EventKind::WorkerExited { worker, cause: exit.into() }));
    }

    /// A worker process is gone.
    fn ended(&mut self, worker: WorkerId, link: Link, end: WorkerEnd) -> Result<(), BrokenExecutor> {
        let WorkerEnd { exit, was_worker, fault } = end;
        let Link { pid, mut call, seat, ready, fate, .. } = link;
        link.join();
        if let (CallQueue::Shared(shared), Some(seat)) = (&mut self.call_queue, seat) {
            // It may have died while it was taking a call.
            if let Some(taken) = shared.board.claimed_by(seat) {
                call = Some(taken.call);
                self.shared.sink.tell(Event::at(taken.at, EventKind::Taken { call: taken.call, worker }));
            }
            shared.seats[seat] = None;
            // It may have been the one that was woken for a call.
            if shared.board.len() > 0 {
                shared.board.ring_all();
            }
        }
        // Its feeder may have taken a call for it before it noticed.
        let mut others = VecDeque::new();
        for news in self.news.clone().try_iter() {
            match news {
                News::Taken { worker: taker, call: late } if taker == worker => call = Some(late),
                other => others.push_back(other),
            }
        }
        if fate == Fate::Leaving && call.is_none() && fault.is_none() {
            // As was planned.
        } else {
            let death = match (fate, fault) {
                (Fate::Forced(how), _) => BrokenExecutor::ForcedDown { worker, pid, how, call },
                (Fate::Deaf, _) => BrokenExecutor::Unresponsive { worker, pid, call },
                (_, Some(cause)) => BrokenExecutor::Protocol { worker, pid, cause },
                (Fate::Stays, None) if !was_worker => BrokenExecutor::NotAWorker { worker, pid, exit },
                (_, None) => BrokenExecutor::WorkerDied { worker, pid, exit, call },
            };
            self.deaths_in_a_row += usize::from(call.is_none());
            let forced = matches!(fate, Fate::Forced(_));
            let hopeless = !ready || self.deaths_in_a_row > self.shared.max_workers();
            if forced || hopeless || self.shared.settings.on_worker_death == OnWorkerDeath::BreakPool {
                self.hear_again(others);
                return Err(death);
            }
            if let Some(item) = call.and_then(|call| self.running.remove(&call)) {
                self.resolve(item, Err(TaskError::Broken(death)));
            }
        }
        let mut others = others.into_iter();
        let heard = others.try_for_each(|news| self.handle(news));
        self.hear_again(others);
        heard
    }

    /// What others had to say is not lost when one of them breaks the pool.
    fn hear_again(&self, news: impl IntoIterator<Item = News>) {
        for news in news {
            self.news_in.send(news);
        }
    }

    /// Ends every worker, then fails every unfinished future, so that the last events of a worker come before the loss of
    /// what it held. Later submits are refused for the same reason.
    fn break_pool(mut self, broken: &BrokenExecutor) {
        let pending = self.shared.set_broken(broken);
        self.links.values().for_each(Link::kill);
        std::mem::take(&mut self.links).into_values().for_each(Link::join);
        // Answers that had arrived are kept; that the others have ended too is no news any more.
        let _ = self.handle_frames();
        for news in self.news.clone().try_iter() {
            let _ = self.handle(news);
        }
        // What is in the call queue is in `running` too.
        let pending = pending.into_iter().filter(WorkItem::start);
        let mut lost: Vec<_> = self.running.drain().map(|(_, item)| item).chain(pending).collect();
        lost.sort_by_key(|item| item.id);
        for item in lost {
            self.resolve(item, Err(TaskError::Broken(broken.clone())));
        }
    }

    /// Closes the workers' inputs and waits for them to end.
    fn say_farewell(mut self) {
        self.links.values().for_each(|link| link.order(Order::Close));
        let mut patience = after(FAREWELL);
        while !self.links.is_empty() {
            select! {
                recv(self.news) -> news => {
                    if let Ok(News::Exited { worker, at, end }) = news {
                        let _ = self.handle_frames();
                        self.record_exit(worker, at, &end.exit);
                        if let Some(link) = self.links.remove(&worker) {
                            link.join();
                        }
                    }
                }
                recv(patience) -> _ => {
                    self.links.values().for_each(Link::kill);
                    patience = never();
                }
            }
        }
    }

    /// Resolves the future of a call that has been started, so that nobody can cancel it in the meantime.
    fn resolve(&self, item: WorkItem, answer: Result<&[u8], TaskError>) {
        let call = item.id;
        item.answer(answer, &mut |error| {
            self.record(match error {
                None => EventKind::ResultReceived { call },
                Some(error) => EventKind::Lost { call, error: Box::new(error.clone()) },
            });
        });
    }

    fn record(&self, kind: EventKind) {
        self.shared.sink.tell(Event::now(kind));
    }
}
