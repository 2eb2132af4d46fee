//! `download`: fetch addresses over HTTP, those of a list or those of a server inside this program, which is as slow and as faulty as it is
//! told to be.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tempfile::{NamedTempFile, PersistError};

use super::http::files::{Behaviour, Fault, FileServer};
use super::http::{address, client};
use super::list::{self, List, Separator};
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
    /// `None` = no limit.
    timeout: Option<Duration>,
    retries: u32,
    /// Where to, if it is to be kept.
    output: Option<Output>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Output {
    folder: PathBuf,
    /// The number of the item, with which its file's name begins.
    item: usize,
    /// The published program does not save what has no extension.
    needs_extension: bool,
}

fn download(Job { url, timeout, retries, output }: Job, context: &TaskContext) -> Result<String, TaskError> {
    let bytes = context.retry(retries, || match &output {
        None => client::get(context, &url, timeout, |done| context.progress(done), |_| Ok(())),
        Some(output) => save(context, &url, timeout, output),
    })?;
    Ok(format!("{bytes} bytes"))
}

/// Writes to a temporary file first: nobody ever sees half a file.
fn save(context: &TaskContext, url: &str, timeout: Option<Duration>, output: &Output) -> Result<u64, TaskError> {
    let Output { folder, item, needs_extension } = output;
    let name = file_name(url);
    if *needs_extension && !name.contains('.') {
        return Err(TaskError::message(format!("{url}: no file extension in the address")));
    }
    let target = folder.join(format!("{item:03}-{name}"));
    let cannot = |error: &io::Error| TaskError::with_cause(format!("can't write {}", target.display()), error);
    let mut builder = tempfile::Builder::new();
    sys::make_like_other_files(builder.prefix(".poolscope-"));
    let file = builder.tempfile_in(folder).map_err(|error| cannot(&error))?;
    let mut writer = file.reopen().map_err(|error| cannot(&error))?;
    let bytes = client::get(context, url, timeout, |done| context.progress(done), move |part| writer.write_all(part))?;
    keep_beside(file, &target).map_err(|error| cannot(&error))?;
    Ok(bytes)
}

/// Moves `file` to `target`. What is there from an earlier run stays, unless it is the same: then the new one has a number behind its
/// name, as wget has it.
fn keep_beside(mut file: NamedTempFile, target: &Path) -> io::Result<()> {
    for number in 0_u32.. {
        let mut place = target.as_os_str().to_owned();
        if number > 0 {
            place.push(format!(".{number}"));
        }
        let place = PathBuf::from(place);
        if is_same_content(file.path(), &place) {
            return Ok(());
        }
        match file.persist_noclobber(place) {
            Ok(_) => break,
            Err(PersistError { error, file: kept }) if error.kind() == io::ErrorKind::AlreadyExists => file = kept,
            Err(unmoved) => return Err(unmoved.error),
        }
    }
    Ok(())
}

fn is_same_content(one: &Path, other: &Path) -> bool {
    let length = |path: &Path| fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|there| there.len());
    if length(one).is_none() || length(one) != length(other) {
        return false;
    }
    let bytes = |path| fs::File::open(path).map(|file| io::BufReader::new(file).bytes());
    match (bytes(one), bytes(other)) {
        (Ok(one), Ok(other)) => one.zip(other).all(|pair| matches!(pair, (Ok(one), Ok(other)) if one == other)),
        _ => false,
    }
}

/// What a file from `url` is called: after the last part of its path and its query, as wget has it, with nothing in it that a file
/// system does not take.
fn file_name(url: &str) -> String {
    /// File systems take 255 bytes; the item's number comes before it.
    const LONGEST: usize = 200;
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.split_once('/').map_or("", |(_, path)| path).split('#').next().unwrap_or_default();
    let (path, query) = path.split_once('?').map_or((path, ""), |(path, query)| (path, query));
    let last = path.rsplit('/').next().filter(|last| !last.is_empty()).unwrap_or("index.html");
    let name = if query.is_empty() { last.to_owned() } else { format!("{last}?{query}") };
    let safe = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    // From the end: that is where the extension is.
    let letters: Vec<char> = name.chars().map(|letter| if safe(letter) { letter } else { '_' }).collect();
    letters[letters.len().saturating_sub(LONGEST)..].iter().collect()
}

impl Workload for Download {
    fn name(&self) -> &'static str {
        "download"
    }

    fn summary(&self) -> &'static str {
        "fetches addresses over HTTP: yours, or those of a slow server inside this program"
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::new(
                "addresses",
                ParamKind::InputFile,
                "",
                "",
                "A text file with one address per line; empty: files of a server inside this program, which the next fields describe.",
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
                "What is wrong with them: a name without an extension (which is not saved), a host that does not exist, an error of the \
                 server, a connection that ends halfway, no answer at all.",
            ),
            Param::new(
                "time-limit",
                ParamKind::Seconds { max: 86_400 },
                "s",
                "60",
                "How long an address may take, to its last byte; 0: no limit.",
            ),
            Param::new(
                "retries",
                ParamKind::Count { min: 0, max: 100 },
                "",
                "0",
                "How many times an address that failed is tried again.",
            ),
            Param::new("save", NO_OR_YES, "", "no", "Keeps the files."),
            Param::new(
                "output",
                ParamKind::OutputFolder,
                "",
                &samples::cache().join("downloads").display().to_string(),
                "Where files are kept.",
            ),
            Param::port(),
        ]
    }

    fn plan(&self, params: &Params, cancelled: &AtomicBool) -> Result<Plan, FieldError> {
        let output = params.yes("save").then(|| params.folder("output"));
        if let Some(output) = &output {
            prepare(output)?;
        }
        let (server, urls, notes) = if let Some(list) = params.file("addresses") {
            let (urls, note) = addresses(&list, cancelled)?;
            (None, urls, note)
        } else {
            let (server, urls) = serve(params)?;
            (Some(server), urls, None)
        };
        let timeout = Some(params.seconds("time-limit")).filter(|timeout| !timeout.is_zero());
        let retries = u32::try_from(params.count("retries")).unwrap_or(u32::MAX);
        let needs_extension = server.is_some();
        let urls: Arc<[String]> = urls.into();
        let job = |(item, url): (usize, &String)| {
            let output = output.clone().map(|folder| Output { folder, item, needs_extension });
            Job { url: url.clone(), timeout, retries, output }
        };
        let jobs: Vec<Job> = urls.iter().enumerate().map(job).collect();
        Ok(Plan::new(DOWNLOAD, jobs.into_iter(), move |item| urls[item].clone()).noting(notes).keeping(server))
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

/// One on each line; empty lines and comments (`#`) are left out, which the note says.
fn addresses(list: &Path, cancelled: &AtomicBool) -> Result<(Vec<String>, Option<String>), FieldError> {
    let wrong = |cause: String| FieldError::new("addresses", format!("{}: {cause}", list.display()));
    let content = files::open(list).map_err(wrong)?;
    let List { items, empty } =
        list::read(content, Separator::Newline, cancelled).map_err(|error| wrong(error.to_string()))?;
    let (mut urls, mut left_out) = (Vec::with_capacity(items.len()), empty);
    for line in items {
        let text = line.to_string_lossy();
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            left_out += 1;
        } else {
            urls.push(address::parse(text).map_err(|error| wrong(error.to_string()))?);
        }
    }
    Ok((urls, files::left_out_note(left_out, "empty line or comment")))
}

fn prepare(output: &Path) -> Result<(), FieldError> {
    let wrong = |cause: &io::Error| {
        FieldError::new("output", format!("{}: can't write to the folder: {cause}", output.display()))
    };
    fs::create_dir_all(output).map_err(|error| wrong(&error))?;
    tempfile::tempfile_in(output).map(drop).map_err(|error| wrong(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_another_list_stay() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("000-x");
        for content in ["a", "b", "b", "a", "c"] {
            let file = NamedTempFile::new_in(folder.path()).unwrap();
            fs::write(file.path(), content).unwrap();
            keep_beside(file, &target).unwrap();
        }
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!((read("000-x"), read("000-x.1"), read("000-x.2")), ("a".into(), "b".into(), "c".into()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn every_address_gives_a_file_a_name() {
        for (url, name) in [
            ("http://host/a/photo.jpg", "photo.jpg"),
            ("http://host/", "index.html"),
            ("http://host", "index.html"),
            ("http://host/download/latest", "latest"),
            ("http://host/get?file=x.zip", "get_file_x.zip"),
            ("http://host/a%2Fb", "a_2Fb"),
        ] {
            assert_eq!(file_name(url), name, "{url}");
        }
        assert!(file_name(&format!("http://host/{}.zip", "x".repeat(1_000))).ends_with("x.zip"));
    }
}
