//! What can go wrong with processes, with real processes that are really killed.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use libtest_mimic::Trial;
use poolscope::executor::{
    BrokenExecutor, Executor, FutureState, MapOptions, NoEvents, ProcessPoolExecutor, ResultError, SubmitError,
    TaskError, WorkerCommand,
};

use crate::functions::{
    ABORT, BOOBY_TRAPPED, DEADLY, Deadly, ECHO, EXIT, Fussy, Gate, PASS_GATE, PID, POWER, PRINT, Stubborn, Trap,
    UNDECODABLE, UNENCODABLE, UNKNOWN,
};
use crate::traced::{Kind, PATIENCE, Traced, worker_command};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("faults::a_worker_that_exits_breaks_the_pool_and_is_named", worker_exits),
        trial("faults::the_call_queue_holds_one_more_than_there_are_workers", call_queue_bound),
        trial("faults::an_argument_that_cannot_be_encoded_is_one_calls_own", unencodable),
        trial("faults::an_argument_that_cannot_be_decoded_is_one_calls_own", undecodable),
        trial("faults::a_serialiser_that_panics_is_one_calls_own", booby_trapped),
        trial("faults::an_unknown_function_is_one_calls_own", unknown_function),
        trial("faults::stray_prints_stay_out_of_the_protocol", stray_prints),
        trial("faults::a_program_that_is_missing_is_named", missing_program),
        trial("faults::a_program_that_is_no_worker_is_refused", no_worker),
        trial("faults::tasks_of_a_chunk_are_lost_with_their_worker", chunk_lost),
        trial("faults::too_many_workers_are_refused", too_many_workers),
    ];
    if cfg!(unix) {
        trials.extend([
            trial("faults::killed_while_executing", killed_while_executing),
            trial("faults::killed_on_purpose", killed_on_purpose),
            trial("faults::killed_while_idle", killed_while_idle),
            trial("faults::killed_while_it_writes_its_result", killed_while_writing),
            trial("faults::dead_while_decoding_or_encoding", deadly_codecs),
            trial("faults::dead_while_large_arguments_are_written", large_arguments),
            trial("faults::a_stopped_worker_goes_on_where_it_was", stopped_and_resumed),
            trial("faults::a_worker_that_never_greets_does_not_hold_up_an_interrupted_pool", never_greets),
            trial("faults::no_child_outlives_a_killed_parent", parent_killed),
            trial("faults::a_stopped_worker_does_not_hold_up_an_interrupted_pool", stopped_worker),
        ]);
    }
    trials
}

/// Sends a signal by name. Only called on Unix.
fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").args([format!("-{name}"), pid.to_string()]).status().unwrap();
    assert!(status.success(), "kill -{name} {pid}");
}

fn broken(error: &ResultError) -> &BrokenExecutor {
    match error {
        ResultError::Task(TaskError::Broken(broken)) => broken,
        other => panic!("not a broken pool: {other}"),
    }
}

// test_traceback_when_child_process_terminates_abruptly
fn worker_exits() {
    let pool = Traced::new(Kind::Processes, 1);
    let gate = Gate::new();
    let first = pool.executor.submit(PASS_GATE, gate.port()).unwrap();
    let exits = pool.executor.submit(EXIT, 99).unwrap();
    let innocent: Vec<_> = (0..5).map(|n| pool.executor.submit(POWER, (n, 2)).unwrap()).collect();
    let waiting = gate.arrival();
    let pid = waiting.pid;
    drop(waiting);
    assert_eq!(first.result(Some(PATIENCE)), Ok(pid));
    let error = exits.result(Some(PATIENCE)).unwrap_err();
    let expected = format!("worker 0 (pid {pid}) ended with exit code 99 while running call 1");
    assert_eq!(error.to_string(), expected);
    for future in innocent {
        assert_eq!(broken(&future.result(Some(PATIENCE)).unwrap_err()).to_string(), expected);
    }
    assert!(matches!(pool.executor.submit(POWER, (1, 1)), Err(SubmitError::Broken(_) | SubmitError::ShutDown)));
    let counts = *pool.finish().counts();
    assert_eq!((counts.returned, counts.items.lost), (1, 6));
}

fn killed_while_executing() {
    let pool = Traced::new(Kind::Processes, 2);
    let gate = Gate::new();
    let futures: Vec<_> = (0..8).map(|_| pool.executor.submit(PASS_GATE, gate.port()).unwrap()).collect();
    let mut executing = gate.arrivals(2);
    let (killed, other) = (executing.remove(0), executing.remove(0));
    signal(killed.pid, "KILL");
    for future in futures {
        let error = future.result(Some(PATIENCE)).unwrap_err().to_string();
        assert!(
            error.contains(&format!("(pid {}) ended with signal 9 (SIGKILL) while running call", killed.pid)),
            "{error}"
        );
    }
    let later = pool.executor.submit(POWER, (1, 1)).unwrap_err();
    assert!(matches!(later, SubmitError::Broken(_)), "{later}");
    // The other worker goes down with the pool.
    other.wait_until_dead(PATIENCE);
    assert_eq!(pool.finish().counts().items.lost, 8);
}

fn killed_on_purpose() {
    let pool = Traced::new(Kind::Processes, 2);
    let gate = Gate::new();
    let futures: Vec<_> = (0..8).map(|_| pool.executor.submit(PASS_GATE, gate.port()).unwrap()).collect();
    let executing = gate.arrivals(2);
    // One that there is not is nobody.
    pool.executor.kill_worker(9);
    pool.executor.kill_worker(1);
    for future in futures {
        let error = future.result(Some(PATIENCE)).unwrap_err().to_string();
        assert!(error.contains("worker 1 (pid ") && error.contains("ended with signal 9 (SIGKILL)"), "{error}");
    }
    for worker in executing {
        worker.wait_until_dead(PATIENCE);
    }
    assert_eq!(pool.finish().counts().items.lost, 8);
}

fn killed_while_idle() {
    let pool = Traced::new(Kind::Processes, 1);
    let pid = pool.executor.submit(PID, ()).unwrap().result(Some(PATIENCE)).unwrap();
    signal(pid, "KILL");
    // Whether the death is noticed before or after the next call came in, the call does not hang.
    let outcome = pool.executor.submit(POWER, (2, 2)).map(|future| future.result(Some(PATIENCE)));
    match outcome {
        Err(SubmitError::Broken(_)) => {}
        Ok(Err(error)) => assert!(broken(&error).to_string().contains("signal 9"), "{error}"),
        other => panic!("{other:?}"),
    }
    pool.finish();
}

/// The answer is far larger than a pipe holds, so whenever the signal comes, the worker is computing or writing.
fn killed_while_writing() {
    for _ in 0..5 {
        let pool = Traced::new(Kind::Processes, 1);
        let pid = pool.executor.submit(PID, ()).unwrap().result(Some(PATIENCE)).unwrap();
        let future = pool.executor.submit(ECHO, vec![7; 1 << 25]).unwrap();
        while future.state() == FutureState::Pending {
            std::thread::yield_now();
        }
        signal(pid, "KILL");
        match future.result(Some(PATIENCE)) {
            Ok(bytes) => assert_eq!(bytes.len(), 1 << 25),
            Err(error) => assert!(broken(&error).to_string().contains("signal 9"), "{error}"),
        }
        pool.finish();
    }
}

// test_crash_at_task_unpickle, test_crash_during_result_pickle_on_worker
fn deadly_codecs() {
    let here = std::process::id();
    for deadly in [Deadly::ToDecode(here), Deadly::ToEncode(here)] {
        let pool = Traced::new(Kind::Processes, 2);
        let error = pool.executor.submit(DEADLY, deadly).unwrap().result(Some(PATIENCE)).unwrap_err();
        let expected = "ended with signal 6 (SIGABRT) while running call 0";
        assert!(broken(&error).to_string().ends_with(expected), "{error}");
        assert!(matches!(pool.executor.submit(POWER, (2, 2)), Err(SubmitError::Broken(_))));
        pool.finish();
    }
}

// test_crash_big_data: more than a pipe holds is being written to those who are gone
fn large_arguments() {
    let pool = Traced::new(Kind::Processes, 2);
    let gate = Gate::new();
    let first: Vec<_> = (0..2).map(|_| pool.executor.submit(PASS_GATE, gate.port()).unwrap()).collect();
    let workers = gate.arrivals(2);
    let arguments = (0..10).map(|_| vec![7_u8; 4 << 20]);
    let map = pool.executor.map(ECHO, arguments, MapOptions::default()).unwrap();
    // The pool sees to the other.
    signal(workers[0].pid, "KILL");
    assert!(first.iter().all(|future| future.result(Some(PATIENCE)).is_err()));
    for result in map {
        broken(&result.unwrap_err());
    }
    pool.finish();
}

fn stopped_and_resumed() {
    let pool = Traced::new(Kind::Processes, 1);
    let gate = Gate::new();
    let future = pool.executor.submit(PASS_GATE, gate.port()).unwrap();
    let stopped = gate.arrival();
    let pid = stopped.pid;
    signal(pid, "STOP");
    drop(stopped);
    // Nothing comes from a process that is stopped.
    assert_eq!(future.result(Some(Duration::from_millis(100))), Err(ResultError::TimedOut));
    signal(pid, "CONT");
    assert_eq!(future.result(Some(PATIENCE)), Ok(pid));
    assert_eq!(pool.finish().counts().returned, 1);
}

/// 2 workers execute, 3 calls are in the call queue: 5 are RUNNING, the rest is PENDING (CPython's 2w + 1).
fn call_queue_bound() {
    let pool = Traced::new(Kind::Processes, 2);
    let gate = Gate::new();
    let futures: Vec<_> = (0..12).map(|_| pool.executor.submit(PASS_GATE, gate.port()).unwrap()).collect();
    let executing = gate.arrivals(2);
    // The queue is refilled a moment after the second worker has taken its call.
    let running = || futures.iter().filter(|future| future.running()).count();
    while running() < 5 {
        std::thread::yield_now();
    }
    assert_eq!(running(), 5);
    assert!(futures[..5].iter().all(|future| !future.cancel()));
    assert!(futures[5..].iter().all(poolscope::executor::TaskFuture::cancel));
    let mut executing = executing;
    for _ in 2..5 {
        executing.remove(0);
        executing.push(gate.arrival());
    }
    drop(executing);
    let counts = *pool.finish().counts();
    assert_eq!((counts.returned, counts.items.cancelled), (5, 7));
}

fn unencodable() {
    let pool = Traced::new(Kind::Processes, 1);
    let error = pool.executor.submit(UNENCODABLE, Stubborn).unwrap().result(Some(PATIENCE)).unwrap_err();
    assert!(error.to_string().starts_with("the argument of `unencodable` could not be encoded"), "{error}");
    assert_eq!(pool.executor.submit(POWER, (2, 2)).unwrap().result(Some(PATIENCE)), Ok(4));
    pool.finish();
}

fn undecodable() {
    let pool = Traced::new(Kind::Processes, 1);
    let error = pool.executor.submit(UNDECODABLE, Fussy).unwrap().result(Some(PATIENCE)).unwrap_err();
    assert!(error.to_string().starts_with("the argument of `undecodable` could not be decoded"), "{error}");
    assert_eq!(pool.executor.submit(POWER, (2, 2)).unwrap().result(Some(PATIENCE)), Ok(4));
    pool.finish();
}

fn booby_trapped() {
    let pool = Traced::new(Kind::Processes, 1);
    for (trap, message) in
        [(Trap::OnTheWayOut, "encoded: it panicked: out"), (Trap::OnTheWayIn, "decoded: it panicked: in")]
    {
        let error = pool.executor.submit(BOOBY_TRAPPED, trap).unwrap().result(Some(PATIENCE)).unwrap_err();
        assert!(error.to_string().ends_with(message), "{error}");
    }
    assert_eq!(pool.executor.submit(POWER, (2, 2)).unwrap().result(Some(PATIENCE)), Ok(4));
    assert_eq!(pool.finish().counts().items.lost, 2);
}

fn unknown_function() {
    let pool = Traced::new(Kind::Processes, 1);
    let error = pool.executor.submit(UNKNOWN, ()).unwrap().result(Some(PATIENCE)).unwrap_err();
    assert_eq!(error.to_string(), "the worker knows no function `unknown`");
    pool.finish();
}

fn stray_prints() {
    let pool = Traced::new(Kind::Processes, 1);
    let text = "not the protocol\n".repeat(1_000);
    let prints = pool.executor.map(PRINT, vec![text; 3], MapOptions::default()).unwrap();
    assert!(prints.into_iter().all(|result| result.is_ok()));
    assert_eq!(pool.executor.submit(POWER, (2, 2)).unwrap().result(Some(PATIENCE)), Ok(4));
    pool.finish();
}

// test_failed_worker_replacement_breaks_pool, at the first worker
fn missing_program() {
    let command = WorkerCommand { program: "no/such/program".into(), arguments: Vec::new() };
    let pool = Traced::with_command(Kind::Processes, 2, command);
    let error = pool.executor.submit(POWER, (2, 2)).unwrap().result(Some(PATIENCE)).unwrap_err();
    assert!(error.to_string().starts_with("a worker could not be started: no/such/program: "), "{error}");
    pool.finish();
}

/// The test program's own help is no greeting.
fn no_worker() {
    let command = WorkerCommand { arguments: vec!["--help".into()], ..worker_command() };
    let pool = Traced::with_command(Kind::Processes, 1, command);
    let error = pool.executor.submit(POWER, (2, 2)).unwrap().result(Some(PATIENCE)).unwrap_err();
    assert!(broken(&error).to_string().starts_with("worker 0 (pid "), "{error}");
    pool.finish();
}

fn chunk_lost() {
    let pool = Traced::new(Kind::Processes, 1);
    let options = MapOptions { chunksize: 4, ..MapOptions::default() };
    let results: Vec<_> = pool.executor.map(ABORT, vec![(); 6], options).unwrap().collect();
    assert_eq!(results.len(), 6);
    for result in results {
        broken(&result.unwrap_err());
    }
    let trace = pool.finish();
    assert_eq!(trace.counts().items.lost, 6);
    assert_eq!(trace.error_count(), 6);
}

// test_max_workers_too_large, test_max_workers_negative
fn too_many_workers() {
    for workers in [0, ProcessPoolExecutor::WORKERS_LIMIT + 1] {
        let error = ProcessPoolExecutor::new(workers, worker_command(), NoEvents::shared()).err().unwrap();
        assert!(error.to_string().starts_with("workers must be between 1 and "), "{error}");
    }
}

/// The parent that is killed below: two workers that wait at the gate forever.
pub fn be_the_parent() {
    let port = std::env::args().nth(2).unwrap().parse().unwrap();
    let executor = ProcessPoolExecutor::new(2, worker_command(), NoEvents::shared()).unwrap();
    let futures = [executor.submit(PASS_GATE, port).unwrap(), executor.submit(PASS_GATE, port).unwrap()];
    println!("ready");
    for future in &futures {
        drop(future.result(None));
    }
}

fn parent_killed() {
    let gate = Gate::new();
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["parent", &gate.port().to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(parent.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let workers = gate.arrivals(2);
    parent.kill().unwrap();
    parent.wait().unwrap();
    for worker in workers {
        worker.wait_until_dead(Duration::from_secs(1));
    }
}

fn never_greets() {
    let command = WorkerCommand { program: "sleep".into(), arguments: vec!["1000".into()] };
    let pool = Traced::with_command(Kind::Processes, 2, command);
    let futures: Vec<_> = (0..4).map(|n| pool.executor.submit(POWER, (n, 2)).unwrap()).collect();
    pool.executor.interrupt();
    for future in futures {
        assert!(matches!(broken(&future.result(Some(PATIENCE)).unwrap_err()), BrokenExecutor::Unresponsive { .. }));
    }
    pool.finish();
}

/// A worker under SIGSTOP reads no orders, and does not end when its input closes.
fn stopped_worker() {
    let pool = Traced::new(Kind::Processes, 1);
    let gate = Gate::new();
    let future = pool.executor.submit(PASS_GATE, gate.port()).unwrap();
    let stopped = gate.arrival();
    signal(stopped.pid, "STOP");
    pool.executor.interrupt();
    let error = future.result(Some(PATIENCE)).unwrap_err();
    assert!(matches!(broken(&error), BrokenExecutor::Unresponsive { call: Some(0), .. }), "{error}");
    let trace = pool.finish();
    assert!(trace.lanes()[0].exited.is_some());
    drop(stopped);
}
