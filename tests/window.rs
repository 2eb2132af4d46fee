//! The window by role and label, on real runs: what a user finds, presses and reads. Nothing is drawn on a screen here;
//! `real_window.rs` does that.

#![allow(clippy::unwrap_used, reason = "a test that finds nothing to unwrap has failed")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use eframe::egui::{self, Key, accesskit::Role, pos2, vec2};
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, Node};
use poolscope::executor::WorkerCommand;
use poolscope::lab::Run;
use poolscope::ui::{App, Remembered};

/// Never waited for when all is well.
const PATIENCE: Duration = Duration::from_mins(1);

type Window = Harness<'static, Option<App>>;

fn window() -> Window {
    window_of(Remembered::default(), vec2(1440.0, 900.0))
}

fn window_of(remembered: Remembered, size: egui::Vec2) -> Window {
    let command =
        WorkerCommand { program: PathBuf::from(env!("CARGO_BIN_EXE_poolscope")), arguments: vec!["worker".into()] };
    let show = move |ui: &mut egui::Ui, app: &mut Option<App>| {
        let app = app.get_or_insert_with(|| App::new(ui.ctx(), remembered.clone(), Some(command.clone())).unwrap());
        app.show(ui);
    };
    let mut window = Harness::builder().with_size(size).with_accessibility_check(true).build_ui_state(show, None);
    window.run_steps(4);
    window
}

/// What the settings panel would remember.
fn remembered(workload: &str, params: &[(&str, &str)], executor: &str, workers: &str, chunksize: &str) -> Remembered {
    let params: serde_json::Map<_, _> = params.iter().map(|(k, v)| ((*k).to_owned(), (*v).into())).collect();
    serde_json::from_value(serde_json::json!({ "form": {
        "workload": workload, "params": { workload: params },
        "executor": executor, "workers": workers, "chunksize": chunksize,
    }}))
    .unwrap()
}

fn run(window: &Window) -> Option<std::sync::Arc<Run>> {
    window.state().as_ref().unwrap().run()
}

/// Frames until `condition` holds, as the real window would draw them.
fn until(window: &mut Window, what: &str, mut condition: impl FnMut(&mut Window) -> bool) {
    let start = Instant::now();
    while !condition(window) {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        window.step();
        std::thread::yield_now();
    }
    window.run_steps(2);
}

fn until_over(window: &mut Window, number: usize) {
    until(window, "the run is over", |window| run(window).is_some_and(|run| run.number == number && run.ended()));
}

fn press(window: &mut Window, label: &str) {
    // It may be out of sight.
    window.get_by_role_and_label(Role::Button, label).scroll_to_me();
    window.run_steps(3);
    window.get_by_role_and_label(Role::Button, label).click();
    window.run_steps(3);
}

fn field<'a>(window: &'a Window, name: &'a str) -> Node<'a> {
    window.get_by_role_and_label(Role::TextInput, name)
}

fn type_into(window: &mut Window, name: &str, text: &str) {
    field(window, name).focus();
    window.run_steps(2);
    window.key_press_modifiers(egui::Modifiers::COMMAND, Key::A);
    field(window, name).type_text(text);
    window.run_steps(3);
}

fn click_at(window: &mut Window, pos: egui::Pos2) {
    window.event(egui::Event::PointerMoved(pos));
    window.run_steps(2);
    for pressed in [true, false] {
        let (button, modifiers) = (egui::PointerButton::Primary, egui::Modifiers::NONE);
        window.event(egui::Event::PointerButton { pos, button, pressed, modifiers });
        window.run_steps(2);
    }
}

/// Looks at the run that is called so in the list.
fn choose_run(window: &mut Window, name: &str) {
    let is_it = |node: &Node<'_>| node.accesskit_node().label().is_some_and(|label| label.starts_with(name));
    let run = window.query_all_by_role(Role::Button).find(is_it).unwrap();
    run.click();
    window.run_steps(3);
}

fn shows(window: &Window, label: &str) -> bool {
    window.query_all_by_label(label).next().is_some()
}

#[test]
fn first_start_is_ready_to_run_and_says_what_to_do() {
    let window = window();
    assert!(!window.get_by_role_and_label(Role::Button, "▶  Run").accesskit_node().is_disabled());
    assert!(window.get_by_role_and_label(Role::Button, "■  Stop").accesskit_node().is_disabled());
    for queue in ["work ids: 0", "call queue: 0", "workers: 0", "result queue: 0", "returned: 0", "lost: 0"] {
        assert!(shows(&window, queue), "{queue}");
    }
    assert!(shows(&window, "Nothing has run yet. Press Run."));
}

#[test]
fn run_shows_lanes_and_counts_that_add_up() {
    for (executor, stations) in [
        ("processes", ["work ids: 0", "call queue: 0 of 4", "workers: 0 of 3", "result queue: 0"].as_slice()),
        ("threads", &["work queue: 0", "workers: 0 of 3"]),
        ("sequential", &["not submitted: 0", "this thread: 0 of 1"]),
    ] {
        let form = remembered("sum", &[("tasks", "20"), ("to", "2000000")], executor, "3", "2");
        let mut window = window_of(form, vec2(1440.0, 900.0));
        press(&mut window, "▶  Run");
        until_over(&mut window, 1);
        let run = run(&window).unwrap();
        assert_eq!((run.totals().returned, run.totals().sum()), (20, 20));
        assert!(shows(&window, "returned: 20"), "{executor}");
        for station in stations {
            assert!(shows(&window, station), "{executor}: {station}");
        }
        for lane in run.trace.lanes() {
            let name = format!("worker {} ", lane.worker);
            assert!(window.query_all_by_label_contains(&name).next().is_some(), "{executor}: {name}");
        }
        assert!(shows(&window, "Done"));
    }
}

#[test]
fn a_running_task_is_seen_before_it_ends() {
    for executor in ["processes", "threads"] {
        let form = remembered("sleep", &[("tasks", "4"), ("seconds", "3000")], executor, "2", "1");
        let mut window = window_of(form, vec2(1440.0, 900.0));
        press(&mut window, "▶  Run");
        until(&mut window, "two tasks execute", |window| {
            run(window).is_some_and(|run| run.trace.lanes().iter().filter(|lane| lane.open.is_some()).count() == 2)
        });
        assert!(shows(&window, "workers: 2 of 2"), "{executor}");
        press(&mut window, "■  Stop");
        until(&mut window, "it is stopping", |window| shows(window, "Stopping"));
        // The first press lets executing tasks finish, and these would take their time.
        press(&mut window, "■  Stop now");
        until_over(&mut window, 1);
        assert!(shows(&window, "Stopped"), "{executor}");
        assert_eq!(run(&window).unwrap().totals().sum(), 4);
        assert!(shows(&window, "returned: 0"));
    }
}

#[test]
fn one_click_switches_the_executor_and_run_goes_again() {
    let form = remembered("noop", &[("tasks", "50")], "processes", "2", "5");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    for (number, button) in [(1, "Processes"), (2, "Threads"), (3, "Sequential"), (4, "Processes")] {
        press(&mut window, button);
        press(&mut window, "▶  Run");
        until_over(&mut window, number);
        let run = run(&window).unwrap();
        assert_eq!(run.settings.executor.to_string(), button.to_lowercase());
        assert_eq!(run.totals().returned, 50);
    }
    // Earlier runs can be looked at again.
    choose_run(&mut window, "2. noop · threads");
    assert_eq!(run(&window).unwrap().number, 2);
}

#[test]
fn threads_can_share_a_gil_and_waiting_for_it_is_told() {
    let form = remembered("countdown", &[("from", "200000000,200000000")], "threads", "2", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    assert!(window.query_by_role_and_label(Role::TextInput, "switch-interval").is_none());
    window.get_by_role_and_label(Role::ComboBox, "GIL").click();
    window.run_steps(3);
    press(&mut window, "shared");
    type_into(&mut window, "switch-interval", "soon");
    assert!(window.query_by_label_contains("switch-interval: must be seconds from").is_some());
    assert!(window.get_by_role_and_label(Role::Button, "▶  Run").accesskit_node().is_disabled());
    type_into(&mut window, "switch-interval", "0.001");
    press(&mut window, "▶  Run");
    until_over(&mut window, 1);
    assert!(window.query_all_by_label_contains("waiting for the GIL").count() >= 1);
}

#[test]
fn a_deadlock_is_told_with_ways_out() {
    let form = remembered("deadlock-nested", &[("tasks", "1")], "threads", "1", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until(&mut window, "the deadlock is told", |window| {
        window.query_by_label_contains("deadlock: item 0 on worker 0 waits for item 1").is_some()
    });
    press(&mut window, "Add a worker (2)");
    until_over(&mut window, 1);
    assert_eq!(run(&window).unwrap().totals().returned, 2);
    assert!(window.query_by_label_contains("deadlock:").is_none());
}

#[test]
fn a_lesson_asks_first_then_runs_and_compares() {
    let mut window = window();
    press(&mut window, "Lessons");
    press(&mut window, "Results in order squares");
    let ready = |window: &Window| {
        !window.get_by_role_and_label(Role::Button, "▶  Run the lesson").accesskit_node().is_disabled()
    };
    assert!(!ready(&window), "first the guess");
    window.get_by_role_and_label(Role::RadioButton, "At random").click();
    window.run_steps(3);
    assert!(ready(&window));
    press(&mut window, "▶  Run the lesson");
    until(&mut window, "the lesson is over", |window| shows(window, "What was published shows."));
    assert!(shows(&window, "map yielded 4, 9, 16, 25, whichever task ended first."));
    assert!(window.query_by_label_contains("It is the other way: 4, 9, 16, 25").is_some());
    assert_eq!(run(&window).unwrap().settings.workload, "square");
    press(&mut window, "‹ All lessons");
    press(&mut window, "A task that waits for its own pool deadlock-nested");
    window.get_by_role_and_label(Role::RadioButton, "A second worker").click();
    window.run_steps(3);
    press(&mut window, "▶  Run the lesson");
    until(&mut window, "it waits for ever", |window| window.query_by_label_contains("deadlock: item 0").is_some());
    press(&mut window, "Interrupt item 0");
    until(&mut window, "the lesson is over", |window| shows(window, "What was published shows."));
    assert!(shows(&window, "That was right."));
}

#[test]
fn run_during_a_run_stops_it_and_starts_anew() {
    let form = remembered("sleep", &[("tasks", "2"), ("seconds", "3000")], "threads", "2", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until(&mut window, "it runs", |window| run(window).is_some_and(|run| run.items == Some(2)));
    type_into(&mut window, "seconds", "0.01");
    press(&mut window, "▶  Run");
    until_over(&mut window, 2);
    assert_eq!(run(&window).unwrap().totals().returned, 2);
    // The one that was stopped for it is in the list, and can be looked at again.
    choose_run(&mut window, "1. sleep · threads");
    assert_eq!(run(&window).unwrap().number, 1);
    assert!(shows(&window, "Stopped"));
}

#[test]
fn a_live_run_can_be_stopped_while_an_earlier_one_is_looked_at() {
    let form = remembered("sleep", &[("tasks", "2"), ("seconds", "0.01")], "threads", "2", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until_over(&mut window, 1);
    type_into(&mut window, "seconds", "3000");
    press(&mut window, "▶  Run");
    until(&mut window, "it runs", |window| run(window).is_some_and(|run| run.number == 2 && run.items == Some(2)));
    choose_run(&mut window, "1. sleep · threads");
    assert_eq!(run(&window).unwrap().number, 1);
    assert!(shows(&window, "2. sleep · threads 2 × 1 live"));
    press(&mut window, "■  Stop");
    until(&mut window, "the second press is offered", |window| shows(window, "■  Stop now"));
    press(&mut window, "■  Stop now");
    until(&mut window, "the live run is over", |window| {
        window.query_all_by_label_contains("2. sleep · threads 2 × 1 live").next().is_none()
    });
}

#[test]
fn every_wrong_field_says_so_and_one_out_of_use_does_not_matter() {
    let mut window = window();
    type_into(&mut window, "tasks", "many");
    type_into(&mut window, "workers", "two");
    for message in ["tasks: must be", "workers: must be"] {
        assert!(window.query_all_by_label_contains(message).next().is_some(), "{message}");
    }
    // The message above it went, and the field that is typed into kept the keyboard.
    type_into(&mut window, "tasks", "5");
    assert!(field(&window, "tasks").is_focused());
    press(&mut window, "Sequential");
    assert!(window.query_all_by_label_contains("workers: must be").next().is_none());
    assert!(!window.get_by_role_and_label(Role::Button, "▶  Run").accesskit_node().is_disabled());
}

#[test]
fn a_wrong_field_is_named_with_its_limits_and_keeps_run_disabled() {
    let mut window = window();
    for (name, text, message) in [
        ("workers", "0", "workers: must be a whole number from 1 to"),
        ("workers", "two", "workers: must be a whole number from 1 to"),
        ("workers", "1000000", "workers: must be a whole number from 1 to"),
        ("chunksize", "0", "chunksize: must be a whole number from 1 to"),
        ("tasks", "many", "tasks: must be a whole number from 0 to"),
        ("timeout", "soon", "timeout: must be seconds from 0.001"),
    ] {
        let good = field(&window, name).value().unwrap_or_default();
        type_into(&mut window, name, text);
        assert!(window.query_all_by_label_contains(message).next().is_some(), "{name} = {text}");
        let disabled = window.get_by_role_and_label(Role::Button, "▶  Run").accesskit_node().is_disabled();
        assert!(disabled, "{name} = {text}");
        // Typing nothing leaves the selected text there, so an empty field is emptied by a key.
        type_into(&mut window, name, if good.is_empty() { " " } else { &good });
        assert!(window.query_all_by_label_contains(message).next().is_none(), "{name} is right again");
    }
    assert!(run(&window).is_none(), "nothing has started");
}

#[test]
fn what_raised_is_listed_with_its_message() {
    let form = remembered("sleep", &[("tasks", "4"), ("seconds", "0.01"), ("fail", "1,2")], "threads", "2", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until_over(&mut window, 1);
    assert!(shows(&window, "raised: 2"));
    window.get_by_role_and_label(Role::Tab, "Errors (2)").click();
    window.run_steps(3);
    assert_eq!(window.query_all_by_label("Boom!").count(), 2);
}

#[test]
fn a_run_that_cannot_start_says_why() {
    let form = remembered("hash-files", &[("input", "no/such/folder")], "threads", "2", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until_over(&mut window, 1);
    assert!(shows(&window, "Not started"));
    assert!(window.query_all_by_label_contains("input: no/such/folder: there is no such folder").next().is_some());
}

#[test]
fn no_items_is_told() {
    let form = remembered("noop", &[("tasks", "0")], "processes", "2", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until_over(&mut window, 1);
    assert!(window.query_all_by_label_contains("there were no items").next().is_some());
}

#[test]
fn keys_run_and_show_the_sheet() {
    let form = remembered("noop", &[("tasks", "5")], "threads", "2", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    window.key_press(Key::Enter);
    window.run_steps(2);
    until_over(&mut window, 1);
    window.key_press(Key::Questionmark);
    window.run_steps(3);
    assert!(shows(&window, "Zoom in at the pointer"));
    window.key_press(Key::Escape);
    window.run_steps(3);
    assert!(!shows(&window, "Zoom in at the pointer"));
}

#[test]
fn everything_fits_at_the_smallest_size_in_both_themes() {
    let form = remembered("sum", &[("tasks", "12"), ("to", "1000000")], "processes", "4", "3");
    let mut window = window_of(form, vec2(1024.0, 640.0));
    press(&mut window, "▶  Run");
    until_over(&mut window, 1);
    for theme in ["Light", "Dark"] {
        for label in ["▶  Run", "■  Stop", "?", theme] {
            let rect = window.get_by_role_and_label(Role::Button, label).rect();
            assert!(rect.min.x >= 0.0 && rect.max.x <= 1024.0 && rect.max.y <= 640.0, "{label} is cut off: {rect}");
        }
        press(&mut window, theme);
    }
}

#[test]
fn the_form_is_remembered() {
    let mut first = window();
    type_into(&mut first, "workers", "7");
    press(&mut first, "Threads");
    let remembered = first.state().as_ref().unwrap().remembered();
    let text = serde_json::to_string(&remembered).unwrap();
    let second = window_of(serde_json::from_str(&text).unwrap(), vec2(1440.0, 900.0));
    assert_eq!(field(&second, "workers").value().as_deref(), Some("7"));
    assert_eq!(second.state().as_ref().unwrap().remembered(), remembered);
    // What an older or newer version wrote is no reason to fail.
    let other: Remembered = serde_json::from_str(r#"{"form":{"workload":"gone"},"unknown":1}"#).unwrap();
    let third = window_of(other, vec2(1440.0, 900.0));
    assert!(third.query_all_by_label_contains("workload: there is no `gone`").next().is_some());
}

#[test]
fn an_idle_window_asks_for_no_frame() {
    let form = remembered("noop", &[("tasks", "5")], "threads", "2", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until_over(&mut window, 1);
    // Fades and the last snapshot may take some frames; after them it is still.
    let quiet = (0..200).any(|_| {
        window.step();
        let output = &window.output().viewport_output[&egui::ViewportId::ROOT];
        output.repaint_delay == Duration::MAX
    });
    assert!(quiet, "the window goes on drawing although nothing moves");
    assert!(run(&window).unwrap().ended());
}

#[test]
fn an_item_is_looked_at_with_its_life_its_error_and_its_neighbours() {
    let form = remembered("sleep", &[("tasks", "3"), ("seconds", "0.02"), ("fail", "1")], "threads", "1", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until_over(&mut window, 1);
    assert!(window.query_by_label("INSPECTOR").is_none(), "nothing is selected yet");
    // The first third of the lane is the first item.
    let chart = window.get_by_label("what each worker executed, over time").rect();
    let lane = window.get_by_label_contains("worker 0").rect();
    let at = pos2(chart.left() + 124.0 + (chart.width() - 124.0) * 0.15, lane.center().y);
    click_at(&mut window, at);
    assert!(shows(&window, "item 0 · sleep 0.02 s") && shows(&window, "returned"));
    assert!(window.query_by_label_contains("life: pending ").is_some());
    assert!(window.get_by_role_and_label(Role::Button, "Previous").accesskit_node().is_disabled());
    press(&mut window, "Next");
    assert!(shows(&window, "item 1 · sleep 0.02 s") && shows(&window, "raised"));
    assert!(window.query_by_label_contains("Boom!").is_some());
    window.key_press(Key::Period);
    window.run_steps(3);
    assert!(shows(&window, "item 2 · sleep 0.02 s"));
    assert!(window.get_by_role_and_label(Role::Button, "Next").accesskit_node().is_disabled());
    window.key_press(Key::Comma);
    window.run_steps(3);
    assert!(shows(&window, "item 1 · sleep 0.02 s"));
    window.key_press(Key::Escape);
    window.run_steps(3);
    assert!(window.query_by_label("INSPECTOR").is_none());
}

#[test]
fn threads_within_tasks_and_lanes_beside_workers_are_rows_with_names() {
    let params =
        [("lists", "2"), ("pages", "2"), ("threads", "2"), ("latency", "0.01"), ("size", "100"), ("steps", "1")];
    let mut window = window_of(remembered("pages", &params, "threads", "1", "1"), vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until_over(&mut window, 1);
    assert_eq!(window.query_all_by_label_contains("thread 0 within worker 0").count(), 1);
    assert_eq!(window.query_all_by_label_contains("thread 1 within worker 0").count(), 1);
    let params = [("uploads", "2"), ("clients", "1"), ("pause", "0")];
    let mut window = window_of(remembered("web-service", &params, "threads", "1", "1"), vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until_over(&mut window, 1);
    for lane in ["event loop", "small requests", "uploads", "worker 0"] {
        assert_eq!(window.query_all_by_label_contains(&format!("{lane} ")).count(), 1, "{lane}");
    }
}

#[test]
fn a_lessons_runs_are_drawn_together_and_can_be_varied() {
    let mut window = window();
    press(&mut window, "Lessons");
    press(&mut window, "A task that waits for its own pool deadlock-nested");
    window.get_by_role_and_label(Role::RadioButton, "A second worker").click();
    window.run_steps(3);
    press(&mut window, "▶  Run the lesson");
    until(&mut window, "it waits for ever", |window| {
        window.query_by_role_and_label(Role::Button, "Time out item 0").is_some()
    });
    window.get_by_role_and_label(Role::Button, "Time out item 0").click();
    until(&mut window, "the lesson is over", |window| shows(window, "What was published shows."));
    let lanes = |window: &Window| window.query_all_by_label_contains("% busy, ").count();
    assert_eq!(lanes(&window), 3, "one worker, and two");
    choose_run(&mut window, "1. deadlock-nested · ");
    assert_eq!(lanes(&window), 1, "a run that is chosen is looked at alone");
    press(&mut window, "Show all runs");
    assert_eq!(lanes(&window), 3);
    press(&mut window, "two threads");
    assert_eq!(window.get_by_role_and_label(Role::TextInput, "workers").value().as_deref(), Some("2"));
}

fn key(window: &mut Window, key: Key) {
    window.key_press(key);
    window.run_steps(3);
}

fn command_key(window: &mut Window, key: Key) {
    window.key_press_modifiers(egui::Modifiers::COMMAND, key);
    window.run_steps(3);
}

fn drag(window: &mut Window, from: egui::Pos2, to: egui::Pos2) {
    let (button, modifiers) = (egui::PointerButton::Primary, egui::Modifiers::NONE);
    window.event(egui::Event::PointerMoved(from));
    window.run_steps(2);
    window.event(egui::Event::PointerButton { pos: from, button, pressed: true, modifiers });
    window.run_steps(2);
    for part in [0.3, 0.6, 1.0] {
        window.event(egui::Event::PointerMoved(from + (to - from) * part));
        window.run_steps(2);
    }
    window.event(egui::Event::PointerButton { pos: to, button, pressed: false, modifiers });
    window.run_steps(3);
}

/// Where on the screen the lanes are drawn.
fn canvas(window: &Window) -> egui::Rect {
    let ruler = window.get_by_label("ruler").rect();
    let chart = window.get_by_label("what each worker executed, over time").rect();
    egui::Rect::from_min_max(ruler.left_bottom(), chart.max)
}

#[test]
fn every_moment_of_a_run_can_be_looked_at_event_by_event() {
    let form = remembered("sleep", &[("tasks", "3"), ("seconds", "0.01")], "processes", "1", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until_over(&mut window, 1);
    let events = run(&window).unwrap().history.len();
    assert!(shows(&window, "returned: 3") && shows(&window, "the whole run"));
    press(&mut window, "Previous event");
    assert!(shows(&window, &format!("event {} of {events}", events - 1)));
    key(&mut window, Key::Home);
    for label in ["before the first event", "As it was", "returned: 0", "work ids: 0", "call queue: 0 of 2"] {
        assert!(shows(&window, label), "{label}");
    }
    // Forward, event by event: counts follow what is told.
    let mut told = Vec::new();
    for event in 1..events {
        key(&mut window, Key::ArrowRight);
        assert!(shows(&window, &format!("event {event} of {events}")));
        for (sentence, count) in [
            ("item 0 is submitted: pending 0 → 1", "work ids: 1"),
            ("worker 0 takes item 2: call queue 1 → 0", "call queue: 0 of 2"),
            ("item 1 returns after", "returned: 2"),
            ("the answer for item 2 enters the result queue", "result queue: 1"),
        ] {
            if window.query_by_label_contains(sentence).is_some() {
                assert!(shows(&window, count), "{sentence}, but not {count}");
                told.push(sentence);
            }
        }
    }
    assert_eq!(told.len(), 4, "{told:?}");
    key(&mut window, Key::End);
    assert!(shows(&window, "the whole run") && shows(&window, "Done"));
}

#[test]
fn a_replay_comes_to_the_end_by_itself_and_can_be_paused() {
    let form = remembered("sleep", &[("tasks", "2"), ("seconds", "1.5")], "threads", "1", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until_over(&mut window, 1);
    press(&mut window, "Replay");
    assert!(shows(&window, "As it was"));
    key(&mut window, Key::Space);
    assert!(window.query_by_role_and_label(Role::Button, "Replay").is_some(), "it stands still");
    key(&mut window, Key::Space);
    until(&mut window, "the replay is over", |window| shows(window, "the whole run"));
    assert!(shows(&window, "returned: 2"));
}

#[test]
fn the_view_pauses_and_the_run_does_not() {
    let form = remembered("sleep", &[("tasks", "3000"), ("seconds", "0.001")], "threads", "2", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until(&mut window, "it runs", |window| run(window).is_some_and(|run| run.totals().returned > 20));
    key(&mut window, Key::Space);
    assert!(shows(&window, "As it was"));
    let figures = |window: &Window| window.get_by_label_contains("returned: ").value();
    let then = figures(&window);
    let ran = run(&window).unwrap().totals().returned;
    until(&mut window, "the run goes on", |window| run(window).unwrap().totals().returned > ran + 20);
    assert_eq!(figures(&window), then);
    key(&mut window, Key::Space);
    assert!(!shows(&window, "As it was"));
    until_over(&mut window, 1);
    assert!(shows(&window, "returned: 3,000"));
}

#[test]
fn the_chart_moves_by_keys_and_mouse_and_every_move_can_be_undone() {
    let form = remembered("sleep", &[("tasks", "4"), ("seconds", "0.05")], "threads", "1", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until_over(&mut window, 1);
    let in_sight = |window: &Window| window.get_by_label_contains("overview of the whole run").value();
    let whole = in_sight(&window);
    let canvas = canvas(&window);
    let along = |x: f32, y: f32| pos2(canvas.left() + canvas.width() * x, y);
    let ruler = canvas.top() - 8.0;
    drag(&mut window, along(0.25, ruler), along(0.5, ruler));
    let zoomed = in_sight(&window);
    assert_ne!(zoomed, whole);
    drag(&mut window, along(0.5, canvas.center().y), along(0.3, canvas.center().y));
    let moved = in_sight(&window);
    assert_ne!(moved, zoomed);
    key(&mut window, Key::W);
    assert_ne!(in_sight(&window), moved);
    for _ in 0..3 {
        command_key(&mut window, Key::ArrowLeft);
    }
    assert_eq!(in_sight(&window), whole);
    command_key(&mut window, Key::ArrowRight);
    assert_eq!(in_sight(&window), zoomed);
    command_key(&mut window, Key::Num0);
    assert_eq!(in_sight(&window), whole);
    let overview = window.get_by_label_contains("overview of the whole run").rect();
    drag(&mut window, overview.left_center() + vec2(100.0, 0.0), overview.left_center() + vec2(300.0, 0.0));
    assert_ne!(in_sight(&window), whole);
    // A click on the ruler looks at that moment.
    click_at(&mut window, along(0.5, ruler));
    assert!(shows(&window, "As it was"));
    key(&mut window, Key::Escape);
    assert!(!shows(&window, "As it was"));
}

#[test]
fn times_are_marked_and_areas_counted() {
    let form = remembered("sleep", &[("tasks", "4"), ("seconds", "0.05"), ("fail", "2")], "threads", "1", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until_over(&mut window, 1);
    let canvas = canvas(&window);
    for (x, marks) in [(0.2, 1), (0.6, 2), (0.2, 1)] {
        window.event(egui::Event::PointerMoved(pos2(canvas.left() + canvas.width() * x, canvas.center().y)));
        window.run_steps(2);
        key(&mut window, Key::M);
        assert_eq!(window.query_all_by_label_contains("mark: ").count(), marks, "a second press takes it away");
    }
    key(&mut window, Key::R);
    drag(&mut window, canvas.left_top() + vec2(1.0, 3.0), pos2(canvas.right() - 2.0, canvas.top() + 20.0));
    assert!(shows(&window, "SELECTED AREA"));
    let told = |name: &str| window.query_all_by_label(name).next().is_some();
    assert!(told("of them failed") && told("idle"));
    assert!(shows(&window, "4") && shows(&window, "1"), "items and failures");
    window.get_by_label_contains("To the longest item").click();
    window.run_steps(3);
    assert!(shows(&window, "INSPECTOR"));
    key(&mut window, Key::Escape);
    key(&mut window, Key::Escape);
    assert!(!shows(&window, "SELECTED AREA") && !shows(&window, "INSPECTOR"));
}

#[test]
fn the_palette_finds_and_does_everything() {
    let mut window = window();
    let open = egui::Modifiers { shift: true, ..egui::Modifiers::COMMAND };
    window.key_press_modifiers(open, Key::P);
    window.run_steps(3);
    window.get_by_role_and_label(Role::TextInput, "command").type_text("lesson nested");
    window.run_steps(3);
    key(&mut window, Key::Enter);
    assert!(window.query_by_role_and_label(Role::TextInput, "command").is_none(), "it closes");
    assert!(shows(&window, "▶  Run the lesson"));
    assert!(run(&window).is_none(), "Enter was the palette's");
    window.key_press_modifiers(open, Key::P);
    window.run_steps(3);
    window.get_by_role_and_label(Role::TextInput, "command").type_text("workload noop");
    window.run_steps(3);
    key(&mut window, Key::Enter);
    let workload = window.query_by_role_and_label(Role::ComboBox, "workload").map(|node| node.value());
    assert!(workload.is_none_or(|value| value.as_deref() == Some("noop")));
    window.key_press_modifiers(open, Key::P);
    window.run_steps(3);
    window.get_by_role_and_label(Role::TextInput, "command").type_text("no such thing");
    window.run_steps(3);
    assert!(shows(&window, "Nothing is called so."));
    key(&mut window, Key::Escape);
    assert!(window.query_by_role_and_label(Role::TextInput, "command").is_none());
}

fn until_shown(window: &mut Window, label: &str) {
    until(window, label, |window| shows(window, label));
}

#[test]
fn a_run_is_changed_while_it_goes_on_and_the_chart_says_so() {
    let form = remembered("sleep", &[("tasks", "30"), ("seconds", "3000")], "processes", "2", "2");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until_shown(&mut window, "call queue: 3 of 3");
    let marked = |window: &Window, what: &str| window.query_by_label_contains(&format!("{what}, at ")).is_some();
    // One worker more, by a key.
    key(&mut window, Key::Plus);
    until_shown(&mut window, "workers: 3 of 3");
    until(&mut window, "it is marked", |window| marked(window, "3 workers"));
    assert_eq!(field(&window, "workers").value().as_deref(), Some("3"));
    // The chunk size, in its field: what is pending is cut anew.
    type_into(&mut window, "chunksize", "5");
    window.key_press(Key::Enter);
    window.run_steps(2);
    until(&mut window, "chunks are cut anew", |window| {
        let run = run(window).unwrap();
        (0..run.trace.call_count() as u32).any(|call| run.trace.call(call).is_some_and(|call| call.items == 5))
    });
    until(&mut window, "it is marked", |window| marked(window, "chunksize 5"));
    // A pending chunk is cancelled from its chip.
    let pending = run(&window).unwrap().trace.pending().next().unwrap();
    let facts = run(&window).unwrap().trace.call(pending).unwrap();
    let last = facts.first_item + facts.items - 1;
    press(&mut window, &format!("chunk {pending} (items {} to {last}) in work ids", facts.first_item));
    assert!(shows(&window, "pending") && shows(&window, "its future is PENDING"));
    press(&mut window, "Cancel");
    until_shown(&mut window, &format!("cancelled: {}", facts.items));
    assert!(shows(&window, "its future is CANCELLED"));
    // More of the same, behind what is pending.
    press(&mut window, "More to do with the run");
    press(&mut window, "Submit the items once more");
    until(&mut window, "there is more", |window| run(window).unwrap().items == Some(60));
    until(&mut window, "it is marked", |window| marked(window, "30 more items"));
    press(&mut window, "More to do with the run");
    press(&mut window, "Cancel all pending");
    until_shown(&mut window, "work ids: 0");
    // A worker is killed from its lane, and takes the pool with it.
    let lane = window.get_by_label_contains("worker 1 pid ").rect();
    click_at(&mut window, lane.center());
    press(&mut window, "Kill worker 1");
    until_over(&mut window, 1);
    assert!(marked(&window, "kill worker 1"));
    assert!(shows(&window, "Broken"));
    let totals = run(&window).unwrap().totals();
    assert_eq!(totals.sum(), 60);
    assert!(totals.lost > 0 && totals.cancelled > 0);
}

#[test]
fn a_pool_is_closed_and_what_was_submitted_runs() {
    let form = remembered("sleep", &[("tasks", "8"), ("seconds", "0.1")], "threads", "2", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until_shown(&mut window, "workers: 2 of 2");
    press(&mut window, "More to do with the run");
    press(&mut window, "Close: shutdown(cancel_futures=False)");
    until_over(&mut window, 1);
    let run = run(&window).unwrap();
    assert!(run.closed && run.totals().returned == 8, "{:?}", run.totals());
    assert!(shows(&window, "Done"));
}

#[test]
fn initializers_and_limits_are_typed_checked_and_felt() {
    let form = remembered("sleep", &[("tasks", "4"), ("seconds", "0.01")], "processes", "1", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    window.get_by_label("initializer, max tasks, seed …").click();
    window.run_steps(8);
    type_into(&mut window, "initializer", "soon");
    assert!(window.query_by_label_contains("initializer: must be `fail`, or seconds from").is_some());
    type_into(&mut window, "initializer", "0.1");
    type_into(&mut window, "max-tasks-per-child", "2");
    press(&mut window, "▶  Run");
    until_over(&mut window, 1);
    let first = run(&window).unwrap();
    assert_eq!(first.trace.lanes().len(), 2, "each worker took two calls");
    let started = first.trace.lanes()[0].started;
    assert!(first.trace.lanes()[0].ready.unwrap() - started >= 100_000_000, "the initializer takes its time");
    type_into(&mut window, "initializer", "fail");
    press(&mut window, "▶  Run");
    until_over(&mut window, 2);
    assert!(shows(&window, "Broken"));
}

/// A panel that is pushed wider by what is in it would creep over the window.
#[test]
fn panels_keep_their_width() {
    let form = remembered("noop", &[("tasks", "5")], "threads", "2", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    for number in 1..=2 {
        press(&mut window, "▶  Run");
        until_over(&mut window, number);
    }
    let before = canvas(&window);
    window.run_steps(20);
    assert_eq!(canvas(&window), before);
}

#[test]
fn items_are_searched_dimmed_and_listed() {
    let form = remembered("sleep", &[("tasks", "20"), ("seconds", "0.005"), ("fail", "3,7")], "threads", "2", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until_over(&mut window, 1);
    key(&mut window, Key::Slash);
    window.get_by_role_and_label(Role::SearchInput, "search").type_text("raised");
    until_shown(&mut window, "2 fit");
    key(&mut window, Key::Enter);
    assert!(shows(&window, "item 3 · sleep 0.005 s"), "the first that fits");
    key(&mut window, Key::Enter);
    assert!(shows(&window, "item 7 · sleep 0.005 s"));
    key(&mut window, Key::Enter);
    assert!(shows(&window, "item 3 · sleep 0.005 s"), "round and round");
    window.get_by_role_and_label(Role::Tab, "Tasks").click();
    until_shown(&mut window, "2 of 20 items fit");
    assert!(shows(&window, "item 3, raised") && shows(&window, "item 7, raised"));
    press(&mut window, "Clear the search");
    until_shown(&mut window, "20 items");
    // Ordered by a column, either way, and picked.
    press(&mut window, "order by state");
    press(&mut window, "order by state");
    until(&mut window, "what raised comes first", |window| {
        let rows: Vec<_> = window.query_all_by_role(Role::Row).filter_map(|row| row.accesskit_node().label()).collect();
        rows.first().is_some_and(|row| row.ends_with("raised")) && rows.len() > 2
    });
    let row = window.get_by_role_and_label(Role::Row, "item 7, raised").rect();
    click_at(&mut window, row.left_center() + vec2(200.0, 0.0));
    assert!(shows(&window, "item 7 · sleep 0.005 s"));
}

#[test]
fn histograms_choose_items_and_areas_choose_what_they_count() {
    let form = remembered("sleep", &[("tasks", "8"), ("seconds", "0.02")], "threads", "1", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until_over(&mut window, 1);
    window.get_by_role_and_label(Role::Tab, "Durations").click();
    window.run_steps(3);
    let histogram = window.get_by_label_contains("histogram of run time:");
    assert!(histogram.value().unwrap().ends_with("8 items"), "{:?}", histogram.value());
    let rect = histogram.rect();
    drag(&mut window, rect.left_center(), rect.right_center());
    until_shown(&mut window, "8 fit");
    click_at(&mut window, rect.center());
    assert!(!shows(&window, "8 fit"), "a click lets go of it");
    let canvas = canvas(&window);
    key(&mut window, Key::R);
    drag(&mut window, canvas.left_top() + vec2(1.0, 3.0), pos2(canvas.center().x, canvas.top() + 20.0));
    let counted = window.get_by_label_contains("histogram of run time, in the selected area").value().unwrap();
    assert!(["3 items", "4 items"].iter().any(|count| counted.ends_with(count)), "{counted}");
}

#[test]
fn events_are_sentences_that_lead_to_their_moment() {
    let form = remembered("sleep", &[("tasks", "2"), ("seconds", "0.01")], "threads", "1", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until_over(&mut window, 1);
    window.get_by_role_and_label(Role::Tab, "Events").click();
    window.run_steps(4);
    window.get_by_label_contains("item 1 starts on worker 0").click();
    window.run_steps(4);
    assert!(shows(&window, "As it was"));
    assert!(shows(&window, "item 1 starts on worker 0"), "in the bar");
    assert!(shows(&window, "returned: 1"));
}

#[test]
fn every_tab_says_something_with_and_without_a_run() {
    let tabs =
        ["Queues", "Throughput", "CPU and memory", "Durations", "Tasks", "Events", "Compare", "Errors (0)", "Log (0)"];
    let form = remembered("sum", &[("tasks", "30"), ("to", "3000000")], "processes", "6", "1");
    let mut window = window_of(form, vec2(1024.0, 640.0));
    for round in 0..2 {
        for tab in tabs {
            window.get_by_role_and_label(Role::Tab, tab).click();
            window.run_steps(4);
        }
        if round == 0 {
            press(&mut window, "▶  Run");
            until_over(&mut window, 1);
        }
    }
}

#[test]
fn runs_are_compared_named_moved_and_deleted() {
    let form = remembered("sleep", &[("tasks", "6"), ("seconds", "0.03")], "threads", "1", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until_over(&mut window, 1);
    type_into(&mut window, "workers", "3");
    press(&mut window, "▶  Run");
    until_over(&mut window, 2);
    for name in ["compare 1. sleep · threads 1 × 1", "compare 2. sleep · threads 3 × 1"] {
        window.get_by_role_and_label(Role::CheckBox, name).click();
        window.run_steps(3);
    }
    press(&mut window, "Compare 2");
    let lanes = |window: &Window| window.query_all_by_label_contains("% busy, ").count();
    assert_eq!(lanes(&window), 4, "one worker, and three");
    until_shown(&mut window, "6 items ran in both; those that differ most first");
    assert!(window.query_all_by_label_contains("makespan").next().is_some());
    // Again, one after the other, and together.
    press(&mut window, "Run again");
    until(&mut window, "both ran again", |window| window.query_by_role_and_label(Role::Button, "Compare 2").is_some());
    assert_eq!(lanes(&window), 4);
    press(&mut window, "… together");
    until(&mut window, "both go on", |window| window.query_all_by_label_contains(" × 1 live").count() == 2);
    until(&mut window, "both are over", |window| window.query_by_role_and_label(Role::Button, "Compare 2").is_some());
    let spans = |number: usize| {
        let name = format!("{number}. sleep");
        move |window: &Window| window.query_all_by_label_contains(&name).next().is_some()
    };
    assert!(spans(5)(&window) && spans(6)(&window));
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
    assert!(window.query_by_label_contains("the slow one").is_none());
}

#[test]
fn runs_tables_and_pictures_are_saved_and_opened() {
    let folder = tempfile::tempdir().unwrap();
    let form = remembered("sleep", &[("tasks", "5"), ("seconds", "0.01"), ("fail", "2")], "processes", "2", "2");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until_over(&mut window, 1);
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
    // What is there is not replaced unasked.
    press(&mut window, "File");
    press(&mut window, "Save the run …");
    type_into(&mut window, "file", &file.display().to_string());
    press(&mut window, "Save");
    until(&mut window, "it is refused", |window| window.query_by_label_contains("File exists").is_some());
    press(&mut window, "Close the notice");
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
    for (name, message) in [("other", "this is no run"), ("half", "the file is damaged"), ("none", "No such file")] {
        press(&mut window, "File");
        press(&mut window, "Open a run …");
        type_into(&mut window, "file", &folder.path().join(name).display().to_string());
        press(&mut window, "Open");
        until(&mut window, message, |window| window.query_by_label_contains(message).is_some());
        press(&mut window, "Close the notice");
        key(&mut window, Key::Escape);
    }
}

/// The trace that the events of a run give, with stamps that count from its start.
fn folded(run: &Run) -> poolscope::trace::Trace {
    let mut trace = poolscope::trace::Trace::new(0);
    run.history.events_from(0).for_each(|event| trace.apply(&event));
    trace
}

#[test]
fn size_contrast_tab_and_frame_times_are_chosen_and_remembered() {
    let form = remembered("noop", &[("tasks", "5")], "threads", "2", "1");
    let mut window = window_of(form, vec2(2560.0, 1440.0));
    press(&mut window, "▶  Run");
    until_over(&mut window, 1);
    let height = |window: &Window| window.get_by_role_and_label(Role::Button, "▶  Run").rect().height();
    let usual = height(&window);
    for _ in 0..2 {
        command_key(&mut window, Key::Plus);
    }
    press(&mut window, "View");
    press(&mut window, "More contrast, or less");
    key(&mut window, Key::F3);
    assert!(window.query_by_label_contains("items drawn").is_some());
    window.get_by_role_and_label(Role::Tab, "Throughput").click();
    window.run_steps(3);
    let remembered = window.state().as_ref().unwrap().remembered();
    let told = serde_json::to_value(&remembered).unwrap();
    assert_eq!(
        (&told["scale"], &told["high_contrast"], &told["tab"]),
        (&150.into(), &true.into(), &"Throughput".into())
    );
    press(&mut window, "View");
    press(&mut window, "Usual size");
    assert!((height(&window) - usual).abs() < 1.0);
}

/// At any size that can be chosen, a small window still holds its buttons.
#[test]
fn a_small_window_is_never_drawn_larger_than_it_is() {
    let mut window = window_of(remembered("noop", &[("tasks", "5")], "threads", "2", "1"), vec2(1024.0, 640.0));
    for _ in 0..4 {
        command_key(&mut window, Key::Plus);
    }
    window.run_steps(4);
    let points = window.ctx.input(egui::InputState::content_rect);
    for label in ["▶  Run", "?", "File", "View"] {
        let rect = window.get_by_role_and_label(Role::Button, label).rect();
        assert!(points.contains_rect(rect), "{label} is cut off: {rect} in {points}");
    }
}

#[test]
fn what_is_done_goes_to_the_run_that_it_is_done_to() {
    let form = remembered("sleep", &[("tasks", "6"), ("seconds", "0.2")], "processes", "2", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    for number in 1..=2 {
        press(&mut window, "▶  Run");
        until_over(&mut window, number);
        let name = format!("compare {number}. sleep · processes 2 × 1");
        window.get_by_role_and_label(Role::CheckBox, &name).click();
        window.run_steps(3);
    }
    press(&mut window, "… together");
    until(&mut window, "both have workers", |window| window.query_all_by_label_contains("worker 1 pid ").count() == 2);
    // Which of the two came first nobody knows. The lower one is in focus.
    let in_focus = run(&window).unwrap().number;
    let lanes: Vec<_> = window.query_all_by_label_contains("worker 1 pid ").map(|lane| lane.rect().center()).collect();
    click_at(&mut window, if lanes[0].y < lanes[1].y { lanes[0] } else { lanes[1] });
    press(&mut window, "Kill worker 1");
    until(&mut window, "both are over", |window| window.query_by_role_and_label(Role::Button, "Compare 2").is_some());
    choose_run(&mut window, &format!("{}. sleep", 3 + 4 - in_focus));
    assert!(shows(&window, "Broken"));
    choose_run(&mut window, &format!("{in_focus}. sleep"));
    assert!(shows(&window, "Done"));
}

#[test]
fn a_moment_shows_what_was_asked_for_then() {
    let form = remembered("sleep", &[("tasks", "10"), ("seconds", "0.1")], "processes", "1", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until_shown(&mut window, "workers: 1 of 1");
    key(&mut window, Key::Plus);
    until_shown(&mut window, "workers: 2 of 2");
    until_over(&mut window, 1);
    key(&mut window, Key::Home);
    assert!(shows(&window, "workers: 0 of 1") && shows(&window, "call queue: 0 of 2"));
    key(&mut window, Key::End);
    assert!(shows(&window, "workers: 0 of 2") && shows(&window, "call queue: 0 of 3"));
}

#[test]
fn items_and_areas_are_selected_without_a_mouse() {
    let form = remembered("sleep", &[("tasks", "3"), ("seconds", "0.01")], "threads", "1", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "▶  Run");
    until_over(&mut window, 1);
    // The button that was pressed must not be pressed again.
    key(&mut window, Key::Escape);
    key(&mut window, Key::Period);
    assert!(shows(&window, "item 0 · sleep 0.01 s"));
    key(&mut window, Key::CloseBracket);
    assert!(shows(&window, "item 1 · sleep 0.01 s"), "it waited for item 0");
    key(&mut window, Key::OpenBracket);
    assert!(shows(&window, "item 0 · sleep 0.01 s"));
    window.key_press_modifiers(egui::Modifiers::SHIFT, Key::R);
    window.run_steps(3);
    assert!(shows(&window, "SELECTED AREA") && shows(&window, "3"));
}

#[test]
fn an_executor_that_cannot_run_the_workload_says_so() {
    let window = window_of(remembered("deadlock-pair", &[], "processes", "2", "1"), vec2(1440.0, 900.0));
    assert!(window.query_by_label_contains("executor: deadlock-pair runs on threads only").is_some());
    assert!(window.get_by_role_and_label(Role::Button, "▶  Run").accesskit_node().is_disabled());
}
