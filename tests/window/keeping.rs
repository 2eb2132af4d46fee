//! What a slip must not lose, what is asked first, and what is offered: the first run, the files opened last, the items of a pattern.

use super::*;

fn tells(window: &Window, part: &str) -> bool {
    window.query_all_by_label_contains(part).next().is_some()
}

fn ask_to_close(window: &mut Window) {
    let viewports = &mut window.input_mut().viewports;
    viewports.entry(egui::ViewportId::ROOT).or_default().events.push(egui::ViewportEvent::Close);
    window.run_steps(4);
}

/// Closing ends runs and loses what was not saved, so it is asked about; where nothing would be lost, it is not.
#[test]
fn closing_asks_when_something_would_be_lost() {
    let form = remembered("sleep", &[("tasks", "2"), ("seconds", "3000")], "threads", "1", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    ask_to_close(&mut window);
    assert!(!shows(&window, "Close anyway"), "there is nothing to lose");
    press(&mut window, "Run");
    until_shown(&mut window, "workers: 1 of 1");
    ask_to_close(&mut window);
    assert!(tells(&window, "1 run is in progress"));
    assert!(window.get_by_role_and_label(Role::Button, "Cancel").is_focused(), "a stray Enter loses nothing");
    key(&mut window, Key::Escape);
    assert!(!shows(&window, "Close anyway") && run(&window).is_some_and(|run| !run.ended()));
    ask_to_close(&mut window);
    window.get_by_role_and_label(Role::CheckBox, "Don't ask again").click();
    window.run_steps(3);
    press(&mut window, "Close anyway");
    ask_to_close(&mut window);
    assert!(!shows(&window, "Close anyway"), "nobody asks again");
}

/// What was saved or opened is offered again, in the menu and on the first screen, also after the next start.
#[test]
fn files_opened_last_are_offered() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kept.poolscope");
    let form = remembered("sleep", &[("tasks", "2"), ("seconds", "0.01")], "threads", "1", "1");
    let mut window = window_after_run(form);
    press(&mut window, "File");
    press(&mut window, "Save the run …");
    type_into(&mut window, "file", &file.display().to_string());
    press(&mut window, "Save");
    until(&mut window, "it is saved", |window| tells(window, "kept.poolscope") && file.exists());
    let remembered = window.state().as_ref().unwrap().remembered();
    let mut window = window_of(remembered, vec2(1440.0, 900.0));
    press(&mut window, "Open kept.poolscope");
    until(&mut window, "it is opened", |window| run(window).is_some_and(|run| run.ended()));
    assert_eq!(run(&window).unwrap().totals().returned, 2);
}

/// Who has nothing to run sees a run that is neither over at once nor takes minutes, with a click.
#[test]
fn a_first_run_is_a_click_away() {
    let mut window = window();
    press(&mut window, "Watch a pool run");
    until(&mut window, "it runs", |window| run(window).is_some_and(|run| run.totals().returned > 0));
    let items = run(&window).unwrap().items.unwrap();
    assert!(items >= 20, "there is something to watch");
}

/// A pattern says what it stands for before it is run.
#[test]
fn the_items_of_a_pattern_are_shown_before_the_run() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["one.txt", "two.txt", "three.csv"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    let pattern = folder.path().join("*.txt").display().to_string();
    let form = remembered("command", &[("from", "glob"), ("items", &pattern)], "threads", "1", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    until(&mut window, "its items are told", |window| tells(window, "2 items: "));
    assert!(tells(&window, "one.txt") && tells(&window, "two.txt"));
    type_into(&mut window, "items", &folder.path().join("*.nothing").display().to_string());
    until_shown(&mut window, "No items match");
    assert!(run(&window).is_none(), "nothing has run");
}

/// By any part of a name, digits too, by what people call states, and by words that belong together.
#[test]
fn items_are_found_by_what_people_type() {
    let form = remembered("sleep", &[("tasks", "12"), ("seconds", "0.01"), ("fail", "3,10")], "threads", "2", "1");
    let mut window = window_after_run(form);
    key(&mut window, Key::Slash);
    for (typed, matches) in [("failed", "2 matches"), ("0.0", "12 matches"), ("nonesuch", "0 matches")] {
        window.get_by_role_and_label(Role::SearchInput, "search").type_text(typed);
        until_shown(&mut window, matches);
        press(&mut window, "Clear the search");
        key(&mut window, Key::Slash);
    }
}

/// An item that is a file leads to its folder, and a file that is gone is told.
#[test]
fn files_are_shown_in_their_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (kept, gone) = (folder.path().join("a.txt"), folder.path().join("b.txt"));
    std::fs::write(&kept, "a").unwrap();
    std::fs::write(&gone, "b").unwrap();
    let input = folder.path().display().to_string();
    let mut window = window_after_run(remembered("hash-files", &[("input", &input)], "threads", "1", "1"));
    let finished = run(&window).unwrap();
    assert_eq!((finished.file_of(0), finished.file_of(1)), (Some(kept), Some(gone.clone())));
    std::fs::remove_file(&gone).unwrap();
    key(&mut window, Key::Period);
    key(&mut window, Key::Period);
    assert!(shows(&window, "item 1 · b.txt"));
    window.get_by_role_and_label(Role::Link, "Show in folder").click();
    window.run_steps(3);
    until(&mut window, "it is told that the file is gone", |window| tells(window, "b.txt in its folder: No such file"));
    // What was told of this run is not told of the next.
    press(&mut window, "Run");
    assert!(!tells(&window, "in its folder: No such file"));
    until_over(&mut window, 2);
    let window = window_after_run(remembered("noop", &[("tasks", "1")], "threads", "1", "1"));
    assert_eq!(run(&window).unwrap().file_of(0), None);
}

/// The settings can be folded away, stay so, and come back; where others take their room, they come before those.
#[test]
fn settings_are_hidden_and_brought_back() {
    let form = remembered("sleep", &[("tasks", "2"), ("seconds", "0.01")], "threads", "1", "1");
    let mut window = window_after_run(form);
    press(&mut window, "Hide the settings");
    assert!(window.query_by_role_and_label(Role::ComboBox, "workload").is_none());
    let mut window = window_of(window.state().as_ref().unwrap().remembered(), vec2(1280.0, 720.0));
    assert!(window.query_by_role_and_label(Role::ComboBox, "workload").is_none(), "as it was left");
    press(&mut window, "Show the settings");
    press(&mut window, "Run");
    until_over(&mut window, 1);
    press(&mut window, "Lessons");
    key(&mut window, Key::Period);
    assert!(window.query_by_role_and_label(Role::ComboBox, "workload").is_none(), "a lesson and an item take the room");
    press(&mut window, "Show the settings");
    assert!(window.query_by_role_and_label(Role::ComboBox, "workload").is_some());
}

/// What was left out, or makes workers idle, is told beside the chart.
#[test]
fn what_to_know_of_the_items_is_told() {
    let form = remembered("sleep", &[("tasks", "24"), ("seconds", "0")], "threads", "4", "25");
    let window = window_after_run(form);
    assert!(shows(&window, "24 items at chunk size 25 make 1 call: 1 of 4 workers has work"));
}

/// By words of their titles and texts.
#[test]
fn lessons_are_searched() {
    let mut window = window();
    press(&mut window, "Lessons");
    let search = window.get_by_role_and_label(Role::SearchInput, "search lessons");
    search.focus();
    search.type_text("gil lock");
    until(&mut window, "some are left", |window| {
        tells(window, "Four countdowns under the GIL") && !tells(window, "From queue to queue")
    });
    window.get_by_role_and_label(Role::SearchInput, "search lessons").type_text(" nonesuch");
    until_shown(&mut window, "No lesson has these words.");
}

/// An error's row leads to its item, wherever it is pressed, and it is found by its words.
#[test]
fn errors_are_found_and_lead_to_their_items() {
    let form = remembered("sleep", &[("tasks", "6"), ("seconds", "0.01"), ("fail", "2")], "threads", "1", "1");
    let mut window = window_after_run(form);
    window.get_by_role_and_label(Role::Tab, "Errors (1)").click();
    window.run_steps(3);
    let row = window.get_by_label("Boom!").rect();
    click_at(&mut window, row.center());
    assert!(shows(&window, "item 2 · sleep 0.01 s"));
    key(&mut window, Key::Slash);
    window.get_by_role_and_label(Role::SearchInput, "search").type_text("boom");
    until_shown(&mut window, "1 match");
}
