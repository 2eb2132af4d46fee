//! What pools of other makers were found to do under fire: lose a wake-up with a worker, hang while nobody reads, grow, or die of a limit of
//! the system. Scenarios that concern a whole program run in a process of their own: this test with the argument `fire` and a name.

#![cfg(unix)]

use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use poolscope::executor::{
    BrokenExecutor, BuildError, Executor, Function, MapOptions, NoEvents, OnWorkerDeath, ProcessPoolBuilder,
    ProcessPoolExecutor, RawExecutor, ResultError, ReturnWhen, TaskError, TaskFuture, ThreadPoolExecutor,
    WorkerCommand, as_completed, gather, run_worker, wait,
};

use crate::functions::{
    CHATTER, CLOSE_OUTPUT, EXIT, Gate, LEAVE_CHATTER, PASS_GATE, PID, POWER, SLEEP, TALKATIVE_INITIALIZER, registry,
};
use crate::traced::{Kind, PATIENCE, Traced, worker_command};
use crate::trial;

type Test = fn(Kind);

const PROCESSES: [Kind; 2] = [Kind::Processes, Kind::Pipes];

pub fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 10] = [
        ("a_worker_that_dies_when_it_is_woken_costs_no_other_call", dies_when_woken),
        ("a_worker_that_is_stopped_keeps_no_call_from_others", stopped_when_idle),
        ("an_initializer_may_print_more_than_a_pipe_holds", talkative_initializer),
        ("an_idle_worker_without_output_uses_no_core", closed_output),
        ("programs_that_print_on_and_on_hold_up_no_call", grandchildren_print),
        ("a_function_of_other_types_is_not_called", other_types),
        ("a_program_that_is_no_worker_is_told_so", no_worker),
        ("what_is_printed_before_a_worker_begins_is_no_hindrance", printed_before),
        ("an_end_is_noticed_while_others_hold_the_output", end_noticed),
        ("waiting_in_a_callback_is_refused_in_every_way", waits_in_callbacks),
    ];
    let named = |(name, test): (&'static str, Test)| {
        PROCESSES.map(|kind| trial(format!("{kind:?}::fire::{name}").to_lowercase(), move || test(kind)))
    };
    let mut trials: Vec<_> = tests.into_iter().flat_map(named).collect();
    trials.push(trial("threads::fire::retired_threads_are_not_kept", || in_a_process("retired", "")));
    trials.push(trial("threads::fire::a_name_with_a_nul_is_refused", nul_in_a_name));
    trials.push(trial("threads::fire::a_chain_of_callbacks_may_be_long", long_chain));
    trials.push(trial("threads::fire::polling_and_gathering_keep_nothing", polled_and_gathered));
    trials.push(trial("processes::fire::a_program_that_forgets_to_be_a_worker_is_no_bomb", || {
        in_a_process("forgetful", "");
    }));
    if cfg!(target_os = "linux") {
        trials.push(trial("processes::fire::small_files_are_no_reason_to_die", || {
            in_a_process("small-files", "ulimit -f 2000;");
        }));
        trials
            .push(trial("processes::fire::few_files_are_enough_once_there_are_more", || in_a_process("few-files", "")));
        trials.push(trial("processes::fire::memory_that_a_worker_cannot_open_is_done_without", unopenable_memory));
    }
    trials
}

/// Runs a scenario in a process of its own, which `limits` its shell sets.
fn in_a_process(scenario: &str, limits: &str) {
    let output = scenario_output(scenario, limits);
    let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{}: {told}", output.status);
}

fn scenario_output(scenario: &str, limits: &str) -> Output {
    let line = format!("{limits} exec \"$0\" fire {scenario}");
    Command::new("sh").args(["-c", &line]).arg(std::env::current_exe().unwrap()).stdin(Stdio::null()).output().unwrap()
}

/// The other side of [`in_a_process`].
pub fn be(scenario: &str) {
    match scenario {
        "retired" => retired(),
        "forgetful" => forgetful(),
        "small-files" => small_files(),
        "few-files" => few_files(),
        "unopenable" => unopenable(),
        "chatty-worker" => {
            println!("v1.2.3");
            run_worker(&registry()).unwrap();
        }
        "no-worker" => {}
        other => panic!("no scenario {other}"),
    }
}

fn this_program(arguments: &[&str]) -> WorkerCommand {
    let arguments = arguments.iter().map(Into::into).collect();
    WorkerCommand { program: std::env::current_exe().unwrap(), arguments }
}

fn builder(kind: Kind) -> ProcessPoolBuilder {
    let builder = ProcessPoolExecutor::builder().worker_command(worker_command());
    if kind == Kind::Pipes { builder.pipes_only() } else { builder }
}

fn pool(kind: Kind, build: impl FnOnce(ProcessPoolBuilder) -> ProcessPoolBuilder) -> Traced<ProcessPoolExecutor> {
    Traced::processes(|builder| build(if kind == Kind::Pipes { builder.pipes_only() } else { builder }))
}

fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

/// Killed between being woken for a call and taking it: by the pool, or from outside.
fn dies_when_woken(kind: Kind) {
    for round in 0..20 {
        let pool = builder(kind).max_workers(2).on_worker_death(OnWorkerDeath::Restart).build().unwrap();
        let gate = Gate::new();
        // Both workers are there, and then both sleep.
        let both = [(); 2].map(|()| pool.submit(PASS_GATE, gate.port()).unwrap());
        let pids: Vec<u32> = gate.arrivals(2).into_iter().map(|waiting| waiting.pid).collect();
        assert!(both.iter().all(|future| future.result(Some(PATIENCE)).is_ok()));
        let calls: Vec<_> = (0..2).map(|n| pool.submit(POWER, (n, 1)).unwrap()).collect();
        if round % 2 == 0 {
            pool.kill_worker(0);
        } else {
            signal(pids[0], rustix::process::Signal::KILL);
        }
        for call in calls {
            let result = call.result(Some(PATIENCE));
            let lost = matches!(&result, Err(ResultError::Task(TaskError::Broken(BrokenExecutor::WorkerDied { .. }))));
            assert!(lost || result.is_ok(), "{result:?}");
        }
        pool.shutdown(true, false);
    }
}

fn stopped_when_idle(kind: Kind) {
    let pool = builder(kind).max_workers(2).build().unwrap();
    let gate = Gate::new();
    let both = [(); 2].map(|()| pool.submit(PASS_GATE, gate.port()).unwrap());
    let pids: Vec<u32> = gate.arrivals(2).into_iter().map(|waiting| waiting.pid).collect();
    assert!(both.iter().all(|future| future.result(Some(PATIENCE)).is_ok()));
    signal(pids[0], rustix::process::Signal::STOP);
    // Through pipes a call may already be in the hands of the one that is stopped: then a second is not.
    let calls: Vec<_> = (0..2).map(|n| pool.submit(POWER, (n, 1)).unwrap()).collect();
    let done = wait(calls.clone(), Some(PATIENCE), ReturnWhen::FirstCompleted).done;
    assert!(!done.is_empty());
    if kind == Kind::Processes {
        assert!(calls.iter().all(|call| call.result(Some(PATIENCE)).is_ok()), "what nobody has taken is free");
    }
    signal(pids[0], rustix::process::Signal::CONT);
    assert!(calls.iter().all(|call| call.result(Some(PATIENCE)).is_ok()));
    pool.shutdown(true, false);
}

fn talkative_initializer(kind: Kind) {
    let pool = pool(kind, |builder| builder.max_workers(1).initializer(TALKATIVE_INITIALIZER, 5_000));
    assert!(pool.executor.submit(PID, ()).unwrap().result(Some(PATIENCE)).is_ok());
    let trace = pool.finish();
    assert!(trace.log_length() > 500 && trace.log_from(0).all(|line| line.item.is_none()), "it is no task's");
}

/// User and system time of a process, in clock ticks.
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or(Vec::new(), |(_, rest)| rest.split_ascii_whitespace().collect());
    [11, 12].iter().filter_map(|&field| fields.get(field)?.parse::<u64>().ok()).sum()
}

fn closed_output(kind: Kind) {
    let pool = builder(kind).max_workers(1).build().unwrap();
    let pid = pool.submit(CLOSE_OUTPUT, ()).unwrap().result(Some(PATIENCE)).unwrap();
    let before = ticks(pid);
    pool.submit(SLEEP, Duration::from_millis(500)).unwrap().result(Some(PATIENCE)).unwrap();
    // In half a second, at 100 ticks a second, a thread that spins has some fifty, however busy the machine.
    assert!(ticks(pid) - before < 10, "{} ticks", ticks(pid) - before);
    pool.shutdown(true, false);
}

fn grandchildren_print(kind: Kind) {
    let pool = builder(kind).max_workers(1).build().unwrap();
    let began = Instant::now();
    let children = pool.submit(LEAVE_CHATTER, 4).unwrap().result(Some(PATIENCE)).unwrap();
    for n in 0..5 {
        assert_eq!(pool.submit(POWER, (n, 1)).unwrap().result(Some(PATIENCE)), Ok(n));
        pool.submit(SLEEP, Duration::from_millis(1)).unwrap().result(Some(PATIENCE)).unwrap();
    }
    let took = began.elapsed();
    for pid in children {
        signal(pid, rustix::process::Signal::KILL);
    }
    assert!(took < CHATTER / 2, "{took:?}");
    pool.shutdown(true, false);
}

fn other_types(kind: Kind) {
    const OTHER_ARGUMENT: Function<String, u64> = Function::new("power", |_, _| Ok(0));
    const OTHER_RESULT: Function<(u64, u32), String> = Function::new("power", |_, _| Ok(String::new()));
    const LESS: Function<(u64,), u64> = Function::new("power", |_, _| Ok(0));
    const TWIN: Function<u64, u64> = Function::new("twin", |n, _| Ok(n));
    let pool = builder(kind).max_workers(1).build().unwrap();
    let refused = |error: Option<TaskError>| matches!(error, Some(TaskError::OtherTypes { .. }));
    assert!(refused(pool.submit(OTHER_ARGUMENT, "2".into()).unwrap().exception(Some(PATIENCE)).unwrap()));
    assert!(refused(pool.submit(OTHER_RESULT, (2, 2)).unwrap().exception(Some(PATIENCE)).unwrap()));
    assert!(refused(pool.submit(LESS, (2,)).unwrap().exception(Some(PATIENCE)).unwrap()));
    let twin = pool.submit(TWIN, 4).unwrap().exception(Some(PATIENCE)).unwrap();
    assert_eq!(twin, Some(TaskError::AmbiguousFunction("twin".to_owned())));
    assert_eq!(pool.submit(POWER, (2, 3)).unwrap().result(Some(PATIENCE)), Ok(8), "the pool goes on");
    pool.shutdown(true, false);
}

fn broken(kind: Kind, command: WorkerCommand) -> BrokenExecutor {
    let pool = builder(kind).max_workers(1).worker_command(command).build().unwrap();
    match pool.submit(PID, ()).unwrap().exception(Some(PATIENCE)).unwrap() {
        Some(TaskError::Broken(broken)) => broken,
        other => panic!("{other:?}"),
    }
}

fn no_worker(kind: Kind) {
    let told = broken(kind, this_program(&["fire", "no-worker"]));
    assert!(matches!(&told, BrokenExecutor::NotAWorker { exit, .. } if exit == "exit code 0"), "{told}");
}

fn printed_before(kind: Kind) {
    let command = this_program(&["fire", "chatty-worker"]);
    let pool = pool(kind, |builder| builder.max_workers(1).worker_command(command));
    assert_eq!(pool.executor.submit(POWER, (2, 3)).unwrap().result(Some(PATIENCE)), Ok(8));
    let trace = pool.finish();
    assert_eq!(trace.log_from(0).map(|line| line.line.to_string()).collect::<Vec<_>>(), ["v1.2.3"]);
}

/// A child that was forked and has not started another program holds all that its parent had.
fn end_noticed(kind: Kind) {
    let line = "sleep 1000 <&- 2>&- & echo $! > \"$1\"; exec \"$0\" worker";
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("pid");
    let program = std::env::current_exe().unwrap();
    let arguments = vec!["-c".into(), line.into(), program.into_os_string(), note.clone().into_os_string()];
    let pool =
        builder(kind).max_workers(1).worker_command(WorkerCommand { program: "sh".into(), arguments }).build().unwrap();
    let error = pool.submit(EXIT, 7).unwrap().exception(Some(PATIENCE)).unwrap();
    assert!(matches!(error, Some(TaskError::Broken(BrokenExecutor::WorkerDied { .. }))), "{error:?}");
    pool.shutdown(true, false);
    let holder = std::fs::read_to_string(note).unwrap().trim().parse().unwrap();
    signal(holder, rustix::process::Signal::KILL);
}

/// In a callback on the thread that has to resolve what is waited for.
fn waits_in_callbacks(kind: Kind) {
    let ways: [fn(TaskFuture<u64>) -> bool; 5] = [
        |future| wait([future], None, ReturnWhen::AllCompleted).not_done.len() == 1,
        |future| wait([future], None, ReturnWhen::FirstCompleted).not_done.len() == 1,
        |future| as_completed([future], None).all(|next| next.is_err()),
        |future| pollster::block_on(gather([future])) == Err(ResultError::OwnManager),
        |future| pollster::block_on(future) == Err(ResultError::OwnManager),
    ];
    for way in ways {
        let pool = pool(kind, |builder| builder.max_workers(1));
        let gate = Gate::new();
        let first = pool.executor.submit(PASS_GATE, gate.port()).unwrap();
        let second = pool.executor.submit(POWER, (3, 2)).unwrap();
        let awaited = second.clone();
        let (sender, told) = mpsc::channel();
        first.add_done_callback(move |_| sender.send(way(awaited)).unwrap());
        drop(gate.arrival());
        assert_eq!(told.recv_timeout(PATIENCE), Ok(true));
        assert_eq!(second.result(Some(PATIENCE)), Ok(9));
        pool.finish();
    }
    // A map there, too.
    let pool = pool(kind, |builder| builder.max_workers(1));
    let gate = Gate::new();
    let first = pool.executor.submit(PASS_GATE, gate.port()).unwrap();
    let mut map = pool.executor.map(POWER, [(2, 2)], MapOptions::default()).unwrap();
    let (sender, told) = mpsc::channel();
    first.add_done_callback(move |_| sender.send(map.next()).unwrap());
    drop(gate.arrival());
    assert_eq!(told.recv_timeout(PATIENCE), Ok(Some(Err(ResultError::OwnManager))));
    pool.finish();
}

fn nul_in_a_name() {
    let refused = ThreadPoolExecutor::builder().name_prefix("a\0b").build();
    assert_eq!(refused.err(), Some(BuildError::NamePrefix));
}

/// Each resolves the next: the stack is not as long as memory.
fn long_chain() {
    const LENGTH: usize = 200_000;
    let futures: Vec<_> = (0..LENGTH).map(|_| TaskFuture::<usize>::new()).collect();
    for pair in futures.windows(2) {
        let next = pair[1].clone();
        pair[0].add_done_callback(move |future| next.set_result(future.result(None).unwrap() + 1).unwrap());
    }
    futures[0].set_result(0).unwrap();
    assert_eq!(futures[LENGTH - 1].result(Some(Duration::ZERO)), Ok(LENGTH - 1), "all is done when the first has told");
}

/// What was polled, or gathered, and given up is forgotten.
fn polled_and_gathered() {
    struct Counted {
        _alive: std::sync::Arc<()>,
    }
    impl std::task::Wake for Counted {
        fn wake(self: std::sync::Arc<Self>) {}
    }
    let future = TaskFuture::<u64>::new();
    let alive = std::sync::Arc::new(());
    let waker = || std::task::Waker::from(std::sync::Arc::new(Counted { _alive: std::sync::Arc::clone(&alive) }));
    let mut kept = future.clone();
    for _ in 0..100 {
        let _ = std::pin::Pin::new(&mut kept).poll(&mut std::task::Context::from_waker(&waker()));
        let _ = std::pin::Pin::new(&mut future.clone()).poll(&mut std::task::Context::from_waker(&waker()));
        let _ = std::pin::Pin::new(&mut gather([future.clone()])).poll(&mut std::task::Context::from_waker(&waker()));
    }
    assert_eq!(std::sync::Arc::strong_count(&alive), 2, "the last waker of the one handle that is left");
    drop(kept);
    assert_eq!(std::sync::Arc::strong_count(&alive), 1);
}

fn retired() {
    let threads = || std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    let mappings = || std::fs::read_to_string("/proc/self/maps").map_or(0, |maps| maps.lines().count());
    let pool = ThreadPoolExecutor::new(1, NoEvents::shared()).unwrap();
    let mut first = None;
    for _ in 0..500 {
        pool.set_max_workers(2).unwrap();
        let both = std::sync::Arc::new(std::sync::Barrier::new(2));
        let futures = [(); 2].map(|()| {
            let both = std::sync::Arc::clone(&both);
            let meet = move || both.wait().is_leader();
            pool.submit_closure(move |_| Ok(meet())).unwrap()
        });
        assert_eq!(futures.iter().filter(|future| future.result(None) == Ok(true)).count(), 1);
        pool.set_max_workers(1).unwrap();
        while cfg!(target_os = "linux") && threads() > 2 {
            std::thread::yield_now();
        }
        first.get_or_insert_with(mappings);
    }
    assert!(mappings() <= first.unwrap_or_default() + 20, "{} mappings, {first:?} at first", mappings());
    pool.shutdown(true, false);
}

/// Workers are this program, and start it just like this: without a guard, each would start others.
fn forgetful() {
    let command = this_program(&["fire", "forgetful"]);
    let pool = match ProcessPoolExecutor::builder().max_workers(2).worker_command(command).build() {
        Ok(pool) => pool,
        Err(error) => {
            assert_eq!(error, BuildError::NotAWorker);
            std::process::exit(3);
        }
    };
    let error = pool.submit(PID, ()).unwrap().exception(Some(PATIENCE)).unwrap();
    let told =
        matches!(&error, Some(TaskError::Broken(BrokenExecutor::NotAWorker { exit, .. })) if exit == "exit code 3");
    assert!(told, "{error:?}");
}

fn small_files() {
    let pool = builder(Kind::Processes).max_workers(2).build().unwrap();
    let results: Vec<_> = pool.map(POWER, (0..20).map(|n| (n, 2)), MapOptions::default()).unwrap().collect();
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    pool.shutdown(true, false);
}

/// When files run out, the pool is small; when there are some again, it grows.
fn few_files() {
    let pool = builder(Kind::Processes).max_workers(4).build().unwrap();
    pool.submit(PID, ()).unwrap().result(Some(PATIENCE)).unwrap();
    let mut taken = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        taken.push(file);
    }
    let listener = {
        taken.truncate(taken.len() - 3);
        Gate::new()
    };
    while let Ok(file) = std::fs::File::open("/dev/null") {
        taken.push(file);
    }
    let futures: Vec<_> = (0..4).map(|_| pool.submit(PASS_GATE, listener.port()).unwrap()).collect();
    // Room for one that arrives: it is the only worker.
    taken.truncate(taken.len() - 1);
    let first = listener.arrival();
    drop(taken);
    let others = listener.arrivals(3);
    drop((first, others));
    assert!(futures.iter().all(|future| future.result(Some(PATIENCE)).is_ok()));
    pool.shutdown(true, false);
}

/// Workers of another user can't open what this process has.
fn unopenable_memory() {
    let is_root = rustix::process::getuid().is_root();
    let can_change = Command::new("setpriv").arg("--help").output().is_ok_and(|output| output.status.success());
    if is_root && !can_change {
        eprintln!("SKIPPED: without setpriv there is no way to be another user");
        assert!(std::env::var_os("CI").is_none(), "in CI it is to be there");
        return;
    }
    in_a_process("unopenable", "");
}

fn unopenable() {
    let command = if rustix::process::getuid().is_root() {
        // The program itself may be where others can't read it.
        let folder = tempfile::Builder::new()
            .permissions(<std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755))
            .tempdir()
            .unwrap();
        let copy = folder.keep().join("worker");
        std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
        let words = ["--reuid=65534", "--clear-groups", copy.to_str().unwrap(), "worker"];
        WorkerCommand { program: "setpriv".into(), arguments: words.iter().map(Into::into).collect() }
    } else {
        let no = rustix::process::DumpableBehavior::NotDumpable;
        rustix::process::set_dumpable_behavior(no).unwrap();
        worker_command()
    };
    let copy = command.arguments.get(2).cloned();
    let pool = ProcessPoolExecutor::builder().max_workers(3).worker_command(command).build().unwrap();
    let results: Vec<_> = pool.map(POWER, (0..50).map(|n| (n, 2)), MapOptions::default()).unwrap().collect();
    assert!(results.iter().zip(0..).all(|(result, n)| *result == Ok(n * n)), "{results:?}");
    pool.shutdown(true, false);
    if let Some(copy) = copy {
        let _ = std::fs::remove_dir_all(std::path::Path::new(&copy).parent().unwrap());
    }
}
