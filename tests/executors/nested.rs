//! Pools of threads that tasks have for themselves, in threads and in worker processes alike; and what else a task tells of itself.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use libtest_mimic::Trial;
use poolscope::executor::{
    Activity, EventKind, Executor, GilMode, GilSettings, Interruption, NoEvents, RawExecutor, ResultError, SideLanes,
    Submit, TaskContext, TaskError, TaskFuture, TaskLock,
};
use poolscope::trace::{Lane, Trace};

use crate::functions::{
    FAIL_AROUND_THREADS, Gate, PROGRESS, SAY_IN_A_THREAD, SLEEP, SLEEP_IN_A_THREAD, SUM_OF_SQUARES,
};
use crate::traced::{Kind, PATIENCE, Traced};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    let for_all = |name: &'static str, kinds: &'static [Kind], test: fn(Kind)| {
        kinds.iter().map(move |&kind| trial(format!("{kind:?}::{name}").to_lowercase(), move || test(kind)))
    };
    let all = &[Kind::Sequential, Kind::Threads, Kind::Processes, Kind::Pipes];
    let pools = &[Kind::Threads, Kind::Processes, Kind::Pipes];
    let mut trials = vec![
        trial("nested::threads_of_a_task_share_its_gil", threads_share_the_gil),
        trial("nested::threads_of_a_task_meet_without_a_gil", threads_without_a_gil_meet),
        trial("nested::a_task_that_is_timed_out_may_go_on", timed_out_once),
        trial("nested::a_lock_that_many_want_is_no_deadlock", contended_lock),
        trial("nested::two_locks_in_the_wrong_order_are_found", two_locks),
        trial("nested::lanes_beside_an_executor_are_seen", side_lanes),
    ];
    trials.extend(for_all("threads_of_a_task_are_lanes_within_its_own", all, lanes_within));
    trials.extend(for_all("a_task_that_raises_ends_its_threads", all, raises));
    trials.extend(for_all("a_task_that_panics_ends_its_threads", all, panics));
    trials.extend(for_all("what_a_thread_of_a_task_says_its_task_says", all, said_in_threads));
    trials.extend(for_all("progress_is_told_in_thousandths_and_never_goes_back", all, progress));
    trials.extend(for_all("whoever_is_asked_to_stop_stops_with_its_threads", pools, interrupted));
    trials.extend(for_all("one_call_is_asked_to_stop_and_no_other", pools, interrupted_alone));
    trials
}

fn within(trace: &Trace) -> impl Iterator<Item = (&Lane, &Trace)> {
    trace.lanes().iter().filter_map(|lane| Some((lane, lane.nested()?)))
}

fn check_within(trace: &Trace) {
    for (outer, nested) in within(trace) {
        assert_eq!(nested.ignored(), 0);
        let counts = nested.counts();
        assert!(counts.calls.add_up() && counts.items.add_up(), "{counts:?}");
        assert_eq!(counts.calls.submitted, counts.calls.finished + counts.calls.cancelled, "{counts:?}");
        for lane in nested.lanes() {
            assert!(lane.exited.is_some(), "a thread was left behind");
            for span in lane.spans() {
                let around = |task: &&poolscope::trace::Span| task.start <= span.start && span.end <= task.end;
                assert!(outer.spans().any(|task| around(&task)), "{span:?} lies in no task");
            }
        }
    }
}

fn lanes_within(kind: Kind) {
    let pool = Traced::new(kind, 2);
    let futures: Vec<_> = (0..6).map(|n| pool.executor.submit(SUM_OF_SQUARES, (n, 3)).unwrap()).collect();
    for (n, future) in (0..6_u64).zip(futures) {
        assert_eq!(future.result(Some(PATIENCE)), Ok((0..n).map(|k| k * k).sum()));
    }
    let trace = pool.finish();
    check_within(&trace);
    let items: usize = within(&trace).flat_map(|(_, nested)| nested.lanes()).map(Lane::items).sum();
    assert_eq!(items, (0..6).sum::<usize>());
    // Threads of later tasks take the rows of earlier ones.
    assert!(within(&trace).all(|(_, nested)| nested.lanes().len() <= 3));
    assert!(trace.counts().items.submitted == 6, "what happens within a task is no item of the run");
}

fn raises(kind: Kind) {
    let pool = Traced::new(kind, 1);
    let future = pool.executor.submit(FAIL_AROUND_THREADS, false).unwrap();
    assert!(future.result(Some(PATIENCE)).unwrap_err().to_string().contains("boom"));
    check_within(&pool.finish());
}

fn panics(kind: Kind) {
    let pool = Traced::new(kind, 1);
    let future = pool.executor.submit(FAIL_AROUND_THREADS, true).unwrap();
    assert!(future.result(Some(PATIENCE)).unwrap_err().to_string().contains("panicked: boom"));
    check_within(&pool.finish());
}

fn progress(kind: Kind) {
    let pool = Traced::new(kind, 1);
    pool.executor.submit(PROGRESS, ()).unwrap().result(Some(PATIENCE)).unwrap();
    let mut told = Vec::new();
    let events = pool.until(|event| {
        if let EventKind::Progressed { permille, .. } = event {
            told.push(*permille);
        }
        matches!(event, EventKind::ResultReceived { .. })
    });
    assert_eq!(told, [100, 500, 1000]);
    pool.finish_after(events);
}

fn interrupted(kind: Kind) {
    let gate = Gate::new();
    let pool = Traced::new(kind, 1);
    let future = pool.executor.submit(SLEEP_IN_A_THREAD, gate.port()).unwrap();
    let _there = gate.arrival();
    pool.executor.interrupt();
    assert_eq!(future.result(Some(PATIENCE)), Err(ResultError::Task(TaskError::Interrupted)));
    check_within(&pool.finish());
}

fn interrupted_alone(kind: Kind) {
    let gate = Gate::new();
    let pool = Traced::new(kind, 2);
    let first = pool.executor.submit(SLEEP_IN_A_THREAD, gate.port()).unwrap();
    let there = gate.arrival();
    let second = pool.executor.submit(SLEEP, PATIENCE).unwrap();
    let events = pool.until(|event| matches!(event, EventKind::Started { call: 1, .. }));
    pool.executor.interrupt_call(0, Interruption::Cancelled);
    assert_eq!(first.result(Some(PATIENCE)), Err(ResultError::Task(TaskError::Interrupted)));
    assert!(second.running(), "nobody else was asked to end");
    drop(there);
    pool.executor.interrupt();
    assert_eq!(second.result(Some(PATIENCE)), Err(ResultError::Task(TaskError::Interrupted)));
    check_within(&pool.finish_after(events));
}

/// What threads of a task compute is done by one at a time if the task computes under a lock, whoever shares that.
fn threads_share_the_gil() {
    for mode in [GilMode::Shared, GilMode::PerWorker] {
        let gil = GilSettings { mode, switch_interval: Duration::from_micros(200) };
        let pool = Traced::threads(|builder| builder.max_workers(1).gil(gil));
        let future = pool.executor.submit_closure(compute_in_threads).unwrap();
        assert_eq!(future.result(Some(PATIENCE)), Ok(()));
        let trace = pool.finish();
        check_within(&trace);
        let waited = within(&trace).flat_map(|(_, nested)| nested.lanes());
        let waited = waited.map(|lane| lane.away_until(i64::MAX)[Activity::WaitingForGil as usize]).sum::<i64>();
        assert!(waited > 0, "{mode:?}");
    }
}

/// Two threads compute until each has seen the other go on several times, and never both at once.
fn compute_in_threads(context: &TaskContext) -> Result<(), TaskError> {
    const ROUNDS: u32 = 5;
    let (inside, last) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(u32::MAX)));
    let turns: Arc<[AtomicU32; 2]> = Arc::default();
    context.with_thread_pool(2, |pool| {
        let compute = |me: u32| {
            let (inside, last, turns) = (Arc::clone(&inside), Arc::clone(&last), Arc::clone(&turns));
            pool.submit_closure(move |context| {
                while turns.iter().any(|turns| turns.load(Ordering::Relaxed) < ROUNDS) {
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "the other computes too");
                    if last.swap(me, Ordering::Relaxed) != me {
                        turns[me as usize].fetch_add(1, Ordering::Relaxed);
                    }
                    inside.fetch_sub(1, Ordering::SeqCst);
                    context.checkpoint()?;
                }
                Ok(())
            })
        };
        let both = [compute(0)?, compute(1)?];
        both.iter().try_for_each(|thread| context.result_of(thread))
    })
}

/// Without one, two threads of a task meet while they compute.
fn threads_without_a_gil_meet() {
    let pool = Traced::new(Kind::Threads, 1);
    let task = |context: &TaskContext| {
        context.with_thread_pool(2, |pool| {
            let meeting = Arc::new(Barrier::new(2));
            let both = [(); 2].map(|()| {
                let meeting = Arc::clone(&meeting);
                pool.submit_closure(move |_| {
                    meeting.wait();
                    Ok(())
                })
            });
            both.into_iter().try_for_each(|thread| context.result_of(&thread?))
        })
    };
    let threads: &dyn Submit = &*pool.executor.submitter();
    assert_eq!(threads.submit_closure(task).unwrap().result(Some(PATIENCE)), Ok(()));
    check_within(&pool.finish());
}

/// A task that is timed out hears of it once, and may then do something else.
fn timed_out_once() {
    let pool = Traced::threads(|builder| builder.max_workers(1));
    let never = TaskFuture::<()>::new();
    let task = move |context: &TaskContext| {
        assert_eq!(context.result_of(&never), Err(TaskError::TimedOut));
        context.checkpoint()?;
        Ok("something else")
    };
    let future = pool.executor.submit_closure(task).unwrap();
    let events = pool.until(|event| matches!(event, EventKind::Turned { to: Activity::WaitingForFuture, .. }));
    pool.executor.interrupt_call(0, Interruption::TimedOut);
    assert_eq!(future.result(Some(PATIENCE)), Ok("something else"));
    pool.finish_after(events);
}

/// Many tasks want one lock: whenever somebody looks, nobody is taken for stuck.
fn contended_lock() {
    let pool = Traced::threads(|builder| builder.max_workers(4));
    let lock = Arc::new(TaskLock::new());
    let futures: Vec<_> = (0..8)
        .map(|_| {
            let lock = Arc::clone(&lock);
            let task = move |context: &TaskContext| {
                for _ in 0..200 {
                    let _guard = context.lock(&lock)?;
                    std::thread::yield_now();
                }
                Ok(())
            };
            pool.executor.submit_closure(task).unwrap()
        })
        .collect();
    for future in futures {
        assert_eq!(future.result(Some(PATIENCE)), Ok(()));
    }
    let last = pool.until(|event| matches!(event, EventKind::ResultReceived { call: 7 }));
    let mut trace = Trace::new(0);
    for event in &last {
        trace.apply(event);
        assert_eq!(trace.deadlock(), None, "after {event:?}");
    }
    pool.finish_after(last);
}

/// What a thread of a task has to say, its task has.
fn said_in_threads(kind: Kind) {
    let pool = Traced::new(kind, 1);
    pool.executor.submit(SAY_IN_A_THREAD, "hello".to_owned()).unwrap().result(Some(PATIENCE)).unwrap();
    let trace = pool.finish();
    let said: Vec<_> = trace.log_from(0).map(|line| (line.item, line.worker, &*line.line)).collect();
    assert_eq!(said, [(Some(0), 0, "hello")]);
}

/// Each of two tasks has a lock and wants the other's.
fn two_locks() {
    let pool = Traced::threads(|builder| builder.max_workers(2));
    let locks: Arc<[TaskLock; 2]> = Arc::default();
    let both_have_one = Arc::new(std::sync::Barrier::new(2));
    let futures = [0, 1].map(|me| {
        let (locks, both) = (Arc::clone(&locks), Arc::clone(&both_have_one));
        let task = move |context: &TaskContext| {
            let _mine = context.lock(&locks[me])?;
            context.blocking(|| both.wait());
            context.lock(&locks[1 - me]).map(drop)
        };
        pool.executor.submit_closure(task).unwrap()
    });
    let mut waiting = 0;
    let events = pool.until(|event| {
        waiting += usize::from(matches!(event, EventKind::WaitsForLock { .. }));
        waiting == 2
    });
    let mut trace = Trace::new(0);
    for event in &events {
        trace.apply(event);
    }
    let deadlock = trace.deadlock().unwrap();
    assert!(deadlock.waits.len() == 2 && !deadlock.starved);
    assert!(trace.describe_deadlock(&deadlock).contains("waits for a lock that item"));
    pool.executor.interrupt_call(1, Interruption::Cancelled);
    assert_eq!(futures[1].result(Some(PATIENCE)), Err(ResultError::Task(TaskError::Interrupted)));
    assert_eq!(futures[0].result(Some(PATIENCE)), Ok(()));
    let trace = pool.finish_after(events);
    assert_eq!(trace.deadlock(), None);
}

fn side_lanes() {
    let pool = Traced::threads(|builder| builder.max_workers(1));
    let clients = SideLanes::new("clients", pool.executor.sink());
    let lane = clients.lane();
    assert_eq!(lane.span("GET /", Activity::Blocking, || Ok(200)), Ok(200));
    let failed = lane.span("GET /slow", Activity::Computing, || Err::<(), _>(TaskError::message("503")));
    assert!(failed.is_err());
    drop(lane);
    let trace = pool.finish();
    let [side] = trace.sides() else { panic!("there is one") };
    assert_eq!(&*side.name, "clients");
    assert_eq!((side.trace().counts().returned, side.trace().counts().raised), (1, 1));
    assert_eq!(
        (side.trace().name(0), side.trace().name(1), side.trace().name(2)),
        (Some("GET /"), Some("GET /slow"), None)
    );
    assert!(side.trace().lanes()[0].exited.is_some() && side.trace().ignored() == 0);
    // Whoever does not watch pays nothing and breaks nothing.
    assert_eq!(SideLanes::new("nobody", &NoEvents::shared()).lane().span("", Activity::Computing, || Ok(1)), Ok(1));
}
