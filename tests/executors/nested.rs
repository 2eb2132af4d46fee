//! Pools of threads that tasks have for themselves, in threads and in worker processes alike; and what else a task tells of itself.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::bounded;
use libtest_mimic::Trial;
use poolscope::executor::{
    Activity, EventKind, Executor, GilMode, GilSettings, NoEvents, RawExecutor, ResultError, SideLanes, TaskContext,
    TaskError, TaskLock,
};
use poolscope::trace::{Lane, Trace};

use crate::functions::{FAIL_AROUND_THREADS, Gate, PROGRESS, SLEEP, SLEEP_IN_A_THREAD, SUM_OF_SQUARES, submitted};
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
        trial("nested::two_locks_in_the_wrong_order_are_found", two_locks),
        trial("nested::lanes_beside_an_executor_are_seen", side_lanes),
    ];
    trials.extend(for_all("threads_of_a_task_are_lanes_within_its_own", all, lanes_within));
    trials.extend(for_all("a_task_that_raises_ends_its_threads", all, raises));
    trials.extend(for_all("a_task_that_panics_ends_its_threads", all, panics));
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
    pool.executor.interrupt_call(0);
    assert_eq!(first.result(Some(PATIENCE)), Err(ResultError::Task(TaskError::Interrupted)));
    assert!(second.running(), "nobody else was asked to end");
    drop(there);
    pool.executor.interrupt();
    assert_eq!(second.result(Some(PATIENCE)), Err(ResultError::Task(TaskError::Interrupted)));
    check_within(&pool.finish_after(events));
}

/// Two threads of one task meet while they compute, which they can't where one has to let the other have the lock.
fn threads_share_the_gil() {
    let meet = |mode| {
        let gil = GilSettings { mode, switch_interval: Duration::from_micros(200) };
        let pool = Traced::threads(|builder| builder.max_workers(1).gil(gil));
        let task = |context: &TaskContext| {
            context.with_thread_pool(2, |pool| {
                let [(to_one, from_two), (to_two, from_one)] = [bounded(0), bounded(0)];
                let meet = |out: crossbeam_channel::Sender<()>, come: crossbeam_channel::Receiver<()>| {
                    move |_: &TaskContext| {
                        let met = crossbeam_channel::select! {
                            send(out, ()) -> _ => true,
                            recv(come) -> met => met.is_ok(),
                            default(Duration::from_millis(100)) => false,
                        };
                        Ok(met)
                    }
                };
                let one = submitted(pool.submit_closure(meet(to_two, from_two)))?;
                let two = submitted(pool.submit_closure(meet(to_one, from_one)))?;
                Ok(context.result_of(&one)? && context.result_of(&two)?)
            })
        };
        let met = pool.executor.submit_closure(task).unwrap().result(Some(PATIENCE)).unwrap();
        let trace = pool.finish();
        check_within(&trace);
        let waited = within(&trace)
            .flat_map(|(_, nested)| nested.lanes())
            .map(|lane| lane.away_until(i64::MAX)[Activity::WaitingForGil as usize])
            .sum::<i64>();
        (met, waited > 0)
    };
    assert_eq!(meet(GilMode::Shared), (false, true));
    assert!(meet(GilMode::Off).0);
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
    pool.executor.interrupt_call(1);
    assert_eq!(futures[1].result(Some(PATIENCE)), Err(ResultError::Task(TaskError::Interrupted)));
    assert_eq!(futures[0].result(Some(PATIENCE)), Ok(()));
    let trace = pool.finish_after(events);
    assert_eq!(trace.deadlock(), None);
}

fn side_lanes() {
    let pool = Traced::threads(|builder| builder.max_workers(1));
    let clients = SideLanes::new("clients", pool.executor.sink());
    let lane = clients.lane();
    assert_eq!(lane.span("GET /", || Ok(200)), Ok(200));
    let later = clients.waiting("GET /slow");
    assert!(lane.come_to(later, || Err::<(), _>(TaskError::message("503"))).is_err());
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
    assert_eq!(SideLanes::new("nobody", &NoEvents::shared()).lane().span("", || Ok(1)), Ok(1));
}
