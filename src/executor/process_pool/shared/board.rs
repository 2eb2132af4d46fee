//! The call queue: places on a board, filled by the manager, emptied by whichever worker is free.
//!
//! Places are numbered on and on; number `n` is at place `n % PLACES`. Its state word goes from filled to claimed, by one
//! worker's compare-and-swap, to taken, once that worker has copied what it says; then the place may be filled again. The
//! word tells the number and the worker too, so a worker that dies is known to have held it, and nobody takes an old number
//! for a new one.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Hall, Seat, words_of};
use crate::executor::event::WorkId;
use crate::sys;

/// More than a call queue ever holds.
const PLACES: usize = 512;

/// Words a place: a page.
const PLACE_WORDS: usize = 512;

/// State, call, stamp, length; then the message.
const HEADER: usize = 4;

/// Longer messages go through the worker's pipe.
const MESSAGE_LIMIT: usize = (PLACE_WORDS - HEADER) * 8;

/// In place of a length: the message comes through the pipe.
const THROUGH_THE_PIPE: u64 = u64::MAX;

/// Where the workers look next (it may lag behind), and what all workers are to know; each on a cache line of its own.
const HEAD: usize = 0;
const ORDERS: usize = 8;
/// A word a seat: not 0 = its worker is to leave.
const LEAVE: usize = 16;
const FIRST_PLACE: usize = PLACE_WORDS;

pub(super) const WORDS: usize = FIRST_PLACE + PLACES * PLACE_WORDS;

/// The phases of a place, the low bits of its state.
const FILLED: u64 = 1;
const CLAIMED: u64 = 2;
const TAKEN: u64 = 3;

const fn state(number: u64, seat: Seat, phase: u64) -> u64 {
    number << 16 | (seat as u64) << 2 | phase
}

const fn seat_of(state: u64) -> Seat {
    ((state >> 2) & 0x3fff) as Seat
}

/// The manager's side.
pub(in crate::executor::process_pool) struct Board {
    hall: Hall,
    /// The number of the next place to fill.
    next: u64,
    /// Of the places before it, the latest: whether their calls were seen to be taken.
    seen: VecDeque<bool>,
}

/// A worker took a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::executor::process_pool) struct Taken {
    pub(in crate::executor::process_pool) call: WorkId,
    pub(in crate::executor::process_pool) seat: Seat,
    /// When.
    pub(in crate::executor::process_pool) at: i64,
    /// The worker waits for the message at its pipe.
    pub(in crate::executor::process_pool) through_the_pipe: bool,
}

/// What a worker found. It waits until there is something.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::executor::process_pool) enum Claim {
    /// The message is in the buffer.
    Message,
    /// This call's message comes through the pipe.
    ThroughThePipe(WorkId),
    /// It is to leave.
    Leave,
}

/// Orders to all workers, as bits.
pub(in crate::executor::process_pool) const INTERRUPT: u64 = 1;
pub(in crate::executor::process_pool) const SKIP_REST: u64 = 2;

impl Board {
    pub(in crate::executor::process_pool) fn new(hall: Hall) -> Self {
        // Number 0 would look like a place that was never filled.
        hall.word(HEAD).store(1, Ordering::Relaxed);
        Self { hall, next: 1, seen: VecDeque::new() }
    }

    /// How many calls wait to be taken.
    pub(in crate::executor::process_pool) fn len(&self) -> usize {
        self.seen.iter().filter(|seen| !**seen).count()
    }

    /// Whether a message of so many bytes can be offered. Others go through the worker's pipe.
    pub(in crate::executor::process_pool) const fn has_room_for(bytes: usize) -> bool {
        bytes <= MESSAGE_LIMIT
    }

    /// Whether the next place is still in use: a worker that is stopped while it takes a call may keep it for long.
    pub(in crate::executor::process_pool) fn is_full(&self) -> bool {
        self.seen.len() >= PLACES
    }

    /// Offers a call to all workers, and wakes one if they sleep. Not while the board is full. Without a message, whoever takes it waits for it at its pipe.
    pub(in crate::executor::process_pool) fn offer(&mut self, call: WorkId, message: Option<&[u8]>) {
        let number = self.next;
        let place = self.hall.place(number);
        place[1].store(call, Ordering::Relaxed);
        place[2].store(0, Ordering::Relaxed);
        place[3].store(message.map_or(THROUGH_THE_PIPE, |message| message.len() as u64), Ordering::Relaxed);
        if let Some(message) = message {
            for (word, value) in place[HEADER..].iter().zip(words_of(message)) {
                word.store(value, Ordering::Relaxed);
            }
        }
        self.next += 1;
        self.seen.push_back(false);
        place[0].store(state(number, 0, FILLED), Ordering::Release);
        self.hall.calls_bell().ring(1);
    }

    /// Whether a call was taken that [`Self::taken`] has not told of.
    pub(in crate::executor::process_pool) fn is_ready(&self) -> bool {
        self.find(|state| state & 3 == TAKEN).is_some()
    }

    /// A call that was taken and not told of before.
    pub(in crate::executor::process_pool) fn taken(&mut self) -> Option<Taken> {
        let number = self.find(|state| state & 3 == TAKEN)?;
        Some(self.see(number))
    }

    /// As [`Self::taken`], for a worker that died while it was taking.
    pub(in crate::executor::process_pool) fn claimed_by(&mut self, dead: Seat) -> Option<Taken> {
        let number = self.find(|state| state & 3 == CLAIMED && seat_of(state) == dead)?;
        Some(self.see(number))
    }

    /// The first number that was not seen to be taken and is in such a state.
    fn find(&self, such: impl Fn(u64) -> bool) -> Option<u64> {
        let oldest = self.next - self.seen.len() as u64;
        let unseen = (oldest..self.next).zip(&self.seen).filter(|(_, seen)| !**seen).map(|(number, _)| number);
        unseen.into_iter().find(|number| such(self.hall.place(*number)[0].load(Ordering::Acquire)))
    }

    /// What a worker leaves behind that is killed after it has claimed the oldest call.
    #[cfg(test)]
    pub(super) fn die_while_taking(&self, seat: Seat) {
        let oldest = self.next - self.seen.len() as u64;
        self.hall.place(oldest)[0].store(state(oldest, seat, CLAIMED), Ordering::Release);
    }

    fn see(&mut self, number: u64) -> Taken {
        let index = self.seen.len() - (self.next - number) as usize;
        self.seen[index] = true;
        while self.seen.front() == Some(&true) {
            self.seen.pop_front();
        }
        let place = self.hall.place(number);
        let at = place[2].load(Ordering::Relaxed) as i64;
        Taken {
            call: place[1].load(Ordering::Relaxed),
            seat: seat_of(place[0].load(Ordering::Relaxed)),
            // It died before it could say when.
            at: if at == 0 { sys::monotonic_nanos() } else { at },
            through_the_pipe: place[3].load(Ordering::Relaxed) == THROUGH_THE_PIPE,
        }
    }

    /// Lets a new worker have this seat.
    pub(in crate::executor::process_pool) fn seat(&self, seat: Seat) {
        self.hall.word(LEAVE + seat).store(0, Ordering::Release);
    }

    /// Tells a worker to take no more calls.
    pub(in crate::executor::process_pool) fn dismiss(&self, seat: Seat) {
        self.hall.word(LEAVE + seat).store(1, Ordering::Release);
        self.ring_all();
    }

    /// Wakes all workers that sleep, to look for a call. Offering one wakes one, which may die or be stopped before it takes it.
    pub(in crate::executor::process_pool) fn ring_all(&self) {
        self.hall.calls_bell().ring(u32::MAX >> 1);
    }

    /// Tells all workers, those to come included. Each knows it before it takes its next call.
    pub(in crate::executor::process_pool) fn order(&self, order: u64) {
        self.hall.word(ORDERS).fetch_or(order, Ordering::Release);
    }
}

impl Hall {
    fn word(&self, index: usize) -> &AtomicU64 {
        &self.0.words()[index]
    }

    fn place(&self, number: u64) -> &[AtomicU64] {
        let start = FIRST_PLACE + (number % PLACES as u64) as usize * PLACE_WORDS;
        &self.0.words()[start..start + PLACE_WORDS]
    }

    /// What all workers are to know.
    pub(in crate::executor::process_pool) fn orders(&self) -> u64 {
        self.word(ORDERS).load(Ordering::Acquire)
    }

    /// Waits for the oldest call that nobody has taken, and takes it into `message`.
    pub(in crate::executor::process_pool) fn claim(&self, seat: Seat, message: &mut Vec<u8>) -> Claim {
        let leave = self.word(LEAVE + seat);
        let look = || {
            if leave.load(Ordering::Acquire) != 0 { Some(Claim::Leave) } else { self.try_claim(seat, message) }
        };
        self.calls_bell().wait(None, look).unwrap_or(Claim::Leave)
    }

    fn try_claim(&self, seat: Seat, message: &mut Vec<u8>) -> Option<Claim> {
        let head = self.word(HEAD);
        loop {
            let number = head.load(Ordering::Acquire);
            let place = self.place(number);
            let now = place[0].load(Ordering::Acquire);
            if now >> 16 < number {
                // Not filled yet.
                return None;
            }
            if now == state(number, 0, FILLED)
                && place[0]
                    .compare_exchange(now, state(number, seat, CLAIMED), Ordering::AcqRel, Ordering::Relaxed)
                    .is_ok()
            {
                let _ = head.compare_exchange(number, number + 1, Ordering::AcqRel, Ordering::Relaxed);
                let length = place[3].load(Ordering::Relaxed);
                place[2].store(sys::monotonic_nanos() as u64, Ordering::Relaxed);
                let claim = if length == THROUGH_THE_PIPE {
                    Claim::ThroughThePipe(place[1].load(Ordering::Relaxed))
                } else {
                    read_bytes(&place[HEADER..], (length as usize).min(MESSAGE_LIMIT), message);
                    Claim::Message
                };
                place[0].store(state(number, seat, TAKEN), Ordering::Release);
                self.manager_bell().ring(1);
                return Some(claim);
            }
            // Another was quicker; it may be dead before it could say so.
            let _ = head.compare_exchange(number, number + 1, Ordering::AcqRel, Ordering::Relaxed);
        }
    }
}

/// Reads so many bytes into `bytes`.
fn read_bytes(words: &[AtomicU64], length: usize, bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.reserve(length.next_multiple_of(8));
    for word in &words[..length.div_ceil(8)] {
        bytes.extend_from_slice(&word.load(Ordering::Relaxed).to_le_bytes());
    }
    bytes.truncate(length);
}
