//! Random programs against a pool: whatever is done to it, every future is resolved, each callback runs once, the events
//! make sense, and nothing is left.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use poolscope::executor::{Executor, MapOptions, OnWorkerDeath, Pending, ProcessPoolBuilder, RawExecutor, ResultError};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use crate::functions::{ABORT, EXIT, FAIL_ON_MULTIPLES, PASS};
use crate::traced::{Kind, PATIENCE, Traced};

/// What can be done to a pool.
#[derive(Clone, Debug)]
enum Step {
    Submit(u64),
    Fail,
    Map {
        items: u64,
        chunksize: usize,
        buffersize: Option<usize>,
    },
    Rechunk(Index, usize),
    Read(Index, usize),
    Cancel(Index),
    Callback(Index),
    Resize(usize),
    /// A worker process ends, in one of several ways; in a thread pool this is any call.
    Die(u8),
    /// A worker is killed, if there is one with that number and it is a process.
    Kill(u32),
    /// All pending calls are cancelled, or one.
    CancelPending(Option<u64>),
    Skip,
    Interrupt,
    Shutdown {
        cancel: bool,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let map = (0..20_u64, 1..8_usize, prop::option::of(1..4_usize));
    let step = prop_oneof![
        16 => (0..50_u64).prop_map(Step::Submit),
        4 => Just(Step::Fail),
        4 => map.prop_map(|(items, chunksize, buffersize)| Step::Map { items, chunksize, buffersize }),
        4 => (any::<Index>(), 1..9_usize).prop_map(|(map, chunksize)| Step::Rechunk(map, chunksize)),
        4 => (any::<Index>(), 1..9_usize).prop_map(|(map, items)| Step::Read(map, items)),
        8 => any::<Index>().prop_map(Step::Cancel),
        4 => any::<Index>().prop_map(Step::Callback),
        4 => (1..5_usize).prop_map(Step::Resize),
        2 => (0..3_u8).prop_map(Step::Die),
        1 => (0..4_u32).prop_map(Step::Kill),
        2 => prop::option::of(0..60_u64).prop_map(Step::CancelPending),
        1 => Just(Step::Skip),
        1 => Just(Step::Interrupt),
        1 => any::<bool>().prop_map(|cancel| Step::Shutdown { cancel }),
    ];
    prop::collection::vec(step, 1..80)
}

/// Runs `cases` random programs.
pub fn run(kind: Kind, cases: u32) {
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let settings = (1..4_usize, any::<bool>(), prop::option::weighted(0.3, 1..4_usize));
    runner
        .run(&(settings, steps()), |((workers, restart, limit), steps)| {
            match kind {
                Kind::Sequential => run_program(kind, Traced::new(kind, 1), steps),
                Kind::Threads => run_program(kind, Traced::threads(|builder| builder.max_workers(workers)), steps),
                Kind::Processes | Kind::Pipes => run_program(
                    kind,
                    Traced::processes(|builder| {
                        let death = if restart { OnWorkerDeath::Restart } else { OnWorkerDeath::BreakPool };
                        let builder = builder.max_workers(workers).on_worker_death(death);
                        let builder = if kind == Kind::Pipes { builder.pipes_only() } else { builder };
                        limit.into_iter().fold(builder, ProcessPoolBuilder::max_tasks_per_child)
                    }),
                    steps,
                ),
            }
            Ok(())
        })
        .unwrap();
}

fn run_program<E: RawExecutor + ?Sized>(kind: Kind, pool: Traced<E>, steps: Vec<Step>) {
    // Only a worker that is a process of its own does no harm to this one.
    let may_die = kind.has_processes();
    let executor = &*pool.executor;
    let mut futures = Vec::new();
    let mut others = Vec::new();
    let mut maps = Vec::new();
    let called_back = Arc::new(AtomicUsize::new(0));
    let mut callbacks = 0;
    for step in steps {
        match step {
            Step::Submit(n) => futures.extend(executor.submit(FAIL_ON_MULTIPLES, (n, 1_000)).ok()),
            Step::Fail => futures.extend(executor.submit(FAIL_ON_MULTIPLES, (0, 1)).ok()),
            Step::Map { items, chunksize, buffersize } => {
                let arguments = (0..items).map(|n| (n, 7));
                let options = MapOptions { chunksize, buffersize, ..MapOptions::default() };
                maps.extend(executor.map(FAIL_ON_MULTIPLES, arguments, options).ok());
            }
            Step::Rechunk(map, chunksize) if !maps.is_empty() => {
                let _ = map.get(&maps).chunking().set_chunksize(chunksize);
            }
            Step::Read(map, items) if !maps.is_empty() => {
                let map = map.index(maps.len());
                maps[map].by_ref().take(items).for_each(drop);
            }
            Step::Cancel(index) if !futures.is_empty() => drop(index.get(&futures).cancel()),
            Step::Callback(index) if !futures.is_empty() => {
                let called_back = Arc::clone(&called_back);
                index.get(&futures).add_done_callback(move |_| _ = called_back.fetch_add(1, Ordering::SeqCst));
                callbacks += 1;
            }
            Step::Resize(workers) => drop(executor.set_max_workers(workers)),
            Step::Die(how) => match how {
                0 if may_die => others.extend(executor.submit(ABORT, ()).ok()),
                1 if may_die => others.extend(executor.submit(EXIT, 3).ok()),
                _ => others.extend(executor.submit(PASS, 0).ok()),
            },
            Step::Kill(worker) => executor.kill_worker(worker),
            Step::CancelPending(call) => executor.cancel_pending(call.map_or(Pending::All, Pending::Call)),
            Step::Skip => executor.skip_rest(),
            Step::Interrupt => executor.interrupt(),
            Step::Shutdown { cancel } => executor.shutdown(false, cancel),
            Step::Rechunk(..) | Step::Read(..) | Step::Cancel(_) | Step::Callback(_) => {}
        }
    }
    for future in &futures {
        assert!(future.wait_done(Some(PATIENCE)), "{future:?} was never resolved");
    }
    for future in &others {
        assert!(future.wait_done(Some(PATIENCE)), "{future:?} was never resolved");
    }
    for map in maps {
        assert!(map.into_iter().all(|result| result != Err(ResultError::TimedOut)));
    }
    pool.finish();
    assert_eq!(called_back.load(Ordering::SeqCst), callbacks, "each callback ran once");
}
