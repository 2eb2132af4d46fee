//! What only thread pools have, and how they grow and shrink.

use std::cell::Cell;
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;

use libtest_mimic::Trial;
use poolscope::executor::{
    BrokenExecutor, EventKind, Executor, MapOptions, ResultError, SubmitError, TaskError, TaskFuture,
    ThreadPoolExecutor, as_completed,
};

use crate::functions::{Gate, PASS_GATE, POWER};
use crate::traced::{Kind, PATIENCE, Traced};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("threads::names_have_the_prefix_and_a_number", names),
        trial("threads::names_without_a_prefix_tell_the_pool", default_names),
        trial("threads::three_blocked_tasks_are_three_threads", lazy_threads),
        trial("threads::closures_run_and_what_they_hold_is_let_go", closures),
        trial("threads::a_task_may_submit_to_its_own_pool", nested_submit),
        trial("threads::the_initializer_runs_once_in_each_thread", initializer),
        trial("threads::an_initializer_that_fails_breaks_the_pool", || failing_initializer(false)),
        trial("threads::an_initializer_that_panics_breaks_the_pool", || failing_initializer(true)),
        trial("threads::a_cancelled_call_does_not_keep_a_broken_pool_from_failing_the_rest", broken_with_cancelled),
        trial("threads::a_pool_grows_while_it_runs", grow),
        trial("threads::a_pool_shrinks_after_the_current_tasks", shrink),
        trial("threads::resizing_at_random_loses_no_task", resize_at_random),
        trial("threads::zero_and_too_many_workers_are_refused", out_of_range),
        trial("threads::a_pool_that_is_dropped_in_its_own_task_ends", dropped_in_a_task),
        trial("threads::leaving_a_scope_waits_even_when_it_panics", scope),
    ]
}

// test_thread_names_assigned
fn names() {
    let pool = Traced::threads(|builder| builder.max_workers(5).name_prefix("SpecialPool"));
    let mut names = names_of_five_threads(&pool.executor);
    names.sort();
    assert_eq!(names, (0..5).map(|n| format!("SpecialPool_{n}")).collect::<Vec<_>>());
    pool.finish();
}

// test_thread_names_default
fn default_names() {
    let pools = [(); 2].map(|()| Traced::threads(|builder| builder.max_workers(5)));
    let prefixes = pools.map(|pool| {
        let names = names_of_five_threads(&pool.executor);
        pool.finish();
        let prefix = names[0].split('_').next().unwrap().to_owned();
        assert!(prefix.starts_with("ThreadPoolExecutor-"), "{prefix}");
        assert!(names.iter().all(|name| name.starts_with(&prefix)));
        prefix
    });
    assert_ne!(prefixes[0], prefixes[1]);
}

fn names_of_five_threads(executor: &ThreadPoolExecutor) -> Vec<String> {
    let barrier = Arc::new(Barrier::new(5));
    let futures: Vec<_> = (0..5)
        .map(|_| {
            let barrier = Arc::clone(&barrier);
            let name = move || {
                barrier.wait();
                Ok(thread::current().name().unwrap_or_default().to_owned())
            };
            executor.submit_closure(move |_| name()).unwrap()
        })
        .collect();
    futures.into_iter().map(|future| future.result(Some(PATIENCE)).unwrap()).collect()
}

// test_threads_terminate
fn lazy_threads() {
    let pool = Traced::threads(|builder| builder.max_workers(5));
    let gate = Gate::new();
    let futures: Vec<_> = (0..3).map(|_| pool.executor.submit(PASS_GATE, gate.port()).unwrap()).collect();
    drop(gate.arrivals(3));
    assert!(futures.iter().all(|future| future.result(Some(PATIENCE)).is_ok()));
    assert_eq!(pool.finish().lanes().len(), 3);
}

// test_no_stale_references
fn closures() {
    let pool = Traced::threads(|builder| builder.max_workers(1));
    let held = Arc::new(20);
    let weak = Arc::downgrade(&held);
    let future = pool.executor.submit_closure(move |_| Ok(*held + 1)).unwrap();
    assert_eq!(future.result(Some(PATIENCE)), Ok(21));
    assert!(weak.upgrade().is_none(), "a result that is there has let its task go");
    let error = pool.executor.submit_closure(|_| Err::<(), _>(TaskError::message("no"))).unwrap();
    assert_eq!(error.result(Some(PATIENCE)), Err(ResultError::Task(TaskError::message("no"))));
    assert_eq!(pool.finish().counts().raised, 1);
}

fn nested_submit() {
    let pool = Traced::threads(|builder| builder.max_workers(2));
    let executor = Arc::clone(&pool.executor);
    let outer = pool.executor.submit_closure(move |_| {
        let inner = executor.submit(POWER, (2, 5)).map_err(|error| TaskError::from_error(&error))?;
        inner.result(Some(PATIENCE)).map_err(|error| TaskError::from_error(&error))
    });
    assert_eq!(outer.unwrap().result(Some(PATIENCE)), Ok(32));
    pool.finish();
}

thread_local! {
    static STATUS: Cell<u32> = const { Cell::new(0) };
}

// test_initializer
fn initializer() {
    let pool = Traced::threads(|builder| {
        builder.max_workers(2).initializer(|| {
            STATUS.set(STATUS.get() + 1);
            Ok(())
        })
    });
    let barrier = Arc::new(Barrier::new(2));
    let futures = [(); 2].map(|()| {
        let barrier = Arc::clone(&barrier);
        let status = move || {
            barrier.wait();
            STATUS.get()
        };
        pool.executor.submit_closure(move |_| Ok(status())).unwrap()
    });
    for future in futures {
        assert_eq!(future.result(Some(PATIENCE)), Ok(1));
    }
    pool.finish();
}

// FailingInitializerMixin.test_initializer
fn failing_initializer(panics: bool) {
    let pool = Traced::threads(|builder| {
        builder.max_workers(1).initializer(move || {
            assert!(!panics, "no licence");
            Err(TaskError::message("no licence"))
        })
    });
    let future = pool.executor.submit(POWER, (2, 2)).unwrap();
    let Err(ResultError::Task(TaskError::Broken(broken))) = future.result(Some(PATIENCE)) else { panic!("{future:?}") };
    assert!(matches!(&broken, BrokenExecutor::Initializer { worker: 0, .. }), "{broken:?}");
    assert!(broken.to_string().contains("no licence"), "{broken}");
    assert_eq!(pool.executor.submit(POWER, (2, 2)).unwrap_err(), SubmitError::Broken(broken));
    let events = pool.until(|kind| matches!(kind, EventKind::InitializerFailed { .. }));
    assert_eq!(pool.finish_after(events).counts().items.lost, 1);
}

fn broken_with_cancelled() {
    let (go, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let pool = Traced::threads(|builder| {
        builder.max_workers(1).initializer(move || {
            let _ = gate.lock().unwrap().recv();
            Err(TaskError::message("no"))
        })
    });
    let futures: Vec<_> = (0..5).map(|n| pool.executor.submit(POWER, (n, 2)).unwrap()).collect();
    assert!(futures[1].cancel());
    go.send(()).unwrap();
    assert_eq!(as_completed(futures.clone(), Some(PATIENCE)).flatten().count(), 5);
    assert_eq!(futures[1].result(None), Err(ResultError::Cancelled));
    assert_eq!(pool.finish().counts().items.lost, 4);
}

fn grow() {
    let pool = Traced::new(Kind::Threads, 1);
    let gate = Gate::new();
    let futures: Vec<_> = (0..6).map(|_| pool.executor.submit(PASS_GATE, gate.port()).unwrap()).collect();
    let first = gate.arrival();
    pool.executor.set_max_workers(3).unwrap();
    // At once: nothing has ended, nothing was submitted.
    let more = gate.arrivals(2);
    drop((first, more));
    drop(gate.arrivals(3));
    assert!(futures.iter().all(|future| future.result(Some(PATIENCE)).is_ok()));
    assert_eq!(pool.executor.max_workers(), 3);
    assert_eq!(pool.finish().lanes().len(), 3);
}

fn shrink() {
    let pool = Traced::new(Kind::Threads, 3);
    let gate = Gate::new();
    let futures: Vec<_> = (0..6).map(|_| pool.executor.submit(PASS_GATE, gate.port()).unwrap()).collect();
    let executing = gate.arrivals(3);
    pool.executor.set_max_workers(1).unwrap();
    assert!(futures[..3].iter().all(TaskFuture::running), "nobody is interrupted");
    drop(executing);
    let mut retired = 0;
    let events = pool.until(|kind| {
        retired += usize::from(matches!(kind, EventKind::WorkerExited { cause, .. } if **cause == *"retired"));
        retired == 2
    });
    // The one that is left does the rest, one by one.
    for _ in 0..3 {
        drop(gate.arrival());
    }
    assert!(futures.iter().all(|future| future.result(Some(PATIENCE)).is_ok()));
    let trace = pool.finish_after(events);
    assert_eq!(trace.counts().returned, 6);
    assert_eq!(trace.lanes().len(), 3);
}

fn resize_at_random() {
    for seed in 0..20_usize {
        let pool = Traced::new(Kind::Threads, 1);
        let futures: Vec<_> = (0..400)
            .map(|n| {
                if n % 7 == 0 {
                    pool.executor.set_max_workers(1 + (n + seed) * (seed + 3) % 5).unwrap();
                }
                pool.executor.submit(POWER, (n as u64, 2)).unwrap()
            })
            .collect();
        for (n, future) in (0..).zip(futures) {
            assert_eq!(future.result(Some(PATIENCE)), Ok(n * n));
        }
        pool.finish();
    }
}

// test_max_workers_negative
fn out_of_range() {
    let pool = Traced::new(Kind::Threads, 1);
    for workers in [0, ThreadPoolExecutor::WORKERS_LIMIT + 1] {
        let message = format!("workers must be between 1 and 1024, not {workers}");
        let refused = ThreadPoolExecutor::builder().max_workers(workers).build().err().unwrap();
        assert_eq!(refused.to_string(), message);
        assert_eq!(pool.executor.set_max_workers(workers).unwrap_err().to_string(), message);
    }
    assert_eq!(pool.executor.max_workers(), 1);
    pool.finish();
}

fn dropped_in_a_task() {
    let executor = ThreadPoolExecutor::builder().max_workers(1).build().unwrap();
    let (hand_over, take) = mpsc::channel::<ThreadPoolExecutor>();
    let ends = executor.submit_closure(move |_| Ok(take.recv().is_ok())).unwrap();
    let queued = executor.submit(POWER, (3, 2)).unwrap();
    hand_over.send(executor).unwrap();
    assert_eq!(ends.result(Some(PATIENCE)), Ok(true));
    assert_eq!(queued.result(Some(PATIENCE)), Ok(9));
}

fn scope() {
    let pool = Traced::new(Kind::Threads, 2);
    let results =
        pool.executor.scope(|executor| executor.map(POWER, (0..10).map(|n| (n, 2)), MapOptions::default()).unwrap());
    assert!(matches!(pool.executor.submit(POWER, (1, 1)), Err(SubmitError::ShutDown)));
    assert_eq!(results.flatten().count(), 10);
    pool.finish();

    let executor = ThreadPoolExecutor::builder().build().unwrap();
    let future = Mutex::new(None);
    let left = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        executor.scope(|executor| {
            *future.lock().unwrap() = Some(executor.submit(POWER, (2, 2)).unwrap());
            panic!("out of the scope");
        })
    }));
    assert!(left.is_err());
    assert!(future.lock().unwrap().as_ref().unwrap().done(), "leaving it has waited");
}
