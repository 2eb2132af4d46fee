//! What it costs to watch: recording, packing and reading events, on one thread.

use divan::{Bencher, black_box};
use poolscope::executor::{Event, EventKind, EventLog, EventSink, NoEvents, Outcome};
use poolscope::trace::{Recorder, Trace};

fn main() {
    divan::main();
}

/// As many as a run of some size has.
const EVENTS: u64 = 100_000;

/// One event a turn, with its stamp, where it happens.
#[divan::bench(sample_count = 50, sample_size = 1)]
fn record(bencher: Bencher<'_, '_>) {
    bencher.counter(EVENTS).with_inputs(Recorder::new).bench_refs(|recorder| {
        for call in 0..EVENTS {
            recorder.record(Event::now(EventKind::ResultReceived { call: black_box(call) }));
        }
    });
}

/// Two of the same moment, as a worker tells of an item: half a turn each.
#[divan::bench(sample_count = 50, sample_size = 1)]
fn record_both(bencher: Bencher<'_, '_>) {
    bencher.counter(EVENTS).with_inputs(Recorder::new).bench_refs(|recorder| {
        for call in 0..EVENTS / 2 {
            let ended = Event::now(EventKind::Finished { call, item: 0, worker: 1, outcome: Outcome::Returned });
            let received = Event { at: ended.at, kind: EventKind::ResultReceived { call } };
            recorder.record_both(ended, received);
        }
    });
}

/// The stamp alone.
#[divan::bench(sample_count = 50, sample_size = 1)]
fn read_the_clock(bencher: Bencher<'_, '_>) {
    bencher.counter(EVENTS).bench(|| {
        for _ in 0..EVENTS {
            black_box(poolscope::sys::monotonic_nanos());
        }
    });
}

/// A sink that does not care, through the same door.
#[divan::bench(sample_count = 50, sample_size = 1)]
fn nobody_listens(bencher: Bencher<'_, '_>) {
    let sink = NoEvents::shared();
    bencher.counter(EVENTS).bench(|| {
        for call in 0..EVENTS {
            sink.record(Event { at: 0, kind: EventKind::ResultReceived { call: black_box(call) } });
        }
    });
}

/// From the buffers to one stream.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn collect(bencher: Bencher<'_, '_>) {
    let recorded = || {
        let recorder = Recorder::new();
        for call in 0..EVENTS {
            recorder.record(Event::now(EventKind::ResultReceived { call }));
        }
        recorder
    };
    bencher.counter(EVENTS).with_inputs(recorded).bench_refs(|recorder| {
        let mut events = Vec::new();
        recorder.collect(&mut events);
        events
    });
}

/// From packed events to a trace: what the lab does with a run of single calls.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn fold(bencher: Bencher<'_, '_>) {
    let log = || {
        let mut log = EventLog::default();
        for call in 0..EVENTS / 5 {
            let at = call as i64 * 2_000;
            let (item, worker, first_item) = (0, (call % 2) as u32, call as u32);
            log.push(Event { at, kind: EventKind::Submitted { call, first_item, items: 1 } });
            log.push(Event { at: at + 100, kind: EventKind::Taken { call, worker } });
            log.push(Event { at: at + 100, kind: EventKind::Started { call, item, worker } });
            let finished = EventKind::Finished { call, item, worker, outcome: Outcome::Returned };
            log.push(Event { at: at + 1_500, kind: finished });
            log.push(Event { at: at + 1_500, kind: EventKind::ResultReceived { call } });
        }
        log
    };
    bencher.counter(EVENTS).with_inputs(log).bench_values(|log| {
        let mut trace = Trace::new(0);
        log.into_events().for_each(|event| trace.apply(&event));
        assert_eq!(trace.ignored(), 0);
        trace
    });
}
