//! Not a benchmark of time but of faith: the random programs of the test suite, many more of them. `cargo bench --bench
//! programs -- 10000` says how many for each executor; it is 2,000 otherwise.

#![allow(clippy::unwrap_used, reason = "a program that finds nothing to unwrap has failed")]
#![allow(dead_code, reason = "the suite uses more of what is shared with it")]

#[path = "../executors/functions.rs"]
mod functions;
#[path = "../executors/programs.rs"]
mod programs;
#[path = "../executors/traced.rs"]
mod traced;

use std::time::Instant;

use traced::Kind;

fn main() {
    let mut arguments = std::env::args().skip(1);
    if std::env::args().nth(1).as_deref() == Some("worker") {
        if let Err(error) = poolscope::executor::run_worker(&functions::registry()) {
            eprintln!("{error}");
            std::process::exit(1);
        }
        return;
    }
    let cases = arguments
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(if std::env::args().any(|argument| argument == "--bench") { 2_000 } else { 20 });
    for kind in [Kind::Sequential, Kind::Threads, Kind::Processes, Kind::Pipes] {
        let started = Instant::now();
        programs::run(kind, cases);
        println!("{kind:?}: {cases} programs in {:.1?}", started.elapsed());
    }
}
