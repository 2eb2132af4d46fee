//! One suite for all executors, and the faults that only processes have.
//!
//! This test is its own worker program: pools of its tests start it with the argument `worker`. It is also the parent that
//! is killed in [`faults`], with the argument `parent`.

#![allow(clippy::unwrap_used, reason = "a test that finds nothing to unwrap has failed")]

mod exit;
mod faults;
mod functions;
mod futures;
mod maps;
mod nested;
mod process_pools;
mod programs;
mod suite;
mod surroundings;
mod thread_pools;
mod traced;
#[cfg(unix)]
mod under_fire;
mod unwinding;

use libtest_mimic::{Arguments, Trial};
use traced::Kind;

fn main() {
    let first = std::env::args().nth(1);
    match first.as_deref() {
        Some("worker") => {
            if let Err(error) = poolscope::executor::run_worker(&functions::registry()) {
                eprintln!("{error}");
                std::process::exit(1);
            }
        }
        Some("parent") => faults::be_the_parent(),
        Some("open-files") => process_pools::be_the_one_who_counts_files(),
        Some("exit") => exit::be_the_program(),
        #[cfg(unix)]
        Some("fire") => under_fire::be(&std::env::args().nth(2).unwrap_or_default()),
        _ => {
            let trials = [
                futures::trials(),
                suite::trials(),
                maps::trials(),
                thread_pools::trials(),
                surroundings::trials(),
                nested::trials(),
                process_pools::trials(),
                faults::trials(),
                unwinding::trials(),
                #[cfg(unix)]
                under_fire::trials(),
                exit::trials(),
                random_programs(),
            ]
            .concat_all();
            libtest_mimic::run(&Arguments::from_args(), trials).exit();
        }
    }
}

/// `tests/bench/programs.rs` runs more of them.
fn random_programs() -> Vec<Trial> {
    let programs = |kind: Kind, cases| {
        let name = format!("{kind:?}::whatever_is_done_to_it_every_future_is_resolved").to_lowercase();
        trial(name, move || programs::run(kind, cases))
    };
    vec![
        programs(Kind::Sequential, 32),
        programs(Kind::Threads, 64),
        programs(Kind::Processes, 16),
        programs(Kind::Pipes, 16),
    ]
}

trait ConcatAll {
    fn concat_all(self) -> Vec<Trial>;
}

impl<const N: usize> ConcatAll for [Vec<Trial>; N] {
    fn concat_all(self) -> Vec<Trial> {
        self.into_iter().flatten().collect()
    }
}

/// A test that panics when it fails.
fn trial(name: impl Into<String>, test: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}
