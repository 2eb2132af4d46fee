//! `pages`: each task fetches some pages, in threads of its own or one after the other, and then computes over all of their text: first waiting,
//! then work.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::http::client;
use super::http::files::{Behaviour, Fault, FileServer};
use super::{FieldError, Param, ParamKind, Params, Plan, Workload, countdown};
use crate::executor::{Function, TaskContext, TaskError};

/// See the module.
pub(super) struct Pages;

pub(super) const PAGES: Function<List, String> = Function::new("pages", pages);

/// What one task has to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct List {
    urls: Vec<String>,
    /// How many fetch at a time; 0 = the task does it itself.
    threads: usize,
    /// To count down for each byte.
    steps: u64,
}

const TIMEOUT: Option<Duration> = Some(Duration::from_mins(1));

fn pages(List { urls, threads, steps }: List, context: &TaskContext) -> Result<String, TaskError> {
    let lengths: Vec<u64> = if threads == 0 {
        urls.iter().map(|url| fetch(url, context)).collect::<Result<_, _>>()?
    } else {
        context.with_thread_pool(threads, |pool| {
            let fetches = urls.into_iter().map(|url| pool.submit_closure(move |context| fetch(&url, context)));
            let fetches = fetches.collect::<Result<Vec<_>, _>>()?;
            fetches.iter().map(|fetch| context.result_of(fetch)).collect()
        })?
    };
    let total: u64 = lengths.iter().sum();
    countdown::COUNTDOWN.call(total * steps, context)?;
    Ok(format!("{} pages, {total} bytes", lengths.len()))
}

fn fetch(url: &str, context: &TaskContext) -> Result<u64, TaskError> {
    // One page is not all that the task has to do.
    client::get(context, url, TIMEOUT, |_| {}, |_| Ok(()))
}

impl Workload for Pages {
    fn name(&self) -> &'static str {
        "pages"
    }

    fn summary(&self) -> &'static str {
        "each task fetches pages in threads of its own, and then computes over them"
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::new(
                "lists",
                ParamKind::Count { min: 0, max: 10_000 },
                "",
                "4",
                "How many tasks: each has a list of pages.",
            ),
            Param::new("pages", ParamKind::Count { min: 1, max: 1_000 }, "", "5", "How many pages a list has."),
            Param::new(
                "threads",
                ParamKind::Count { min: 0, max: 64 },
                "",
                "5",
                "How many threads each task has to fetch its pages; 0 = it fetches them itself, one after the other.",
            ),
            Param::new(
                "latency",
                ParamKind::Seconds { max: 60 },
                "s",
                "0.4",
                "From the request of a page to its first byte.",
            ),
            Param::new("size", ParamKind::Count { min: 0, max: 10_000_000 }, "bytes", "200000", "Of each page."),
            Param::new(
                "steps",
                ParamKind::Count { min: 0, max: 1_000_000 },
                "a byte",
                "400",
                "How far the task counts down for each byte that it has fetched.",
            ),
            Param::port(),
        ]
    }

    fn plan(&self, params: &Params, _cancelled: &AtomicBool) -> Result<Plan, FieldError> {
        let (lists, pages) = (params.count("lists") as usize, params.count("pages") as usize);
        let (threads, steps) = (params.count("threads") as usize, params.count("steps"));
        let size = params.count("size") as usize;
        let behaviour = Behaviour { latency: params.seconds("latency"), bytes_per_second: 0, sizes: vec![size] };
        let server = Arc::new(FileServer::start(params, behaviour)?);
        let kept = Arc::clone(&server);
        let list = move |list: usize| {
            let urls = (list * pages..(list + 1) * pages).map(|page| server.address_of(page, Fault::None)).collect();
            List { urls, threads, steps }
        };
        let label = move |item| format!("pages {} to {}", item * pages, (item + 1) * pages - 1);
        Ok(Plan::new(PAGES, (0..lists).map(list), label).keeping(kept))
    }
}
