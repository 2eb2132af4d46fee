//! Where events of many threads go, and how they come out as one stream with causes before effects.
//!
//! Each thread has a buffer of its own (a few share one if there are very many), so recording costs a lock that nobody else
//! wants and a write. [`Recorder::collect`] takes a stamp first and then empties the buffers, one after the other. An event
//! is stamped after its causes were recorded ([`EventSink`]), so the causes of everything that is not younger than that
//! stamp are in the buffers by then: sorted by their stamps, these events are complete, and causes come before effects. The
//! younger ones wait for the next time.

use std::cell::Cell;
use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_utils::CachePadded;
use parking_lot::Mutex;

use crate::executor::{Event, EventLog, EventSink};
use crate::sys;

/// More threads than this share buffers.
const BUFFERS: usize = 64;

/// Bytes a block: large enough that a new one costs nothing, small enough that a thread with few events takes little.
const BLOCK: usize = 1 << 14;

/// Takes the events of an executor, from all its threads.
pub struct Recorder {
    buffers: Box<[CachePadded<Mutex<Buffer>>]>,
    /// What was taken out and is younger than what was collected.
    younger: Mutex<Vec<Event>>,
}

#[derive(Default)]
struct Buffer {
    full: Vec<EventLog>,
    last: EventLog,
}

impl Buffer {
    #[inline]
    fn push(&mut self, event: Event) {
        self.last.push(event);
        self.take_if_full();
    }

    #[inline]
    fn push_both(&mut self, first: Event, second: Event) {
        self.last.push_both(first, second);
        self.take_if_full();
    }

    fn append(&mut self, log: EventLog) {
        self.last.append(log);
        self.take_if_full();
    }

    #[inline]
    fn take_if_full(&mut self) {
        if self.last.packed_bytes() >= BLOCK {
            self.full.push(mem::replace(&mut self.last, EventLog::with_capacity(BLOCK + 64)));
        }
    }
}

thread_local! {
    static BUFFER: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// The number of this thread's buffer, in any recorder.
#[inline]
fn buffer_of_this_thread() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    let index = BUFFER.get();
    if index != usize::MAX {
        return index;
    }
    let index = THREADS.fetch_add(1, Ordering::Relaxed) % BUFFERS;
    BUFFER.set(index);
    index
}

impl Recorder {
    /// Has recorded nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { buffers: (0..BUFFERS).map(|_| CachePadded::default()).collect(), younger: Mutex::default() }
    }

    /// Appends all events to `events` that happened until now and were not collected before, causes before effects.
    pub fn collect(&self, events: &mut Vec<Event>) {
        let mut younger = self.younger.lock();
        let until = sys::monotonic_nanos();
        for buffer in &self.buffers {
            let Buffer { full, last } = mem::take(&mut *buffer.lock());
            younger.extend(full.into_iter().chain([last]).flat_map(EventLog::into_events));
        }
        // Stable, and quick for what is almost sorted: events of one thread with the same stamp stay in order.
        younger.sort_by_key(|event| event.at);
        let complete = younger.partition_point(|event| event.at <= until);
        events.extend(younger.drain(..complete));
    }

    /// How many events were recorded and not collected.
    #[must_use]
    pub fn backlog(&self) -> usize {
        let in_buffer = |buffer: &CachePadded<Mutex<Buffer>>| {
            let buffer = buffer.lock();
            buffer.full.iter().map(EventLog::len).sum::<usize>() + buffer.last.len()
        };
        self.younger.lock().len() + self.buffers.iter().map(in_buffer).sum::<usize>()
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("backlog", &self.backlog()).finish_non_exhaustive()
    }
}

impl EventSink for Recorder {
    #[inline]
    fn record(&self, event: Event) {
        self.buffers[buffer_of_this_thread()].lock().push(event);
    }

    fn record_log(&self, log: EventLog) {
        self.buffers[buffer_of_this_thread()].lock().append(log);
    }

    #[inline]
    fn record_both(&self, first: Event, second: Event) {
        self.buffers[buffer_of_this_thread()].lock().push_both(first, second);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;
    use crate::executor::EventKind;

    /// A ball that goes from thread to thread, each of which tells of it before it passes it on, while somebody collects all
    /// the time: in the stream the ball never arrives before it was thrown.
    #[test]
    fn causes_come_before_effects_whoever_records_them() {
        const THROWS: u64 = 20_000;
        const PLAYERS: usize = 3;
        let recorder = Arc::new(Recorder::new());
        let links: Vec<_> = (0..PLAYERS).map(|_| crossbeam_channel::bounded::<u64>(1)).collect();
        let players: Vec<_> = (0..PLAYERS)
            .map(|player| {
                let recorder = Arc::clone(&recorder);
                let (ball, next) = (links[player].1.clone(), links[(player + 1) % PLAYERS].0.clone());
                thread::spawn(move || {
                    for throw in ball {
                        recorder.record(Event::now(EventKind::ResultReceived { call: throw }));
                        if throw + 1 >= THROWS || next.send(throw + 1).is_err() {
                            return;
                        }
                    }
                })
            })
            .collect();
        links[0].0.send(0).unwrap();
        drop(links);
        let mut events = Vec::new();
        while !players.iter().any(thread::JoinHandle::is_finished) {
            recorder.collect(&mut events);
        }
        for player in players {
            player.join().unwrap();
        }
        recorder.collect(&mut events);
        let throws = events.iter().map(|event| match event.kind {
            EventKind::ResultReceived { call } => call,
            _ => unreachable!(),
        });
        assert!(throws.eq(0..THROWS));
        assert_eq!(recorder.backlog(), 0);
    }
}
