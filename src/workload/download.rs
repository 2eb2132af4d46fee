//! `download`: fetch addresses over HTTP, those of a list or those of a server inside this program, which is as slow and as faulty as it is
//! told to be.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::http::client;
use super::http::files::{Behaviour, Fault, FileServer};
use super::param::NO_OR_YES;
use super::{FieldError, ITEMS_LIMIT, Param, ParamKind, Params, Plan, Workload, files, samples};
use crate::executor::{Function, TaskContext, TaskError};
use crate::sys;

/// See the module.
pub(super) struct Download;

pub(super) const DOWNLOAD: Function<Job, String> = Function::new("download", download);

/// An address to fetch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Job {
    url: String,
    timeout: Duration,
    /// Where to, if it is to be kept, and as the how manieth.
    output: Option<(PathBuf, usize)>,
}

fn download(Job { url, timeout, output }: Job, context: &TaskContext) -> Result<String, TaskError> {
    let bytes = match output {
        None => client::get(context, &url, timeout, |done| context.progress(done), |_| Ok(()))?,
        Some((folder, item)) => save(context, &url, timeout, &folder, item)?,
    };
    Ok(format!("{bytes} bytes"))
}

/// Under a passing name first: nobody ever sees half a file.
fn save(context: &TaskContext, url: &str, timeout: Duration, folder: &Path, item: usize) -> Result<u64, TaskError> {
    let name = file_name(url).ok_or_else(|| TaskError::message(format!("{url}: no file extension in the address")))?;
    let target = folder.join(format!("{item:03}-{name}"));
    let cannot = |error: &io::Error| TaskError::with_cause(format!("{} cannot be written", target.display()), error);
    let mut passing = tempfile::Builder::new();
    sys::make_like_other_files(passing.prefix(".poolscope-"));
    let file = passing.tempfile_in(folder).map_err(|error| cannot(&error))?;
    let mut writer = file.reopen().map_err(|error| cannot(&error))?;
    let bytes = client::get(context, url, timeout, |done| context.progress(done), move |part| writer.write_all(part))?;
    file.persist(&target).map_err(|error| cannot(&error.error))?;
    Ok(bytes)
}

/// What a file from `url` is called, if the address says what it is.
fn file_name(url: &str) -> Option<String> {
    let path = url.split_once("://").map_or(url, |(_, rest)| rest).split(['?', '#']).next()?;
    let name = path.split_once('/')?.1.rsplit('/').next()?;
    let safe = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    let extension = name.rsplit_once('.')?.1;
    (!extension.is_empty()).then(|| name.chars().map(|letter| if safe(letter) { letter } else { '_' }).collect())
}

impl Workload for Download {
    fn name(&self) -> &'static str {
        "download"
    }

    fn summary(&self) -> &'static str {
        "fetch addresses over HTTP, yours or those of a slow server in this program"
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::new(
                "addresses",
                ParamKind::InputFile,
                "",
                "",
                "A text file with one address a line; empty = files of a server inside this program, which the next fields describe.",
            ),
            Param::new("files", ParamKind::Count { min: 0, max: 10_000 }, "", "5", "How many files that server has."),
            Param::new(
                "size",
                ParamKind::Counts { max: 100_000_000 },
                "bytes",
                "200000",
                "Of its files: one size for all, or several in turn.",
            ),
            Param::new("latency", ParamKind::Seconds { max: 60 }, "s", "0.2", "From a request to the first byte."),
            Param::new(
                "bandwidth",
                ParamKind::Count { min: 0, max: 10_000_000_000 },
                "bytes/s",
                "500000",
                "Of each connection; 0 = as fast as it goes.",
            ),
            Param::new(
                "faulty",
                ParamKind::Counts { max: ITEMS_LIMIT },
                "",
                "",
                "Of that server's files, counted from 0, those with which something is wrong.",
            ),
            Param::new(
                "fault",
                ParamKind::Choice(&Fault::WORDS),
                "",
                "no-host",
                "What is wrong with them: a name without extension (an error if it is to be saved), a host that does not exist, an error of \
                 the server, a connection that ends in the middle, no answer at all.",
            ),
            Param::new(
                "time-limit",
                ParamKind::Seconds { max: 86_400 },
                "s",
                "60",
                "How long an address may take, to its last byte.",
            ),
            Param::new("save", NO_OR_YES, "", "no", "Whether files are kept."),
            Param::new(
                "output",
                ParamKind::OutputFolder,
                "",
                &samples::cache().join("downloads").display().to_string(),
                "Where to, if so.",
            ),
            Param::port(),
        ]
    }

    fn plan(&self, params: &Params, cancelled: &AtomicBool) -> Result<Plan, FieldError> {
        let output = params.yes("save").then(|| params.folder("output"));
        if let Some(output) = &output {
            prepare(output)?;
        }
        let (server, urls) = if let Some(list) = params.file("addresses") {
            (None, addresses(&list, cancelled)?)
        } else {
            let (server, urls) = serve(params)?;
            (Some(server), urls)
        };
        let timeout = params.seconds("time-limit").max(Duration::from_millis(1));
        let urls: Arc<[String]> = urls.into();
        let job = |(item, url): (usize, &String)| {
            let output = output.clone().map(|output| (output, item));
            Job { url: url.clone(), timeout, output }
        };
        let jobs: Vec<Job> = urls.iter().enumerate().map(job).collect();
        Ok(Plan::new(DOWNLOAD, jobs.into_iter(), move |item| urls[item].clone()).keeping(server))
    }
}

fn serve(params: &Params) -> Result<(FileServer, Vec<String>), FieldError> {
    let files = params.count("files");
    if let Some(missing) = params.counts("faulty").iter().find(|&&item| item >= files) {
        let message = format!("there is no file {missing} among {files}, which count from 0");
        return Err(FieldError::new("faulty", message));
    }
    let behaviour = Behaviour {
        latency: params.seconds("latency"),
        bytes_per_second: params.count("bandwidth"),
        sizes: params.counts("size").iter().map(|&size| size as usize).collect(),
    };
    let server = FileServer::start(params, behaviour)?;
    let fault = Fault::of(params.choice("fault"));
    let is_faulty = |item: u64| params.counts("faulty").contains(&item);
    let address = |item: u64| server.address_of(item as usize, if is_faulty(item) { fault } else { Fault::None });
    let urls = (0..files).map(address).collect();
    Ok((server, urls))
}

/// One a line; empty lines and comments (`#`) are left out.
fn addresses(list: &Path, cancelled: &AtomicBool) -> Result<Vec<String>, FieldError> {
    let mut urls = files::lines("addresses", list, cancelled)?;
    urls.retain(|line| !line.is_empty() && !line.starts_with('#'));
    if let Some(wrong) = urls.iter().find(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
        let message = format!("{}: `{wrong}` is no address: it must begin with http:// or https://", list.display());
        return Err(FieldError::new("addresses", message));
    }
    Ok(urls)
}

fn prepare(output: &Path) -> Result<(), FieldError> {
    let wrong =
        |cause: &io::Error| FieldError::new("output", format!("{}: cannot be written to: {cause}", output.display()));
    fs::create_dir_all(output).map_err(|error| wrong(&error))?;
    tempfile::tempfile_in(output).map(drop).map_err(|error| wrong(&error))
}
