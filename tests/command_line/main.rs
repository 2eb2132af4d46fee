//! The program as a user types it.

#![allow(clippy::unwrap_used, reason = "a test that finds nothing to unwrap has failed")]

mod outside;
mod pictures;
mod results;
mod stopping;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const WORKLOADS: [&str; 10] =
    ["synthetic", "sum", "countdown", "thumbnails", "hash-files", "pbkdf2", "primes", "square", "sleep", "noop"];
const EXECUTORS: [&str; 3] = ["sequential", "threads", "processes"];

fn poolscope(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_poolscope"));
    // Sample images and thumbnails go to the user's cache folder.
    command.current_dir(home).env("HOME", home).env("XDG_CACHE_HOME", home.join("cache")).env_remove("DISPLAY");
    for proxy in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    command.env_remove("WAYLAND_DISPLAY").env_remove("WAYLAND_SOCKET").stdin(Stdio::null());
    command
}

fn run(home: &Path, line: &str) -> Output {
    poolscope(home).args(line.split_whitespace()).output().unwrap()
}

/// The one JSON object on standard output, whose counts add up.
fn report(output: &Output) -> Value {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    let report: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text:?}"));
    let sum: u64 = ["returned", "raised", "cancelled", "lost"].iter().map(|key| number(&report, key)).sum();
    assert_eq!(sum, number(&report, "items"), "{report}");
    report
}

fn number(report: &Value, key: &str) -> u64 {
    report[key].as_u64().unwrap_or_else(|| panic!("{key} in {report}"))
}

fn messages(report: &Value) -> Vec<String> {
    let errors = report["errors"].as_array().unwrap();
    errors.iter().map(|error| error["message"].as_str().unwrap().to_owned()).collect()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn every_workload_runs_on_every_executor() {
    let home = TempDir::new().unwrap();
    for workload in WORKLOADS {
        let small = match workload {
            "sum" => "--set to=100000",
            "countdown" => "--set from=400000,300000,200000,100000",
            "sleep" => "--set seconds=0.01",
            "noop" => "--set tasks=100",
            "synthetic" => "--set mean=0.001 --set kind=mixed",
            "pbkdf2" => "--set rounds=1",
            "primes" => "--set numbers=100",
            _ => "",
        };
        for executor in EXECUTORS {
            let line = format!("run {workload} --executor {executor} --workers 2 --chunksize 3 --json {small}");
            let output = run(home.path(), &line);
            let report = report(&output);
            assert_eq!(output.status.code(), Some(0), "{line}: {report}");
            let items = number(&report, "items");
            assert_eq!(number(&report, "returned"), items);
            assert_eq!(number(&report, "calls"), items.div_ceil(3));
            let lanes = report["lanes"].as_array().unwrap();
            let of_lanes = |key| lanes.iter().map(|lane| number(lane, key)).sum::<u64>();
            assert_eq!((of_lanes("items"), of_lanes("calls")), (items, items.div_ceil(3)), "{report}");
            assert!(lanes.iter().all(|lane| lane["pid"].is_u64() == (executor == "processes")), "{report}");
            assert!(report["makespan_s"].as_f64().unwrap() > 0.0 && report["items_per_s"].as_f64().unwrap() > 0.0);
        }
    }
}

#[test]
fn the_json_has_the_documented_fields_and_no_others() {
    let home = TempDir::new().unwrap();
    let report = report(&run(home.path(), "run noop --set tasks=3 --executor threads --workers 1 --json"));
    let keys: BTreeSet<_> = report.as_object().unwrap().keys().map(String::as_str).collect();
    let documented = "workload executor workers chunksize gil items calls returned raised cancelled interrupted lost makespan_s items_per_s lanes \
                      queue_wait_s run_s other_programs share_without_core deadlock notes results errors log";
    assert_eq!(keys, documented.split_whitespace().collect());
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    assert!(keys.iter().all(|key| readme.contains(&format!("`{key}"))), "the README leaves out a field");
}

/// Two threads that compute wait for each other only where they share a GIL; and busy time is what it is made of.
#[test]
fn threads_take_turns_where_there_is_a_gil() {
    let home = TempDir::new().unwrap();
    let tasks = "--set from=300000000,300000000";
    for (gil, waits) in [("shared", true), ("per-worker", false), ("off", false)] {
        let line =
            format!("run countdown {tasks} --executor threads --workers 2 --gil {gil} --switch-interval 0.001 --json");
        let report = report(&run(home.path(), &line));
        assert_eq!(report["gil"], gil);
        let lanes = report["lanes"].as_array().unwrap();
        let sum = |field: &str| lanes.iter().map(|lane| lane[field].as_f64().unwrap()).sum::<f64>();
        assert_eq!(sum("waiting_for_gil_s") > 0.0, waits, "{report}");
        let parts =
            ["computing", "waiting_for_core", "waiting_for_gil", "waiting_for_lock", "waiting_for_future", "blocking"];
        let parts: f64 = parts.iter().map(|part| sum(&format!("{part}_s"))).sum();
        assert!((parts - sum("busy_s")).abs() < 1e-6, "{report}");
    }
}

#[test]
fn lessons_are_listed_and_told() {
    let home = TempDir::new().unwrap();
    let list = run(home.path(), "lesson");
    let json: Value = serde_json::from_slice(&run(home.path(), "lesson --json").stdout).unwrap();
    for entry in json.as_array().unwrap() {
        let line = String::from_utf8_lossy(&list.stdout).into_owned();
        let (id, title) = (entry["id"].as_str().unwrap(), entry["title"].as_str().unwrap());
        assert!(line.contains(id) && line.contains(title), "{line}");
    }
    let text = run(home.path(), "lesson hello --text");
    assert!(String::from_utf8_lossy(&text.stdout).starts_with("# Four at a time\n"));
    let unknown = run(home.path(), "lesson hullo");
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        stderr(&unknown).contains("lesson: there is no `hullo`; there is countdown-processes, "),
        "{}",
        stderr(&unknown)
    );
}

/// The short ones; each is really run, and what was published shows.
#[test]
fn lessons_show_what_was_published() {
    let home = TempDir::new().unwrap();
    for (id, runs) in [
        ("squares", 1),
        ("deadlock-pair", 1),
        ("deadlock-nested", 2),
        ("sleep-done", 1),
        ("load-url", 1),
        ("download-errors", 2),
        ("data-flow", 1),
    ] {
        let output = run(home.path(), &format!("lesson {id} --json"));
        let lesson: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{lesson}");
        assert_eq!((&lesson["id"], &lesson["verdict"]["kind"]), (&id.into(), &"matches".into()), "{lesson}");
        let told = lesson["runs"].as_array().unwrap();
        assert_eq!(told.len(), runs);
        assert!(
            told.iter().all(|run| run["name"].is_string() && run["makespan_s"].as_f64().unwrap() > 0.0),
            "{lesson}"
        );
        for ratio in lesson["ratios"].as_array().unwrap() {
            assert!(ratio["name"].is_string() && ratio["ideal"].is_f64() && ratio["yours"].is_f64(), "{lesson}");
            assert!(ratio["published"].is_f64() || ratio["published"].is_null(), "{lesson}");
        }
    }
    // With a table for people.
    let output = run(home.path(), "lesson squares");
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        table.contains("published      ideal      yours") && table.contains("Matches the published result: "),
        "{table}"
    );
}

#[test]
fn a_seed_gives_the_same_tasks_again() {
    let home = TempDir::new().unwrap();
    let failed = |seed: u32| {
        let line =
            format!("run synthetic --set tasks=200 --set mean=0 --set fail=20 --executor threads --seed {seed} --json");
        let report = report(&run(home.path(), &line));
        report["errors"].as_array().unwrap().iter().map(|error| number(error, "item")).collect::<Vec<_>>()
    };
    let first = failed(7);
    assert!((15..80).contains(&first.len()), "{first:?}");
    assert_eq!(first, failed(7));
    assert_ne!(first, failed(8));
}

#[test]
fn a_lock_keeps_a_counter_right() {
    let home = TempDir::new().unwrap();
    let counter = "run locked-counter --set additions=200000 --executor threads --workers 4 --gil shared --switch-interval 0.001 --json";
    let output = run(home.path(), &format!("{counter} --set lock=yes"));
    assert_eq!(output.status.code(), Some(0), "{}", report(&output));
    let output = run(home.path(), counter);
    assert_eq!(output.status.code(), Some(1));
    assert!(messages(&report(&output))[0].contains("updates were lost"), "{}", report(&output));
}

#[test]
fn a_deadlock_is_told_and_can_end_the_run() {
    let home = TempDir::new().unwrap();
    for (workload, workers, why) in [
        ("deadlock-pair", 2, "they wait for each other"),
        ("deadlock-nested", 1, "every worker waits"),
        ("deadlock-nested --set tasks=3", 3, "every worker waits"),
    ] {
        let line = format!("run {workload} --executor threads --workers {workers} --deadlock-exit --json");
        let output = run(home.path(), &line);
        assert_eq!(output.status.code(), Some(3), "{line}");
        let told = report(&output)["deadlock"].as_str().unwrap().to_owned();
        assert!(told.contains(why), "{told}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(&told));
    }
    // With one worker to spare nobody waits forever.
    let output = run(home.path(), "run deadlock-nested --executor threads --workers 2 --deadlock-exit --json");
    assert_eq!(output.status.code(), Some(0));
    assert!(report(&output)["deadlock"].is_null());
    let output = run(home.path(), "run deadlock-pair --executor processes");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("executor: deadlock-pair runs on threads only"));
}

#[test]
fn every_way_of_collecting_gives_the_same_counts() {
    let home = TempDir::new().unwrap();
    for executor in EXECUTORS {
        for collect in ["map", "submit", "as-completed", "gather"] {
            let line = format!(
                "run sleep --set tasks=6 --set seconds=0.01 --set fail=1,4 --executor {executor} --workers 2 --collect {collect} --json"
            );
            let output = run(home.path(), &line);
            let report = report(&output);
            assert_eq!(output.status.code(), Some(1));
            assert_eq!((number(&report, "returned"), number(&report, "raised")), (4, 2), "{line}");
            assert_eq!(messages(&report), ["Boom!", "Boom!"]);
            assert_eq!(report["errors"][0]["item"], 1);
        }
    }
}

#[test]
fn an_error_can_stop_or_skip_the_rest() {
    let home = TempDir::new().unwrap();
    for executor in EXECUTORS {
        for on_error in ["stop", "skip"] {
            let line = format!(
                "run sleep --set tasks=40 --set seconds=0.05 --set fail=0 --executor {executor} --workers 1 --on-error {on_error} --json"
            );
            let output = run(home.path(), &line);
            let report = report(&output);
            assert_eq!(output.status.code(), Some(1));
            assert_eq!(number(&report, "raised"), 1, "{line}");
            assert!(number(&report, "cancelled") >= 30, "{line}: {report}");
            // In a pool some more are on their way by then; where there is one thread, none is.
            assert!(executor != "sequential" || number(&report, "returned") == 0, "{line}: {report}");
            let calls = number(&report, "calls");
            assert!(on_error == "stop" || calls == 40, "what is skipped is handed out all the same: {report}");
        }
    }
}

#[test]
fn a_timeout_ends_the_run() {
    let home = TempDir::new().unwrap();
    for executor in EXECUTORS {
        let line =
            format!("run sleep --set tasks=4 --set seconds=600 --executor {executor} --workers 2 --timeout 0.2 --json");
        let output = run(home.path(), &line);
        let report = report(&output);
        assert_eq!((output.status.code(), number(&report, "returned")), (Some(1), 0), "{line}");
        assert!(report["makespan_s"].as_f64().unwrap() < 60.0);
    }
}

#[test]
fn what_cannot_be_is_refused_with_the_field_and_its_limits() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("a file");
    fs::write(&file, "").unwrap();
    let file = file.display().to_string();
    let cases: Vec<(Vec<&str>, &str)> = vec![
        (vec!["sum", "--workers", "0"], "--workers: must be a whole number from 1 to"),
        (vec!["sum", "--workers", "1000000"], "--workers: must be a whole number from 1 to"),
        (vec!["sum", "--workers", "two"], "--workers: must be a whole number from 1 to"),
        (vec!["sum", "--workers", "-1"], "--workers: must be a whole number from 1 to"),
        (vec!["sum", "--chunksize", "0"], "--chunksize: must be a whole number from 1 to"),
        (vec!["sum", "--timeout", "-1"], "--timeout: must be seconds from 0.001"),
        (vec!["sum", "--timeout", "nan"], "--timeout: must be seconds from 0.001"),
        (vec!["sum", "--switch-interval", "0"], "--switch-interval: must be seconds from 0.000001"),
        (vec!["sum", "--switch-interval", "soon"], "--switch-interval: must be seconds from 0.000001"),
        (vec!["sum", "--gil", "maybe"], "invalid value 'maybe' for '--gil"),
        (vec!["smu"], "workload: there is no `smu`; there is sum,"),
        (vec!["sum", "--set", "tasks=many"], "tasks: must be a whole number from 0 to"),
        (vec!["sum", "--set", "taks=1"], "taks: no such parameter; there is tasks, to"),
        (vec!["sum", "--set", "tasks"], "--set: must be KEY=VALUE, not `tasks`"),
        (vec!["sleep", "--set", "fail=20"], "fail: there is no item 20 among 20 tasks"),
        (vec!["sum", "--executor", "fibers"], "invalid value 'fibers' for '--executor"),
        (vec!["hash-files", "--set", "input=no/such/folder"], "input: no/such/folder: there is no such folder"),
        (vec!["sum", "--timeout", ""], "--timeout: must be seconds from 0.001"),
        (vec!["sum", "--seed", "-1"], "--seed: must be a whole number from 0 to"),
        (vec!["sum", "--set", "tasks=1", "--set", "tasks=2"], "tasks: is given twice"),
        (vec!["sum", "--set", "=3"], "--set: must be KEY=VALUE, not `=3`"),
        (vec!["thumbnails", "--set"], "a value is required for '--set"),
    ];
    for (arguments, message) in cases {
        let output = poolscope(home.path()).arg("run").args(&arguments).arg("--json").output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(message), "{arguments:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    for (param, message) in [("input", "is not a folder"), ("output", "is not a folder")] {
        let output = poolscope(home.path()).args(["run", "thumbnails", "--set", &format!("{param}={file}")]).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(message) && stderr(&output).contains(param), "{}", stderr(&output));
    }
}

#[test]
fn no_items_is_told_and_no_failure() {
    let home = TempDir::new().unwrap();
    let empty = home.path().join("empty");
    fs::create_dir(&empty).unwrap();
    for executor in EXECUTORS {
        let input = format!("input={}", empty.display());
        let arguments = ["run", "hash-files", "--set", &input, "--executor", executor];
        let output = poolscope(home.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(String::from_utf8_lossy(&output.stdout).contains("no items"));
        let json = report(&poolscope(home.path()).args(arguments).arg("--json").output().unwrap());
        assert_eq!(number(&json, "items"), 0);
    }
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text_links_and_pipes_do_no_harm() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let home = TempDir::new().unwrap();
    let folder = home.path().join("odd");
    fs::create_dir_all(folder.join("deep/er")).unwrap();
    fs::write(folder.join(OsStr::from_bytes(b"\xff\xfe.txt")), "abc").unwrap();
    fs::write(folder.join("deep/er/file"), "abc").unwrap();
    fs::write(folder.join("deep/.hidden"), "abc").unwrap();
    std::os::unix::fs::symlink("/nowhere", folder.join("dangling")).unwrap();
    std::os::unix::fs::symlink(&folder, folder.join("deep/circle")).unwrap();
    assert!(Command::new("mkfifo").arg(folder.join("pipe")).status().unwrap().success());
    for executor in EXECUTORS {
        let output = poolscope(home.path())
            .args(["run", "hash-files", "--json", "--executor", executor, "--set"])
            .arg(format!("input={}", folder.display()))
            .output()
            .unwrap();
        let report = report(&output);
        assert_eq!((number(&report, "returned"), number(&report, "items")), (3, 3), "{report}");
    }
}

#[test]
fn list_names_every_workload_and_parameter() {
    let home = TempDir::new().unwrap();
    let text = String::from_utf8(run(home.path(), "list").stdout).unwrap();
    assert!(WORKLOADS.iter().all(|name| text.contains(&format!("{name}: "))), "{text}");
    let list: Value = serde_json::from_slice(&run(home.path(), "list --json").stdout).unwrap();
    let params = |name: &str| {
        let entry = list.as_array().unwrap().iter().find(|entry| entry["name"] == name).unwrap();
        let params = entry["params"].as_array().unwrap();
        params.iter().map(|param| (param["name"].clone(), param["default"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(params("countdown"), [("from".into(), "40000000,30000000,20000000,10000000".into())]);
    assert_eq!(params("sum"), [("tasks".into(), "8".into()), ("to".into(), "50000000".into())]);
    assert_eq!(params("sleep").len(), 3);
    assert_eq!(params("thumbnails")[2], ("size".into(), "100".into()));
}

#[test]
fn without_a_display_the_headless_command_is_named() {
    if cfg!(any(target_os = "macos", target_os = "windows")) {
        return;
    }
    let home = TempDir::new().unwrap();
    let output = run(home.path(), "");
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(text.contains("no display was found") && text.contains("poolscope run sum"), "{text}");
    // A display that is named but not there is no better.
    let output = poolscope(home.path()).env("DISPLAY", ":987").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("poolscope run sum"), "{}", stderr(&output));
}

#[test]
fn quiet_is_quiet_and_a_reader_may_leave() {
    let home = TempDir::new().unwrap();
    let output = run(home.path(), "run noop --set tasks=5 --executor threads --quiet");
    assert_eq!((output.status.code(), output.stdout.len(), output.stderr.len()), (Some(0), 0, 0));
    let mut child = poolscope(home.path()).arg("list").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut complaints = String::new();
    child.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
    assert_eq!((child.wait().unwrap().code(), complaints.as_str()), (Some(0), ""));
}

#[test]
fn a_worker_that_nobody_greets_says_so() {
    let home = TempDir::new().unwrap();
    let mut child = poolscope(home.path()).arg("worker").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdin.take());
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("only a pool starts workers"), "{line}");
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn initializers_and_limits_of_calls_are_felt() {
    let home = TempDir::new().unwrap();
    let some = report(&run(home.path(), "run noop --set tasks=6 --workers 1 --max-tasks-per-child 2 --json"));
    assert_eq!(some["lanes"].as_array().unwrap().len(), 3);
    for executor in ["threads", "processes"] {
        let line = format!("run noop --executor {executor} --set tasks=3 --workers 1 --initializer fail --json");
        let report = report(&run(home.path(), &line));
        assert_eq!(number(&report, "lost"), 3, "{executor}");
        assert!(messages(&report)[0].contains("the initializer was asked to fail"), "{:?}", messages(&report));
    }
}
