//! Panics where nobody expects them: in destructors of arguments, results, closures and panics' own payloads, in wakers, callbacks and
//! event sinks. Whatever unwinds, no worker is lost, every call comes to its end, and the pool goes on.

use std::panic::panic_any;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake};

use libtest_mimic::Trial;
use poolscope::executor::{
    Event, EventSink, Executor, FutureState, MapOptions, ProcessPoolExecutor, RawExecutor, ResultError,
    SequentialExecutor, TaskContext, TaskFuture, ThreadPoolExecutor,
};

use crate::functions::{Bomb, GIVE_BOMB, Gate, PASS_GATE, PID, TAKE_BOMB, THROW_BOMB};
use crate::traced::{Kind, PATIENCE, Traced, worker_command};
use crate::trial;

struct Unwakeable;

impl Wake for Unwakeable {
    fn wake(self: Arc<Self>) {
        panic!("in wake");
    }
}

type Test = fn(Kind);

const ALL: [Kind; 4] = [Kind::Sequential, Kind::Threads, Kind::Processes, Kind::Pipes];

pub fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 6] = [
        ("a_bomb_as_argument", argument),
        ("a_bomb_as_result", result),
        ("a_bomb_as_payload", payload),
        ("bombs_in_a_chunk", chunk),
        ("bombs_that_nobody_runs", cancelled),
        ("wakers_and_callbacks", wakers_and_callbacks),
    ];
    let of_kind = |(name, test): (&'static str, Test)| {
        ALL.map(|kind| trial(format!("{kind:?}::unwinding::{name}").to_lowercase(), move || test(kind)))
    };
    let mut trials: Vec<_> = tests.into_iter().flat_map(of_kind).collect();
    trials.extend(ALL.map(|kind| trial(format!("{kind:?}::unwinding::sinks").to_lowercase(), move || sinks(kind))));
    trials.push(trial("threads::unwinding::closures", closures));
    trials
}

/// One worker, whose next call tells whether it is still there.
fn still_works(pool: Traced, pid: u32) {
    let next = pool.executor.submit(PID, ()).unwrap();
    assert_eq!(next.result(Some(PATIENCE)), Ok(pid), "by the same worker");
    pool.finish();
}

fn with_pool(kind: Kind, test: impl FnOnce(&dyn RawExecutor)) {
    let pool = Traced::new(kind, 1);
    let pid = pool.executor.submit(PID, ()).unwrap().result(Some(PATIENCE)).unwrap();
    test(&*pool.executor);
    still_works(pool, pid);
}

fn argument(kind: Kind) {
    with_pool(kind, |pool| {
        let future = pool.submit(TAKE_BOMB, Bomb).unwrap();
        // The task drops it: that is a panic in the task.
        let error = future.exception(Some(PATIENCE)).unwrap().unwrap();
        assert_eq!(error.to_string(), "the task panicked: in drop");
    });
}

fn result(kind: Kind) {
    with_pool(kind, |pool| {
        let futures: Vec<_> = (0..20).map(|_| pool.submit(GIVE_BOMB, ()).unwrap()).collect();
        // Some go while their calls are pending, some while they run: then it is the pool that drops what came of them.
        Bomb::spare(|| drop(futures));
    });
}

fn payload(kind: Kind) {
    with_pool(kind, |pool| {
        let error = pool.submit(THROW_BOMB, ()).unwrap().exception(Some(PATIENCE)).unwrap().unwrap();
        assert_eq!(error.to_string(), "the task panicked: a panic that said nothing");
    });
}

fn chunk(kind: Kind) {
    with_pool(kind, |pool| {
        let options = MapOptions { chunksize: 3, ..MapOptions::default() };
        let results: Vec<_> = pool.map(TAKE_BOMB, (0..7).map(|_| Bomb), options).unwrap().collect();
        assert!(results.len() == 7 && results.iter().all(|result| matches!(result, Err(ResultError::Task(_)))));
        let given = pool.map(GIVE_BOMB, [(); 7], options).unwrap();
        Bomb::spare(|| drop(given));
    });
}

/// Calls that are cancelled or skipped: no task comes to take what they hold.
fn cancelled(kind: Kind) {
    with_pool(kind, |pool| {
        let gate = Gate::new();
        // A sequential call would be waited for right here.
        let held = (kind != Kind::Sequential).then(|| pool.submit(PASS_GATE, gate.port()).unwrap());
        let waiting = held.is_some().then(|| gate.arrival());
        let futures: Vec<_> = (0..6).map(|_| pool.submit(TAKE_BOMB, Bomb).unwrap()).collect();
        for future in &futures {
            future.cancel();
        }
        Bomb::spare(|| drop(futures));
        let map = pool.map(TAKE_BOMB, (0..6).map(|_| Bomb), MapOptions::default()).unwrap();
        Bomb::spare(|| drop(map));
        drop(waiting);
        if let Some(held) = held {
            held.result(Some(PATIENCE)).unwrap();
        }
    });
    let pool = Traced::new(kind, 1);
    pool.executor.skip_rest();
    let futures: Vec<_> = (0..4).map(|_| pool.executor.submit(TAKE_BOMB, Bomb).unwrap()).collect();
    assert!(futures.iter().all(|future| future.exception(Some(PATIENCE)).unwrap().is_some()));
    pool.finish();
}

fn wakers_and_callbacks(kind: Kind) {
    with_pool(kind, |pool| {
        let gate = Gate::new();
        let (future, waiting) = if kind == Kind::Sequential {
            (pool.submit(PID, ()).unwrap(), None)
        } else {
            (pool.submit(PASS_GATE, gate.port()).unwrap(), Some(gate.arrival()))
        };
        let mut woken = future.clone();
        let _ = Pin::new(&mut woken).poll(&mut Context::from_waker(&Arc::new(Unwakeable).into()));
        let heard = TaskFuture::new();
        let tell = heard.clone();
        future.add_done_callback(|_| panic_any(Bomb));
        future.add_done_callback(move |_| tell.set_result(()).unwrap());
        drop(waiting);
        assert_eq!(heard.result(Some(PATIENCE)), Ok(()), "one that panics does not keep others from being told");
        future.result(Some(PATIENCE)).unwrap();
    });
}

struct Deaf;

impl EventSink for Deaf {
    fn record(&self, _event: Event) {
        panic!("in a sink");
    }
}

fn sinks(kind: Kind) {
    let sink: Arc<dyn EventSink> = Arc::new(Deaf);
    let builder = || ProcessPoolExecutor::builder().max_workers(1).worker_command(worker_command());
    let pool: Box<dyn RawExecutor> = match kind {
        Kind::Sequential => Box::new(SequentialExecutor::new(sink)),
        Kind::Threads => Box::new(ThreadPoolExecutor::new(1, sink).unwrap()),
        Kind::Processes => Box::new(builder().events(sink).build().unwrap()),
        Kind::Pipes => Box::new(builder().events(sink).pipes_only().build().unwrap()),
    };
    let futures: Vec<_> = (0..3).map(|_| pool.submit(PID, ()).unwrap()).collect();
    assert!(futures.iter().all(|future| future.result(Some(PATIENCE)).is_ok()));
    pool.set_max_workers(1).unwrap();
    pool.shutdown(true, true);
}

fn closures() {
    let pool = ThreadPoolExecutor::builder().max_workers(1).build().unwrap();
    let gate = Gate::new();
    let held = pool.submit(PASS_GATE, gate.port()).unwrap();
    let waiting = gate.arrival();
    let [never_run, shut_down] = [Bomb, Bomb].map(|bomb| {
        let body = move |_: &TaskContext| {
            std::mem::forget(bomb);
            Ok(())
        };
        pool.submit_closure(body).unwrap()
    });
    let last = pool.submit_closure(|_| Ok(())).unwrap();
    assert!(never_run.cancel());
    drop(never_run);
    drop(shut_down);
    // It cancels what is pending, and drops what that holds.
    pool.shutdown(false, true);
    assert_eq!(last.state(), FutureState::CancelledAndNotified);
    drop(waiting);
    held.result(Some(PATIENCE)).unwrap();
    pool.shutdown(true, false);
}
