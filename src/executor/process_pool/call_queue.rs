//! The call queue as the manager sees it: in shared memory, from which workers take for themselves, or a channel, from which
//! each worker's feeder takes for it.

use std::collections::HashMap;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::link::{CallItem, Source};
use super::protocol::{FRAME_LIMIT, SharedPlace, ToWorker, append_message};
use super::shared::{Board, Hall, RingReader, SEATS};
use crate::executor::event::{WorkId, WorkerId};
use crate::executor::function::EncodedCall;

/// Calls that no worker has taken. How many there may be is the manager's business.
pub(super) enum CallQueue {
    Shared(Box<SharedCallQueue>),
    Channel(Sender<CallItem>, Receiver<CallItem>),
}

pub(super) struct SharedCallQueue {
    pub(super) hall: Hall,
    pub(super) board: Board,
    /// Who sits where.
    pub(super) seats: Vec<Option<Sitting>>,
    /// Calls that are on the board and have no room there.
    pub(super) too_long: HashMap<WorkId, EncodedCall>,
    /// What was offered as long as no worker has come to share the memory; `None` = one has.
    unproven: Option<Vec<CallItem>>,
    /// The last message, for its memory.
    message: Vec<u8>,
}

/// A worker in a seat, and its result queue.
pub(super) struct Sitting {
    pub(super) worker: WorkerId,
    results: RingReader,
}

impl CallQueue {
    /// In shared memory, if that is wanted and the system lets us.
    pub(super) fn new(pipes_only: bool) -> Self {
        if !pipes_only && let Ok(hall) = Hall::create() {
            let board = Board::new(hall.clone());
            let seats = (0..SEATS).map(|_| None).collect();
            let too_long = HashMap::new();
            let (unproven, message) = (Some(Vec::new()), Vec::new());
            return Self::Shared(Box::new(SharedCallQueue { hall, board, seats, too_long, unproven, message }));
        }
        Self::channel()
    }

    fn channel() -> Self {
        let (sender, receiver) = unbounded();
        Self::Channel(sender, receiver)
    }

    /// A worker has come to share the memory. Returns whether that is still what is used.
    pub(super) fn prove(&mut self) -> bool {
        match self {
            Self::Shared(shared) => {
                shared.unproven = None;
                true
            }
            Self::Channel(..) => false,
        }
    }

    /// A worker can't share the memory: unless others do already, all calls go through pipes from now on. Returns whether they do.
    pub(super) fn fall_back(&mut self) -> bool {
        let calls = match self {
            Self::Shared(shared) => match shared.unproven.take() {
                Some(calls) => calls,
                None => return false,
            },
            Self::Channel(..) => return true,
        };
        *self = Self::channel();
        for call in calls {
            self.push(call);
        }
        true
    }

    pub(super) fn hall(&self) -> Option<&Hall> {
        match self {
            Self::Shared(shared) => Some(&shared.hall),
            Self::Channel(..) => None,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Shared(shared) => shared.board.len(),
            Self::Channel(sender, _) => sender.len(),
        }
    }

    /// Whether so many calls are in it as there may be, or as there can be.
    pub(super) fn is_full(&self, capacity: usize) -> bool {
        self.len() >= capacity || matches!(self, Self::Shared(shared) if shared.board.is_full())
    }

    pub(super) fn push(&mut self, item: CallItem) {
        match self {
            Self::Shared(shared) => shared.push(item),
            // This thread keeps a receiver, so the channel is not disconnected.
            Self::Channel(sender, _) => _ = sender.send(item),
        }
    }

    /// Tells all workers, if they share memory; others are told through their pipes alone.
    pub(super) fn order(&self, order: u64) {
        if let Self::Shared(shared) = self {
            shared.board.order(order);
        }
    }

    /// Where a new worker gets its calls; `None` = there is no seat for it.
    pub(super) fn source_for(&mut self, worker: WorkerId, calls: Option<usize>) -> Option<Source> {
        match self {
            Self::Shared(shared) => {
                let seat = shared.seats.iter().position(Option::is_none)?;
                shared.board.seat(seat);
                shared.seats[seat] = Some(Sitting { worker, results: RingReader::new(shared.hall.clone(), seat) });
                Some(Source::Shared(SharedPlace { path: shared.hall.path(), seat, calls }))
            }
            Self::Channel(_, receiver) => Some(Source::Queue(receiver.clone())),
        }
    }

    /// A worker that got a seat was not started after all.
    pub(super) fn not_started(&mut self, worker: WorkerId) {
        if let Self::Shared(shared) = self {
            let own = |sitting: &Option<Sitting>| sitting.as_ref().is_some_and(|sitting| sitting.worker == worker);
            shared.seats.iter_mut().filter(|sitting| own(sitting)).for_each(|sitting| *sitting = None);
        }
    }
}

impl SharedCallQueue {
    fn push(&mut self, item: CallItem) {
        if let Some(unproven) = &mut self.unproven {
            unproven.push(item.clone());
        }
        let CallItem { call, encoded } = item;
        let message = ToWorker::Call { call, function: encoded.called() };
        self.message.clear();
        // A message that can't be encoded is offered as one that is too long, and fails in the pipe.
        let fits = append_message(&mut self.message, &message, &[&encoded.arguments]).is_ok()
            && Board::has_room_for(self.message.len());
        if fits {
            self.board.offer(call, Some(&self.message));
        } else {
            self.too_long.insert(call, encoded);
            self.board.offer(call, None);
        }
        // A large one does not stay.
        self.message.shrink_to(1 << 16);
    }

    /// Whether any worker has said or taken something.
    pub(super) fn is_ready(&self) -> bool {
        self.board.is_ready() || self.seats.iter().flatten().any(|sitting| sitting.results.is_ready())
    }

    /// What workers have said. An error is the length of what is no message.
    pub(super) fn frames(&mut self) -> Vec<(WorkerId, Result<Vec<u8>, usize>)> {
        let mut frames = Vec::new();
        for sitting in self.seats.iter_mut().flatten() {
            while let Some(frame) = sitting.results.read(FRAME_LIMIT).transpose() {
                let failed = frame.is_err();
                frames.push((sitting.worker, frame));
                if failed {
                    break;
                }
            }
        }
        frames
    }
}
