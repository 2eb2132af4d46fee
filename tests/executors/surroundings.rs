//! What a task can ask of its surroundings: the GIL, waiting in all its forms, and what is seen of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use libtest_mimic::Trial;
use poolscope::executor::{
    Activity, Event, EventKind, GilMode, GilSettings, Interruption, RawExecutor, ResultError, TaskContext, TaskError,
    TaskFuture, TaskLock, ThreadPoolExecutor,
};
use poolscope::trace::Trace;

use crate::traced::{PATIENCE, Traced};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("surroundings::one_thread_at_a_time_holds_the_gil", one_at_a_time),
        trial("surroundings::the_gil_goes_round_and_waiting_for_it_is_seen", goes_round),
        trial("surroundings::without_a_gil_or_with_one_each_threads_compute_together", together),
        trial("surroundings::blocking_and_native_work_lets_the_gil_go", lets_go),
        trial("surroundings::a_panic_while_blocking_leaves_the_gil_in_order", panic_while_blocking),
        trial("surroundings::a_lock_keeps_a_shared_counter_right", locked_counter),
        trial("surroundings::waiting_for_a_lock_ends_when_the_task_is_stopped", || stopped_while(Wait::Lock)),
        trial("surroundings::waiting_for_a_future_ends_when_the_task_is_stopped", || stopped_while(Wait::Future)),
        trial("surroundings::a_task_may_wait_for_another_and_is_seen_to", waits_for_another),
        trial("surroundings::a_chain_of_waits_is_never_taken_for_a_deadlock", chain),
        trial("surroundings::a_deadlock_is_found_and_a_worker_more_ends_it", starved),
        trial("surroundings::a_deadlock_is_found_and_interrupting_one_call_ends_it", interrupted_one),
        trial("surroundings::a_wait_can_be_timed_out_from_outside", timed_out),
        trial("surroundings::a_wait_with_a_timeout_ends", wait_with_timeout),
        trial("surroundings::time_without_a_core_is_seen", off_core),
    ]
}

fn gil(mode: GilMode) -> GilSettings {
    GilSettings { mode, switch_interval: Duration::from_micros(200) }
}

fn threads(workers: usize, mode: GilMode) -> Traced<ThreadPoolExecutor> {
    Traced::threads(|builder| builder.max_workers(workers).gil(gil(mode)))
}

/// Computes until `enough`, telling the eval breaker now and then.
fn compute_until(context: &TaskContext, mut enough: impl FnMut() -> bool) -> Result<(), TaskError> {
    let began = Instant::now();
    while !enough() {
        assert!(began.elapsed() < PATIENCE, "it never came");
        context.checkpoint()?;
    }
    Ok(())
}

fn time_at(trace: &Trace, activity: Activity) -> i64 {
    trace.lanes().iter().map(|lane| lane.away_until(i64::MAX)[activity as usize]).sum()
}

fn one_at_a_time() {
    let pool = threads(4, GilMode::Shared);
    let inside = Arc::new(AtomicU32::new(0));
    let turns = Arc::new(AtomicU64::new(0));
    let futures: Vec<_> = (0..4)
        .map(|_| {
            let (inside, turns) = (Arc::clone(&inside), Arc::clone(&turns));
            let task = move |context: &TaskContext| {
                compute_until(context, || {
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "somebody else computes too");
                    std::hint::black_box((0..500).sum::<u64>());
                    inside.fetch_sub(1, Ordering::SeqCst);
                    turns.fetch_add(1, Ordering::Relaxed) > 200_000
                })
            };
            pool.executor.submit_closure(task).unwrap()
        })
        .collect();
    for future in futures {
        assert_eq!(future.result(Some(PATIENCE)), Ok(()));
    }
    pool.finish();
}

/// Nobody ends before everybody has had the lock several times: whoever never let go would wait forever.
fn goes_round() {
    const TASKS: usize = 3;
    const ROUNDS: u32 = 5;
    let pool = threads(TASKS, GilMode::Shared);
    let last = Arc::new(AtomicU32::new(u32::MAX));
    let turns: Arc<[AtomicU32; TASKS]> = Arc::default();
    let futures: Vec<_> = (0..TASKS)
        .map(|me| {
            let (last, turns) = (Arc::clone(&last), Arc::clone(&turns));
            let task = move |context: &TaskContext| {
                compute_until(context, || {
                    if last.swap(me as u32, Ordering::Relaxed) != me as u32 {
                        turns[me].fetch_add(1, Ordering::Relaxed);
                    }
                    turns.iter().all(|turns| turns.load(Ordering::Relaxed) >= ROUNDS)
                })
            };
            pool.executor.submit_closure(task).unwrap()
        })
        .collect();
    for future in futures {
        assert_eq!(future.result(Some(PATIENCE)), Ok(()));
    }
    let trace = pool.finish();
    assert!(time_at(&trace, Activity::WaitingForGil) > 0);
    let waits = trace.lanes().iter().flat_map(|lane| lane.sub_spans(i64::MIN, i64::MAX)).count();
    assert!(waits >= TASKS * (ROUNDS as usize - 1), "{waits}");
}

/// Two tasks that meet while they compute, which they can't where one has to let the other have the lock.
fn together() {
    for mode in [GilMode::Off, GilMode::PerWorker] {
        let pool = threads(2, mode);
        let here = Arc::new(AtomicU32::new(0));
        let futures = [(); 2].map(|()| {
            let here = Arc::clone(&here);
            let task = move |_: &TaskContext| {
                here.fetch_add(1, Ordering::SeqCst);
                let began = Instant::now();
                while here.load(Ordering::SeqCst) < 2 {
                    assert!(began.elapsed() < PATIENCE, "the other never came");
                    std::thread::yield_now();
                }
                Ok(())
            };
            pool.executor.submit_closure(task).unwrap()
        });
        for future in futures {
            assert_eq!(future.result(Some(PATIENCE)), Ok(()));
        }
        assert_eq!(time_at(&pool.finish(), Activity::WaitingForGil), 0);
    }
}

fn lets_go() {
    for native in [false, true] {
        let pool = threads(2, GilMode::Shared);
        // With room, so that whoever sends never waits with the lock.
        let (sender, receiver) = bounded(1);
        let waits = move |context: &TaskContext| {
            let wait = || receiver.recv_timeout(PATIENCE).map_err(|error| TaskError::from_error(&error));
            if native { context.native(wait) } else { context.blocking(wait) }
        };
        let waiting = pool.executor.submit_closure(waits).unwrap();
        // It computes, so it has the lock although the other runs.
        let other = pool.executor.submit_closure(move |_| Ok(sender.send(7).is_ok())).unwrap();
        assert_eq!(waiting.result(Some(PATIENCE)), Ok(7));
        assert_eq!(other.result(Some(PATIENCE)), Ok(true));
        let trace = pool.finish();
        // Native code computes; who blocks waits.
        assert_eq!(time_at(&trace, Activity::Blocking) == 0, native);
    }
}

fn panic_while_blocking() {
    let pool = threads(1, GilMode::Shared);
    let body = |context: &TaskContext| context.blocking(|| -> Result<(), TaskError> { panic!("in the dark") });
    let panicked = pool.executor.submit_closure(body).unwrap();
    assert!(matches!(panicked.result(Some(PATIENCE)), Err(ResultError::Task(TaskError::Panicked(_)))));
    let next = pool.executor.submit_closure(TaskContext::checkpoint).unwrap();
    assert_eq!(next.result(Some(PATIENCE)), Ok(()));
    pool.finish();
}

fn locked_counter() {
    const TASKS: u64 = 4;
    const ADDITIONS: u64 = 2_000;
    let pool = threads(4, GilMode::Shared);
    let counter = Arc::new((TaskLock::new(), AtomicU64::new(0)));
    let futures: Vec<_> = (0..TASKS)
        .map(|_| {
            let counter = Arc::clone(&counter);
            let task = move |context: &TaskContext| {
                for _ in 0..ADDITIONS {
                    let _guard = context.lock(&counter.0)?;
                    let now = counter.1.load(Ordering::Relaxed);
                    // Others get their chance in the worst of moments.
                    context.blocking(std::thread::yield_now);
                    counter.1.store(now + 1, Ordering::Relaxed);
                }
                Ok(())
            };
            pool.executor.submit_closure(task).unwrap()
        })
        .collect();
    for future in futures {
        assert_eq!(future.result(Some(PATIENCE)), Ok(()));
    }
    assert_eq!(counter.1.load(Ordering::Relaxed), TASKS * ADDITIONS);
    pool.finish();
}

#[derive(Clone, Copy)]
enum Wait {
    Lock,
    Future,
}

fn stopped_while(wait: Wait) {
    let pool = threads(2, GilMode::Shared);
    let lock = Arc::new(TaskLock::new());
    let holder_lock = Arc::clone(&lock);
    let (held, is_held) = bounded(0);
    let (release, released) = bounded::<()>(0);
    // It heeds nothing but the test.
    let holder = move |context: &TaskContext| {
        let _guard = context.lock(&holder_lock)?;
        context.blocking(|| {
            held.send(()).map_err(|error| TaskError::from_error(&error))?;
            released.recv_timeout(PATIENCE).map_err(|error| TaskError::from_error(&error))
        })
    };
    let holder = pool.executor.submit_closure(holder).unwrap();
    is_held.recv_timeout(PATIENCE).unwrap();
    let target = holder.clone();
    let waiter = move |context: &TaskContext| match wait {
        Wait::Lock => context.lock(&lock).map(drop),
        Wait::Future => context.wait_for(&target, None).map(drop),
    };
    let waiter = pool.executor.submit_closure(waiter).unwrap();
    let wanted = match wait {
        Wait::Lock => Activity::WaitingForLock,
        Wait::Future => Activity::WaitingForFuture,
    };
    let events = pool.until(|event| matches!(event, EventKind::Turned { to, .. } if *to == wanted));
    pool.executor.interrupt();
    assert_eq!(waiter.result(Some(PATIENCE)), Err(ResultError::Task(TaskError::Interrupted)));
    release.send(()).unwrap();
    assert_eq!(holder.result(Some(PATIENCE)), Ok(()));
    let trace = pool.finish_after(events);
    assert!(time_at(&trace, wanted) > 0);
}

fn waits_for_another() {
    let pool = threads(2, GilMode::Shared);
    let (go, wait) = bounded::<()>(0);
    let first = pool
        .executor
        .submit_closure(move |context| {
            context.blocking(|| wait.recv_timeout(PATIENCE)).map_err(|error| TaskError::from_error(&error))?;
            Ok(21)
        })
        .unwrap();
    let second = pool
        .executor
        .submit_closure(move |context| {
            assert!(context.wait_for(&first, None)?);
            first.result(None).map_err(|error| TaskError::from_error(&error))
        })
        .unwrap();
    let events = pool.until(|event| matches!(event, EventKind::Turned { to: Activity::WaitingForFuture, .. }));
    assert!(events.iter().any(|event| matches!(event.kind, EventKind::WaitsFor { call: 1, for_call: Some(0), .. })));
    go.send(()).unwrap();
    assert_eq!(second.result(Some(PATIENCE)), Ok(21));
    assert!(time_at(&pool.finish_after(events), Activity::WaitingForFuture) > 0);
}

/// Looks for a deadlock after each single event.
fn fold(events: &[Event]) -> (Trace, bool) {
    let mut trace = Trace::new(0);
    let mut found = false;
    for event in events {
        trace.apply(event);
        found |= trace.deadlock().is_some();
    }
    (trace, found)
}

/// Each waits for the one before, which was submitted earlier: it is done, runs, or waits for one that runs.
fn chain() {
    const TASKS: u64 = 300;
    let pool = threads(3, GilMode::Off);
    let mut last = pool.executor.submit_closure(|_| Ok(0_u64)).unwrap();
    for _ in 1..TASKS {
        let before = last.clone();
        let task = move |context: &TaskContext| {
            context.wait_for(&before, None)?;
            before.result(None).map(|n| n + 1).map_err(|error| TaskError::from_error(&error))
        };
        last = pool.executor.submit_closure(task).unwrap();
    }
    let events = pool.until(|event| matches!(event, EventKind::ResultReceived { call } if *call == TASKS - 1));
    assert_eq!(last.result(Some(PATIENCE)), Ok(TASKS - 1));
    assert!(!fold(&events).1);
    pool.finish_after(events);
}

fn waits_for_inner(pool: &Traced<ThreadPoolExecutor>) -> TaskFuture<u64> {
    let submit = pool.executor.submitter();
    let task = move |context: &TaskContext| {
        let inner = submit.submit_closure(|_| Ok(7)).map_err(|error| TaskError::from_error(&error))?;
        context.wait_for(&inner, None)?;
        inner.result(None).map_err(|error| TaskError::from_error(&error))
    };
    pool.executor.submit_closure(task).unwrap()
}

fn is_waiting(event: &EventKind) -> bool {
    matches!(event, EventKind::Turned { to: Activity::WaitingForFuture, .. })
}

fn starved() {
    let pool = threads(1, GilMode::Shared);
    let outer = waits_for_inner(&pool);
    let events = pool.until(is_waiting);
    let deadlock = fold(&events).0.deadlock().unwrap();
    assert!(deadlock.starved && deadlock.waits[0].for_call == 1);
    pool.executor.set_max_workers(2).unwrap();
    assert_eq!(outer.result(Some(PATIENCE)), Ok(7));
    assert_eq!(pool.finish_after(events).deadlock(), None);
}

fn interrupted_one() {
    let pool = threads(1, GilMode::Off);
    let outer = waits_for_inner(&pool);
    let other = pool.executor.submit_closure(|_| Ok(())).unwrap();
    let events = pool.until(is_waiting);
    pool.executor.interrupt_call(0, Interruption::Cancelled);
    assert_eq!(outer.result(Some(PATIENCE)), Err(ResultError::Task(TaskError::Interrupted)));
    assert_eq!(other.result(Some(PATIENCE)), Ok(()), "nobody else was asked to end");
    assert_eq!(pool.finish_after(events).counts().returned, 2);
}

fn timed_out() {
    let pool = threads(1, GilMode::Off);
    let outer = waits_for_inner(&pool);
    let events = pool.until(is_waiting);
    pool.executor.interrupt_call(0, Interruption::TimedOut);
    assert_eq!(outer.result(Some(PATIENCE)), Err(ResultError::Task(TaskError::TimedOut)));
    pool.finish_after(events);
}

fn wait_with_timeout() {
    let pool = threads(1, GilMode::Off);
    let never = poolscope::executor::TaskFuture::<()>::new();
    let waits = pool.executor.submit_closure(move |context| context.wait_for(&never, Some(Duration::from_millis(5))));
    assert_eq!(waits.unwrap().result(Some(PATIENCE)), Ok(false));
    pool.finish();
}

/// A task that sleeps without saying so has no core, as one has whose core is given to others.
fn off_core() {
    let pool = threads(1, GilMode::Off);
    let idle = Duration::from_millis(40);
    let sleeps = pool.executor.submit_closure(move |_| {
        std::thread::sleep(idle);
        Ok(())
    });
    assert_eq!(sleeps.unwrap().result(Some(PATIENCE)), Ok(()));
    let began = Instant::now();
    let computes = pool.executor.submit_closure(move |context| compute_until(context, || began.elapsed() > idle));
    assert_eq!(computes.unwrap().result(Some(PATIENCE)), Ok(()));
    let trace = pool.finish();
    let lane = &trace.lanes()[0];
    let spans: Vec<_> = lane.spans().collect();
    let off_core = |index: usize| lane.off_core_until(spans[index].end) - lane.off_core_until(spans[index].start);
    let measured = cfg!(unix);
    if measured {
        let slept = spans[0].end - spans[0].start;
        assert!(off_core(0) > slept * 8 / 10, "{} of {slept}", off_core(0));
        // Even where all tests share two cores, some of it was computed.
        assert!(off_core(1) < spans[1].end - spans[1].start);
    }
}
