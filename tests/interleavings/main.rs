//! The future and the thread pool under a model checker, which runs them through schedules that a machine seldom or never
//! takes: every lock, wait and atomic of theirs is a point at which any other thread may go on.
//!
//! [`core`] is the very source of the executor, compiled once more with the checker's locks and threads in place of the
//! real ones ([`core::sync`]), so there is no feature or flag that a user could meet. `SCHEDULES=1000000 cargo test --test
//! interleavings` looks longer.

#![allow(clippy::unwrap_used, reason = "a test that finds nothing to unwrap has failed")]

mod core;
mod executor;
mod sys;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use shuttle::thread;

use core::error::{ResultError, TaskError};
use core::future::{FutureState, TaskFuture};
use core::raw::RawExecutor;
use core::thread_pool::ThreadPoolExecutor;
use core::waiting::{ReturnWhen, as_completed, wait};

/// What the included sources call by these names.
use poolscope::units;

/// Runs `scenario` through many schedules: half at random, half with few, well-placed switches of threads, which is where
/// most bugs are.
fn check(scenario: fn()) {
    let schedules = std::env::var("SCHEDULES").ok().and_then(|count| count.parse().ok()).unwrap_or(2_000);
    shuttle::check_random(scenario, schedules / 2);
    shuttle::check_pct(scenario, schedules / 2, 3);
}

fn pool(workers: usize) -> ThreadPoolExecutor {
    ThreadPoolExecutor::builder().max_workers(workers).build().unwrap()
}

#[test]
fn a_future_is_resolved_once_and_everyone_hears_of_it() {
    check(|| {
        let future = TaskFuture::<u32>::new();
        let called = Arc::new(AtomicUsize::new(0));
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                let (future, called) = (future.clone(), Arc::clone(&called));
                thread::spawn(move || {
                    future.add_done_callback(move |_| _ = called.fetch_add(1, Ordering::SeqCst));
                    future.result(None)
                })
            })
            .collect();
        let setters: Vec<_> = (0..2)
            .map(|value| {
                let future = future.clone();
                thread::spawn(move || future.set_result(value).is_ok())
            })
            .collect();
        let set = setters.into_iter().map(|setter| setter.join().unwrap()).filter(|set| *set).count();
        assert_eq!(set, 1);
        let result = future.result(None);
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), result);
        }
        assert_eq!(called.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn cancelling_and_starting_have_one_winner() {
    check(|| {
        let future = TaskFuture::<u32>::new();
        let worker = {
            let future = future.clone();
            thread::spawn(move || {
                let started = future.set_running_or_notify_cancel().unwrap();
                if started {
                    future.set_result(1).unwrap();
                }
                started
            })
        };
        let canceller = {
            let future = future.clone();
            thread::spawn(move || future.cancel())
        };
        let result = future.result(None);
        let (started, stopped) = (worker.join().unwrap(), canceller.join().unwrap());
        assert_ne!(started, stopped);
        assert_eq!(result, if started { Ok(1) } else { Err(ResultError::Cancelled) });
        assert_eq!(future.state(), if started { FutureState::Finished } else { FutureState::CancelledAndNotified });
    });
}

#[test]
fn waiting_for_many_misses_none() {
    check(|| {
        let futures: Vec<_> = (0..3).map(|_| TaskFuture::<u32>::new()).collect();
        let finishers: Vec<_> = futures
            .iter()
            .cloned()
            .enumerate()
            .map(|(index, future)| {
                thread::spawn(move || match index {
                    0 => future.set_result(0).unwrap(),
                    1 => future.set_exception(TaskError::message("no")).unwrap(),
                    _ => assert!(future.cancel()),
                })
            })
            .collect();
        assert!(!wait(futures.clone(), None, ReturnWhen::FirstException).done.is_empty());
        assert_eq!(as_completed(futures.clone(), None).flatten().count(), 3);
        assert!(wait(futures, None, ReturnWhen::AllCompleted).not_done.is_empty());
        for finisher in finishers {
            finisher.join().unwrap();
        }
    });
}

#[test]
fn a_pool_runs_what_two_threads_submit() {
    check(|| {
        let pool = Arc::new(pool(2));
        let submitters: Vec<_> = (0..2)
            .map(|n| {
                let pool = Arc::clone(&pool);
                thread::spawn(move || pool.submit_closure(move |_| Ok(n)).unwrap().result(None))
            })
            .collect();
        for (n, submitter) in submitters.into_iter().enumerate() {
            assert_eq!(submitter.join().unwrap(), Ok(n));
        }
        pool.shutdown(true, false);
    });
}

#[test]
fn as_many_threads_are_started_as_calls_wait() {
    check(|| {
        let pool = pool(3);
        let all_begun = Arc::new(shuttle::sync::Barrier::new(3));
        let futures: Vec<_> = (0..3)
            .map(|_| {
                let all_begun = Arc::clone(&all_begun);
                let wait = move || all_begun.wait().is_leader();
                pool.submit_closure(move |_| Ok(wait())).unwrap()
            })
            .collect();
        let leaders = futures.into_iter().filter(|future| future.result(None).unwrap()).count();
        assert_eq!(leaders, 1);
        pool.shutdown(true, false);
    });
}

#[test]
fn a_shutdown_races_a_submit_and_nothing_is_stranded() {
    check(|| {
        let pool = Arc::new(pool(1));
        let submitter = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let futures = (0..3).map_while(|n| pool.submit_closure(move |_| Ok(n)).ok());
                futures.collect::<Vec<_>>()
            })
        };
        let canceller = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.shutdown(true, true))
        };
        for (n, future) in submitter.join().unwrap().into_iter().enumerate() {
            assert!([Ok(n), Err(ResultError::Cancelled)].contains(&future.result(None)));
        }
        canceller.join().unwrap();
        pool.shutdown(true, false);
    });
}

#[test]
fn resizing_loses_no_call_and_no_wake_up() {
    check(|| {
        let pool = Arc::new(pool(2));
        let resizer = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                pool.set_max_workers(1).unwrap();
                pool.set_max_workers(3).unwrap();
                pool.set_max_workers(1).unwrap();
            })
        };
        let futures: Vec<_> = (0..4).map(|n| pool.submit_closure(move |_| Ok(n)).unwrap()).collect();
        for (n, future) in futures.into_iter().enumerate() {
            assert_eq!(future.result(None), Ok(n));
        }
        resizer.join().unwrap();
        pool.shutdown(true, false);
    });
}

#[test]
fn a_failing_initializer_strands_nobody() {
    check(|| {
        let initializer = || Err(TaskError::message("no"));
        let pool = ThreadPoolExecutor::builder().max_workers(2).initializer(initializer).build().unwrap();
        let futures: Vec<_> = (0..3).map_while(|n| pool.submit_closure(move |_| Ok(n)).ok()).collect();
        if let Some(future) = futures.get(1) {
            future.cancel();
        }
        assert!(futures.into_iter().all(|future| future.result(None).is_err()));
        pool.shutdown(true, false);
    });
}

#[test]
fn a_callback_may_use_its_pool() {
    check(|| {
        let pool = Arc::new(pool(1));
        let inner = TaskFuture::new();
        let (executor, told) = (Arc::downgrade(&pool), inner.clone());
        pool.submit_closure(|_| Ok(())).unwrap().add_done_callback(move |_| {
            let submitted = executor.upgrade().map(|pool| {
                pool.shutdown(true, true);
                pool.submit_closure(|_| Ok(())).is_err()
            });
            told.set_result(submitted).unwrap();
        });
        assert_eq!(inner.result(None), Ok(Some(true)));
        pool.shutdown(true, false);
    });
}

#[test]
fn every_call_that_processes_are_offered_is_taken() {
    check(executor::process_pool::every_call_is_taken);
}

#[test]
fn a_process_that_dies_when_it_is_woken_leaves_no_call_behind() {
    check(executor::process_pool::a_death_leaves_no_call_behind);
}
