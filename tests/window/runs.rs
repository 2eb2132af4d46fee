//! Lessons, comparisons, and runs as files.

use super::*;

/// A lesson is over, and what was published shows.
fn matches(window: &Window) -> bool {
    window.query_by_label_contains("Matches the published result: ").is_some()
}

#[test]
fn a_lesson_asks_first_then_runs_and_compares() {
    let mut window = window();
    press(&mut window, "Lessons");
    press(&mut window, "Results in order squares");
    let ready =
        |window: &Window| !window.get_by_role_and_label(Role::Button, "Run the lesson").accesskit_node().is_disabled();
    assert!(!ready(&window), "first the guess");
    window.get_by_role_and_label(Role::RadioButton, "At random").click();
    window.run_steps(3);
    assert!(ready(&window));
    press(&mut window, "Run the lesson");
    until(&mut window, "the lesson is over", |window| matches(window));
    assert!(shows(&window, "map yielded 4, 9, 16, 25."));
    assert!(window.query_by_label_contains("Not quite: 4, 9, 16, 25").is_some());
    assert_eq!(run(&window).unwrap().settings.workload, "square");
    press(&mut window, "All lessons");
    press(&mut window, "A task that waits for its own pool deadlock-nested");
    window.get_by_role_and_label(Role::RadioButton, "A second worker").click();
    window.run_steps(3);
    press(&mut window, "Run the lesson");
    until(&mut window, "it waits forever", |window| window.query_by_label_contains("deadlock: item 0").is_some());
    press(&mut window, "Interrupt item 0");
    // What came of it can be looked at before the next run.
    until(&mut window, "it pauses", |window| window.query_by_role_and_label(Role::Button, "Next run").is_some());
    press(&mut window, "Next run");
    until(&mut window, "the lesson is over", |window| matches(window));
    assert!(shows(&window, "That was right."));
}

#[test]
fn a_lessons_runs_are_drawn_together_and_can_be_varied() {
    let mut window = window();
    press(&mut window, "Lessons");
    press(&mut window, "A task that waits for its own pool deadlock-nested");
    window.get_by_role_and_label(Role::RadioButton, "A second worker").click();
    window.run_steps(3);
    press(&mut window, "Run the lesson");
    until(&mut window, "it waits forever", |window| {
        window.query_by_role_and_label(Role::Button, "Make item 0 time out").is_some()
    });
    window.get_by_role_and_label(Role::Button, "Make item 0 time out").click();
    until(&mut window, "it pauses", |window| window.query_by_role_and_label(Role::Button, "Next run").is_some());
    press(&mut window, "Next run");
    until(&mut window, "the lesson is over", |window| matches(window));
    let lanes = |window: &Window| window.query_all_by_label_contains("% busy, ").count();
    assert_eq!(lanes(&window), 3, "one worker, and two");
    // Of a chunk, what comes after an item that may handle it goes on.
    assert!(window.query_by_label_contains("item 0 timed out, at ").is_some());
    choose_run(&mut window, "one thread ");
    assert_eq!(lanes(&window), 1, "a run that is chosen is looked at alone");
    press(&mut window, "Show all runs");
    assert_eq!(lanes(&window), 3);
    // The others keep their names when one is deleted.
    press(&mut window, "more for one thread");
    press(&mut window, "Delete");
    press(&mut window, "Show all runs");
    assert_eq!(lanes(&window), 2);
    assert_eq!(run(&window).unwrap().settings.workers, 2);
    choose_run(&mut window, "two threads ");
    assert_eq!(run(&window).unwrap().settings.workers, 2);
    assert!(matches(&window));
    press(&mut window, "two threads");
    assert_eq!(window.get_by_role_and_label(Role::TextInput, "workers").value().as_deref(), Some("2"));
}

#[test]
fn runs_are_compared_named_moved_and_deleted() {
    let form = remembered("sleep", &[("tasks", "6"), ("seconds", "0.3")], "threads", "1", "1");
    let mut window = window_after_run(form);
    type_into(&mut window, "workers", "3");
    press(&mut window, "Run");
    until_over(&mut window, 2);
    for name in ["compare 1. sleep · threads 1 × 1", "compare 2. sleep · threads 3 × 1"] {
        window.get_by_role_and_label(Role::CheckBox, name).click();
        window.run_steps(3);
    }
    press(&mut window, "Compare 2");
    let lanes = |window: &Window| window.query_all_by_label_contains("% busy, ").count();
    assert_eq!(lanes(&window), 4, "one worker, and three");
    until_shown(&mut window, "6 items returned in both; largest differences first");
    assert!(window.query_all_by_label_contains("makespan").next().is_some());
    // Again, one after the other, and together.
    let listed = |window: &Window, number: usize, shape: &str| {
        let name = format!("compare {number}. sleep · threads {shape}");
        window.query_by_role_and_label(Role::CheckBox, &name).is_some()
    };
    press(&mut window, "Run again ▾");
    press(&mut window, "One after the other");
    until_over(&mut window, 4);
    assert!(listed(&window, 3, "1 × 1") && listed(&window, 4, "3 × 1"), "each after the other, in the same order");
    assert_eq!(lanes(&window), 4);
    press(&mut window, "Run again ▾");
    press(&mut window, "Two at the same time");
    until(&mut window, "both go on", |window| window.query_all_by_label_contains(" × 1 live").count() == 2);
    until(&mut window, "both are over", |window| window.query_all_by_label_contains(" × 1 live").count() == 0);
    // Which of the two came first nobody knows.
    assert!(
        [(5, 6), (6, 5)].iter().any(|(one, other)| listed(&window, *one, "1 × 1") && listed(&window, *other, "3 × 1"))
    );
    assert_eq!(lanes(&window), 4, "they are still looked at together");
    // One of them is what the panels tell of: the newest, until another is asked for.
    assert_eq!(run(&window).unwrap().number, 6);
    choose_run(&mut window, "look closer at 5. sleep");
    assert_eq!(run(&window).unwrap().number, 5);
    key(&mut window, Key::N);
    assert_eq!(run(&window).unwrap().number, 6);
    // What is looked for is looked for in both.
    key(&mut window, Key::Slash);
    window.get_by_role_and_label(Role::SearchInput, "search").type_text("worker0");
    until(&mut window, "it is looked for", |window| {
        let headings = window.query_all_by_label_contains("look closer at ");
        headings
            .filter(|heading| heading.accesskit_node().label().is_some_and(|name| name.ends_with(" of 6 match")))
            .count()
            == 2
    });
    press(&mut window, "Clear the search");
    // A name, another place, and away with it.
    press(&mut window, "more for 1. sleep · threads 1 × 1");
    press(&mut window, "Rename");
    window.get_by_role_and_label(Role::TextInput, "name of the run").type_text("the slow one");
    window.run_steps(2);
    key(&mut window, Key::Enter);
    press(&mut window, "more for the slow one");
    press(&mut window, "Move up");
    press(&mut window, "more for the slow one");
    press(&mut window, "Delete");
    let is_listed = |window: &Window| window.query_by_role_and_label(Role::CheckBox, "compare the slow one").is_some();
    assert!(!is_listed(&window));
    press(&mut window, "Undo");
    assert!(is_listed(&window), "it is back");
}

#[test]
fn runs_tables_and_pictures_are_saved_and_opened() {
    let folder = tempfile::tempdir().unwrap();
    let form = remembered("sleep", &[("tasks", "5"), ("seconds", "0.01"), ("fail", "2")], "processes", "2", "2");
    let mut window = window_after_run(form);
    let original = run(&window).unwrap();
    let save = |window: &mut Window, entry: &str, name: &str| {
        let path = folder.path().join(name);
        press(window, "File");
        press(window, entry);
        type_into(window, "file", &path.display().to_string());
        press(window, "Save");
        until(window, "it is saved", |window| window.query_by_label_contains(name).is_some() && path.exists());
        press(window, "Close the notice");
        path
    };
    let table = save(&mut window, "Save the items as CSV …", "items.csv");
    let text = std::fs::read_to_string(table).unwrap();
    assert_eq!(text.lines().count(), 6);
    assert!(text.lines().nth(3).unwrap().starts_with("2,sleep 0.01 s,raised,"), "{text}");
    let png = save(&mut window, "Save the chart as a picture …", "chart.png");
    let picture = image::open(png).unwrap();
    assert_eq!((picture.width(), picture.height()), (2400, 1200));
    let svg = std::fs::read_to_string(save(&mut window, "Save the chart as a picture …", "chart.svg")).unwrap();
    assert!(svg.contains(">worker 0</text>") && svg.ends_with("</svg>\n"));
    let file = save(&mut window, "Save the run …", "run.poolscope");
    // A dialog has the keyboard at once, and one press closes it.
    window.key_press_modifiers(egui::Modifiers::COMMAND, Key::S);
    window.run_steps(4);
    assert!(field(&window, "file").is_focused());
    key(&mut window, Key::Escape);
    assert!(window.query_by_role_and_label(Role::TextInput, "file").is_none());
    // What is there is not replaced unasked.
    press(&mut window, "File");
    press(&mut window, "Save the run …");
    type_into(&mut window, "file", &file.display().to_string());
    press(&mut window, "Save");
    until(&mut window, "it is refused", |window| window.query_by_label_contains("the file exists").is_some());
    key(&mut window, Key::Escape);
    press(&mut window, "File");
    press(&mut window, "Open a run …");
    type_into(&mut window, "file", &file.display().to_string());
    press(&mut window, "Open");
    until(&mut window, "it is opened", |window| run(window).is_some_and(|run| run.number != 1));
    let opened = run(&window).unwrap();
    assert_eq!(format!("{:?}", opened.trace), format!("{:?}", folded(&original)));
    assert_eq!((opened.totals(), opened.settings.clone()), (original.totals(), original.settings.clone()));
    assert_eq!(opened.label(4), original.label(4));
    // A file that is none, and a damaged one, are told.
    std::fs::write(folder.path().join("other"), "no run").unwrap();
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(folder.path().join("half"), &bytes[..bytes.len() / 2]).unwrap();
    for (name, message) in
        [("other", "not a Poolscope run file"), ("half", "the file is damaged"), ("none", "No such file")]
    {
        press(&mut window, "File");
        press(&mut window, "Open a run …");
        type_into(&mut window, "file", &folder.path().join(name).display().to_string());
        press(&mut window, "Open");
        until(&mut window, message, |window| window.query_by_label_contains(message).is_some());
        key(&mut window, Key::Escape);
    }
}

/// The trace that the events of a run give, with stamps that count from its start.
fn folded(run: &Run) -> poolscope::trace::Trace {
    let mut trace = poolscope::trace::Trace::new(0);
    run.history.events_from(0).for_each(|event| trace.apply(&event));
    trace
}

/// What was deleted is nowhere in sight any more; the run that is left is looked at instead, and then none.
#[test]
fn a_deleted_run_is_gone() {
    let form = remembered("sleep", &[("tasks", "3"), ("seconds", "0")], "threads", "1", "1");
    let mut window = window_after_run(form);
    press(&mut window, "Run");
    until_over(&mut window, 2);
    for (number, left) in [(2, Some(1)), (1, None)] {
        press(&mut window, &format!("more for {number}. sleep · threads 1 × 1"));
        press(&mut window, "Delete");
        assert_eq!(run(&window).map(|run| run.number), left);
    }
    assert!(shows(&window, "Ready"));
    press(&mut window, "Run");
    until_over(&mut window, 3);
}
