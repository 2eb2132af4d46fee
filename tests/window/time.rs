//! Any moment of a run: looked at, stepped to, replayed.

use super::*;

#[test]
fn every_moment_of_a_run_can_be_looked_at_event_by_event() {
    let form = remembered("sleep", &[("tasks", "3"), ("seconds", "0.01")], "processes", "1", "1");
    let mut window = window_after_run(form);
    let events = run(&window).unwrap().history.len();
    assert!(shows(&window, "returned: 3") && shows(&window, "End of run"));
    press(&mut window, "Previous event");
    assert!(shows(&window, &format!("event {} of {events}", events - 1)));
    key(&mut window, Key::Home);
    for label in ["before the first event", "Replay", "returned: 0", "work ids: 0", "call queue: 0 of 2"] {
        assert!(shows(&window, label), "{label}");
    }
    // Forward, event by event: counts follow what is told.
    let (mut told, mut answered, mut returned) = (Vec::new(), 0, 0);
    for event in 1..events {
        key(&mut window, Key::ArrowRight);
        assert!(shows(&window, &format!("event {event} of {events}")));
        for (sentence, count) in [
            ("item 0 is submitted: pending 0 → 1", "work ids: 1"),
            ("worker 0 takes item 2: call queue 1 → 0", "call queue: 0 of 2"),
        ] {
            if window.query_by_label_contains(sentence).is_some() {
                assert!(shows(&window, count), "{sentence}, but not {count}");
                told.push(sentence);
            }
        }
        // How soon the manager takes an answer is up to the system.
        answered += usize::from(window.query_by_label_contains(" enters the result queue").is_some());
        returned += usize::from(window.query_by_label_contains("the result of item").is_some());
        for count in [format!("returned: {returned}"), format!("result queue: {}", answered - returned)] {
            assert!(shows(&window, &count), "{count} after event {event}");
        }
    }
    assert_eq!((told.len(), answered, returned), (2, 3, 3), "{told:?}");
    key(&mut window, Key::End);
    assert!(shows(&window, "End of run") && shows(&window, "Done"));
}

#[test]
fn a_replay_comes_to_the_end_by_itself_and_can_be_paused() {
    let form = remembered("sleep", &[("tasks", "2"), ("seconds", "1.5")], "threads", "1", "1");
    let mut window = window_after_run(form);
    press(&mut window, "Play");
    assert!(shows(&window, "Replay"));
    key(&mut window, Key::Space);
    assert!(window.query_by_role_and_label(Role::Button, "Play").is_some(), "it stands still");
    key(&mut window, Key::Space);
    until(&mut window, "the replay is over", |window| shows(window, "End of run"));
    assert!(shows(&window, "returned: 2"));
}

#[test]
fn the_view_pauses_and_the_run_does_not() {
    let form = remembered("sleep", &[("tasks", "3000"), ("seconds", "0.001")], "threads", "2", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "Run");
    until(&mut window, "it runs", |window| run(window).is_some_and(|run| run.totals().returned > 20));
    key(&mut window, Key::Space);
    assert!(shows(&window, "Replay"));
    until(&mut window, "that moment is there", |window| !shows(window, "on the way there …"));
    let figures = |window: &Window| window.get_by_label_contains("returned: ").value();
    let then = figures(&window);
    let ran = run(&window).unwrap().totals().returned;
    until(&mut window, "the run goes on", |window| run(window).unwrap().totals().returned > ran + 20);
    assert_eq!(figures(&window), then);
    key(&mut window, Key::Space);
    assert!(!shows(&window, "Replay"));
    until_over(&mut window, 1);
    assert!(shows(&window, "returned: 3,000"));
}

#[test]
fn events_are_sentences_that_lead_to_their_moment() {
    let form = remembered("sleep", &[("tasks", "2"), ("seconds", "0.01")], "threads", "1", "1");
    let mut window = window_after_run(form);
    window.get_by_role_and_label(Role::Tab, "Events").click();
    window.run_steps(4);
    window.get_by_label_contains("item 1 starts on worker 0").click();
    window.run_steps(4);
    assert!(shows(&window, "Replay"));
    assert!(shows(&window, "item 1 starts on worker 0"), "in the bar");
    assert!(shows(&window, "returned: 1"));
}

/// The list of events goes where the moment goes, and shows the event that led to it.
#[test]
fn the_list_of_events_follows_the_moment() {
    let form = remembered("sleep", &[("tasks", "200"), ("seconds", "0")], "threads", "1", "1");
    let mut window = window_after_run(form);
    key(&mut window, Key::End);
    for _ in 0..3 {
        key(&mut window, Key::ArrowLeft);
    }
    window.get_by_role_and_label(Role::Tab, "Events").click();
    window.run_steps(4);
    let in_list = |window: &Window, text: &str| {
        let label = |node: Node<'_>| node.accesskit_node().label().unwrap_or_default();
        window.query_all_by_role(Role::Button).any(|row| label(row).contains(text))
    };
    assert!(in_list(&window, "item 199 "), "near the end");
    assert!(!in_list(&window, "item 0 "));
    key(&mut window, Key::Home);
    key(&mut window, Key::ArrowRight);
    window.run_steps(4);
    assert!(in_list(&window, "item 0 "), "at the beginning");
    assert!(!in_list(&window, "item 199 "));
}

#[test]
fn a_moment_shows_what_was_asked_for_then() {
    let form = remembered("sleep", &[("tasks", "10"), ("seconds", "0.1")], "processes", "1", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "Run");
    until_shown(&mut window, "workers: 1 of 1");
    key(&mut window, Key::Plus);
    until_shown(&mut window, "workers: 2 of 2");
    until_over(&mut window, 1);
    key(&mut window, Key::Home);
    assert!(shows(&window, "workers: 0 of 1") && shows(&window, "call queue: 0 of 2"));
    key(&mut window, Key::End);
    assert!(shows(&window, "workers: 0 of 2") && shows(&window, "call queue: 0 of 3"));
}

/// At a past moment, pointing at what began later tells nothing of it, and what ended later executes.
#[test]
fn nothing_is_told_of_what_comes_later() {
    let form = remembered("sleep", &[("tasks", "2"), ("seconds", "0.3")], "threads", "1", "1");
    let mut window = window_after_run(form);
    let ended = run(&window).unwrap();
    let starts: Vec<_> = ended.trace.lanes()[0].spans().map(|span| span.start).collect();
    let (canvas, lane) = (canvas(&window), window.get_by_label_contains("worker 0").rect());
    // The axis of a run that is over ends a sixteenth after it.
    let at = |time: i64, y: f32| {
        pos2(canvas.left() + time as f32 / (ended.elapsed() as f32 * 17.0 / 16.0) * canvas.width(), y)
    };
    let point = |window: &mut Window, time: i64| {
        window.event(egui::Event::PointerMoved(at(time, lane.center().y)));
        window.run_steps(60);
    };
    let [during_first, during_second] = [starts[0], starts[1]].map(|start| start + 100_000_000);
    point(&mut window, during_second);
    assert!(shows(&window, "item 1 · sleep 0.3 s"), "as it is now");
    click_at(&mut window, at(during_first, canvas.top() - 8.0));
    until(&mut window, "that moment is there", |window| {
        shows(window, "Replay") && !shows(window, "on the way there …")
    });
    point(&mut window, during_second);
    assert!(!shows(&window, "item 1 · sleep 0.3 s"), "it has not begun");
    point(&mut window, during_first - 50_000_000);
    assert!(window.query_all_by_label_contains("executing on worker 0").next().is_some());
}

/// Where the view was paused it goes on with what is new; from anywhere else in the past, with a replay.
#[test]
fn space_goes_on_from_where_it_stands() {
    let form = remembered("sleep", &[("tasks", "2"), ("seconds", "3000")], "threads", "1", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "Run");
    until_shown(&mut window, "workers: 1 of 1");
    until(&mut window, "there is a history", |window| !run(window).unwrap().history.is_empty());
    // Slow enough that no replay comes to an end.
    window.get_by_role_and_label(Role::ComboBox, "speed").click();
    window.run_steps(3);
    press(&mut window, "0.01 ×");
    key(&mut window, Key::Escape);
    let past = |window: &Window| shows(window, "Replay");
    let plays = |window: &Window| window.query_by_role_and_label(Role::Button, "Pause").is_some();
    key(&mut window, Key::Space);
    assert!(past(&window) && !plays(&window));
    key(&mut window, Key::Space);
    assert!(!past(&window));
    key(&mut window, Key::Home);
    key(&mut window, Key::Space);
    assert!(past(&window) && plays(&window));
    // Paused, then replayed, it is no longer where it was paused.
    key(&mut window, Key::End);
    key(&mut window, Key::Space);
    let paused_at = run(&window).unwrap().elapsed();
    until(&mut window, "there is something to replay", |window| {
        run(window).unwrap().elapsed() > paused_at + 1_000_000_000
    });
    press(&mut window, "Play");
    // The button would take the key for itself.
    let elsewhere = canvas(&window).center();
    click_at(&mut window, elsewhere);
    for playing in [false, true] {
        key(&mut window, Key::Space);
        assert!(past(&window) && plays(&window) == playing);
    }
}

/// Steps count the events of the run in focus: another run is looked at as it was at the same time.
#[test]
fn another_run_in_focus_is_seen_at_the_same_time() {
    let form = remembered("sleep", &[("tasks", "4"), ("seconds", "0.1")], "threads", "1", "1");
    let mut window = window_after_run(form);
    type_into(&mut window, "tasks", "1");
    press(&mut window, "Run");
    until_over(&mut window, 2);
    for number in 1..=2 {
        window.get_by_role_and_label(Role::CheckBox, &format!("compare {number}. sleep · threads 1 × 1")).click();
        window.run_steps(3);
    }
    press(&mut window, "Compare 2");
    choose_run(&mut window, "look closer at 1. sleep");
    key(&mut window, Key::Escape);
    for _ in 0..3 {
        key(&mut window, Key::ArrowLeft);
    }
    until(&mut window, "that moment is there", |window| !shows(window, "on the way there …"));
    let all = run(&window).unwrap().history.len();
    assert!(shows(&window, &format!("event {} of {all}", all - 3)));
    key(&mut window, Key::N);
    until(&mut window, "that moment is there", |window| !shows(window, "on the way there …"));
    // Its one item was over long before.
    let all = run(&window).unwrap().history.len();
    assert!(shows(&window, &format!("event {all} of {all}")));
}

/// At a moment before it began, the inspector shows an item in its queue, and before that, not at all.
#[test]
fn the_inspector_looks_at_the_moment_too() {
    let form = remembered("sleep", &[("tasks", "3"), ("seconds", "0.05")], "threads", "1", "1");
    let mut window = window_after_run(form);
    key(&mut window, Key::Escape);
    for _ in 0..2 {
        key(&mut window, Key::Period);
    }
    assert!(shows(&window, "item 1 · sleep 0.05 s") && shows(&window, "returned"));
    let arrive = |window: &mut Window| {
        until(window, "that moment is there", |window| !shows(window, "on the way there …"));
    };
    key(&mut window, Key::Home);
    arrive(&mut window);
    assert!(shows(&window, "Not submitted yet at this moment"));
    until(&mut window, "it is pending", |window| {
        key(window, Key::ArrowRight);
        !shows(window, "on the way there …") && shows(window, "its future is PENDING")
    });
    until(&mut window, "it executes", |window| {
        key(window, Key::ArrowRight);
        !shows(window, "on the way there …") && shows(window, "executing")
    });
    assert!(!shows(&window, "returned") && shows(&window, "returned: 1"));
}
