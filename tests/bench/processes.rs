//! Process pools beside Python's, which are measured in the same run if there is a `python3`: two workers, no-op tasks.

#![allow(clippy::unwrap_used, reason = "a benchmark that fails has nothing to tell")]

mod side_by_side;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use poolscope::executor::{
    Executor, Function, MapOptions, ProcessPoolExecutor, RawExecutor, Registry, WorkerCommand, run_worker,
};
use poolscope::trace::Recorder;

use side_by_side::{Rival, compare, many, wanted};

const WORKERS: usize = 2;
const ROUNDS: usize = 7;

const OURS: &str = "poolscope, every event recorded";

const NOOP: Function<u64, u64> = Function::new("noop", |n, _| Ok(n));

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("worker") => return run_worker(&Registry::new().with(NOOP)).unwrap(),
        Some("echo") => return echo(),
        _ => {}
    }
    let mut python = Python::start();
    submits(python.as_mut());
    for (chunksize, items) in [(1, 50_000), (16, 1_000_000), (256, 4_000_000)] {
        maps(chunksize, many(items) as u64, python.as_mut());
    }
    round_trips(python.as_mut());
}

struct Ours {
    pool: ProcessPoolExecutor,
    recorder: Arc<Recorder>,
}

/// A pool whose workers are all up, and whose events are all recorded.
fn ours() -> Ours {
    let recorder = Arc::new(Recorder::new());
    let command = WorkerCommand { program: std::env::current_exe().unwrap(), arguments: vec!["worker".into()] };
    let pool = ProcessPoolExecutor::new(WORKERS, command, Arc::clone(&recorder) as _).unwrap();
    let warm_up = pool.map(NOOP, 0..1_000, MapOptions::default()).unwrap();
    assert_eq!(warm_up.flatten().count(), 1_000);
    recorder.collect(&mut Vec::new());
    Ours { pool, recorder }
}

fn submits(python: Option<&mut Python>) {
    let tasks = many(50_000) as u64;
    let title = "submit to result, chunksize 1";
    let ours = || {
        let Ours { pool, recorder } = ours();
        let started = Instant::now();
        let futures: Vec<_> = (0..tasks).map(|n| pool.submit(NOOP, n).unwrap()).collect();
        let sum: u64 = futures.into_iter().map(|future| future.result(None).unwrap()).sum();
        let rate = tasks as f64 / started.elapsed().as_secs_f64();
        assert_eq!(sum, (0..tasks).sum::<u64>());
        check(&pool, &recorder, tasks, tasks);
        rate
    };
    let mut rivals = Vec::new();
    let python = std::cell::RefCell::new(python);
    let python = &python;
    if python.borrow().is_some() {
        for (name, what) in [("concurrent.futures", "submit 20000"), ("multiprocessing.Pool", "apply_async 20000")] {
            rivals.push(Rival::new(name, move || python.borrow_mut().as_mut().unwrap().ask(what)));
        }
    }
    rivals.push(Rival::new(OURS, ours));
    compare(title, "tasks/s", ROUNDS, rivals);
}

fn maps(chunksize: usize, items: u64, python: Option<&mut Python>) {
    let title = format!("map, chunksize {chunksize}");
    let ours = || {
        let Ours { pool, recorder } = ours();
        let options = MapOptions { chunksize, ..MapOptions::default() };
        let started = Instant::now();
        let sum: u64 = pool.map(NOOP, 0..items, options).unwrap().map(Result::unwrap).sum();
        let rate = items as f64 / started.elapsed().as_secs_f64();
        assert_eq!(sum, (0..items).sum::<u64>());
        check(&pool, &recorder, items.div_ceil(chunksize as u64), items);
        rate
    };
    let mut rivals = Vec::new();
    let python = std::cell::RefCell::new(python);
    let python = &python;
    let commands = [("multiprocessing.Pool", "pool_map"), ("concurrent.futures", "futures_map")];
    let commands = commands.map(|(name, what)| (name, format!("{what} {items} {chunksize}")));
    if python.borrow().is_some() {
        for (name, what) in commands {
            rivals.push(Rival::new(name, move || python.borrow_mut().as_mut().unwrap().ask(&what)));
        }
    }
    rivals.push(Rival::new(OURS, ours));
    compare(&title, "items/s", ROUNDS, rivals);
}

/// Five events a call, two an item; how the workers came and went; and what of its core a long item had.
fn check(pool: &ProcessPoolExecutor, recorder: &Recorder, calls: u64, items: u64) {
    pool.shutdown(true, false);
    let events = recorder.backlog() as u64;
    let expected = 5 * calls + 2 * items;
    assert!(events >= expected, "{events} events, not {expected}");
}

fn round_trips(python: Option<&mut Python>) {
    let count = many(3_000) as u64;
    let title = "round trip, idle pool";
    if !wanted(title) {
        return;
    }
    let mut pipe = Echo::start();
    let Ours { pool, .. } = ours();
    let each = |trip: &mut dyn FnMut(u64)| {
        let started = Instant::now();
        (0..count).for_each(trip);
        started.elapsed().as_secs_f64() * 1e6 / count as f64
    };
    let mut rivals = vec![
        Rival::new("floor: eight bytes through two pipes", || each(&mut |n| pipe.trip(n))),
        Rival::new(OURS, || each(&mut |n| assert_eq!(pool.submit(NOOP, n).unwrap().result(None).unwrap(), n))),
    ];
    let python = std::cell::RefCell::new(python);
    let python = &python;
    if python.borrow().is_some() {
        for (name, what) in [("concurrent.futures", "futures_trip 2000"), ("multiprocessing.Pool", "pool_trip 2000")] {
            rivals.push(Rival::new(name, move || python.borrow_mut().as_mut().unwrap().ask(what)));
        }
    }
    compare(title, "µs", ROUNDS, rivals);
}

/// A child that sends back what it gets.
struct Echo {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl Echo {
    fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("echo")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, input, output }
    }

    fn trip(&mut self, n: u64) {
        self.input.write_all(&n.to_le_bytes()).unwrap();
        let mut back = [0; 8];
        self.output.read_exact(&mut back).unwrap();
        assert_eq!(u64::from_le_bytes(back), n);
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn echo() {
    let (mut input, mut output) = (std::io::stdin(), std::io::stdout());
    let mut bytes = [0; 8];
    while input.read_exact(&mut bytes).is_ok() {
        output.write_all(&bytes).and_then(|()| output.flush()).unwrap();
    }
}

/// A Python that measures what it is asked for.
struct Python {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Python {
    /// `None`, and a word about it, if there is no Python.
    fn start() -> Option<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/peers.py");
        let child = Command::new("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let Ok(mut child) = child else {
            eprintln!("there is no python3 here, so its pools are left out");
            return None;
        };
        let (input, output) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
        Some(Self { child, input, output })
    }

    fn ask(&mut self, what: &str) -> f64 {
        writeln!(self.input, "{what}").unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        answer.trim().parse().unwrap()
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = writeln!(self.input, "end");
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::yield_now();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
