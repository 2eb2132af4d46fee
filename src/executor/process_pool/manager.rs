//! The executor manager thread: moves calls from the work ids queue to the call queue, starts workers, resolves futures
//! from the news that workers' readers bring, and breaks the pool when a worker dies.
//!
//! It owns everything that only it touches, so it needs no lock for it. While the pool lives it
//! blocks in one place, on a wake-up or news; it never writes to a pipe, and it holds no lock while it resolves a future,
//! as that runs callbacks.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, at, never, select, unbounded};

use super::Shared;
use super::link::{CallItem, Link, News, Order};
use crate::executor::error::{BrokenExecutor, TaskError};
use crate::executor::event::{Event, EventKind, WorkId, WorkerId};
use crate::executor::future::panic_message;
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
    /// `max_workers`, or fewer if the system gives no more.
    limit: usize,
    news: Receiver<News>,
    news_in: Sender<News>,
    /// What was passed on to the workers so far.
    interrupted: bool,
    skipping: bool,
    /// When workers that did not heed the interruption are ended the hard way.
    kill_at: Option<Instant>,
}

impl Manager {
    pub(super) fn new(shared: Arc<Shared>, wake_ups: Receiver<()>) -> Self {
        let (call_queue, call_queue_out) = crossbeam_channel::bounded(shared.call_queue_capacity());
        let (news_in, news) = unbounded();
        Self {
            limit: shared.max_workers,
            shared,
            wake_ups,
            running: HashMap::new(),
            call_queue,
            call_queue_out,
            links: HashMap::new(),
            next_worker: 0,
            news,
            news_in,
            interrupted: false,
            skipping: false,
            kill_at: None,
        }
    }

    /// Until the pool is shut down and empty, or broken. No child is left when it returns.
    pub(super) fn run(mut self) {
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
        for (_, item) in self.shared.take_cancelled() {
            item.cancel();
            item.start();
        }
    }

    /// Moves calls on while there is room; what is in the call queue can't be cancelled any more.
    fn fill_call_queue(&mut self) {
        while !self.call_queue.is_full() {
            let Some((call, item)) = self.shared.next_pending() else { return };
            if !item.start() {
                continue;
            }
            match item.encode() {
                Ok(encoded) => {
                    self.record(EventKind::EnteredCallQueue { call });
                    self.running.insert(call, item);
                    // Only this thread sends, so there is room; and it keeps a receiver, so it is not disconnected.
                    let _ = self.call_queue.try_send(CallItem { call, encoded });
                }
                // The pool lives; only this call can't be sent.
                Err(error) => self.resolve(call, item, Err(error)),
            }
        }
    }

    /// A worker is started when there are more calls to run than workers.
    fn start_workers(&mut self) -> Result<(), BrokenExecutor> {
        while self.links.len() < self.limit && self.links.len() < self.running.len() {
            let worker = self.next_worker;
            let mut command = Command::new(&self.shared.worker_command.program);
            command.args(&self.shared.worker_command.arguments);
            let queue = self.call_queue_out.clone();
            self.next_worker += 1;
            match Link::start(worker, command, queue, self.news_in.clone(), Arc::clone(&self.shared.sink)) {
                Ok(link) => {
                    // What was ordered before it was there. It reads orders in turn, so it knows before its first call.
                    if self.interrupted {
                        link.order(Order::Interrupt);
                    }
                    if self.skipping {
                        link.order(Order::SkipRest);
                    }
                    self.links.insert(worker, link);
                }
                Err(cause) if self.links.is_empty() => {
                    let program = self.shared.worker_command.program.display();
                    return Err(BrokenExecutor::Spawn(format!("{program}: {cause}")));
                }
                // Those that are there can do the work; and it is not tried again.
                Err(cause) => {
                    self.limit = self.links.len();
                    self.record(EventKind::WorkerMissing { cause: cause.to_string() });
                }
            }
        }
        Ok(())
    }

    fn pass_orders_on(&mut self) {
        let (interrupt, skip) = self.shared.orders();
        if interrupt && !self.interrupted {
            self.interrupted = true;
            self.links.values().for_each(|link| link.order(Order::Interrupt));
        }
        if self.running.is_empty() {
            self.kill_at = None;
        } else if self.interrupted {
            self.kill_at.get_or_insert_with(|| Instant::now() + GRACE);
        }
        if skip && !self.skipping {
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
            link.deaf = true;
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
            News::Taken { worker, call } => {
                if let Some(link) = self.links.get_mut(&worker) {
                    link.call = Some(call);
                }
            }
            News::Answered { worker, call, answer } => {
                if let Some(link) = self.links.get_mut(&worker) {
                    link.call = None;
                }
                if let Some(item) = self.running.remove(&call) {
                    self.resolve(call, item, answer);
                }
            }
            News::Exited { worker, exit, fault } => {
                let Some(link) = self.links.remove(&worker) else { return Ok(()) };
                let (pid, call, deaf) = (link.pid, link.call, link.deaf);
                link.join();
                return Err(match fault {
                    _ if deaf => BrokenExecutor::Unresponsive { worker, pid, call },
                    Some(cause) => BrokenExecutor::Protocol { worker, pid, cause },
                    None => BrokenExecutor::WorkerDied { worker, pid, exit, call },
                });
            }
        }
        Ok(())
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
        let pending = pending.into_iter().filter(|(_, item)| item.start());
        let mut lost: Vec<_> = self.running.drain().chain(pending).collect();
        lost.sort_by_key(|(call, _)| *call);
        for (call, item) in lost {
            self.resolve(call, item, Err(TaskError::Broken(broken.clone())));
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
    fn resolve(&self, call: WorkId, item: WorkItem, answer: Result<Vec<u8>, TaskError>) {
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
