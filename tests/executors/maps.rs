//! `map` with a buffer, and with a chunk size that changes while it runs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use libtest_mimic::Trial;
use poolscope::executor::{Executor, Function, MapError, MapOptions, ResultError, SubmitError};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::functions::{Gate, PASS_GATE, POWER};
use crate::traced::{Kind, PATIENCE, Traced};
use crate::trial;

type Test = fn(Kind);

pub fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 8] = [
        ("a_buffersize_of_zero_is_refused", zero_buffersize),
        ("a_buffer_over_no_input_is_no_result", empty_input),
        ("a_full_buffer_takes_no_more_input", full_buffer),
        ("each_chunk_that_is_read_lets_one_more_in", refill),
        ("a_buffer_of_any_size_gives_the_same_results", any_buffersize),
        ("what_is_buffered_comes_before_the_refusal", refused_after_the_buffer),
        ("a_chunksize_changes_what_is_pending", rechunk),
        ("chunks_of_any_sizes_give_the_same_results", rechunk_at_any_time),
    ];
    let kinds = [Kind::Sequential, Kind::Threads, Kind::Processes, Kind::Pipes];
    let all = tests.into_iter().flat_map(|(name, test)| {
        kinds.map(move |kind| trial(format!("{kind:?}::{name}").to_lowercase(), move || test(kind)))
    });
    all.chain([trial("threads::results_are_let_go_as_they_are_read", results_are_let_go)]).collect()
}

fn buffered(buffersize: usize, chunksize: usize) -> MapOptions {
    MapOptions { chunksize, buffersize: Some(buffersize), ..MapOptions::default() }
}

/// Numbers, and how many of them were taken.
fn counted(taken: &Arc<AtomicUsize>) -> impl Iterator<Item = (u64, u32)> + Send + 'static {
    let taken = Arc::clone(taken);
    (0..).map(move |n| {
        taken.fetch_add(1, Ordering::SeqCst);
        (n, 2)
    })
}

// test_map_buffersize_value_validation
fn zero_buffersize(kind: Kind) {
    let pool = Traced::new(kind, 1);
    let taken = Arc::default();
    let refused = pool.executor.map(POWER, counted(&taken), buffered(0, 1)).unwrap_err();
    assert_eq!((refused, taken.load(Ordering::SeqCst)), (MapError::Buffersize, 0));
    pool.finish();
}

// test_map_buffersize_on_empty_iterable
fn empty_input(kind: Kind) {
    let pool = Traced::new(kind, 1);
    assert_eq!(pool.executor.map(POWER, [], buffered(2, 1)).unwrap().next(), None);
    pool.finish();
}

// test_map_buffersize_when_buffer_is_full, test_map_buffersize_on_infinite_iterable
fn full_buffer(kind: Kind) {
    let pool = Traced::new(kind, 2);
    let taken = Arc::default();
    let map = pool.executor.map(POWER, counted(&taken), buffered(2, 3)).unwrap();
    pool.executor.shutdown(true, false);
    // Whole chunks: 2 × 3.
    assert_eq!(taken.load(Ordering::SeqCst), 6);
    map.detach();
    assert_eq!(pool.finish().counts().returned, 6);
}

fn refill(kind: Kind) {
    let pool = Traced::new(kind, 2);
    let taken = Arc::default();
    let mut map = pool.executor.map(POWER, counted(&taken), buffered(2, 1)).unwrap();
    for n in 0..10 {
        assert_eq!(taken.load(Ordering::SeqCst), 2 + n as usize, "nothing is fetched between reads");
        assert_eq!(map.next(), Some(Ok(n * n)));
    }
    drop(map);
    assert_eq!(pool.finish().counts().items.submitted, 12);
}

fn any_buffersize(kind: Kind) {
    let pool = Traced::new(kind, 2);
    for (buffersize, chunksize) in [(1, 1), (1, 7), (3, 2), (100, 1), (100, 100)] {
        let results = pool.executor.map(POWER, (0..50).map(|n| (n, 2)), buffered(buffersize, chunksize)).unwrap();
        assert_eq!(results.collect::<Vec<_>>(), (0..50).map(|n| Ok(n * n)).collect::<Vec<_>>());
    }
    pool.finish();
}

// gh-146392: never cut short in silence
fn refused_after_the_buffer(kind: Kind) {
    let pool = Traced::new(kind, 1);
    let taken = Arc::default();
    let mut map = pool.executor.map(POWER, counted(&taken), buffered(3, 1)).unwrap();
    assert_eq!(map.next(), Some(Ok(0)));
    pool.executor.shutdown(false, false);
    let rest: Vec<_> = map.by_ref().collect();
    assert_eq!(rest, [Ok(1), Ok(4), Ok(9), Err(ResultError::Submit(SubmitError::ShutDown))]);
    assert_eq!(map.next(), None);
    pool.finish();
}

fn rechunk(kind: Kind) {
    let pool = Traced::new(kind, 1);
    let gate = Gate::new();
    let blocker = (kind != Kind::Sequential).then(|| {
        let blocked = pool.executor.submit(PASS_GATE, gate.port()).unwrap();
        (blocked, gate.arrival())
    });
    let map = pool.executor.map(POWER, (0..100).map(|n| (n, 2)), MapOptions::default()).unwrap();
    let chunking = map.chunking();
    assert_eq!(chunking.set_chunksize(0), Err(MapError::Chunksize));
    let changed = chunking.set_chunksize(30).unwrap();
    if let Some((blocked, executing)) = blocker {
        assert!(changed >= 98, "{changed}: at most the call queue is handed out");
        drop(executing);
        blocked.result(Some(PATIENCE)).unwrap();
    } else {
        assert_eq!(changed, 0, "everything has run");
    }
    assert_eq!(map.collect::<Vec<_>>(), (0..100).map(|n| Ok(n * n)).collect::<Vec<_>>());
    let trace = pool.finish();
    let items = trace.counts().items;
    assert_eq!((items.submitted, items.finished), (trace.counts().returned, trace.counts().returned));
    if changed > 0 {
        let calls = trace.counts().calls;
        // The gate's, those that were handed out, and 30 + 30 + 30 + the rest.
        assert_eq!(calls.finished, 1 + (100 - changed) + changed.div_ceil(30));
        assert_eq!(calls.cancelled, changed, "taken back one by one");
    }
}

fn rechunk_at_any_time(kind: Kind) {
    let mut runner = TestRunner::new(Config { cases: 16, failure_persistence: None, ..Config::default() });
    let sizes = prop::collection::vec((0..20_usize, 1..20_usize), 0..12);
    let pool = Traced::new(kind, 2);
    runner
        .run(&(sizes, 0..200_u64, prop::option::of(1..10_usize)), |(sizes, items, buffersize)| {
            let options = MapOptions { buffersize, ..MapOptions::default() };
            let mut map = pool.executor.map(POWER, (0..items).map(|n| (n, 2)), options).unwrap();
            let mut results = Vec::new();
            for (read, chunksize) in sizes {
                results.extend(map.by_ref().take(read));
                map.chunking().set_chunksize(chunksize).unwrap();
            }
            results.extend(map);
            prop_assert_eq!(results, (0..items).map(|n| Ok(n * n)).collect::<Vec<_>>());
            Ok(())
        })
        .unwrap();
    pool.finish();
}

// test_free_reference
fn results_are_let_go() {
    #[derive(Clone, Debug)]
    struct Shared(Arc<u64>);
    impl serde::Serialize for Shared {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.serialize(serializer)
        }
    }
    impl<'de> serde::Deserialize<'de> for Shared {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            u64::deserialize(deserializer).map(|n| Self(Arc::new(n)))
        }
    }
    const PASS_ON: Function<Shared, Shared> = Function::new("pass on", |shared, _| Ok(shared));

    let pool = Traced::new(Kind::Threads, 2);
    let originals: Vec<_> = (0..10).map(|n| Shared(Arc::new(n))).collect();
    let watched: Vec<Weak<u64>> = originals.iter().map(|shared| Arc::downgrade(&shared.0)).collect();
    let map = pool.executor.map(PASS_ON, originals, MapOptions::default()).unwrap();
    for (result, weak) in map.zip(watched) {
        assert!(weak.upgrade().is_some());
        drop(result);
        assert!(weak.upgrade().is_none(), "neither the iterator nor the executor keeps it");
    }
    pool.finish();
}
