//! A worker's result queue: a ring of words with one writer, the worker, and one reader, the manager. Frames longer than the
//! ring go through it piece by piece, as through a pipe; what a dead worker has left unfinished is never taken for a frame.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Hall, Seat, words_of};

/// Words of the ring itself: 64 KiB.
const CAPACITY: usize = 8_192;

/// How many words were ever read, and written; each on a cache line of its own.
const READ: usize = 0;
const WRITTEN: usize = 8;
const FIRST: usize = 16;

pub(super) const WORDS: usize = FIRST + CAPACITY;

/// The worker's side.
pub(in crate::executor::process_pool) struct RingWriter {
    hall: Hall,
    seat: Seat,
}

/// The manager's side.
pub(in crate::executor::process_pool) struct RingReader {
    hall: Hall,
    seat: Seat,
    /// The frame that is being put together, and how many bytes it will have.
    frame: Vec<u8>,
    expected: Option<usize>,
}

impl Hall {
    fn ring(&self, seat: Seat) -> &[AtomicU64] {
        let start = super::board::WORDS + seat * WORDS;
        &self.0.words()[start..start + WORDS]
    }
}

impl RingWriter {
    pub(in crate::executor::process_pool) const fn new(hall: Hall, seat: Seat) -> Self {
        Self { hall, seat }
    }

    /// Writes a frame, waiting for room if need be.
    pub(in crate::executor::process_pool) fn write(&mut self, frame: &[u8]) {
        let length = (frame.len() as u64).to_le_bytes();
        self.write_words(&length);
        self.write_words(frame);
        self.hall.manager_bell().ring(1);
    }

    fn write_words(&self, mut bytes: &[u8]) {
        let ring = self.hall.ring(self.seat);
        while !bytes.is_empty() {
            let written = ring[WRITTEN].load(Ordering::Relaxed);
            let room = |ring: &[AtomicU64]| CAPACITY - (written - ring[READ].load(Ordering::Acquire)) as usize;
            let free = match room(ring) {
                0 => {
                    self.hall.manager_bell().ring(1);
                    let free = self.hall.room_bell(self.seat).wait(None, || Some(room(ring)).filter(|free| *free > 0));
                    free.unwrap_or(0)
                }
                free => free,
            };
            let now = bytes.len().min(free * 8);
            let (piece, rest) = bytes.split_at(now);
            for (index, value) in words_of(piece).enumerate() {
                ring[FIRST + (written as usize + index) % CAPACITY].store(value, Ordering::Relaxed);
            }
            ring[WRITTEN].store(written + now.div_ceil(8) as u64, Ordering::Release);
            bytes = rest;
        }
    }
}

impl RingReader {
    /// Empties the ring for a new worker in this seat; the one before is gone.
    pub(in crate::executor::process_pool) fn new(hall: Hall, seat: Seat) -> Self {
        let ring = hall.ring(seat);
        ring[READ].store(0, Ordering::Relaxed);
        ring[WRITTEN].store(0, Ordering::Release);
        Self { hall, seat, frame: Vec::new(), expected: None }
    }

    /// Whether there is something to read.
    pub(in crate::executor::process_pool) fn is_ready(&self) -> bool {
        let ring = self.hall.ring(self.seat);
        ring[WRITTEN].load(Ordering::Acquire) != ring[READ].load(Ordering::Relaxed)
    }

    /// The next frame that is complete.
    ///
    /// # Errors
    /// When its length is above `limit`: it is no frame of ours.
    pub(in crate::executor::process_pool) fn read(&mut self, limit: usize) -> Result<Option<Vec<u8>>, usize> {
        let ring = self.hall.ring(self.seat);
        let mut read = ring[READ].load(Ordering::Relaxed);
        let written = ring[WRITTEN].load(Ordering::Acquire);
        // A writer that is out of its mind is stopped by its frames, not by an endless loop.
        let mut left = (written.wrapping_sub(read) as usize).min(CAPACITY);
        let mut next = || {
            let word = ring[FIRST + read as usize % CAPACITY].load(Ordering::Relaxed);
            read += 1;
            word
        };
        let mut complete = None;
        while left > 0 && complete.is_none() {
            let Some(expected) = self.expected else {
                let length = next() as usize;
                left -= 1;
                if length > limit {
                    return Err(length);
                }
                self.expected = Some(length);
                self.frame = Vec::with_capacity(length.next_multiple_of(8).min(CAPACITY * 8));
                continue;
            };
            let wanted = (expected - self.frame.len()).div_ceil(8).min(left);
            for _ in 0..wanted {
                self.frame.extend_from_slice(&next().to_le_bytes());
            }
            left -= wanted;
            if self.frame.len() >= expected {
                self.frame.truncate(expected);
                self.expected = None;
                complete = Some(std::mem::take(&mut self.frame));
            }
        }
        ring[READ].store(read, Ordering::Release);
        self.hall.room_bell(self.seat).ring(1);
        Ok(complete)
    }
}
