//! What only process pools have: initializers with an argument, workers that are replaced, ended, restarted, or more or
//! fewer than before; what tasks print; and where an error came from.

use std::collections::BTreeSet;
use std::time::Duration;

use libtest_mimic::Trial;
use poolscope::executor::{
    BrokenExecutor, BuildError, EventKind, Executor, ForcedShutdown, MapOptions, NoEvents, OnWorkerDeath,
    ProcessPoolExecutor, RawExecutor, ResultError, Stream, SubmitError, TaskError, TaskFuture,
};

use crate::functions::{
    ABORT, EXIT, FAIL_ON_MULTIPLES, FAILING_INITIALIZER, Fussy, Gate, Guest, HOLD, MARK, Mishap, PARSE, PASS_GATE, PID,
    POWER, PRINT, READ_MARK, Stubborn, UNENCODABLE,
};
use crate::traced::{Kind, PATIENCE, Traced, worker_command};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("processes::the_initializer_runs_in_each_worker", initializer),
        trial("processes::an_initializer_that_fails_breaks_the_pool", || failing_initializer(Mishap::Error)),
        trial("processes::an_initializer_that_panics_breaks_the_pool", || failing_initializer(Mishap::Panic)),
        trial("processes::an_initializer_that_exits_breaks_the_pool", || failing_initializer(Mishap::Exit)),
        trial("processes::a_worker_is_replaced_after_its_last_task", max_tasks_per_child),
        trial("processes::a_backlog_outlives_many_workers", many_replacements),
        trial("processes::replacements_come_after_an_early_shutdown", replacements_after_shutdown),
        trial("processes::an_error_at_the_last_task_of_a_worker_ends_well", error_at_last_task),
        trial("processes::zero_tasks_per_child_are_refused", zero_tasks_per_child),
        trial("processes::terminated_workers_lose_what_runs_and_cancel_the_rest", || {
            forced_down(ForcedShutdown::Terminate);
        }),
        trial("processes::killed_workers_lose_what_runs_and_cancel_the_rest", || forced_down(ForcedShutdown::Kill)),
        trial("processes::forcing_down_a_pool_that_never_started_does_nothing", forced_before_start),
        trial("processes::forcing_down_a_broken_pool_is_no_error", forced_when_broken),
        trial("processes::forcing_down_an_idle_pool_ends_its_workers", forced_when_idle),
        trial("processes::a_pool_that_restarts_loses_only_what_the_dead_worker_held", restart),
        trial("processes::a_pool_that_restarts_gives_up_when_workers_only_die", restart_in_vain),
        trial("processes::a_pool_grows_while_it_runs", grow),
        trial("processes::a_pool_shrinks_after_the_current_tasks", shrink),
        trial("processes::resizing_and_dying_at_random_resolves_every_future", resize_and_die),
        trial("processes::an_error_tells_type_causes_worker_and_call", error_place),
        trial("processes::prints_are_log_lines_of_their_task", prints),
        trial("processes::prints_of_a_flood_are_counted", flood),
        trial("processes::arguments_are_let_go_before_the_next_task", arguments_let_go),
        trial("processes::waiting_in_a_callback_of_the_same_pool_is_refused", result_in_callback),
        trial("processes::shutdown_right_after_an_argument_that_cannot_be_encoded", shutdown_after_unencodable),
        trial("processes::a_hundred_thousand_submits_do_not_wait_for_the_manager", many_submits),
    ];
    if cfg!(target_os = "linux") {
        trials.push(trial("processes::a_broken_pool_leaves_no_file_open", nothing_left_open));
    }
    trials
}

// test_initializer
fn initializer() {
    let pool = Traced::processes(|builder| builder.max_workers(2).initializer(MARK, 4711));
    let gate = Gate::new();
    let both: Vec<_> = (0..2).map(|_| pool.executor.submit(PASS_GATE, gate.port()).unwrap()).collect();
    drop(gate.arrivals(2));
    assert!(both.iter().all(|future| future.result(Some(PATIENCE)).is_ok()));
    for _ in 0..6 {
        assert_eq!(pool.executor.submit(READ_MARK, ()).unwrap().result(Some(PATIENCE)), Ok(4711));
    }
    pool.finish();
}

// FailingInitializerMixin.test_initializer
fn failing_initializer(mishap: Mishap) {
    let pool = Traced::processes(|builder| builder.max_workers(2).initializer(FAILING_INITIALIZER, mishap));
    let futures: Vec<_> = (0..5).map_while(|n| pool.executor.submit(POWER, (n, 2)).ok()).collect();
    for future in &futures {
        let message = broken(&future.result(Some(PATIENCE)).unwrap_err()).to_string();
        match mishap {
            Mishap::Error | Mishap::Panic => {
                assert!(message.starts_with("the initializer of worker "), "{message}");
                assert!(message.ends_with("no licence"), "{message}");
            }
            Mishap::Exit => assert!(message.contains("ended with exit code 7"), "{message}"),
        }
    }
    assert!(matches!(pool.executor.submit(POWER, (2, 2)), Err(SubmitError::Broken(_))));
    assert_eq!(pool.finish().counts().items.lost, futures.len());
}

fn broken(error: &ResultError) -> &BrokenExecutor {
    match error {
        ResultError::Task(TaskError::Broken(broken)) => broken,
        other => panic!("not a broken pool: {other}"),
    }
}

// test_max_tasks_per_child
fn max_tasks_per_child() {
    let pool = Traced::processes(|builder| builder.max_workers(1).max_tasks_per_child(3));
    let pids: Vec<_> = (0..7).map(|_| pool.executor.submit(PID, ()).unwrap().result(Some(PATIENCE)).unwrap()).collect();
    assert!(pids[0] == pids[1] && pids[1] == pids[2] && pids[2] != pids[3], "{pids:?}");
    assert_eq!(pids.iter().collect::<BTreeSet<_>>().len(), 3, "{pids:?}");
    let trace = pool.finish();
    // One at a time.
    let lives = trace.lanes().iter().map(|lane| (lane.started, lane.exited.as_ref().unwrap().0));
    assert!(lives.clone().zip(lives.skip(1)).all(|((_, ended), (started, _))| ended <= started));
}

// test_max_tasks_per_child_pending_tasks_gh115634
fn many_replacements() {
    for (workers, limit, tasks) in [(1, 2, 6), (2, 2, 8), (1, 1, 5)] {
        let pool = Traced::processes(|builder| builder.max_workers(workers).max_tasks_per_child(limit));
        let futures: Vec<_> = (0..tasks).map(|n| pool.executor.submit(POWER, (n, 2)).unwrap()).collect();
        for (n, future) in (0..).zip(futures) {
            assert_eq!(future.result(Some(PATIENCE)), Ok(n * n));
        }
        pool.finish();
    }
}

// test_shutdown_no_wait_max_tasks_gh119592; the dropped executor keeps its promise too
fn replacements_after_shutdown() {
    for drop_it in [false, true] {
        let pool = Traced::processes(|builder| builder.max_workers(1).max_tasks_per_child(1));
        let gate = Gate::new();
        let first = pool.executor.submit(PASS_GATE, gate.port()).unwrap();
        let rest: Vec<_> = (1..3).map(|n| pool.executor.submit(POWER, (n, 2)).unwrap()).collect();
        let executing = gate.arrival();
        if drop_it {
            let Traced { executor, .. } = pool;
            drop(executor);
            drop(executing);
            assert!(first.result(Some(PATIENCE)).is_ok());
            assert_eq!(rest.iter().filter(|future| future.result(Some(PATIENCE)).is_ok()).count(), 2);
        } else {
            pool.executor.shutdown(false, false);
            drop(executing);
            assert_eq!(pool.finish().counts().returned, 3);
        }
    }
}

// test_shutdown_gh_132969_case_1
fn error_at_last_task() {
    let pool = Traced::processes(|builder| builder.max_workers(2).max_tasks_per_child(1));
    let arguments = [(1, 2), (2, 2), (3, 2)];
    let results: Vec<_> = pool.executor.map(FAIL_ON_MULTIPLES, arguments, MapOptions::default()).unwrap().collect();
    assert!(results[0] == Ok(1) && results[1].is_err() && results[2] == Ok(3));
    pool.executor.shutdown(false, false);
    pool.finish();
}

fn zero_tasks_per_child() {
    let refused = ProcessPoolExecutor::builder().max_tasks_per_child(0).build().err().unwrap();
    assert_eq!(refused, BuildError::MaxTasksPerChild);
    let refused = ProcessPoolExecutor::builder().initializer(crate::functions::UNENCODABLE, Stubborn).build();
    assert!(matches!(refused.err().unwrap(), BuildError::Initializer(TaskError::Argument { .. })));
}

// test_force_shutdown_workers: 2 execute, 3 are in the call queue, 3 are pending
fn forced_down(how: ForcedShutdown) {
    let pool = Traced::processes(|builder| builder.max_workers(2));
    let gate = Gate::new();
    let futures: Vec<_> = (0..8).map(|_| pool.executor.submit(PASS_GATE, gate.port()).unwrap()).collect();
    let executing = gate.arrivals(2);
    while futures.iter().filter(|future| future.running()).count() < 5 {
        std::thread::yield_now();
    }
    match how {
        ForcedShutdown::Terminate => pool.executor.terminate_workers(),
        ForcedShutdown::Kill => pool.executor.kill_workers(),
    }
    assert!(matches!(pool.executor.submit(POWER, (2, 2)), Err(SubmitError::Broken(_) | SubmitError::ShutDown)));
    for future in &futures[..5] {
        let error = future.result(Some(PATIENCE)).unwrap_err();
        assert!(matches!(broken(&error), BrokenExecutor::ForcedDown { how: by, .. } if *by == how), "{error}");
    }
    assert!(futures[5..].iter().all(TaskFuture::cancelled), "{futures:?}");
    for worker in executing {
        worker.wait_until_dead(PATIENCE);
    }
    let counts = *pool.finish().counts();
    assert_eq!((counts.items.lost, counts.items.cancelled), (5, 3));
}

// test_force_shutdown_workers_not_started_yet
fn forced_before_start() {
    let pool = Traced::processes(|builder| builder.max_workers(2));
    pool.executor.terminate_workers();
    pool.executor.kill_workers();
    assert!(matches!(pool.executor.submit(POWER, (2, 2)), Err(SubmitError::ShutDown)));
    assert!(pool.finish().lanes().is_empty());
}

// test_force_shutdown_workers_dead_workers
fn forced_when_broken() {
    let pool = Traced::processes(|builder| builder.max_workers(1));
    assert!(pool.executor.submit(EXIT, 1).unwrap().result(Some(PATIENCE)).is_err());
    pool.executor.terminate_workers();
    pool.executor.kill_workers();
    pool.finish();
}

// test_force_shutdown_workers_stops_pool
fn forced_when_idle() {
    let pool = Traced::processes(|builder| builder.max_workers(1));
    pool.executor.submit(PID, ()).unwrap().result(Some(PATIENCE)).unwrap();
    pool.executor.terminate_workers();
    let refused = pool.executor.submit(POWER, (2, 2)).unwrap_err();
    assert!(matches!(refused, SubmitError::ShutDown | SubmitError::Broken(_)), "{refused}");
    let events = pool.until(|kind| matches!(kind, EventKind::WorkerExited { .. }));
    pool.finish_after(events);
}

fn restart() {
    let pool = Traced::processes(|builder| builder.max_workers(2).on_worker_death(OnWorkerDeath::Restart));
    let gate = Gate::new();
    let blocked = pool.executor.submit(PASS_GATE, gate.port()).unwrap();
    let executing = gate.arrival();
    let deadly: Vec<_> = (0..4).map(|_| pool.executor.submit(ABORT, ()).unwrap()).collect();
    let harmless: Vec<_> = (0..20).map(|n| pool.executor.submit(POWER, (n, 2)).unwrap()).collect();
    for (call, future) in (1..).zip(deadly) {
        let error = future.result(Some(PATIENCE)).unwrap_err();
        let BrokenExecutor::WorkerDied { call: held, exit, .. } = broken(&error) else { panic!("{error}") };
        assert_eq!((*held, exit.as_str()), (Some(call), "signal 6 (SIGABRT)"));
    }
    for (n, future) in (0..).zip(harmless) {
        assert_eq!(future.result(Some(PATIENCE)), Ok(n * n));
    }
    drop(executing);
    assert!(blocked.result(Some(PATIENCE)).is_ok());
    let trace = pool.finish();
    assert_eq!((trace.counts().returned, trace.counts().items.lost), (21, 4));
    assert!(trace.lanes().len() >= 6, "four were replaced");
}

fn restart_in_vain() {
    let pool = Traced::processes(|builder| {
        builder.max_workers(2).on_worker_death(OnWorkerDeath::Restart).initializer(FAILING_INITIALIZER, Mishap::Exit)
    });
    let futures: Vec<_> = (0..5).map_while(|n| pool.executor.submit(POWER, (n, 2)).ok()).collect();
    for future in futures {
        broken(&future.result(Some(PATIENCE)).unwrap_err());
    }
    pool.finish();
}

fn grow() {
    let pool = Traced::processes(|builder| builder.max_workers(1));
    let gate = Gate::new();
    let futures: Vec<_> = (0..6).map(|_| pool.executor.submit(PASS_GATE, gate.port()).unwrap()).collect();
    let first = gate.arrival();
    pool.executor.set_max_workers(3).unwrap();
    let more = gate.arrivals(2);
    let pids: BTreeSet<_> = more.iter().chain([&first]).map(|waiting| waiting.pid).collect();
    assert_eq!(pids.len(), 3);
    drop((first, more));
    drop(gate.arrivals(3));
    assert!(futures.iter().all(|future| future.result(Some(PATIENCE)).is_ok()));
    assert_eq!(pool.finish().lanes().len(), 3);
}

fn shrink() {
    let pool = Traced::processes(|builder| builder.max_workers(3));
    let gate = Gate::new();
    let futures: Vec<_> = (0..8).map(|_| pool.executor.submit(PASS_GATE, gate.port()).unwrap()).collect();
    let executing = gate.arrivals(3);
    pool.executor.set_max_workers(1).unwrap();
    drop(executing);
    // The manager tells the workers, and some of them may have taken another call before they hear it.
    for _ in 0..5 {
        drop(gate.arrival());
    }
    let mut exited = 0;
    let events = pool.until(|kind| {
        exited += usize::from(matches!(kind, EventKind::WorkerExited { .. }));
        exited == 2
    });
    assert!(futures.iter().all(|future| future.result(Some(PATIENCE)).is_ok()));
    assert_eq!(pool.finish_after(events).counts().returned, 8);
}

fn resize_and_die() {
    for seed in 0..6_usize {
        let pool = Traced::processes(|builder| builder.max_workers(1).on_worker_death(OnWorkerDeath::Restart));
        let futures: Vec<_> = (0..60)
            .map(|n| {
                if n % 5 == 0 {
                    pool.executor.set_max_workers(1 + (n + seed) % 4).unwrap();
                }
                let outcome = if n % 13 == 7 { 9 } else { 0 };
                pool.executor.submit(if outcome == 9 { EXIT } else { crate::functions::PASS }, outcome).unwrap()
            })
            .collect();
        for (n, future) in futures.iter().enumerate() {
            let result = future.result(Some(PATIENCE));
            if n % 13 == 7 {
                broken(&result.unwrap_err());
            } else {
                assert_eq!(result, Ok(()));
            }
        }
        pool.finish();
    }
}

fn error_place() {
    let pool = Traced::processes(|builder| builder.max_workers(1));
    let pid = pool.executor.submit(PID, ()).unwrap().result(Some(PATIENCE)).unwrap();
    let items = ["12".to_owned(), "1O".to_owned()];
    let options = MapOptions { chunksize: 2, ..MapOptions::default() };
    let results: Vec<_> = pool.executor.map(PARSE, items, options).unwrap().collect();
    assert_eq!(results[0], Ok(12));
    let Err(ResultError::Task(error)) = &results[1] else { panic!("{results:?}") };
    assert_eq!(
        error.report(),
        format!(
            "`1O` is no count\n\
             caused by: invalid digit found in string\n\
             in worker 0 (pid {pid}), index 1 of call 1\n\
             type: core::num::error::ParseIntError"
        )
    );
    // As the chain of errors that it was on the other side.
    let sources = std::iter::successors(std::error::Error::source(error), |error| error.source());
    assert_eq!(sources.map(ToString::to_string).collect::<Vec<_>>(), ["invalid digit found in string"]);
    pool.finish();
}

fn prints() {
    let pool = Traced::processes(|builder| builder.max_workers(2));
    let texts: Vec<_> = (0..12).map(|n| format!("text {n}\nsecond line of {n}")).collect();
    let options = MapOptions { chunksize: 3, ..MapOptions::default() };
    assert!(pool.executor.map(PRINT, texts, options).unwrap().all(|result| result.is_ok()));
    let trace = pool.finish();
    for item in 0..12 {
        let lines = |stream| {
            let own = trace.log_from(0).filter(|line| line.item == Some(item) && line.stream == stream);
            own.map(|line| line.line.to_string()).collect::<Vec<_>>()
        };
        let expected = [format!("text {item}"), format!("second line of {item}")];
        assert_eq!(lines(Stream::Stdout), expected);
        assert_eq!(lines(Stream::Stderr), expected);
    }
    assert_eq!(trace.log_from(0).count(), 48, "and nobody else's");
}

fn flood() {
    let pool = Traced::processes(|builder| builder.max_workers(1));
    let text = "a line\n".repeat(20_000);
    pool.executor.submit(PRINT, text).unwrap().result(Some(PATIENCE)).unwrap();
    let last = pool.executor.submit(PRINT, "the next".to_owned()).unwrap();
    last.result(Some(PATIENCE)).unwrap();
    let trace = pool.finish();
    let lines: Vec<_> = trace.log_from(0).filter(|line| line.item == Some(0)).collect();
    assert_eq!(lines.len(), 1_001);
    // Its text and an empty line, to either stream.
    assert_eq!(&*lines[1_000].line, "(39002 more lines were not kept)");
    assert_eq!(trace.log_from(0).filter(|line| line.item == Some(1)).count(), 2);
}

// test_ressources_gced_in_workers
fn arguments_let_go() {
    let pool = Traced::processes(|builder| builder.max_workers(1));
    let gate = Gate::new();
    let guest = Guest { port: gate.port(), stream: None };
    let future = pool.executor.submit(HOLD, guest).unwrap();
    let (stream, _) = gate.listener.accept().unwrap();
    future.result(Some(PATIENCE)).unwrap();
    // The worker idles; nothing more is submitted.
    let guest = crate::functions::Waiting::new(stream);
    guest.wait_until_dead(PATIENCE);
    pool.finish();
}

fn result_in_callback() {
    let pool = Traced::new(Kind::Processes, 1);
    let gate = Gate::new();
    let first = pool.executor.submit(PASS_GATE, gate.port()).unwrap();
    let second = pool.executor.submit(POWER, (3, 2)).unwrap();
    let awaited = second.clone();
    let (sender, told) = std::sync::mpsc::channel();
    first.add_done_callback(move |_| {
        sender.send((awaited.result(None), awaited.result(Some(Duration::ZERO)))).unwrap();
    });
    drop(gate.arrival());
    assert_eq!(told.recv().unwrap(), (Err(ResultError::OwnManager), Err(ResultError::TimedOut)));
    assert_eq!(second.result(Some(PATIENCE)), Ok(9));
    pool.finish();
}

// test_shutdown_deadlock_pickle
fn shutdown_after_unencodable() {
    let pool = Traced::processes(|builder| builder.max_workers(2));
    let future = pool.executor.submit(UNENCODABLE, Stubborn).unwrap();
    pool.executor.shutdown(false, false);
    let error = future.result(Some(PATIENCE)).unwrap_err();
    assert!(matches!(&error, ResultError::Task(TaskError::Argument { .. })), "{error}");
    pool.finish();
}

// test_gh105829_should_not_deadlock_if_wakeup_pipe_full
fn many_submits() {
    let pool = Traced::new(Kind::Processes, 1);
    let gate = Gate::new();
    let blocked = pool.executor.submit(PASS_GATE, gate.port()).unwrap();
    // The manager is busy with a callback until all are submitted.
    let (go, wait) = std::sync::mpsc::channel::<()>();
    blocked.add_done_callback(move |_| assert!(wait.recv().is_err()));
    drop(gate.arrival());
    let options = MapOptions { chunksize: 1, ..MapOptions::default() };
    let map = pool.executor.map(POWER, (0..100_000).map(|n| (n, 1)), options).unwrap();
    drop(go);
    assert_eq!(map.zip(0..).filter(|(result, n)| *result == Ok(*n)).count(), 100_000);
    pool.finish();
}

// FailingInitializerResourcesTest.test_spawn
fn nothing_left_open() {
    // In a process of its own, as other tests open files at the same time.
    let output = std::process::Command::new(std::env::current_exe().unwrap()).arg("open-files").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Breaks pools in several ways and looks whether files stay open.
pub fn be_the_one_who_counts_files() {
    let open_files = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open_files();
    for _ in 0..3 {
        let builder = ProcessPoolExecutor::builder().worker_command(worker_command()).events(NoEvents::shared());
        let failing = builder.max_workers(2).initializer(FAILING_INITIALIZER, Mishap::Error).build().unwrap();
        assert!(failing.submit(POWER, (2, 2)).unwrap().result(Some(PATIENCE)).is_err());
        failing.shutdown(true, false);
        let crashing = ProcessPoolExecutor::new(2, worker_command(), NoEvents::shared()).unwrap();
        assert!(crashing.submit(ABORT, ()).unwrap().result(Some(PATIENCE)).is_err());
        crashing.shutdown(true, false);
        let working = ProcessPoolExecutor::new(2, worker_command(), NoEvents::shared()).unwrap();
        assert!(working.submit(crate::functions::UNDECODABLE, Fussy).unwrap().result(Some(PATIENCE)).is_err());
        working.shutdown(true, false);
    }
    assert_eq!(open_files(), before);
}
