//! The executor's own sources, with other locks and threads.

#![allow(dead_code, unreachable_pub, unused_imports, reason = "only a part of what is included is used here")]
#![allow(
    missing_docs,
    unfulfilled_lint_expectations,
    rustdoc::broken_intra_doc_links,
    reason = "they are documented where they belong"
)]

#[path = "../../src/executor/context.rs"]
mod context;
#[path = "../../src/executor/error.rs"]
pub mod error;
#[path = "../../src/executor/event.rs"]
mod event;
#[path = "../../src/executor/event_log.rs"]
mod event_log;
#[path = "../../src/executor/exit.rs"]
mod exit;
#[path = "../../src/executor/function.rs"]
mod function;
#[path = "../../src/executor/future.rs"]
pub mod future;
#[path = "../../src/executor/gil.rs"]
mod gil;
#[path = "../../src/executor/guard.rs"]
mod guard;
#[path = "../../src/executor/item_results.rs"]
mod item_results;
#[path = "../../src/executor/lock.rs"]
mod lock;
#[path = "../../src/executor/nested.rs"]
mod nested;
#[path = "../../src/executor/raw.rs"]
pub mod raw;
pub mod sync;
#[path = "../../src/executor/thread_pool.rs"]
pub mod thread_pool;
#[path = "../../src/executor/waiting.rs"]
pub mod waiting;
#[path = "../../src/executor/work_item.rs"]
mod work_item;
