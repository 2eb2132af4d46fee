//! What is done to a run while it goes on.

use super::*;

fn executes(window: &Window, item: u32) -> bool {
    let on_lanes =
        |run: std::sync::Arc<Run>| run.trace.lanes().iter().any(|lane| lane.open.is_some_and(|open| open.item == item));
    run(window).is_some_and(on_lanes)
}

/// Of a chunk, what has not begun when an item is interrupted is not run, whoever runs it.
#[test]
fn what_is_selected_is_interrupted_by_a_key_and_the_rest_of_its_chunk_is_not_run() {
    for executor in ["threads", "processes"] {
        interrupt_two_chunks(executor);
    }
}

fn interrupt_two_chunks(executor: &str) {
    let form = remembered("sleep", &[("tasks", "6"), ("seconds", "3000")], executor, "1", "2");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "Run");
    let until_executes = |window: &mut Window, item: u32| {
        until(window, "it executes", |window| {
            run(window)
                .is_some_and(|run| run.trace.lanes().iter().any(|lane| lane.open.is_some_and(|open| open.item == item)))
        });
    };
    until_executes(&mut window, 0);
    if executor == "processes" {
        // What is in the call queue is out of reach, and that is told.
        until_shown(&mut window, "call queue: 2 of 2");
        press(&mut window, "chunk 1 (items 2 to 3) in call queue");
        key(&mut window, Key::Delete);
        until(&mut window, "it is told", |window| {
            window.query_by_label_contains("Item 2 is in the call queue, and its future RUNNING").is_some()
        });
        assert!(shows(&window, "cancelled: 0"));
        key(&mut window, Key::Escape);
    }
    key(&mut window, Key::Period);
    key(&mut window, Key::Delete);
    until_shown(&mut window, "cancelled: 2");
    assert!(shows(&window, "raised: 0"), "what was stopped did not fail");
    assert!(window.query_by_label_contains("item 0 interrupted, and what is left of chunk 0, at ").is_some());
    // The next chunk is interrupted in turn, but not by who looks at the past.
    until_executes(&mut window, 2);
    key(&mut window, Key::Period);
    key(&mut window, Key::Home);
    key(&mut window, Key::Delete);
    until(&mut window, "it is told", |window| window.query_by_label_contains("Item 2 is shown as it was").is_some());
    key(&mut window, Key::End);
    assert!(run(&window).unwrap().trace.lanes()[0].open.is_some());
    for item in [2, 4] {
        until_executes(&mut window, item);
        if item > 2 {
            key(&mut window, Key::Period);
        }
        key(&mut window, Key::Delete);
    }
    until_over(&mut window, 1);
    assert!(shows(&window, "cancelled: 6") && shows(&window, "raised: 0"));
    assert_eq!(run(&window).unwrap().totals().interrupted, 3);
}

/// The data flow has the keyboard as a whole: calls come and go, and it stays there.
#[test]
fn the_data_flow_is_one_stop_whatever_goes_through_it() {
    let form = remembered("sleep", &[("tasks", "9"), ("seconds", "3000")], "processes", "2", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "Run");
    until_shown(&mut window, "workers: 2 of 2");
    until_shown(&mut window, "work ids: 4");
    let flow = |window: &Window| window.get_by_label_contains("data flow: ").is_focused();
    window.get_by_label_contains("data flow: ").focus();
    window.run_steps(2);
    // Four wait in the first queue, three in the second; then come the workers.
    for _ in 0..8 {
        key(&mut window, Key::ArrowRight);
    }
    assert!(flow(&window) && shows(&window, "executing"), "one that executes is looked at");
    key(&mut window, Key::Delete);
    until_shown(&mut window, "cancelled: 1");
    assert!(flow(&window), "its chip is gone, and the keyboard is where it was");
    key(&mut window, Key::ArrowLeft);
    assert!(flow(&window) && shows(&window, "pending"), "it begins with the first again");
}

#[test]
fn a_run_is_changed_while_it_goes_on_and_the_chart_says_so() {
    let form = remembered("sleep", &[("tasks", "30"), ("seconds", "3000")], "processes", "2", "2");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "Run");
    until_shown(&mut window, "call queue: 3 of 3");
    let marked = |window: &Window, what: &str| window.query_by_label_contains(&format!("{what}, at ")).is_some();
    // One worker more, by a key.
    key(&mut window, Key::Plus);
    until_shown(&mut window, "workers: 3 of 3");
    until(&mut window, "it is marked", |window| marked(window, "3 workers"));
    assert_eq!(field(&window, "live workers").value().as_deref(), Some("3"));
    assert_eq!(field(&window, "workers").value().as_deref(), Some("2"), "the next run has its own");
    // The chunk size, in its field: what is pending is cut anew.
    type_into(&mut window, "live chunksize", "5");
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
    // What was done stands below the lanes, and nothing over anything else.
    let lanes = window.query_all_by_label_contains("% busy, ").map(|lane| lane.rect().bottom()).fold(0.0, f32::max);
    let notes = window.query_all_by_label_contains(", at ").map(|note| note.rect());
    let notes: Vec<_> = notes.filter(|note| note.top() >= lanes).collect();
    assert!(notes.len() >= 2, "{notes:?}");
    for (index, note) in notes.iter().enumerate() {
        assert!(notes[index + 1..].iter().all(|other| !other.intersects(*note)), "{notes:?}");
    }
    let totals = run(&window).unwrap().totals();
    assert_eq!(totals.sum(), 60);
    assert!(totals.lost > 0 && totals.cancelled > 0);
}

#[test]
fn a_pool_is_closed_and_what_was_submitted_runs() {
    let form = remembered("sleep", &[("tasks", "8"), ("seconds", "0.1")], "threads", "2", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "Run");
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
    assert!(window.query_all_by_label_contains("initializer: must be `fail`, or seconds from").count() == 2);
    type_into(&mut window, "initializer", "0.1");
    type_into(&mut window, "max-tasks-per-child", "2");
    press(&mut window, "Run");
    until_over(&mut window, 1);
    let first = run(&window).unwrap();
    assert_eq!(first.trace.lanes().len(), 2, "each worker took two calls");
    let started = first.trace.lanes()[0].started;
    assert!(first.trace.lanes()[0].ready.unwrap() - started >= 100_000_000, "the initializer takes its time");
    type_into(&mut window, "initializer", "fail");
    press(&mut window, "Run");
    until_over(&mut window, 2);
    assert!(shows(&window, "Broken"));
}

#[test]
fn what_is_done_goes_to_the_run_that_it_is_done_to() {
    let form = remembered("sleep", &[("tasks", "8"), ("seconds", "0.5")], "processes", "2", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    for number in 1..=2 {
        press(&mut window, "Run");
        until_over(&mut window, number);
        let name = format!("compare {number}. sleep · processes 2 × 1");
        window.get_by_role_and_label(Role::CheckBox, &name).click();
        window.run_steps(3);
    }
    press(&mut window, "Run again ▾");
    press(&mut window, "Two at the same time");
    until(&mut window, "both have workers", |window| window.query_all_by_label_contains("worker 1 pid ").count() == 2);
    let lanes: Vec<_> = window.query_all_by_label_contains("worker 1 pid ").map(|lane| lane.rect().center()).collect();
    let headings: Vec<_> = window.query_all_by_label_contains("look closer at ").collect();
    let heading = |number: usize| {
        let name = format!("look closer at {number}. ");
        headings.iter().find(|heading| heading.accesskit_node().label().is_some_and(|label| label.starts_with(&name)))
    };
    // The first lane below the other one's heading is its own.
    let in_focus = run(&window).unwrap().number;
    let top = heading(3 + 4 - in_focus).unwrap().rect().center().y;
    let below =
        lanes.iter().filter(|lane| lane.y > top).min_by(|one, other| one.y.total_cmp(&other.y)).copied().unwrap();
    click_at(&mut window, below);
    press(&mut window, "Kill worker 1");
    until(&mut window, "both are over", |window| window.query_all_by_label_contains(" × 1 live").count() == 0);
    choose_run(&mut window, &format!("{}. sleep", 3 + 4 - in_focus));
    assert!(shows(&window, "Broken"));
    choose_run(&mut window, &format!("{in_focus}. sleep"));
    assert!(shows(&window, "Done"));
}

/// A press of Run destroys nothing: it puts another run in the queue, which begins when the first is over, unless it is removed.
#[test]
fn run_during_a_run_waits_for_its_turn() {
    let form = remembered("sleep", &[("tasks", "2"), ("seconds", "3000")], "threads", "1", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    key(&mut window, Key::Enter);
    until_shown(&mut window, "workers: 1 of 1");
    type_into(&mut window, "seconds", "0.01");
    press(&mut window, "Queue");
    press(&mut window, "Queue");
    let queued = |window: &Window| window.query_all_by_label_contains(" from the queue").count();
    assert_eq!(queued(&window), 2);
    window.query_all_by_label_contains(" from the queue").next().unwrap().click();
    window.run_steps(3);
    assert_eq!(queued(&window), 1);
    assert!(run(&window).is_some_and(|run| run.number == 1 && !run.ended()));
    // What executes is interrupted twice, and the run is over.
    for item in 0..2 {
        until(&mut window, "it executes", |window| executes(window, item));
        key(&mut window, Key::Period);
        key(&mut window, Key::Delete);
    }
    until_over(&mut window, 2);
    assert_eq!(run(&window).unwrap().totals().returned, 2);
}

/// Restarting ends what is in progress, so it is asked about, once if that is enough.
#[test]
fn restarting_asks_first_and_runs_the_same_anew() {
    let form = remembered("sleep", &[("tasks", "2"), ("seconds", "3000")], "threads", "1", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "Run");
    until_shown(&mut window, "workers: 1 of 1");
    // What the form says is about the next run.
    type_into(&mut window, "workers", "7");
    let restart = |window: &mut Window| {
        press(window, "More to do with the run");
        press(window, "Restart");
    };
    restart(&mut window);
    press(&mut window, "Cancel");
    assert!(run(&window).is_some_and(|run| run.number == 1 && !run.ended()));
    restart(&mut window);
    window.get_by_role_and_label(Role::CheckBox, "Don't ask again").click();
    window.run_steps(3);
    press(&mut window, "Restart anyway");
    until(&mut window, "it runs anew", |window| run(window).is_some_and(|run| run.number == 2 && !run.ended()));
    assert_eq!(run(&window).unwrap().settings.workers, 1);
    restart(&mut window);
    until(&mut window, "nobody asks again", |window| run(window).is_some_and(|run| run.number == 3));
}

/// What can be done to an item is where the pointer is, too.
#[test]
fn the_other_mouse_button_opens_a_menu_for_what_is_there() {
    let form = remembered("sleep", &[("tasks", "2"), ("seconds", "3000")], "threads", "1", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "Run");
    until(&mut window, "it executes", |window| {
        run(window).is_some_and(|run| run.trace.lanes().iter().any(|lane| lane.open.is_some()))
    });
    // Bars grow to the right edge of what is in sight.
    until(&mut window, "it is as wide as it gets", |window| run(window).is_some_and(|run| run.elapsed() > 300_000_000));
    let name = window.get_by_label_contains("% busy, ").rect();
    let place = pos2(canvas(&window).left() + 200.0, name.center().y);
    click_with(&mut window, egui::PointerButton::Secondary, place);
    window.run_steps(10);
    let is_disabled =
        |window: &Window, name: &str| window.get_by_role_and_label(Role::MenuItem, name).accesskit_node().is_disabled();
    assert!(is_disabled(&window, "To what it waited for") && !is_disabled(&window, "Interrupt it"));
    press(&mut window, "Interrupt it");
    until_shown(&mut window, "cancelled: 1");
    click_with(&mut window, egui::PointerButton::Secondary, place);
    window.run_steps(10);
    press(&mut window, "Look at this moment");
    assert!(shows(&window, "Replay"));
}
