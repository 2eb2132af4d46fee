//! What every executor owes, each in the same words. CPython's own tests, where they are the model, stand in comments.

use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use poolscope::executor::{
    Executor, MapError, MapOptions, Pending, ResultError, ReturnWhen, SubmitError, TaskError, TaskFuture, as_completed,
    gather, wait,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::functions::{ECHO, FAIL_ON_MULTIPLES, Gate, PANIC, PASS_GATE, PID, POWER, SLEEP};
use crate::traced::{Kind, PATIENCE, Traced};
use crate::trial;

type Test = fn(Kind);

const ALL: [Kind; 4] = [Kind::Sequential, Kind::Threads, Kind::Processes, Kind::Pipes];
const POOLS: [Kind; 3] = [Kind::Threads, Kind::Processes, Kind::Pipes];

pub fn trials() -> Vec<Trial> {
    let for_all: [(&str, Test); 8] = [
        ("submit_gives_the_value", submit_gives_the_value),
        ("map_keeps_the_order_for_every_chunksize", map_keeps_the_order),
        ("map_refuses_a_chunksize_of_zero", map_refuses_zero),
        ("an_error_is_one_items_own", an_error_is_one_items_own),
        ("a_panic_is_one_items_own", a_panic_is_one_items_own),
        ("submit_after_shutdown_is_refused", submit_after_shutdown),
        ("a_second_shutdown_is_no_error", second_shutdown),
        ("an_executor_that_was_never_used_ends", never_used),
    ];
    let for_pools: [(&str, Test); 16] = [
        ("shutdown_that_waits_runs_everything", shutdown_runs_everything),
        ("shutdown_that_cancels_leaves_nothing_pending", shutdown_cancels),
        ("dropping_the_executor_strands_nothing", drop_strands_nothing),
        ("cancelled_at_once_then_shutdown_ends", cancel_then_shutdown),
        ("running_cannot_be_cancelled_pending_can", running_cannot_be_cancelled),
        ("pending_calls_are_cancelled_one_or_all", cancel_pending),
        ("never_more_workers_than_allowed", never_more_workers),
        ("one_worker_is_enough_for_calls_one_by_one", one_worker_is_enough),
        ("a_callback_may_submit_and_shut_down", callback_may_use_the_pool),
        ("dropping_a_map_cancels_detaching_does_not", dropping_a_map),
        ("map_times_out_and_cancels_the_rest", map_times_out),
        ("interrupt_ends_what_executes", interrupt_ends_what_executes),
        ("skipping_hands_out_but_does_not_run", skipping),
        ("as_completed_yields_the_quick_one_first", quick_one_first),
        ("gather_submits_everything_before_it_waits", gather_submits_first),
        ("large_and_empty_values_come_back", large_values),
    ];
    let named = |kinds: &'static [Kind], name: &'static str, test: Test| {
        kinds.iter().map(move |&kind| trial(format!("{kind:?}::{name}").to_lowercase(), move || test(kind)))
    };
    let mut trials: Vec<_> = for_all.into_iter().flat_map(|(name, test)| named(&ALL, name, test)).collect();
    trials.extend(for_pools.into_iter().flat_map(|(name, test)| named(&POOLS, name, test)));
    trials
}

fn chunks(chunksize: usize) -> MapOptions {
    MapOptions { chunksize, ..MapOptions::default() }
}

// test_submit
fn submit_gives_the_value(kind: Kind) {
    let pool = Traced::new(kind, 2);
    assert_eq!(pool.executor.submit(POWER, (2, 8)).unwrap().result(Some(PATIENCE)), Ok(256));
    assert_eq!(pool.finish().counts().returned, 1);
}

// test_map, test_map_chunksize
fn map_keeps_the_order(kind: Kind) {
    let pool = Traced::new(kind, 3);
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    runner
        .run(&(0..60_u64, 1..70_usize), |(items, chunksize)| {
            let arguments = (0..items).map(|n| (n, 2));
            let results: Vec<_> = pool.executor.map(POWER, arguments, chunks(chunksize)).unwrap().collect();
            let expected: Vec<_> = (0..items).map(|n| Ok(n * n)).collect();
            prop_assert_eq!(results, expected);
            Ok(())
        })
        .unwrap();
    pool.finish();
}

fn map_refuses_zero(kind: Kind) {
    let pool = Traced::new(kind, 1);
    let refused = pool.executor.map(POWER, [(1, 1)], chunks(0)).map(|_| ()).unwrap_err();
    assert_eq!(refused, MapError::Chunksize);
    assert_eq!(pool.finish().counts().calls.submitted, 0);
}

// test_map_exception, on main: only that position fails, also within a chunk
fn an_error_is_one_items_own(kind: Kind) {
    for chunksize in [1, 3] {
        let pool = Traced::new(kind, 2);
        let arguments = (1..=4).map(|n| (n, 3));
        let mut results = pool.executor.map(FAIL_ON_MULTIPLES, arguments, chunks(chunksize)).unwrap();
        let told = |result: Result<u64, ResultError>| result.map_err(|error| error.to_string());
        let expected = [Ok(1), Ok(2), Err("3 is a multiple of 3".to_owned()), Ok(4)];
        assert_eq!(results.by_ref().map(told).collect::<Vec<_>>(), expected);
        assert_eq!(results.next(), None);
        drop(results);
        let trace = pool.finish();
        assert_eq!((trace.counts().returned, trace.counts().raised), (3, 1));
        assert_eq!(trace.errors().map(|error| error.item).collect::<Vec<_>>(), [2]);
    }
}

fn a_panic_is_one_items_own(kind: Kind) {
    let pool = Traced::new(kind, 1);
    let panics = pool.executor.submit(PANIC, "what now".to_owned()).unwrap();
    let works = pool.executor.submit(POWER, (3, 2)).unwrap();
    let error = panics.result(Some(PATIENCE)).unwrap_err();
    assert_eq!(error.to_string(), "the task panicked: what now");
    assert_eq!(works.result(Some(PATIENCE)), Ok(9));
    pool.finish();
}

// test_run_after_shutdown
fn submit_after_shutdown(kind: Kind) {
    let pool = Traced::new(kind, 1);
    pool.executor.shutdown(true, false);
    assert_eq!(pool.executor.submit(POWER, (2, 2)).unwrap_err(), SubmitError::ShutDown);
    pool.finish();
}

fn second_shutdown(kind: Kind) {
    let pool = Traced::new(kind, 2);
    let future = pool.executor.submit(POWER, (2, 3)).unwrap();
    pool.executor.shutdown(false, false);
    pool.executor.shutdown(true, false);
    assert_eq!(future.result(Some(Duration::ZERO)), Ok(8), "the second shutdown really waited");
    pool.executor.shutdown(true, true);
    pool.finish();
}

fn never_used(kind: Kind) {
    Traced::new(kind, 2).finish();
}

// test_hang_issue12364
fn shutdown_runs_everything(kind: Kind) {
    let pool = Traced::new(kind, 5);
    let futures: Vec<_> = (0..50).map(|n| pool.executor.submit(POWER, (n, 2)).unwrap()).collect();
    pool.executor.shutdown(true, false);
    for (n, future) in (0..).zip(futures) {
        assert_eq!(future.result(Some(Duration::ZERO)), Ok(n * n));
    }
    pool.finish();
}

// test_cancel_futures, test_shutdown_with_cancel; nothing that waits without a timeout may hang
fn shutdown_cancels(kind: Kind) {
    let pool = Traced::new(kind, 2);
    let gate = Gate::new();
    let blocked: Vec<_> = (0..2).map(|_| pool.executor.submit(PASS_GATE, gate.port()).unwrap()).collect();
    let executing = gate.arrivals(2);
    let waiting: Vec<_> = (0..50).map(|n| pool.executor.submit(POWER, (n, 2)).unwrap()).collect();
    pool.executor.shutdown(false, true);
    drop(executing);
    let found = wait(waiting.clone(), None, ReturnWhen::AllCompleted);
    assert!(found.not_done.is_empty());
    assert_eq!(as_completed(waiting.clone(), None).count(), 50);
    let cancelled = waiting.iter().filter(|future| future.cancelled()).count();
    assert!(cancelled >= 40, "{cancelled}: at most the call queue still ran");
    assert!(blocked.iter().all(|future| future.result(Some(PATIENCE)).is_ok()), "what executes finishes");
    let trace = pool.finish();
    assert_eq!(trace.counts().items.cancelled, cancelled);
}

// test_del_shutdown
fn drop_strands_nothing(kind: Kind) {
    let Traced { executor, .. } = Traced::new(kind, 2);
    let results = executor.map(POWER, (0..10).map(|n| (n, 2)), chunks(1)).unwrap();
    drop(executor);
    let expected: Vec<_> = (0..10).map(|n| Ok(n * n)).collect();
    assert_eq!(results.collect::<Vec<_>>(), expected);
}

// test_hang_gh94440
fn cancel_then_shutdown(kind: Kind) {
    let pool = Traced::new(kind, 1);
    pool.executor.submit(POWER, (2, 2)).unwrap().result(Some(PATIENCE)).unwrap();
    let future = pool.executor.submit(POWER, (2, 2)).unwrap();
    future.cancel();
    pool.finish();
    assert!(future.done());
}

fn running_cannot_be_cancelled(kind: Kind) {
    let pool = Traced::new(kind, 1);
    let gate = Gate::new();
    let running = pool.executor.submit(PASS_GATE, gate.port()).unwrap();
    let executing = gate.arrival();
    assert!(running.running() && !running.cancel());
    let pending: Vec<_> = (0..10).map(|n| pool.executor.submit(POWER, (n, 2)).unwrap()).collect();
    // The last of many is still pending, whatever the call queue holds.
    assert!(pending[9].cancel() && pending[9].cancelled());
    assert_eq!(pending[9].result(None), Err(ResultError::Cancelled));
    drop(executing);
    assert!(running.result(Some(PATIENCE)).is_ok());
    assert_eq!(pool.finish().counts().calls.cancelled, 1);
}

fn cancel_pending(kind: Kind) {
    let pool = Traced::new(kind, 1);
    let gate = Gate::new();
    let running = pool.executor.submit(PASS_GATE, gate.port()).unwrap();
    let executing = gate.arrival();
    let pending: Vec<_> = (0..20).map(|n| pool.executor.submit(POWER, (n, 2)).unwrap()).collect();
    // What executes and what there is not are none of the pending.
    for call in [0, 99] {
        pool.executor.cancel_pending(Pending::Call(call));
    }
    pool.executor.cancel_pending(Pending::Call(15));
    assert_eq!(pending.iter().filter(|future| future.cancelled()).count(), 1);
    assert!(pending[14].cancelled(), "call 15");
    pool.executor.cancel_pending(Pending::All);
    // The first ones may be in a call queue.
    assert!(pending[5..].iter().all(TaskFuture::cancelled));
    let after = pool.executor.submit(POWER, (3, 2)).unwrap();
    drop(executing);
    assert!(running.result(Some(PATIENCE)).is_ok());
    assert_eq!(after.result(Some(PATIENCE)), Ok(9), "the pool goes on");
    let cancelled = pending.iter().filter(|future| future.cancelled()).count();
    assert_eq!(pool.finish().counts().calls.cancelled, cancelled);
}

// test_saturation
fn never_more_workers(kind: Kind) {
    let pool = Traced::new(kind, 3);
    let gate = Gate::new();
    let futures: Vec<_> = (0..12).map(|_| pool.executor.submit(PASS_GATE, gate.port()).unwrap()).collect();
    let mut executing = gate.arrivals(3);
    for _ in 3..12 {
        // One goes, one comes.
        executing.remove(0);
        executing.push(gate.arrival());
    }
    drop(executing);
    assert!(futures.iter().all(|future| future.result(Some(PATIENCE)).is_ok()));
    assert_eq!(pool.finish().lanes().len(), 3);
}

// test_idle_process_reuse_one, test_idle_thread_reuse
fn one_worker_is_enough(kind: Kind) {
    let pool = Traced::new(kind, 4);
    for n in 0..5 {
        pool.executor.submit(POWER, (n, 2)).unwrap().result(Some(PATIENCE)).unwrap();
    }
    let lanes = pool.finish().lanes().len();
    // A thread is done a moment before it is idle again, so a quick submit may start another (CPython too).
    let at_most = if kind.has_processes() { 1 } else { 4 };
    assert!(lanes <= at_most, "{lanes} workers");
}

fn callback_may_use_the_pool(kind: Kind) {
    let pool = Traced::new(kind, 1);
    let (sender, inner) = std::sync::mpsc::channel();
    let executor = Arc::downgrade(&pool.executor);
    let gate = Gate::new();
    let outer = pool.executor.submit(PASS_GATE, gate.port()).unwrap();
    outer.add_done_callback(move |_| {
        let executor = executor.upgrade().unwrap();
        sender.send(executor.submit(POWER, (2, 5)).unwrap()).unwrap();
        // Neither may wait for the very thread that it is called in.
        executor.shutdown(true, false);
    });
    drop(gate.arrival());
    assert_eq!(inner.recv().unwrap().result(Some(PATIENCE)), Ok(32));
    pool.finish();
}

fn dropping_a_map(kind: Kind) {
    for detach in [false, true] {
        let pool = Traced::new(kind, 1);
        let gate = Gate::new();
        let first = pool.executor.submit(PASS_GATE, gate.port()).unwrap();
        let executing = gate.arrival();
        let map = pool.executor.map(POWER, (0..20).map(|n| (n, 2)), chunks(1)).unwrap();
        if detach {
            map.detach();
        } else {
            drop(map);
        }
        drop(executing);
        first.result(Some(PATIENCE)).unwrap();
        let counts = *pool.finish().counts();
        if detach {
            assert_eq!(counts.returned, 21);
        } else {
            assert!(counts.items.cancelled >= 18, "{counts:?}");
        }
    }
}

// test_map_timeout, test_executor_map_current_future_cancel
fn map_times_out(kind: Kind) {
    let pool = Traced::new(kind, 1);
    let gate = Gate::new();
    let blocker = pool.executor.submit(PASS_GATE, gate.port()).unwrap();
    let executing = gate.arrival();
    let options = MapOptions { timeout: Some(Duration::ZERO), ..MapOptions::default() };
    let mut map = pool.executor.map(POWER, (0..20).map(|n| (n, 2)), options).unwrap();
    assert_eq!(map.next(), Some(Err(ResultError::TimedOut)));
    assert_eq!(map.next(), None);
    drop(executing);
    blocker.result(Some(PATIENCE)).unwrap();
    let counts = *pool.finish().counts();
    assert!(counts.items.cancelled >= 18, "{counts:?}");
}

fn interrupt_ends_what_executes(kind: Kind) {
    let pool = Traced::new(kind, 2);
    let started = Instant::now();
    let futures: Vec<_> = (0..4).map(|_| pool.executor.submit(SLEEP, PATIENCE * 10).unwrap()).collect();
    pool.executor.interrupt();
    for future in futures {
        assert_eq!(future.result(Some(PATIENCE)), Err(ResultError::Task(TaskError::Interrupted)));
    }
    assert!(started.elapsed() < PATIENCE);
    // Those that had begun raised; the others were not run at all.
    let counts = *pool.finish().counts();
    assert_eq!(counts.raised + counts.items.cancelled, 4);
    assert!(counts.raised <= 2, "{counts:?}");
}

fn skipping(kind: Kind) {
    let pool = Traced::new(kind, 1);
    let gate = Gate::new();
    let running = pool.executor.submit(PASS_GATE, gate.port()).unwrap();
    let executing = gate.arrival();
    let rest: Vec<_> = (0..5).map(|n| pool.executor.submit(POWER, (n, 2)).unwrap()).collect();
    pool.executor.skip_rest();
    if kind.has_processes() {
        // The order has to reach the worker before its task ends. A worker reads orders in turn, and this pid comes back
        // only after it, so nothing is left to chance.
        drop(executing);
        assert!(running.result(Some(PATIENCE)).is_ok());
        let last = pool.executor.submit(PID, ()).unwrap();
        assert!(last.wait_done(Some(PATIENCE)));
    } else {
        drop(executing);
        assert!(running.result(Some(PATIENCE)).is_ok());
        for future in rest {
            assert_eq!(future.result(Some(PATIENCE)), Err(ResultError::Task(TaskError::Skipped)));
        }
    }
    let trace = pool.finish();
    assert!(trace.counts().items.cancelled >= 1, "{:?}", trace.counts());
}

fn quick_one_first(kind: Kind) {
    let pool = Traced::new(kind, 2);
    let gate = Gate::new();
    let slow = pool.executor.submit(PASS_GATE, gate.port()).unwrap();
    let executing = gate.arrival();
    let quick = pool.executor.submit(PID, ()).unwrap();
    let mut completed = as_completed([slow.clone(), quick.clone()], Some(PATIENCE));
    assert_eq!(completed.next(), Some(Ok(quick)));
    drop(executing);
    assert_eq!(completed.next(), Some(Ok(slow)));
    pool.finish();
}

fn gather_submits_first(kind: Kind) {
    let pool = Traced::new(kind, 2);
    let gate = Gate::new();
    let results = gather((0..2).map(|_| pool.executor.submit(PASS_GATE, gate.port()).unwrap()));
    drop(gate.arrivals(2));
    assert_eq!(pollster::block_on(results).unwrap().len(), 2);
    pool.finish();
}

fn large_values(kind: Kind) {
    let pool = Traced::new(kind, 2);
    for size in [0, 1, (1 << 16) - 1, 1 << 16, (1 << 16) + 1, 1 << 26] {
        let bytes: Vec<u8> = (0..size).map(|n: usize| n as u8).collect();
        let back = pool.executor.submit(ECHO, bytes.clone()).unwrap().result(Some(PATIENCE)).unwrap();
        assert!(back == bytes, "{size} bytes came back as {}", back.len());
    }
    pool.finish();
}
