//! The chart: items, lanes, moving about, marks and areas.

use super::*;

/// Which stretch of time the chart shows, in words.
fn in_sight(window: &Window) -> Option<String> {
    window.get_by_label_contains("overview of the whole run").value()
}

#[test]
fn an_item_is_looked_at_with_its_life_its_error_and_its_neighbours() {
    let form = remembered("sleep", &[("tasks", "3"), ("seconds", "0.02"), ("fail", "1")], "threads", "1", "1");
    let mut window = window_after_run(form);
    assert!(window.query_by_label("INSPECTOR").is_none(), "nothing is selected yet");
    let (canvas, lane) = (canvas(&window), window.get_by_label_contains("worker 0").rect());
    // The axis of a run that is over ends a sixteenth after it.
    let ended = run(&window).unwrap();
    let lane_of_it = &ended.trace.lanes()[0];
    let first = lane_of_it.spans().next().expect("the worker executed items");
    let middle = (first.start + first.end) as f32 / 2.0 / (ended.elapsed() as f32 * 17.0 / 16.0);
    let at = pos2(canvas.left() + canvas.width() * middle, lane.center().y);
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
    let window = window_after_run(remembered("pages", &params, "threads", "1", "1"));
    assert_eq!(window.query_all_by_label_contains("thread 0 within worker 0").count(), 1);
    assert_eq!(window.query_all_by_label_contains("thread 1 within worker 0").count(), 1);
    let params = [("uploads", "2"), ("clients", "1"), ("pause", "0")];
    let window = window_after_run(remembered("web-service", &params, "threads", "1", "1"));
    for lane in ["event loop", "small requests", "uploads", "worker 0"] {
        assert_eq!(window.query_all_by_label_contains(&format!("{lane} ")).count(), 1, "{lane}");
    }
}

#[test]
fn the_chart_moves_by_keys_and_mouse_and_every_move_can_be_undone() {
    let form = remembered("sleep", &[("tasks", "4"), ("seconds", "0.05")], "threads", "1", "1");
    let mut window = window_after_run(form);
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
    assert!(shows(&window, "Replay"));
    key(&mut window, Key::Escape);
    assert!(!shows(&window, "Replay"));
}

#[test]
fn times_are_marked_and_areas_counted() {
    let form = remembered("sleep", &[("tasks", "4"), ("seconds", "0.05"), ("fail", "2")], "threads", "1", "1");
    let mut window = window_after_run(form);
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
    until_shown(&mut window, "items: 4");
    assert!(shows(&window, "lanes: 1") && shows(&window, "of them failed: 1"));
    window.get_by_label_contains("To the longest item").click();
    window.run_steps(3);
    assert!(shows(&window, "INSPECTOR"));
    key(&mut window, Key::Escape);
    key(&mut window, Key::Escape);
    assert!(!shows(&window, "SELECTED AREA") && !shows(&window, "INSPECTOR"));
}

/// A panel that is pushed wider by what is in it would creep over the window.
#[test]
fn panels_keep_their_width() {
    let form = remembered("noop", &[("tasks", "5")], "threads", "2", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    for number in 1..=2 {
        press(&mut window, "Run");
        until_over(&mut window, number);
    }
    let before = canvas(&window);
    window.run_steps(20);
    assert_eq!(canvas(&window), before);
}

#[test]
fn items_and_areas_are_selected_without_a_mouse() {
    let form = remembered("sleep", &[("tasks", "3"), ("seconds", "0.01")], "threads", "1", "1");
    let mut window = window_after_run(form);
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
    assert!(shows(&window, "SELECTED AREA"));
    until_shown(&mut window, "items: 3");
}

/// `F` goes to the selected item, however long it is, and once more to the whole run.
#[test]
fn the_selected_item_is_looked_at_closely() {
    let form = remembered("sleep", &[("tasks", "4"), ("seconds", "0.2")], "processes", "2", "1");
    let mut window = window_after_run(form);
    let whole = in_sight(&window);
    key(&mut window, Key::Period);
    assert_eq!(in_sight(&window), whole);
    key(&mut window, Key::F);
    assert_ne!(in_sight(&window), whole);
    key(&mut window, Key::F);
    assert_eq!(in_sight(&window), whole);
}
