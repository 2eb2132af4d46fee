//! Thread pools beside the best of their kind: two workers, a handle for each task.

#![allow(clippy::unwrap_used, reason = "a benchmark that fails has nothing to tell")]

mod side_by_side;

use std::sync::Arc;
use std::time::{Duration, Instant};

use poolscope::executor::{Event, Executor, Function, NoEvents, RawExecutor, ThreadPoolExecutor};
use poolscope::trace::Recorder;

use side_by_side::{Rival, compare, many, median, wanted};

const WORKERS: usize = 2;
const ROUNDS: usize = 14;

fn tasks() -> usize {
    many(1_000_000)
}

const NOOP: Function<u64, u64> = Function::new("noop", |n, _| Ok(n));

fn main() {
    compare(
        "throughput of no-op tasks, submit to result",
        "tasks/s",
        ROUNDS,
        vec![
            Rival::new("floor: crossbeam-channel + oneshot", || floor_throughput(tasks())),
            Rival::new("poolscope, every event recorded", || ours_throughput(&recorded())),
            Rival::new("poolscope, nobody listens", || ours_throughput(&unwatched())),
            Rival::new("poolscope, closures, every event recorded", || closures_throughput(&recorded())),
            Rival::new("threadpool + oneshot", threadpool_throughput),
            Rival::new("rusty_pool", rusty_pool_throughput),
            Rival::new("rayon + oneshot", rayon_throughput),
        ],
    );
    parked_round_trips();
    memory();
}

struct Ours {
    pool: ThreadPoolExecutor,
    recorder: Option<Arc<Recorder>>,
}

fn recorded() -> Ours {
    let recorder = Arc::new(Recorder::new());
    Ours { pool: ThreadPoolExecutor::new(WORKERS, Arc::clone(&recorder) as _).unwrap(), recorder: Some(recorder) }
}

fn unwatched() -> Ours {
    Ours { pool: ThreadPoolExecutor::new(WORKERS, NoEvents::shared()).unwrap(), recorder: None }
}

fn rate(tasks: usize, started: Instant) -> f64 {
    tasks as f64 / started.elapsed().as_secs_f64()
}

fn ours_throughput(ours: &Ours) -> f64 {
    let started = Instant::now();
    let futures: Vec<_> = (0..tasks() as u64).map(|n| ours.pool.submit(NOOP, n).unwrap()).collect();
    let sum: u64 = futures.into_iter().map(|future| future.result(None).unwrap()).sum();
    check(ours, sum, started)
}

fn closures_throughput(ours: &Ours) -> f64 {
    let started = Instant::now();
    let futures: Vec<_> = (0..tasks() as u64).map(|n| ours.pool.submit_closure(move |_| Ok(n)).unwrap()).collect();
    let sum: u64 = futures.into_iter().map(|future| future.result(None).unwrap()).sum();
    check(ours, sum, started)
}

fn check(ours: &Ours, sum: u64, started: Instant) -> f64 {
    let rate = rate(tasks(), started);
    assert_eq!(sum, expected());
    if let Some(recorder) = &ours.recorder {
        ours.pool.shutdown(true, false);
        // Submitted, taken, started, finished, received; three of each worker; and what of its core a long task had.
        assert!(recorder.backlog() >= 5 * tasks() + 3 * WORKERS);
    }
    rate
}

fn expected() -> u64 {
    (0..tasks() as u64).sum()
}

type Job = Box<dyn FnOnce() + Send>;

/// What a thread pool costs at least: a queue, a box a task and a handle a task. No cancelling, no states, no shutdown.
struct Floor {
    queue: crossbeam_channel::Sender<Job>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Floor {
    fn new() -> Self {
        let (queue, jobs) = crossbeam_channel::unbounded::<Job>();
        let work =
            |jobs: crossbeam_channel::Receiver<Job>| std::thread::spawn(move || jobs.into_iter().for_each(|job| job()));
        Self { queue, threads: (0..WORKERS).map(|_| work(jobs.clone())).collect() }
    }

    fn submit(&self, n: u64) -> oneshot::Receiver<u64> {
        let (sender, receiver) = oneshot::channel();
        self.queue.send(Box::new(move || drop(sender.send(n)))).unwrap();
        receiver
    }

    fn finish(self) {
        drop(self.queue);
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

fn floor_throughput(tasks: usize) -> f64 {
    let floor = Floor::new();
    let started = Instant::now();
    let receivers: Vec<_> = (0..tasks as u64).map(|n| floor.submit(n)).collect();
    let sum: u64 = receivers.into_iter().map(|receiver| receiver.recv().unwrap()).sum();
    let rate = rate(tasks, started);
    assert_eq!(sum, expected());
    floor.finish();
    rate
}

fn threadpool_throughput() -> f64 {
    let pool = threadpool::ThreadPool::new(WORKERS);
    let started = Instant::now();
    let receivers: Vec<_> = (0..tasks() as u64)
        .map(|n| {
            let (sender, receiver) = oneshot::channel();
            pool.execute(move || drop(sender.send(n)));
            receiver
        })
        .collect();
    let sum: u64 = receivers.into_iter().map(|receiver| receiver.recv().unwrap()).sum();
    assert_eq!(sum, expected());
    rate(tasks(), started)
}

fn rusty_pool_throughput() -> f64 {
    let pool = rusty_pool::ThreadPool::new(WORKERS, WORKERS, Duration::from_secs(1));
    let started = Instant::now();
    let handles: Vec<_> = (0..tasks() as u64).map(|n| pool.evaluate(move || n)).collect();
    let sum: u64 = handles.into_iter().map(rusty_pool::JoinHandle::await_complete).sum();
    let rate = rate(tasks(), started);
    assert_eq!(sum, expected());
    pool.shutdown_join();
    rate
}

fn rayon_throughput() -> f64 {
    let pool = rayon_core::ThreadPoolBuilder::new().num_threads(WORKERS).build().unwrap();
    let started = Instant::now();
    let receivers: Vec<_> = (0..tasks() as u64)
        .map(|n| {
            let (sender, receiver) = oneshot::channel();
            pool.spawn(move || drop(sender.send(n)));
            receiver
        })
        .collect();
    let sum: u64 = receivers.into_iter().map(|receiver| receiver.recv().unwrap()).sum();
    assert_eq!(sum, expected());
    rate(tasks(), started)
}

/// One task at a time, a hundred microseconds apart: the workers sleep when it comes.
fn parked_round_trips() {
    let count = many(3_000);
    let title = "round trip, parked pool";
    if !wanted(title) {
        return;
    }
    let trips = |trip: &mut dyn FnMut(u64)| {
        let mut times: Vec<f64> = (0..count as u64)
            .map(|n| {
                spin(Duration::from_micros(100));
                let started = Instant::now();
                trip(n);
                started.elapsed().as_secs_f64() * 1e6
            })
            .collect();
        let middle = median(&mut times);
        (middle, times[count * 99 / 100])
    };
    let (floor, ours) = (Floor::new(), recorded());
    let pool = threadpool::ThreadPool::new(WORKERS);
    let rusty = rusty_pool::ThreadPool::new(WORKERS, WORKERS, Duration::from_secs(1));
    let mut p99s: Vec<Vec<f64>> = vec![Vec::new(); 4];
    let mut measure = |rival: usize, trip: &mut dyn FnMut(u64)| {
        let (middle, p99) = trips(trip);
        p99s[rival].push(p99);
        middle
    };
    let measure = std::cell::RefCell::new(&mut measure);
    let names =
        ["floor: crossbeam-channel + oneshot", "poolscope, every event recorded", "threadpool + oneshot", "rusty_pool"];
    compare(
        title,
        "µs",
        ROUNDS,
        vec![
            Rival::new(names[0], || measure.borrow_mut()(0, &mut |n| assert_eq!(floor.submit(n).recv(), Ok(n)))),
            Rival::new(names[1], || {
                measure.borrow_mut()(1, &mut |n| assert_eq!(ours.pool.submit(NOOP, n).unwrap().result(None), Ok(n)))
            }),
            Rival::new(names[2], || {
                measure.borrow_mut()(2, &mut |n| {
                    let (sender, receiver) = oneshot::channel();
                    pool.execute(move || drop(sender.send(n)));
                    assert_eq!(receiver.recv(), Ok(n));
                })
            }),
            Rival::new(names[3], || {
                measure.borrow_mut()(3, &mut |n| assert_eq!(rusty.evaluate(move || n).await_complete(), n))
            }),
        ],
    );
    for (name, p99s) in names.iter().zip(&mut p99s) {
        println!("p99 of {name}: {:.1} µs", median(p99s));
    }
}

fn spin(duration: Duration) {
    let started = Instant::now();
    while started.elapsed() < duration {
        std::hint::spin_loop();
    }
}

/// What a pending task takes, measured as the process grows; and that ten millions of them are no trouble.
fn memory() {
    let pending = many(10_000_000);
    let title = "memory of a pending task";
    if !wanted(title) {
        return;
    }
    let pool = ThreadPoolExecutor::new(1, NoEvents::shared()).unwrap();
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let blocked = pool.submit_closure(move |_| Ok(gate.recv().is_ok())).unwrap();
    let before = resident();
    let started = Instant::now();
    let mut futures: Vec<_> = (0..pending as u64).map(|n| pool.submit(NOOP, n).unwrap()).collect();
    let submitted = started.elapsed();
    let started = Instant::now();
    let handles = futures.capacity() * size_of_val(&futures[0]);
    let bytes = (resident() - before - handles as f64) / pending as f64;
    open.send(()).unwrap();
    assert!(blocked.result(None).unwrap());
    let last = futures.pop().unwrap();
    assert_eq!(last.result(None).unwrap(), pending as u64 - 1);
    println!(
        "\n{title}\n\n{bytes:.0} bytes, and {} for its handle; {pending} were submitted in {submitted:.2?} and run in {:.2?}",
        size_of_val(&last),
        started.elapsed(),
    );
    println!("an event takes {} bytes", size_of::<Event>());
}

/// Memory of this process, in bytes.
fn resident() -> f64 {
    let mut system = sysinfo::System::new().unwrap();
    let pid = sysinfo::get_current_pid().unwrap();
    system.refresh_processes(sysinfo::ProcessesToUpdate::Some(&[pid]), true);
    system.process(pid).unwrap().memory() as f64
}
