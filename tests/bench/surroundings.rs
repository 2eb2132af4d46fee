//! What it costs a task to ask its surroundings: checkpoints, parts of a task, the GIL's way from thread to thread.

#![allow(clippy::unwrap_used, reason = "a benchmark that fails has nothing to tell")]

mod side_by_side;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use poolscope::executor::{
    Activity, EventKind, GilMode, GilSettings, RawExecutor, TaskContext, TaskError, ThreadPoolExecutor,
};
use poolscope::trace::Recorder;

use side_by_side::{Rival, compare, median, wanted};

const ROUNDS: usize = 9;

fn main() {
    checkpoints();
    parts();
    hand_over();
}

fn pool(workers: usize, mode: GilMode, recorder: &Arc<Recorder>) -> ThreadPoolExecutor {
    let gil = GilSettings { mode, ..GilSettings::default() };
    let builder = ThreadPoolExecutor::builder().max_workers(workers).gil(gil);
    builder.events(Arc::clone(recorder) as _).build().unwrap()
}

/// Nanoseconds that `work` takes each time, in a task.
fn each(mode: GilMode, times: u64, work: impl Fn(&TaskContext) -> Result<(), TaskError> + Send + 'static) -> f64 {
    let pool = pool(1, mode, &Arc::new(Recorder::new()));
    let task = move |context: &TaskContext| {
        let began = Instant::now();
        for _ in 0..times {
            work(context)?;
        }
        Ok(began.elapsed().as_secs_f64() * 1e9 / times as f64)
    };
    pool.submit_closure(task).unwrap().result(None).unwrap()
}

fn checkpoints() {
    const TIMES: u64 = 50_000_000;
    let checkpoint = |mode| move || each(mode, TIMES, |context| black_box(context.checkpoint()));
    let rivals = vec![
        Rival::new("the loop alone", || each(GilMode::Off, TIMES, |_| black_box(Ok(())))),
        Rival::new("no GIL", checkpoint(GilMode::Off)),
        Rival::new("with a GIL that nobody else wants", checkpoint(GilMode::Shared)),
    ];
    compare("checkpoint with nothing to do", "ns", ROUNDS, rivals);
}

/// A part has a beginning and an end: two events.
fn parts() {
    const TIMES: u64 = 1_000_000;
    let part = |mode| move || each(mode, TIMES, |context| context.blocking(|| black_box(Ok(()))));
    let rivals =
        vec![Rival::new("no GIL", part(GilMode::Off)), Rival::new("the GIL let go and taken", part(GilMode::Shared))];
    compare("part of a task, recorded", "ns", ROUNDS, rivals);
}

/// Two threads that compute and never wait for anything else.
fn hand_over() {
    let title = "GIL, from asking for it to having it, beyond the switch interval";
    if !wanted(title) {
        return;
    }
    let recorder = Arc::new(Recorder::new());
    let pool = pool(2, GilMode::Shared, &recorder);
    let until = Instant::now() + Duration::from_secs(5);
    let computes = move |context: &TaskContext| {
        while Instant::now() < until {
            context.checkpoint()?;
        }
        Ok(())
    };
    let futures = [(); 2].map(|()| pool.submit_closure(computes).unwrap());
    for future in futures {
        future.result(None).unwrap();
    }
    pool.shutdown(true, false);
    let mut events = Vec::new();
    recorder.collect(&mut events);
    let mut since = [None; 2];
    let mut beyond = Vec::new();
    let interval = GilSettings::SWITCH_INTERVAL.as_nanos() as i64;
    for event in events {
        if let EventKind::Turned { worker, to, .. } = event.kind {
            let waits = &mut since[worker as usize];
            match to {
                Activity::WaitingForGil => *waits = Some(event.at),
                _ => beyond.extend(waits.take().map(|since: i64| (event.at - since - interval) as f64 / 1e3)),
            }
        }
    }
    // The last one finds it free.
    beyond.retain(|beyond| *beyond > -1_000.0);
    let middle = median(&mut beyond);
    let p99 = beyond[beyond.len() * 99 / 100];
    println!("\n{title}: {} times, median {middle:.1} µs, p99 {p99:.1} µs", beyond.len());
}
