//! The window by role and label, on real runs: what a user finds, presses and reads. Nothing is drawn on a screen here;
//! `real_window.rs` does that.

#![allow(clippy::unwrap_used, reason = "a test that finds nothing to unwrap has failed")]

mod changes;
mod chart;
mod details;
mod keeping;
mod looks;
mod runs;
mod time;

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

/// One in which Run was pressed, and the run is over.
fn window_after_run(remembered: Remembered) -> Window {
    let mut window = window_of(remembered, vec2(1440.0, 900.0));
    press(&mut window, "Run");
    until_over(&mut window, 1);
    window
}

/// The button, or what is like one, of that name.
fn pressable<'a>(window: &'a Window, label: &'a str) -> Node<'a> {
    let roles = [Role::Button, Role::MenuItem, Role::MenuItemCheckBox, Role::RadioButton, Role::ListBoxOption];
    let found = roles.iter().flat_map(|role| window.query_all_by_role_and_label(*role, label)).collect::<Vec<_>>();
    let [node] = found.as_slice() else { panic!("{} buttons `{label}`", found.len()) };
    *node
}

fn press(window: &mut Window, label: &str) {
    // It may be out of sight.
    pressable(window, label).scroll_to_me();
    window.run_steps(3);
    pressable(window, label).click();
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
    click_with(window, egui::PointerButton::Primary, pos);
}

fn click_with(window: &mut Window, button: egui::PointerButton, pos: egui::Pos2) {
    window.event(egui::Event::PointerMoved(pos));
    window.run_steps(2);
    for pressed in [true, false] {
        let modifiers = egui::Modifiers::NONE;
        window.event(egui::Event::PointerButton { pos, button, pressed, modifiers });
        window.run_steps(2);
    }
}

/// Presses the button whose name begins so, as those of runs in the list.
fn choose_run(window: &mut Window, name: &str) {
    let is_it = |node: &Node<'_>| node.accesskit_node().label().is_some_and(|label| label.starts_with(name));
    let run = window.query_all_by_role(Role::Button).find(is_it).unwrap();
    run.click();
    window.run_steps(3);
}

fn shows(window: &Window, label: &str) -> bool {
    window.query_all_by_label(label).next().is_some()
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

fn until_shown(window: &mut Window, label: &str) {
    until(window, label, |window| shows(window, label));
}

#[test]
fn first_start_is_ready_to_run_and_says_what_to_do() {
    let window = window();
    assert!(!window.get_by_role_and_label(Role::Button, "Run").accesskit_node().is_disabled());
    assert!(window.get_by_role_and_label(Role::Button, "Stop").accesskit_node().is_disabled());
    for queue in ["work ids: 0", "call queue: 0", "workers: 0", "result queue: 0", "returned: 0", "lost: 0"] {
        assert!(shows(&window, queue), "{queue}");
    }
    assert!(shows(&window, "Nothing has run yet."));
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
        press(&mut window, "Run");
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
        press(&mut window, "Run");
        until(&mut window, "two tasks execute", |window| {
            run(window).is_some_and(|run| run.trace.lanes().iter().filter(|lane| lane.open.is_some()).count() == 2)
        });
        assert!(shows(&window, "workers: 2 of 2"), "{executor}");
        press(&mut window, "Stop");
        until(&mut window, "it is stopping", |window| shows(window, "Stopping"));
        // The first press lets executing tasks finish, and these would take their time.
        press(&mut window, "Stop now");
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
        press(&mut window, "Run");
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
    assert!(window.query_all_by_label_contains("switch-interval: must be seconds from").count() == 2);
    assert!(window.get_by_role_and_label(Role::Button, "Run").accesskit_node().is_disabled());
    type_into(&mut window, "switch-interval", "0.001");
    press(&mut window, "Run");
    until_over(&mut window, 1);
    assert!(window.query_all_by_label_contains("waiting for the GIL").count() >= 1);
}

#[test]
fn a_deadlock_is_told_with_ways_out() {
    let form = remembered("deadlock-nested", &[("tasks", "1")], "threads", "1", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "Run");
    until(&mut window, "the deadlock is told", |window| {
        window.query_by_label_contains("deadlock: item 0 on worker 0 waits for item 1").is_some()
    });
    press(&mut window, "Add a worker (1 → 2)");
    until_over(&mut window, 1);
    assert_eq!(run(&window).unwrap().totals().returned, 2);
    assert!(window.query_by_label_contains("deadlock:").is_none());
}

#[test]
fn a_live_run_can_be_stopped_while_an_earlier_one_is_looked_at() {
    let form = remembered("sleep", &[("tasks", "2"), ("seconds", "0.01")], "threads", "2", "1");
    let mut window = window_after_run(form);
    type_into(&mut window, "seconds", "3000");
    press(&mut window, "Run");
    until(&mut window, "it runs", |window| run(window).is_some_and(|run| run.number == 2 && run.items == Some(2)));
    choose_run(&mut window, "1. sleep · threads");
    assert_eq!(run(&window).unwrap().number, 1);
    assert!(shows(&window, "2. sleep · threads 2 × 1 live"));
    press(&mut window, "Stop");
    until(&mut window, "the second press is offered", |window| shows(window, "Stop now"));
    press(&mut window, "Stop now");
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
    assert!(!window.get_by_role_and_label(Role::Button, "Run").accesskit_node().is_disabled());
}

#[test]
fn a_wrong_field_is_named_with_its_limits_and_keeps_run_disabled() {
    let mut window = window();
    for (name, text, message) in [
        ("workers", "0", "workers: must be a whole number from 1 to"),
        ("workers", "two", "workers: must be a whole number from 1 to"),
        ("workers", "1000000", "workers: must be a whole number from 1 to"),
        ("chunksize", "0", "chunksize: must be a whole number from 1 to 10,000,000, not `0`"),
        ("chunksize", "1,5", "chunksize: must be a whole number from 1 to"),
        ("tasks", "many", "tasks: must be a whole number from 0 to"),
        ("timeout", "soon", "timeout: must be seconds from 0.001"),
    ] {
        let good = field(&window, name).value().unwrap_or_default();
        type_into(&mut window, name, text);
        // Under the field, and where the chart will be.
        assert_eq!(window.query_all_by_label_contains(message).count(), 2, "{name} = {text}");
        let disabled = window.get_by_role_and_label(Role::Button, "Run").accesskit_node().is_disabled();
        assert!(disabled, "{name} = {text}");
        let in_chart = format!("These settings can't run yet: {message}");
        assert!(window.query_all_by_label_contains(&in_chart).next().is_some(), "{name} = {text}");
        // Typing nothing leaves the selected text there, so an empty field is emptied by a key.
        type_into(&mut window, name, if good.is_empty() { " " } else { &good });
        assert!(window.query_all_by_label_contains(message).next().is_none(), "{name} is right again");
    }
    assert!(run(&window).is_none(), "nothing has started");
}

#[test]
fn a_run_that_cannot_start_says_why() {
    let form = remembered("hash-files", &[("input", "no/such/folder")], "threads", "2", "1");
    let window = window_after_run(form);
    assert!(shows(&window, "Not started"));
    assert!(window.query_all_by_label_contains("input: no/such/folder: there is no such folder").next().is_some());
}

#[test]
fn no_items_is_told() {
    let form = remembered("noop", &[("tasks", "0")], "processes", "2", "1");
    let window = window_after_run(form);
    assert!(window.query_all_by_label_contains("No items, nothing to do").next().is_some());
}

#[test]
fn an_idle_window_asks_for_no_frame() {
    let form = remembered("noop", &[("tasks", "5")], "threads", "2", "1");
    let mut window = window_after_run(form);
    // Fades and the last snapshot may take some frames; after them it is still.
    let quiet = (0..200).any(|_| {
        window.step();
        let output = &window.output().viewport_output[&egui::ViewportId::ROOT];
        output.repaint_delay == Duration::MAX
    });
    assert!(quiet, "the window goes on drawing although nothing moves");
    assert!(run(&window).unwrap().ended());
}

/// A key is seen in the frame that brings it, a click in the one after that.
#[test]
fn what_is_pressed_is_seen_within_two_frames() {
    let mut window = window();
    let frames_until = |window: &mut Window, events: Vec<egui::Event>, seen: &dyn Fn(&Window) -> bool| {
        window.input_mut().events.extend(events);
        (1..10).find(|_| {
            window.step();
            seen(window)
        })
    };
    let (physical_key, modifiers) = (Some(Key::F3), egui::Modifiers::NONE);
    let key = egui::Event::Key { key: Key::F3, physical_key, pressed: true, repeat: false, modifiers };
    let overlay =
        |window: &Window| window.query_all_by_label_contains("frames/s").next().is_some() || shows(window, "frames/s");
    assert!(!overlay(&window));
    assert_eq!(frames_until(&mut window, vec![key], &overlay), Some(1));
    let pos = window.get_by_role_and_label(Role::Button, "?").rect().center();
    let button = |pressed| egui::Event::PointerButton { pos, button: egui::PointerButton::Primary, pressed, modifiers };
    window.input_mut().events.extend([egui::Event::PointerMoved(pos), button(true)]);
    window.step();
    let helps = |window: &Window| shows(window, "W: Zoom in at the pointer");
    let frames = frames_until(&mut window, vec![button(false)], &helps);
    assert!(frames.is_some_and(|frames| frames <= 2), "{frames:?}");
}

#[test]
fn an_executor_that_cannot_run_the_workload_says_so() {
    let window = window_of(remembered("deadlock-pair", &[], "processes", "2", "1"), vec2(1440.0, 900.0));
    assert!(window.query_all_by_label_contains("executor: deadlock-pair runs on threads only").count() == 2);
    assert!(window.get_by_role_and_label(Role::Button, "Run").accesskit_node().is_disabled());
}
