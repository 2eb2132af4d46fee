//! What it costs a task to ask its surroundings: checkpoints, parts of a task, the GIL's way from thread to thread; and to be watched for
//! deadlocks.

#![allow(clippy::unwrap_used, reason = "a benchmark that fails has nothing to tell")]

mod side_by_side;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use poolscope::executor::{
    Activity, Event, EventKind, GilMode, GilSettings, RawExecutor, TaskContext, TaskError, ThreadPoolExecutor,
};
use poolscope::lab::{Command, ExecutorKind, Lab, RunSettings};
use poolscope::trace::{Recorder, Trace};

use side_by_side::{Rival, compare, many, measures, median, wanted};

const ROUNDS: usize = 9;

fn main() {
    checkpoints();
    parts();
    hand_over();
    looking_for_deadlocks();
    finding_a_deadlock();
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
    let times = many(50_000_000) as u64;
    // As in a task's loop: what comes of it is looked at, and not kept.
    let checkpoint = |mode| move || each(mode, times, |context| black_box(context).checkpoint());
    let rivals = vec![
        Rival::new("the loop alone", || each(GilMode::Off, times, |context| Ok(_ = black_box(context)))),
        Rival::new("no GIL", checkpoint(GilMode::Off)),
        Rival::new("with a GIL that nobody else wants", checkpoint(GilMode::Shared)),
    ];
    compare("checkpoint with nothing to do", "ns", ROUNDS, rivals);
}

/// A part has a beginning and an end: two events.
fn parts() {
    let times = many(1_000_000) as u64;
    let part = |mode| {
        move || {
            each(mode, times, |context| {
                black_box(context.blocking(|| black_box(1)));
                Ok(())
            })
        }
    };
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
    let until = Instant::now() + if measures() { Duration::from_secs(5) } else { Duration::from_millis(200) };
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

/// What the lab does after each fold, which is at most 125 times a second.
fn looking_for_deadlocks() {
    let times = many(100_000);
    let look = |workers: u32| {
        move || {
            let mut trace = Trace::new(0);
            for worker in 0..workers {
                trace.apply(&Event { at: 0, kind: EventKind::WorkerStarted { worker, pid: None } });
            }
            let began = Instant::now();
            for _ in 0..times {
                assert!(black_box(&trace).deadlock().is_none());
            }
            began.elapsed().as_secs_f64() * 1e9 / times as f64
        }
    };
    let rivals = vec![Rival::new("2 workers", look(2)), Rival::new("1,024 workers", look(1_024))];
    compare("look for deadlocks while nothing waits", "ns", ROUNDS, rivals);
}

/// From the moment at which nothing can go on any more until whoever watches the lab knows.
fn finding_a_deadlock() {
    let title = "deadlock, from the last wait to the news of it";
    if !wanted(title) {
        return;
    }
    let (wake, woken) = crossbeam_channel::bounded(1);
    let lab = Lab::start(None, move || _ = wake.try_send(())).unwrap();
    let settings = RunSettings {
        workload: "deadlock-pair".to_owned(),
        executor: ExecutorKind::Threads,
        workers: 2,
        ..RunSettings::default()
    };
    let mut waited: Vec<f64> = (0..if measures() { ROUNDS } else { 1 })
        .map(|_| {
            lab.send(Command::Run(Box::new(settings.check().unwrap())));
            let nanos = loop {
                woken.recv().unwrap();
                let Some(run) = lab.run().filter(|run| run.is_deadlocked()) else { continue };
                let last =
                    run.deadlock().into_iter().flat_map(|period| &period.deadlock.waits).map(|wait| wait.since).max();
                break run.elapsed() - last.unwrap();
            };
            lab.send(Command::StopNow);
            while !lab.run().is_some_and(|run| run.ended()) {
                woken.recv().unwrap();
            }
            nanos as f64 / 1e6
        })
        .collect();
    let middle = median(&mut waited);
    println!("\n{title}: median {middle:.1} ms, longest {:.1} ms", waited.last().unwrap());
}
