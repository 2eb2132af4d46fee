//! What a run leaves behind: run files, tables, pictures, standard output.

use super::*;

/// The cells of a table without quotes, by row.
fn table(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split(',').collect()).collect()
}

/// Results, names, errors and exit statuses are in the JSON and in the CSV.
#[cfg(unix)]
#[test]
fn every_item_has_its_name_and_what_came_of_it() {
    let home = TempDir::new().unwrap();
    for executor in EXECUTORS {
        let output = poolscope(home.path())
            .args(["run", "command", "--json", "--csv", "items.csv", "--executor", executor])
            .args(["--set", "command=sh -c 'echo got {}; exit {}'", "--set", "items=0..1"])
            .output()
            .unwrap();
        let text = fs::read_to_string(home.path().join("items.csv")).unwrap_or_else(|_| panic!("{}", stderr(&output)));
        let rows = table(&text);
        let column = |name: &str| rows[0].iter().position(|heading| *heading == name).unwrap();
        assert_eq!(rows[1][column("result")], "got 0");
        assert_eq!((rows[2][column("state")], rows[2][column("exit_status")]), ("raised", "1"));
        assert!(rows[2][column("error")].contains("exit code 1"), "{text}");
    }
}

/// `-` is standard output, for one thing only.
#[test]
fn a_dash_is_standard_output() {
    let home = TempDir::new().unwrap();
    let output = run(home.path(), "run noop --set tasks=2 --csv - --quiet");
    assert!(output.status.success(), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("item,") && text.lines().count() == 3, "{text}");
    assert!(!home.path().join("-").exists());
    let output = run(home.path(), "run noop --set tasks=2 --csv - --json");
    assert_eq!(output.status.code(), Some(2), "two things on one standard output");
}

/// Only what failed in a saved run is run again, and it keeps its name.
#[cfg(unix)]
#[test]
fn only_what_failed_is_run_again() {
    let home = TempDir::new().unwrap();
    let words = "run command --json --executor threads --set items=1..5 --set from=range";
    let with = |command: &str, more: &[&str]| {
        let output = poolscope(home.path())
            .args(words.split(' '))
            .args(["--set", &format!("command={command}")])
            .args(more)
            .output()
            .unwrap();
        assert!(output.status.code() != Some(2), "{}", stderr(&output));
        report(&output)
    };
    let first = with("sh -c 'test -e mended || test $(({} % 2)) = 1'", &["--save", "first"]);
    assert_eq!((number(&first, "returned"), number(&first, "raised")), (3, 2), "{first}");
    fs::write(home.path().join("mended"), "").unwrap();
    let again = with("sh -c 'echo {} >> again'", &["--only-failed", "first"]);
    assert_eq!((number(&again, "items"), number(&again, "returned")), (2, 2), "{again}");
    let ran: BTreeSet<_> = fs::read_to_string(home.path().join("again")).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(ran, ["2", "4"].map(str::to_owned).into());
}

/// Two items of one name are two, and what was never run is not forgotten.
#[cfg(unix)]
#[test]
fn what_did_not_return_is_known_item_by_item() {
    let home = TempDir::new().unwrap();
    let run = |more: &[&str]| {
        let line = "run command --json --executor threads --workers 1 --set from=lines --set items=list";
        report(&poolscope(home.path()).args(line.split(' ')).args(more).output().unwrap())
    };
    fs::write(home.path().join("list"), "3\n2\n3\n").unwrap();
    let third_fails = "command=sh -c 'echo {} >> ran; test $(wc -l < ran) -ne 3'";
    let first = run(&["--set", third_fails, "--save", "first"]);
    assert_eq!((number(&first, "returned"), number(&first, "raised")), (2, 1), "{first}");
    let again = run(&["--set", "command=false", "--only-failed", "first", "--save", "again"]);
    assert_eq!((number(&again, "items"), number(&again, "raised")), (1, 1), "{again}");
    // What a run of some of the items left is known by its place among all.
    let rest = run(&["--set", "command=true", "--only-failed", "again"]);
    assert_eq!((number(&rest, "items"), number(&rest, "returned")), (1, 1), "{rest}");
    // The first returns, the second goes on until the time is over, the third never begins.
    let second_hangs = "command=sh -c 'test {} = 3 || exec sleep 1000'";
    let stopped = run(&["--set", second_hangs, "--timeout", "3", "--save", "stopped"]);
    assert_eq!((number(&stopped, "returned"), number(&stopped, "raised")), (1, 0), "{stopped}");
    let resumed = run(&["--set", "command=true", "--only-failed", "stopped"]);
    assert_eq!((number(&resumed, "items"), number(&resumed, "returned")), (2, 2), "{resumed}");
}

/// One file for two things, or for what the run reads, would lose one of them.
#[test]
fn no_output_replaces_another_or_the_input() {
    let home = TempDir::new().unwrap();
    fs::write(home.path().join("times"), "0.001\n").unwrap();
    let lines = [
        "run noop --set tasks=2 --csv x --save x",
        "run noop --set tasks=2 --csv ./x --save sub/../x",
        "run noop --set tasks=2 --save y.svg --picture y.svg",
        "run synthetic --set durations=times --csv times",
    ];
    fs::create_dir(home.path().join("sub")).unwrap();
    for line in lines {
        let output = run(home.path(), line);
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(stderr(&output).contains("is also the file of"), "{line}: {}", stderr(&output));
    }
    assert_eq!(fs::read_to_string(home.path().join("times")).unwrap(), "0.001\n");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("new", home.path().join("link")).unwrap();
        let output = run(home.path(), "run noop --set tasks=2 --csv link --save new");
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        // What is no file is replaced by nothing.
        let output = run(home.path(), "run noop --set tasks=2 --quiet --csv /dev/null --save /dev/null");
        assert!(output.status.success(), "{}", stderr(&output));
    }
    assert!(run(home.path(), "run noop --set tasks=2 --quiet --csv x --save y").status.success());
    let again = run(home.path(), "run noop --set tasks=2 --quiet --only-failed y --save y");
    assert_eq!(again.status.code(), Some(2), "{}", stderr(&again));
}

/// A spreadsheet would run a cell that begins like a formula.
#[cfg(unix)]
#[test]
fn a_cell_never_begins_like_a_formula() {
    let home = TempDir::new().unwrap();
    fs::write(home.path().join("list"), "=1+1\n@x\n+x\n-1\n").unwrap();
    let output = poolscope(home.path())
        .args(["run", "command", "--csv", "-", "--quiet", "--executor", "threads"])
        .args(["--set", "from=lines", "--set", "items=list", "--set", "command=echo {}"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    let starts = |cell: &str| cell.trim_start_matches('"').starts_with(['=', '@', '+']);
    assert!(text.lines().skip(1).flat_map(|line| line.split(',')).all(|cell| !starts(cell)), "{text}");
    assert!(text.contains("=1+1"), "{text}");
}

/// What is replaced keeps its permissions, a link stays a link, and what is no file is written to as it is.
#[test]
#[cfg(unix)]
fn files_are_replaced_as_they_were() {
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};

    let home = TempDir::new().unwrap();
    let place = |name: &str| home.path().join(name);
    fs::write(place("file.csv"), "old").unwrap();
    fs::set_permissions(place("file.csv"), fs::Permissions::from_mode(0o600)).unwrap();
    symlink("file.csv", place("link.csv")).unwrap();
    assert!(run(home.path(), "run noop --set tasks=2 --quiet --csv link.csv").status.success());
    assert!(fs::symlink_metadata(place("link.csv")).unwrap().is_symlink());
    assert_eq!(fs::metadata(place("file.csv")).unwrap().permissions().mode() & 0o777, 0o600);
    let lines = |text: &str| text.lines().count();
    assert_eq!(lines(&fs::read_to_string(place("file.csv")).unwrap()), 3, "a heading and two items");
    // Also what the user's mask takes off new files, and a link to what is not there yet.
    fs::set_permissions(place("file.csv"), fs::Permissions::from_mode(0o666)).unwrap();
    symlink("new.csv", place("dangling.csv")).unwrap();
    assert!(run(home.path(), "run noop --set tasks=2 --quiet --csv file.csv").status.success());
    assert_eq!(fs::metadata(place("file.csv")).unwrap().permissions().mode() & 0o777, 0o666);
    assert!(run(home.path(), "run noop --set tasks=2 --quiet --csv dangling.csv").status.success());
    assert!(fs::symlink_metadata(place("dangling.csv")).unwrap().is_symlink());
    assert_eq!(lines(&fs::read_to_string(place("new.csv")).unwrap()), 3);
    // What standard output leads to is not taken away from it.
    let out = fs::File::create(place("out")).unwrap();
    let line = "run noop --set tasks=2 --json --csv /dev/stdout";
    let status = poolscope(home.path()).args(line.split(' ')).stdout(out).status().unwrap();
    assert!(status.success());
    let both = fs::read_to_string(place("out")).unwrap();
    assert!(both.starts_with("item,") && both.trim_end().ends_with('}') && lines(&both) == 4, "{both}");
    // A pipe has no name of its own.
    let piped = run(home.path(), line);
    assert!(piped.status.success(), "{}", stderr(&piped));
    assert_eq!(lines(&String::from_utf8(piped.stdout).unwrap()), 4);

    assert!(Command::new("mkfifo").arg(place("pipe")).status().unwrap().success());
    let reader = Command::new("cat").arg(place("pipe")).stdout(Stdio::piped()).spawn().unwrap();
    assert!(run(home.path(), "run noop --set tasks=2 --quiet --csv pipe").status.success());
    assert_eq!(lines(&String::from_utf8(reader.wait_with_output().unwrap().stdout).unwrap()), 3);
    assert!(fs::metadata(place("pipe")).unwrap().file_type().is_fifo());
}

#[test]
fn a_run_is_kept_tabled_and_drawn_and_shown_again() {
    let home = TempDir::new().unwrap();
    let line = "run sleep --executor threads --workers 2 --set tasks=6 --set seconds=0.01 --set fail=4 --json \
                --save run.poolscope --csv items.csv --picture chart.png --picture-size 640x300 --picture-scale 1.5";
    let output = run(home.path(), line);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let first = report(&output);
    let table = fs::read_to_string(home.path().join("items.csv")).unwrap();
    assert_eq!(
        table.lines().next().unwrap(),
        "item,task,state,worker,call,submitted_s,started_s,ended_s,waited_s,ran_s,result,error,exit_status,retries"
    );
    assert!(table.lines().nth(5).unwrap().starts_with("4,sleep 0.01 s,raised,"), "{table}");
    let picture = image::open(home.path().join("chart.png")).unwrap().to_rgba8();
    assert_eq!(picture.dimensions(), (960, 450));
    let colors: BTreeSet<_> = picture.pixels().map(|pixel| pixel.0).collect();
    assert!(colors.len() > 20 && colors.iter().all(|color| color[3] == 255), "{} colours", colors.len());
    // The same figures from the file, but for what only the live run had.
    let output = run(home.path(), "show run.poolscope --json --picture again.svg");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(report(&output), first);
    let svg = fs::read_to_string(home.path().join("again.svg")).unwrap();
    assert!(svg.starts_with("<svg ") && svg.contains(">worker 1</text>"));
}

#[test]
fn what_cannot_be_written_or_opened_is_told() {
    let home = TempDir::new().unwrap();
    fs::write(home.path().join("other"), "no run at all").unwrap();
    for (line, code, message) in [
        ("show none.poolscope", 1, "none.poolscope: No such file"),
        ("show other", 1, "can't open other: not a Poolscope run file"),
        ("run noop --picture-size large", 2, "--picture-size: must be like 1200x600, not `large`"),
        ("run noop --picture-size 10x10", 2, "is no size for a picture"),
        ("run noop --set tasks=1 --picture chart.bmp", 2, "--picture: chart.bmp: a picture ends in .png or .svg"),
        ("run noop --set tasks=1 --save no/such/folder/run", 2, "no/such/folder/run: "),
        ("run noop --initializer soon", 2, "--initializer: must be `fail`, or seconds from 0.001 to 3,600, not `soon`"),
        ("run noop --max-tasks-per-child 0", 2, "--max-tasks-per-child: must be a whole number from 1 to"),
    ] {
        let output = run(home.path(), line);
        assert_eq!(output.status.code(), Some(code), "{line}");
        assert!(stderr(&output).contains(message), "{line}: {}", stderr(&output));
    }
    // One bit is enough.
    assert!(run(home.path(), "run noop --set tasks=3 --quiet --save good").status.success());
    let good = fs::read(home.path().join("good")).unwrap();
    for place in (0..good.len()).step_by(7) {
        let mut bad = good.clone();
        bad[place] ^= 1 << (place % 8);
        fs::write(home.path().join("bad"), bad).unwrap();
        let output = run(home.path(), "show bad");
        assert_eq!(output.status.code(), Some(1), "byte {place}");
        assert!(
            ["the file is damaged", "not a Poolscope run file"].iter().any(|message| stderr(&output).contains(message))
        );
    }
    if Path::new("/dev/full").exists() {
        let output = run(home.path(), "run noop --set tasks=3 --quiet --save /dev/full");
        assert!(stderr(&output).contains("No space left on device"), "{}", stderr(&output));
    }
}
