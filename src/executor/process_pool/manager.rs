//! The executor manager thread: moves calls from the work ids queue to the call queue, starts workers, resolves futures
//! from the news that workers' readers bring, and breaks the pool when a worker dies.
//!
//! It owns everything that only it touches, so it needs no lock for it. While the pool lives it
//! blocks in one place, on a wake-up or news; it never writes to a pipe, and it holds no lock while it resolves a future,
//! as that runs callbacks.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, at, never, select, unbounded};

use super::builder::OnWorkerDeath;
use super::link::{CallItem, Fate, Link, News, Order};
use super::{ProcessPoolExecutor, Shared};
use crate::executor::error::{BrokenExecutor, ForcedShutdown, TaskError};
use crate::executor::event::{Event, EventKind, WorkId, WorkerId};
use crate::executor::future::{panic_message, this_thread_resolves_for};
use crate::executor::work_item::WorkItem;

/// How long an idle worker may take to end after its input was closed. A healthy one takes a millisecond; one that is
/// stopped, or swaps, is ended the hard way after this.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long an interrupted task may take to reach its next checkpoint.
const GRACE: Duration = Duration::from_secs(2);

pub(super) struct Manager {
    shared: Arc<Shared>,
    wake_ups: Receiver<()>,
    /// Calls that have a place in the call queue or a worker: they are RUNNING.
    running: HashMap<WorkId, WorkItem>,
    call_queue: Sender<CallItem>,
    call_queue_out: Receiver<CallItem>,
    links: HashMap<WorkerId, Link>,
    next_worker: WorkerId,
    /// The system gave no more processes than these.
    no_more_than: Option<usize>,
    /// Workers that died since a call was last taken: a pool whose workers only die is given up.
    deaths_in_a_row: usize,
    news: Receiver<News>,
    news_in: Sender<News>,
    /// What was passed on to the workers so far.
    interrupted: bool,
    skipping: bool,
    forced: Option<ForcedShutdown>,
    /// When workers that did not heed the interruption are ended the hard way.
    kill_at: Option<Instant>,
}

impl Manager {
    pub(super) fn new(shared: Arc<Shared>, wake_ups: Receiver<()>) -> Self {
        // Bounded by this thread, as the bound can change.
        let (call_queue, call_queue_out) = unbounded();
        let (news_in, news) = unbounded();
        Self {
            shared,
            wake_ups,
            running: HashMap::new(),
            call_queue,
            call_queue_out,
            links: HashMap::new(),
            next_worker: 0,
            no_more_than: None,
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
        let ended = catch_unwind(AssertUnwindSafe(|| self.manage()));
        match ended.unwrap_or_else(|panic| Err(BrokenExecutor::Manager(panic_message(&*panic)))) {
            Ok(()) => self.say_farewell(),
            Err(broken) => self.break_pool(&broken),
        }
    }

    fn manage(&mut self) -> Result<(), BrokenExecutor> {
        loop {
            self.cancel_if_asked();
            self.force_down_if_asked()?;
            self.retire_surplus();
            self.fill_call_queue();
            self.start_workers()?;
            self.pass_orders_on();
            if self.is_finished() {
                return Ok(());
            }
            let first = select! {
                recv(self.news) -> news => news.ok(),
                recv(self.wake_ups) -> _ => None,
                recv(self.kill_at.map_or_else(never, at)) -> _ => {
                    self.kill_the_deaf();
                    None
                }
            };
            // Of one worker, answers come before its death, so those that are there already are kept.
            for news in first.into_iter().chain(self.news.clone().try_iter()) {
                self.handle(news)?;
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
            link.order(Order::Retire);
        }
    }

    /// Moves calls on while there is room; what is in the call queue can't be cancelled any more.
    fn fill_call_queue(&mut self) {
        let capacity = ProcessPoolExecutor::call_queue_capacity(self.shared.max_workers());
        while self.call_queue.len() < capacity {
            let Some(item) = self.shared.next_pending() else { return };
            if !item.start() {
                continue;
            }
            let call = item.id;
            match item.encode() {
                Ok(encoded) => {
                    self.record(EventKind::EnteredCallQueue { call });
                    self.running.insert(call, item);
                    // This thread keeps a receiver, so the channel is not disconnected.
                    let _ = self.call_queue.send(CallItem { call, encoded });
                }
                // The pool lives; only this call can't be sent.
                Err(error) => self.resolve(item, Err(error)),
            }
        }
    }

    /// A worker is started when there are more calls to run than workers.
    fn start_workers(&mut self) -> Result<(), BrokenExecutor> {
        let mut present = self.links.values().filter(|link| link.fate != Fate::Retiring).count();
        let limit = self.shared.max_workers().min(self.no_more_than.unwrap_or(usize::MAX));
        while self.forced.is_none() && present < limit && present < self.running.len() {
            let worker = self.next_worker;
            let queue = self.call_queue_out.clone();
            self.next_worker += 1;
            let (settings, sink) = (&self.shared.settings, Arc::clone(&self.shared.sink));
            match Link::start(worker, settings, queue, self.news_in.clone(), sink) {
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
                Err(cause) if self.links.is_empty() => {
                    let program = settings.worker_command.program.display();
                    return Err(BrokenExecutor::Spawn(format!("{program}: {cause}")));
                }
                // Those that are there can do the work; and it is not tried again.
                Err(cause) => {
                    self.no_more_than = Some(present.max(1));
                    self.record(EventKind::WorkerMissing { cause: cause.to_string().into() });
                    break;
                }
            }
        }
        Ok(())
    }

    fn pass_orders_on(&mut self) {
        let orders = self.shared.orders();
        if orders.interrupt && !self.interrupted {
            self.interrupted = true;
            self.links.values().for_each(|link| link.order(Order::Interrupt));
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
                if let Some(link) = self.links.get_mut(&worker) {
                    link.ready = true;
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
                if let Some(link) = self.links.get_mut(&worker) {
                    link.call = None;
                }
                if let Some(item) = self.running.remove(&call) {
                    self.resolve(item, answer.as_deref().map_err(Clone::clone));
                }
            }
            News::Leaving { worker } => {
                if let Some(link) = self.links.get_mut(&worker) {
                    link.fate = Fate::Leaving;
                }
            }
            News::Exited { worker, exit, fault } => {
                if let Some(link) = self.links.remove(&worker) {
                    self.ended(worker, link, exit, fault)?;
                }
            }
        }
        Ok(())
    }

    /// A worker process is gone.
    fn ended(
        &mut self,
        worker: WorkerId,
        link: Link,
        exit: String,
        fault: Option<String>,
    ) -> Result<(), BrokenExecutor> {
        let Link { pid, mut call, ready, fate, .. } = link;
        link.join();
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
                (_, None) => BrokenExecutor::WorkerDied { worker, pid, exit, call },
            };
            self.deaths_in_a_row += 1;
            let forced = matches!(fate, Fate::Forced(_));
            let hopeless = !ready || self.deaths_in_a_row > self.shared.max_workers();
            if forced || hopeless || self.shared.settings.on_worker_death == OnWorkerDeath::BreakPool {
                // What the others had to say is kept.
                for news in others {
                    let _ = self.news_in.send(news);
                }
                return Err(death);
            }
            if let Some(item) = call.and_then(|call| self.running.remove(&call)) {
                self.resolve(item, Err(TaskError::Broken(death)));
            }
        }
        others.into_iter().try_for_each(|news| self.handle(news))
    }

    /// Ends every worker, then fails every unfinished future, so that the last events of a worker come before the loss of
    /// what it held. Later submits are refused for the same reason.
    fn break_pool(mut self, broken: &BrokenExecutor) {
        let pending = self.shared.set_broken(broken);
        self.links.values().for_each(Link::kill);
        std::mem::take(&mut self.links).into_values().for_each(Link::join);
        // Answers that had arrived are kept; that the others have ended too is no news any more.
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
    fn say_farewell(self) {
        self.links.values().for_each(|link| link.order(Order::Close));
        let deadline = Instant::now() + FAREWELL;
        let mut left = self.links.len();
        while left > 0 {
            match self.news.recv_deadline(deadline) {
                Ok(News::Exited { .. }) => left -= 1,
                Ok(_) => {}
                Err(_) => {
                    self.links.values().for_each(Link::kill);
                    break;
                }
            }
        }
        self.links.into_values().for_each(Link::join);
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
        self.shared.sink.record(Event::now(kind));
    }
}
