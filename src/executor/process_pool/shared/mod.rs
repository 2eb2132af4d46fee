//! What parent and workers share in memory, where the system lets them: the call queue, which all workers take from, and a
//! result queue a worker. Nobody makes a system call to pass a call or a result on, unless the other side sleeps.
//!
//! Everything is atomic words ([`crate::sys::SharedMemory`]), so it can be tested without processes. Nothing in here is ever
//! locked: a worker that is killed at any point leaves nothing behind that another would wait for.

mod bell;
mod board;
mod ring;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) use bell::Bell;
pub(super) use board::{Board, Claim, INTERRUPT, SKIP_REST, Taken};
pub(super) use ring::{RingReader, RingWriter};

use crate::sys::SharedMemory;

/// A worker's place in the memory. It is taken over by another when it has ended.
pub(super) type Seat = usize;

/// As many workers as can be at a time, and those that are on their way out.
pub(super) const SEATS: usize = 320;

/// The memory of one pool.
#[derive(Clone)]
pub(super) struct Hall(Arc<SharedMemory>);

/// Bells: the manager's, the workers', and two for each result queue.
const MANAGER_BELL: usize = 0;
const CALLS_BELL: usize = 2;
const ROOM_BELLS: usize = 4;

impl Hall {
    pub(super) fn create() -> io::Result<Self> {
        let hall = Self(Arc::new(SharedMemory::create(board::WORDS + SEATS * ring::WORDS)?));
        // If this process can't open it by its path, no other can.
        SharedMemory::open(&hall.path())?;
        Ok(hall)
    }

    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let memory = SharedMemory::open(path)?;
        if memory.words().len() != board::WORDS + SEATS * ring::WORDS {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a pool's memory"));
        }
        Ok(Self(Arc::new(memory)))
    }

    pub(super) fn path(&self) -> PathBuf {
        self.0.path()
    }

    /// Rung when there is something for the manager to look at.
    pub(super) fn manager_bell(&self) -> Bell<'_> {
        Bell::new(&self.0.bells()[MANAGER_BELL..MANAGER_BELL + 2])
    }

    /// Rung when there is a call to take.
    fn calls_bell(&self) -> Bell<'_> {
        Bell::new(&self.0.bells()[CALLS_BELL..CALLS_BELL + 2])
    }

    /// Rung when there is room in a result queue again.
    fn room_bell(&self, seat: Seat) -> Bell<'_> {
        Bell::new(&self.0.bells()[ROOM_BELLS + 2 * seat..ROOM_BELLS + 2 * seat + 2])
    }
}

/// Bytes, eight a word; the last is filled up with zeroes.
fn words_of(bytes: &[u8]) -> impl Iterator<Item = u64> {
    let (whole, rest) = bytes.as_chunks();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let last = (!rest.is_empty()).then_some(last);
    whole.iter().copied().chain(last).map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::thread;

    use proptest::prelude::*;

    use super::*;

    /// `None`, and a word about it, where there is no memory to share.
    fn hall() -> Option<Hall> {
        let hall = Hall::create();
        if let Err(error) = &hall {
            eprintln!("SKIPPED: processes can't share memory here: {error}");
        }
        hall.ok()
    }

    /// Workers race for calls: each call is taken by one of them, whole, and the manager hears by whom.
    #[test]
    fn every_call_is_taken_once() {
        const CALLS: u64 = 20_000;
        const WORKERS: usize = 3;
        let Some(hall) = hall() else { return };
        let mut board = Board::new(hall.clone());
        let workers: Vec<_> = (0..WORKERS)
            .map(|seat| {
                let hall = hall.clone();
                thread::spawn(move || {
                    let (mut took, mut message) = (Vec::new(), Vec::new());
                    loop {
                        match hall.claim(seat, &mut message) {
                            Claim::Message => {
                                let (call, rest) = message.split_first_chunk().unwrap();
                                let call = u64::from_le_bytes(*call);
                                assert!(
                                    rest.len() as u64 == call % 4_000 && rest.iter().all(|byte| *byte == call as u8)
                                );
                                took.push(call);
                            }
                            Claim::ThroughThePipe(call) => took.push(call),
                            Claim::Leave => return took,
                        }
                    }
                })
            })
            .collect();
        let mut told = HashMap::new();
        let mut offered = 0;
        while told.len() < CALLS as usize {
            while offered < CALLS && board.len() < WORKERS + 1 && !board.is_full() {
                // Messages of many lengths, and calls without one.
                let padding = vec![offered as u8; (offered % 4_000) as usize];
                let message = [&offered.to_le_bytes(), padding.as_slice()].concat();
                board.offer(offered, (offered % 100 != 99).then_some(&message));
                offered += 1;
            }
            let taken = hall.manager_bell().wait(None, || board.taken());
            if let Some(Taken { call, seat, at, through_the_pipe }) = taken {
                assert!(at > 0 && through_the_pipe == (call % 100 == 99));
                assert_eq!(told.insert(call, seat), None, "call {call} was taken twice");
            }
        }
        assert_eq!((board.len(), board.taken()), (0, None));
        (0..WORKERS).for_each(|seat| board.dismiss(seat));
        let mut taken = 0;
        for (seat, worker) in workers.into_iter().enumerate() {
            let calls = worker.join().unwrap();
            taken += calls.len();
            assert!(calls.iter().all(|call| told[call] == seat));
            assert!(calls.is_sorted(), "first in, first out");
        }
        assert_eq!(taken, CALLS as usize);
    }

    #[test]
    fn who_dies_while_taking_is_known() {
        let Some(hall) = hall() else { return };
        let mut board = Board::new(hall.clone());
        (7..10).for_each(|call| board.offer(call, Some(b"call")));
        board.die_while_taking(5);
        assert_eq!(hall.claim(2, &mut Vec::new()), Claim::Message, "others go on");
        assert_eq!(board.taken().map(|taken| (taken.call, taken.seat)), Some((8, 2)));
        assert_eq!(board.taken(), None);
        assert_eq!(board.claimed_by(2), None);
        assert_eq!(board.claimed_by(5).map(|taken| (taken.call, taken.seat)), Some((7, 5)));
        assert_eq!(board.len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

        /// Frames of any length, also longer than the ring, come out whole and in order.
        #[test]
        fn frames_come_out_as_they_went_in(lengths in prop::collection::vec(prop_oneof![1..50_usize, 1..200_000_usize], 1..20)) {
            let Some(hall) = hall() else { return Ok(()) };
            let mut reader = RingReader::new(hall.clone(), 3);
            let frame = |length: usize| (0..length).map(|n| (n * 7 + length) as u8).collect::<Vec<u8>>();
            let writes = lengths.clone();
            let mut writer = RingWriter::new(hall.clone(), 3);
            let writing = thread::spawn(move || writes.into_iter().for_each(|length| writer.write(&frame(length))));
            for length in lengths {
                let read = hall.manager_bell().wait(None, || reader.read(1 << 20).transpose());
                prop_assert_eq!(read, Some(Ok(frame(length))));
            }
            writing.join().unwrap();
            prop_assert!(!reader.is_ready());
        }
    }

    #[test]
    fn a_length_that_can_not_be_is_refused() {
        let Some(hall) = hall() else { return };
        let mut reader = RingReader::new(hall.clone(), 0);
        RingWriter::new(hall, 0).write(&[1; 100]);
        assert_eq!(reader.read(99), Err(100));
    }
}
