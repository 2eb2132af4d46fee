//! Poolscope shows how a pool of workers really runs your tasks.
//!
//! It is a library with a window on it: each layer is a folder and knows only those below it, which
//! `tests/architecture.rs` checks.
//!
//! | layer | what it does |
//! |---|---|
//! | [`cli`] | the door: command line, then window, headless run, or worker process |
//! | [`ui`] | the window; the only place where egui is named |
//! | [`lesson`] | published examples: text, question, runs, and what came of them |
//! | [`lab`] | drives runs: commands in, published state out |
//! | [`workload`] | what can be run, one file each |
//! | [`trace`] | a run as data: a pure fold over events |
//! | [`executor`] | the core: futures, thread pool, process pool, events |
//! | [`sys`] | what differs between operating systems |
//! | [`units`] | numbers and times as people read and write them |
//!
//! How data flows:
//! ```text
//!  window ──Command──▶ lab thread ──submit · map──▶ executor ──▶ workers (threads, or child processes)
//!    ▲                     │  ▲                        │
//!    └── published Run ────┘  └── events, stamped where they happen
//! ```
//!
//! Invariants, each held by a test:
//! 1. Every future that was handed out is resolved exactly once, whatever happens.
//! 2. Counts add up: submitted = pending + call queue + executing + result queue + finished + cancelled + lost.
//! 3. Spans on a lane never overlap; sub-spans lie inside their task; a worker is one lane for its whole life.
//! 4. After shutdown no thread, child process or pipe of an executor is left; no child outlives its parent.
//! 5. The same events give the same trace.
//! 6. Panics and errors in a task, a callback or a worker are reported with their cause, and stay where they are.
//! 7. The window never waits, and draws nothing while nothing moves.

// Only the command line prints, and knows what to do when nobody reads.
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

pub mod cli;
pub mod executor;
pub mod lab;
pub mod lesson;
pub mod sys;
pub mod trace;
pub mod ui;
pub mod units;
pub mod workload;
