//! What ends a run before its time: signals to the program, to a worker, to a command. No process is left, and what was done is not lost.

use super::*;

/// Starts a run that lasts forever, and waits until its workers are there.
#[cfg(unix)]
pub(super) fn endless(home: &Path, executor: &str) -> (std::process::Child, Vec<String>) {
    let child = poolscope(home)
        .args(["run", "sleep", "--set", "seconds=80000", "--json", "--workers", "2", "--executor", executor])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let expected = if executor == "processes" { 2 } else { 0 };
    let workers = loop {
        let children = Command::new("pgrep").args(["-P", &child.id().to_string()]).output().unwrap();
        let children: Vec<_> = String::from_utf8(children.stdout).unwrap().lines().map(str::to_owned).collect();
        if children.len() == expected {
            break children;
        }
        std::thread::yield_now();
    };
    (child, workers)
}

#[cfg(unix)]
fn is_alive(pid: &str) -> bool {
    // A zombie that nobody reaps yet is dead.
    let state = Command::new("ps").args(["-o", "stat=", "-p", pid]).output().unwrap();
    let state = String::from_utf8(state.stdout).unwrap();
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

#[cfg(unix)]
fn signal(pid: u32, name: &str) {
    assert!(Command::new("kill").args([format!("-{name}"), pid.to_string()]).status().unwrap().success());
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_cleanly() {
    let home = TempDir::new().unwrap();
    // Where workers are there, the handler is too; otherwise only Linux tells when it is, and until then the signal just
    // ends the program.
    let executors = if cfg!(target_os = "linux") { EXECUTORS.as_slice() } else { &["processes"] };
    for &executor in executors {
        let (child, workers) = endless(home.path(), executor);
        wait_for_handler(child.id());
        signal(child.id(), "INT");
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{executor}");
        let report = report(&output);
        assert_eq!(number(&report, "returned"), 0, "{report}");
        assert!(workers.iter().all(|pid| !is_alive(pid)), "a worker is left");
    }
}

/// Until the program has said that it catches SIGINT itself.
#[cfg(unix)]
fn wait_for_handler(pid: u32) {
    const SIGINT: u64 = 1 << 1;
    let status = format!("/proc/{pid}/status");
    while cfg!(target_os = "linux") {
        let text = fs::read_to_string(&status).unwrap();
        let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        if u64::from_str_radix(caught.trim(), 16).unwrap() & SIGINT != 0 {
            return;
        }
        std::thread::yield_now();
    }
}

#[cfg(unix)]
#[test]
fn no_worker_outlives_a_killed_parent() {
    let home = TempDir::new().unwrap();
    let (mut child, workers) = endless(home.path(), "processes");
    signal(child.id(), "KILL");
    child.wait().unwrap();
    while workers.iter().any(|pid| is_alive(pid)) {
        std::thread::yield_now();
    }
}

#[cfg(unix)]
#[test]
fn a_killed_worker_fails_the_run_and_is_named() {
    let home = TempDir::new().unwrap();
    let (child, workers) = endless(home.path(), "processes");
    signal(workers[0].parse().unwrap(), "KILL");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report = report(&output);
    assert_eq!(number(&report, "lost") + number(&report, "cancelled"), 20, "{report}");
    let expected = format!("(pid {}) ended with signal 9 (SIGKILL)", workers[0]);
    assert!(messages(&report).iter().all(|message| message.contains(&expected)), "{report}");
    assert!(workers.iter().all(|pid| !is_alive(pid)), "a worker is left");
}

/// Whether programs that are started from here ignore that signal. Where the system does not tell, they don't.
#[cfg(unix)]
fn is_ignored(signal: u32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & 1 << (signal - 1) != 0)
}

/// `timeout`, a service manager and a closed terminal stop a run as Ctrl-C does.
#[cfg(unix)]
#[test]
fn sigterm_and_sighup_save_what_was_done() {
    let home = TempDir::new().unwrap();
    let mut signals = vec![("TERM", 143)];
    // What `nohup` started, such as this test, hands down that it does not heed its terminal.
    if !is_ignored(1) {
        signals.push(("HUP", 129));
    }
    for (name, code) in signals {
        let run = home.path().join(name);
        let mut child = poolscope(home.path())
            .args(["run", "command", "--executor", "threads", "--workers", "1", "--json", "--save"])
            .arg(&run)
            .args(["--set", "command=sh -c 'test {} = 1 || { touch begun; exec sleep 80000; }'", "--set", "items=1..3"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        while !home.path().join("begun").exists() {
            assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
            std::thread::yield_now();
        }
        signal(child.id(), name);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        assert_eq!(number(&report(&output), "returned"), 1);
        assert!(fs::metadata(&run).unwrap().len() > 0);
        fs::remove_file(home.path().join("begun")).unwrap();
    }
}

/// Ctrl-Z stops the work too, not only the program that waits for it, and `fg` goes on with both.
#[cfg(target_os = "linux")]
#[test]
fn ctrl_z_stops_the_commands_too() {
    let home = TempDir::new().unwrap();
    let state = |pid: &str| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(')').next().and_then(|rest| rest.trim().chars().next())
    };
    for executor in ["threads", "processes"] {
        let (mut child, pids) = endless_trees(home.path(), executor);
        wait_for_handler(child.id());
        let all = [pids.clone(), vec![child.id().to_string()]].concat();
        let until_all = |stopped: bool| {
            while all.iter().any(|pid| (state(pid) == Some('T')) != stopped) {
                std::thread::yield_now();
            }
        };
        signal(child.id(), "TSTP");
        until_all(true);
        signal(child.id(), "CONT");
        until_all(false);
        signal(child.id(), "INT");
        assert_eq!(child.wait().unwrap().code(), Some(130), "{executor}");
        wait_until_dead(&pids);
    }
}

/// A service that a command has started lives on when the run has ended well, as with xargs.
#[cfg(unix)]
#[test]
fn what_was_started_as_a_service_lives_on() {
    let home = TempDir::new().unwrap();
    let script = "setsid sh -c 'echo $$ > new; mv new pid; exec sleep 80000' >/dev/null 2>&1 </dev/null &\n\
                  while [ ! -s pid ]; do sleep 0.01; done\n";
    fs::write(home.path().join("start.sh"), script).unwrap();
    for executor in ["threads", "processes"] {
        let output = poolscope(home.path())
            .args(["run", "command", "--quiet", "--set", "items=1..1", "--executor", executor])
            .args(["--set", "command=sh start.sh"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let pid = fs::read_to_string(home.path().join("pid")).unwrap().trim().to_owned();
        assert!(is_alive(&pid), "{executor}: the service was killed");
        signal(pid.parse().unwrap(), "KILL");
        fs::remove_file(home.path().join("pid")).unwrap();
    }
}

/// Starts commands that start others and last forever; returns when all of them run, with their numbers.
#[cfg(unix)]
fn endless_trees(home: &Path, executor: &str) -> (std::process::Child, Vec<String>) {
    let pids = home.join(format!("pids-{executor}"));
    fs::create_dir(&pids).unwrap();
    let script = format!(
        "command=sh -c 'sleep 80000 & echo $! $$ > {0}/tmp-{{}}; mv {0}/tmp-{{}} {0}/{{}}; wait'",
        pids.display()
    );
    let child = poolscope(home)
        .args(["run", "command", "--json", "--workers", "2", "--executor", executor, "--set", &script])
        .args(["--set", "items=1..2"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let read = |item: &str| loop {
        if let Ok(text) = fs::read_to_string(pids.join(item)) {
            break text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        }
        std::thread::yield_now();
    };
    let found = [read("1"), read("2")].concat();
    assert_eq!(found.len(), 4);
    (child, found)
}

#[cfg(unix)]
fn wait_until_dead(pids: &[String]) {
    while pids.iter().any(|pid| is_alive(pid)) {
        std::thread::yield_now();
    }
}

#[cfg(unix)]
#[test]
fn commands_end_with_all_they_have_started_when_the_run_is_stopped() {
    let home = TempDir::new().unwrap();
    for executor in ["threads", "processes"] {
        let (child, pids) = endless_trees(home.path(), executor);
        signal(child.id(), "INT");
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{executor}");
        let report = report(&output);
        assert_eq!((number(&report, "raised"), number(&report, "interrupted")), (0, 2), "{report}");
        wait_until_dead(&pids);
    }
}

#[cfg(unix)]
#[test]
fn commands_do_not_outlive_the_program_or_the_worker_that_is_killed() {
    let home = TempDir::new().unwrap();
    for executor in ["threads", "processes"] {
        let (mut child, pids) = endless_trees(home.path(), executor);
        signal(child.id(), "KILL");
        child.wait().unwrap();
        wait_until_dead(&pids);
    }
    fs::remove_dir_all(home.path().join("pids-processes")).unwrap();
    let (child, pids) = endless_trees(home.path(), "processes");
    let worker = Command::new("pgrep").args(["-P", &child.id().to_string()]).output().unwrap();
    let worker = String::from_utf8(worker.stdout).unwrap().lines().next().unwrap().parse().unwrap();
    signal(worker, "KILL");
    let output = child.wait_with_output().unwrap();
    assert_eq!(number(&report(&output), "lost"), 2);
    wait_until_dead(&pids);
}
