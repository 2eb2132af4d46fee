//! Workloads that reach outside the program: other programs, networks, tables, images that lie about their size. Whatever is wrong there
//! is told of its item, or before the start, and harms nothing else.

use std::net::{Ipv4Addr, TcpListener};

use super::*;

/// Runs a command once an item of `items`.
fn command(home: &Path, command: &str, more: &[&str]) -> Output {
    let mut program = poolscope(home);
    program.args(["run", "command", "--json", "--workers", "2", "--set", &format!("command={command}")]);
    program.args(more).output().unwrap()
}

#[cfg(unix)]
#[test]
fn a_command_runs_once_an_item_wherever_the_items_are() {
    let home = TempDir::new().unwrap();
    let folder = home.path().join("a folder");
    fs::create_dir(&folder).unwrap();
    let made = |name: &str| folder.join(name).exists();
    let touch = format!("touch '{}/'{{}}", folder.display());
    for (executor, items, expected) in [("threads", "1..3", ["1", "3"]), ("processes", "-1..0", ["-1", "0"])] {
        let output = command(home.path(), &touch, &["--executor", executor, "--set", &format!("items={items}")]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(expected.into_iter().all(made), "{items}");
    }
    let list = home.path().join("list");
    fs::write(&list, "two words\n\n$HOME;x\n").unwrap();
    let output = command(home.path(), &touch, &["--set", "from=lines", "--set", &format!("items={}", list.display())]);
    assert_eq!(number(&report(&output), "returned"), 2);
    assert!(made("two words") && made("$HOME;x"));
    let pattern = format!("items={}/*", folder.display());
    let output = command(home.path(), "rm {}", &["--set", "from=glob", "--set", &pattern]);
    assert_eq!(number(&report(&output), "returned"), 7);
    let mut piped = poolscope(home.path())
        .args(["run", "command", "--json", "--set", &format!("command={touch}"), "--set", "from=stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut piped.stdin.take().unwrap(), b"from a pipe\n").unwrap();
    assert_eq!(piped.wait_with_output().unwrap().status.code(), Some(0));
    assert!(made("from a pipe"));
}

#[cfg(unix)]
#[test]
fn a_command_that_fails_says_why_and_the_others_go_on() {
    let home = TempDir::new().unwrap();
    let cases = [
        ("nonesuch-{}", "no program `nonesuch-2` found"),
        ("/etc/passwd", "can't run `/etc/passwd`: it, or the interpreter that its first line names, is not executable"),
        ("/etc", "can't run `/etc`: it is a folder"),
        ("sh -c 'echo first >&2; echo why >&2; exit {}'", "`sh` failed with exit code 2: first why"),
        ("sh -c 'kill -9 $$'", "`sh` failed with signal 9 (SIGKILL)"),
    ];
    for (line, message) in cases {
        let output = command(home.path(), line, &["--set", "items=2..2"]);
        assert_eq!(output.status.code(), Some(1));
        let told = messages(&report(&output));
        assert!(told[0].starts_with(message), "{told:?}");
    }
    let output = command(home.path(), "test {} != 2", &["--set", "items=1..3"]);
    let report = report(&output);
    assert_eq!((number(&report, "returned"), number(&report, "raised")), (2, 1), "{report}");
}

/// What a command leaves running goes on to write to the pipes that it has, also when nobody reads them any more.
#[cfg(unix)]
#[test]
fn what_is_left_running_outlives_the_run() {
    let home = TempDir::new().unwrap();
    let gate = home.path().join("gate");
    assert!(Command::new("mkfifo").arg(&gate).status().unwrap().success());
    let service = "sh -c '(cat gate >/dev/null; echo beat; echo beat; echo lives > sign) & echo started'";
    for executor in ["threads", "processes"] {
        let output = command(home.path(), service, &["--set", "items=1..1", "--executor", executor]);
        let report = report(&output);
        assert_eq!(number(&report, "returned"), 1, "{report}");
        assert!(report["log"].to_string().contains("left a program running"), "{report}");
        fs::write(&gate, "").unwrap();
        let sign = home.path().join("sign");
        let began = std::time::Instant::now();
        while fs::read(&sign).map_or(0, |text| text.len()) == 0 {
            assert!(began.elapsed() < std::time::Duration::from_mins(1), "it died when it wrote");
            std::thread::yield_now();
        }
        fs::remove_file(sign).unwrap();
    }
}

/// What a command writes is its item's log, on every executor.
#[cfg(unix)]
#[test]
fn what_a_command_says_is_in_the_log() {
    let home = TempDir::new().unwrap();
    for executor in EXECUTORS {
        let output =
            command(home.path(), "sh -c 'echo {}; echo no >&2'", &["--set", "items=7..7", "--executor", executor]);
        let report = report(&output);
        let mut said: Vec<_> = report["log"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| ["stream", "line"].map(|key| line[key].as_str().unwrap()))
            .collect();
        // Nobody knows which of the two streams was read first.
        said.sort_unstable();
        assert_eq!(said, [["stderr", "no"], ["stdout", "7"]], "{report}");
        assert_eq!(report["log"][0]["item"], 0);
    }
}

/// Of what is said without end the first lines are told, and of standard error the last words too.
#[test]
#[cfg(unix)]
fn the_last_words_of_a_command_are_in_the_log() {
    let home = TempDir::new().unwrap();
    let flood = "sh -c 'seq 100000 >&2; echo the end >&2; exit 3'";
    let told = report(&command(home.path(), flood, &["--set", "items=1..1"]));
    let lines: Vec<_> = told["log"].as_array().unwrap().iter().map(|line| line["line"].as_str().unwrap()).collect();
    assert_eq!((lines[0], lines[1], *lines.last().unwrap()), ("1", "2", "the end"));
    assert!(lines.contains(&"99999") && !lines.contains(&"50000") && lines.len() < 3_000, "{}", lines.len());
}

#[cfg(unix)]
#[test]
fn what_a_command_says_takes_no_memory_and_no_time_without_end() {
    let home = TempDir::new().unwrap();
    let flood = command(home.path(), "head -c 300000000 /dev/zero", &["--set", "items=1..2", "--executor", "threads"]);
    assert_eq!(flood.status.code(), Some(0));
    let kept: usize =
        report(&flood)["log"].as_array().unwrap().iter().map(|line| line["line"].as_str().unwrap().len()).sum();
    assert!((1..=2 * 4096).contains(&kept), "{kept}");
    let output = command(home.path(), "sleep 80000", &["--set", "items=1..2", "--set", "time-limit=0.1"]);
    let told = messages(&report(&output));
    assert!(told.iter().all(|told| told == "`sleep` exceeded its time limit of 0.1 s and was killed"), "{told:?}");
    // Somebody who keeps the pipe open, and is no child of the shell any more, is not waited for.
    let straggler = "sh -c '(setsid sleep 20 &) ; echo done'";
    let output = command(home.path(), straggler, &["--set", "items=1..1"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(report(&output)["makespan_s"].as_f64().unwrap() < 20.0, "it was waited for");
}

#[test]
fn a_million_lines_are_items_and_a_run_of_them_ends_when_it_is_to() {
    let home = TempDir::new().unwrap();
    let list = home.path().join("list");
    fs::write(&list, "line\n".repeat(1_000_000)).unwrap();
    let items = format!("items={}", list.display());
    let more = ["--set", "from=lines", "--set", &items, "--timeout", "0.5", "--executor", "threads"];
    let output = command(home.path(), "true", &more);
    let report = report(&output);
    assert_eq!((output.status.code(), number(&report, "items")), (Some(1), 1_000_000));
    assert!(number(&report, "cancelled") > 900_000);
}

#[test]
fn items_and_tables_that_make_no_sense_are_refused_before_the_start() {
    let home = TempDir::new().unwrap();
    let path = |name: &str| home.path().join(name).display().to_string();
    fs::write(path("bytes"), b"good\n\xff\n").unwrap();
    fs::write(path("table.csv"), "task,seconds\na,soon\n").unwrap();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let cases = [
        ("command --set command=".to_owned(), "command: is empty"),
        ("command --set command='".to_owned(), "command: a quote is not closed"),
        (
            "command --set items=3..1".to_owned(),
            "items: must be a range such as 1..20, not `3..1`: it ends before it begins",
        ),
        (format!("command --set from=lines --set items={}", path("none")), "can't be read"),
        ("command --set from=glob --set items=a**".to_owned(), "items: `a**` is not a pattern"),
        (
            format!("synthetic --set durations={} --set column=time", path("table.csv")),
            "column: there is no column `time`",
        ),
        (
            format!("synthetic --set durations={} --set column=seconds", path("table.csv")),
            "line 2, column 2: `soon` is not a time in seconds",
        ),
        (format!("synthetic --set durations={}", path("none.csv")), "can't be read"),
        (format!("download --set addresses={}", path("table.csv")), "`task,seconds` is not an address"),
        ("download --set faulty=7".to_owned(), "faulty: there is no file 7 among 5"),
        (format!("download --set port={port}"), "port: cannot listen on 127.0.0.1:"),
        (format!("pages --set port={port}"), "port: cannot listen on 127.0.0.1:"),
        (format!("web-service --set port={port}"), "port: cannot listen on 127.0.0.1:"),
    ];
    for (line, message) in cases {
        let output = run(home.path(), &format!("run {line}"));
        assert_eq!(output.status.code(), Some(2), "{line}: {}", stderr(&output));
        assert!(stderr(&output).contains(message), "{line}: {}", stderr(&output));
    }
}

#[test]
fn a_column_of_measured_times_is_run_again() {
    let home = TempDir::new().unwrap();
    let table = home.path().join("table.csv");
    fs::write(&table, "task,seconds\na,0.03\nb,0.01\nc,0\n").unwrap();
    let line = format!(
        "run synthetic --json --executor threads --workers 1 --set kind=sleep --set column=seconds --set durations={}",
        table.display()
    );
    let report = report(&run(home.path(), &line));
    assert_eq!(number(&report, "returned"), 3);
    let longest = report["run_s"]["max"].as_f64().unwrap();
    assert!(longest >= 0.03 && report["makespan_s"].as_f64().unwrap() >= 0.04, "{report}");
}

#[test]
fn tasks_that_come_at_random_take_their_time_to_come() {
    let home = TempDir::new().unwrap();
    let line =
        "run synthetic --json --executor threads --set tasks=40 --set mean=0 --set arrival=poisson --set gap=0.005";
    let report = report(&run(home.path(), line));
    assert_eq!(number(&report, "returned"), 40);
    assert!(report["makespan_s"].as_f64().unwrap() > 0.05, "{report}");
    // A stop does not wait for those that have not come.
    let line =
        "run synthetic --json --executor threads --set tasks=40 --set arrival=poisson --set gap=3600 --timeout 0.1";
    let output = run(home.path(), line);
    assert_eq!(number(&super::report(&output), "cancelled"), 39);
}

#[test]
fn each_faulty_download_fails_alone_and_says_why() {
    let home = TempDir::new().unwrap();
    let cases = [
        ("no-extension", "no file extension in the address"),
        ("no-host", "the connection failed"),
        ("status", "the server answered with status 503"),
        ("partial", "the connection ended after "),
        ("stall", "not complete within the time limit of 0.5 s"),
    ];
    for (fault, message) in cases {
        // How long a look-up of a host takes is the system's affair.
        let timeout = if fault == "stall" { "0.5" } else { "30" };
        let line = format!(
            "run download --json --executor threads --set latency=0.01 --set bandwidth=0 --set time-limit={timeout} --set save=yes \
             --set faulty=1 --set fault={fault}"
        );
        let report = report(&run(home.path(), &line));
        if fault != "stall" {
            assert_eq!((number(&report, "returned"), number(&report, "raised")), (4, 1), "{report}");
        }
        assert!(messages(&report).iter().any(|told| told.contains("file-1") && told.contains(message)), "{report}");
        let saved = fs::read_dir(home.path().join("cache/poolscope/downloads")).unwrap();
        let names: BTreeSet<_> = saved.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert!(names.iter().all(|name| name.contains("-file-") && !name.starts_with('.')), "{names:?}");
        assert!(!names.iter().any(|name| name.starts_with("001-")), "half a file is no file: {names:?}");
    }
    let long = "run download --json --executor processes --workers 5 --set bandwidth=1 --timeout 0.3";
    let report = report(&run(home.path(), long));
    assert_eq!(number(&report, "interrupted"), 5, "who waits is asked to stop, and does: {report}");
}

#[test]
fn a_list_of_addresses_is_fetched() {
    let home = TempDir::new().unwrap();
    // A server that answers once, by hand.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
        let first = request.next().unwrap();
        assert!(request.any(|line| line.is_empty()), "the request has an end");
        std::io::Write::write_all(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes").unwrap();
        first
    });
    let list = home.path().join("list");
    fs::write(&list, format!("# mine\n\nhttp://{address}/photo.jpg?size=3\n")).unwrap();
    let line = format!("run download --json --executor threads --set save=yes --set addresses={}", list.display());
    let report = report(&run(home.path(), &line));
    assert_eq!((number(&report, "items"), number(&report, "returned")), (1, 1), "{report}");
    assert_eq!(server.join().unwrap(), "GET /photo.jpg?size=3 HTTP/1.1");
    assert_eq!(fs::read(home.path().join("cache/poolscope/downloads/000-photo.jpg_size_3")).unwrap(), b"yes");
}

#[test]
fn threads_within_tasks_are_lanes_within_lanes() {
    let home = TempDir::new().unwrap();
    for executor in EXECUTORS {
        let line = format!(
            "run pages --json --workers 2 --executor {executor} --set latency=0.01 --set size=1000 --set steps=1 --set threads=3"
        );
        let report = report(&run(home.path(), &line));
        assert_eq!(number(&report, "returned"), 4, "{report}");
        let lanes = report["lanes"].as_array().unwrap();
        let threads: Vec<_> = lanes.iter().filter_map(|lane| lane["threads"].as_array()).flatten().collect();
        assert_eq!(threads.iter().map(|thread| number(thread, "items")).sum::<u64>(), 20, "{report}");
        assert!(threads.iter().all(|thread| thread["blocking_s"].as_f64().unwrap() > 0.0), "{report}");
    }
}

#[test]
fn a_web_service_serves_on_every_executor() {
    let home = TempDir::new().unwrap();
    for executor in EXECUTORS {
        let line = format!(
            "run web-service --json --workers 2 --executor {executor} --set uploads=6 --set clients=2 --set pause=0"
        );
        let output = run(home.path(), &line);
        let report = report(&output);
        assert_eq!((output.status.code(), number(&report, "returned")), (Some(0), 6), "{report}");
        let beside: Vec<_> =
            report["beside"].as_array().unwrap().iter().map(|side| side["name"].as_str().unwrap()).collect();
        assert_eq!(beside, ["event loop", "small requests", "uploads"], "{report}");
        let items = |side: usize| -> u64 {
            report["beside"][side]["lanes"].as_array().unwrap().iter().map(|lane| number(lane, "items")).sum()
        };
        assert!(items(0) >= 12 && items(1) > 0 && items(2) == 6, "{report}");
    }
}
