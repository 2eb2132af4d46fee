//! The tabs below: search, table, histograms, lists.

use super::*;

#[test]
fn what_raised_is_listed_with_its_message() {
    let form = remembered("sleep", &[("tasks", "4"), ("seconds", "0.01"), ("fail", "1,2")], "threads", "2", "1");
    let mut window = window_after_run(form);
    assert!(shows(&window, "raised: 2"));
    window.get_by_role_and_label(Role::Tab, "Errors (2)").click();
    window.run_steps(3);
    assert_eq!(window.query_all_by_label("Boom!").count(), 2);
}

#[test]
fn items_are_searched_dimmed_and_listed() {
    let form = remembered("sleep", &[("tasks", "20"), ("seconds", "0.005"), ("fail", "3,7")], "threads", "2", "1");
    let mut window = window_after_run(form);
    key(&mut window, Key::Slash);
    window.get_by_role_and_label(Role::SearchInput, "search").type_text("raised");
    until_shown(&mut window, "2 matches");
    key(&mut window, Key::Enter);
    assert!(shows(&window, "item 3 · sleep 0.005 s"), "the first that fits");
    key(&mut window, Key::Enter);
    assert!(shows(&window, "item 7 · sleep 0.005 s"));
    key(&mut window, Key::Enter);
    assert!(shows(&window, "item 3 · sleep 0.005 s"), "round and round");
    window.get_by_role_and_label(Role::Tab, "Tasks").click();
    until_shown(&mut window, "2 of 20 items match");
    for name in ["item 3, raised, call 3, worker", "item 7, raised, call 7, worker"] {
        assert!(window.query_all_by_label_contains(name).next().is_some(), "{name}");
    }
    press(&mut window, "Clear the search");
    until_shown(&mut window, "20 items");
    // Ordered by a column, either way, and picked.
    press(&mut window, "order by state");
    press(&mut window, "order by state");
    until(&mut window, "what raised comes first", |window| {
        let rows: Vec<_> = window.query_all_by_role(Role::Row).filter_map(|row| row.accesskit_node().label()).collect();
        rows.first().is_some_and(|row| row.contains(", raised, ")) && rows.len() > 2
    });
    let row = window
        .query_all_by_role(Role::Row)
        .find(|row| row.accesskit_node().label().is_some_and(|name| name.starts_with("item 7, ")))
        .unwrap()
        .rect();
    click_at(&mut window, row.left_center() + vec2(200.0, 0.0));
    assert!(shows(&window, "item 7 · sleep 0.005 s"));
}

/// What a task gave is told while others still run.
#[test]
fn results_are_there_before_the_run_is_over() {
    let form = remembered("countdown", &[("from", "10,20,1000000000000")], "threads", "1", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "Run");
    until(&mut window, "two are done", |window| run(window).is_some_and(|run| run.totals().returned == 2));
    key(&mut window, Key::Period);
    until_shown(&mut window, "counted down from 10");
    key(&mut window, Key::Period);
    until_shown(&mut window, "counted down from 20");
    assert!(!run(&window).unwrap().ended());
}

/// Lines of a command are there as it writes them, not when it ends.
#[test]
#[cfg(unix)]
fn what_a_command_says_is_told_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let go = folder.path().join("go");
    let command = format!("sh -c 'echo first; while [ ! -e {} ]; do sleep 0.01; done; echo second'", go.display());
    let form = remembered("command", &[("command", &command), ("items", "1..1")], "threads", "1", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    press(&mut window, "Run");
    until(&mut window, "it has said something", |window| {
        window.query_by_role_and_label(Role::Tab, "Log (1)").is_some()
    });
    assert!(!run(&window).unwrap().ended());
    std::fs::write(&go, "").unwrap();
    until_over(&mut window, 1);
    assert!(window.query_by_role_and_label(Role::Tab, "Log (2)").is_some());
}

#[test]
fn histograms_choose_items_and_areas_choose_what_they_count() {
    let form = remembered("sleep", &[("tasks", "8"), ("seconds", "0.02")], "threads", "1", "1");
    let mut window = window_after_run(form);
    window.get_by_role_and_label(Role::Tab, "Durations").click();
    window.run_steps(3);
    let histogram = window.get_by_label_contains("histogram of run time:");
    assert!(histogram.value().unwrap().ends_with("8 items"), "{:?}", histogram.value());
    let rect = histogram.rect();
    drag(&mut window, rect.left_center(), rect.right_center());
    until(&mut window, "8 matches", |window| window.query_by_label_contains("8 matches, ").is_some());
    click_at(&mut window, rect.center());
    assert!(window.query_by_label_contains("8 matches").is_none(), "a click lets go of it");
    let canvas = canvas(&window);
    key(&mut window, Key::R);
    drag(&mut window, canvas.left_top() + vec2(1.0, 3.0), pos2(canvas.center().x, canvas.top() + 20.0));
    until_area_is_counted(&mut window);
}

/// Until the histogram has those items of the upper lane that lie within the area, of which there are not all.
fn until_area_is_counted(window: &mut Window) {
    let told = |window: &Window, name: &str| {
        let label = window.query_all_by_label_contains(&format!("{name}: ")).find_map(|node| node.value());
        label.filter(|label| label.starts_with(name))?.rsplit(": ").next().map(str::to_owned)
    };
    until(window, "the area is told", |window| told(window, "from").is_some());
    let at = |name: &str| {
        let seconds: f64 = told(window, name).unwrap().trim_end_matches(" s").parse().unwrap();
        (seconds * 1e9) as i64
    };
    let (from, to) = (at("from"), at("to"));
    let run = run(window).unwrap();
    let within = run.trace.lanes()[0].spans().filter(|span| span.start >= from && span.end <= to).count();
    assert!(within < 8 && to - from < run.elapsed(), "{within} from {from} to {to}");
    until(window, "the area is counted", |window| {
        let told = window.query_by_label_contains("histogram of run time, in the selected area");
        let told = told.and_then(|told| told.value()).unwrap_or_default();
        if within == 0 { told.contains("No item") } else { told.ends_with(&format!(" {within} items")) }
    });
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
            press(&mut window, "Run");
            until_over(&mut window, 1);
        }
    }
}

/// A tab with little in it takes no less room than others, and the next one finds its room.
#[test]
fn tabs_leave_the_panel_as_high_as_it_is() {
    let form = remembered("sleep", &[("tasks", "8"), ("seconds", "0")], "processes", "2", "1");
    let mut window = window_after_run(form);
    let top = |window: &Window| window.get_by_role_and_label(Role::Tab, "Queues").rect().top();
    let at_first = top(&window);
    let tabs: Vec<_> = window.query_all_by_role(Role::Tab).filter_map(|tab| tab.accesskit_node().label()).collect();
    for tab in tabs {
        window.get_by_role_and_label(Role::Tab, &tab).click();
        window.run_steps(6);
        assert!((top(&window) - at_first).abs() < 1.0, "{tab}: {} was {at_first}", top(&window));
    }
}

/// In every tab: a reader of the screen comes to nothing that has no role, and is told what fields hold.
#[test]
fn whatever_a_reader_comes_to_has_a_role_and_a_value() {
    let form = remembered("sleep", &[("tasks", "8"), ("seconds", "0"), ("fail", "2")], "processes", "2", "1");
    let mut window = window_after_run(form);
    let tabs: Vec<_> = window.query_all_by_role(Role::Tab).filter_map(|tab| tab.accesskit_node().label()).collect();
    assert_eq!(tabs.len(), 9);
    for tab in tabs {
        window.get_by_role_and_label(Role::Tab, &tab).click();
        window.run_steps(4);
        let nobody = |node: &Node<'_>| node.accesskit_node().data().supports_action(egui::accesskit::Action::Focus);
        assert_eq!(window.query_all_by_role(Role::Unknown).filter(nobody).count(), 0, "{tab}");
        for field in window.query_all_by_role(Role::ComboBox) {
            let node = field.accesskit_node();
            let told =
                node.value().filter(|value| node.description().is_some_and(|told| told.contains(value.as_str())));
            assert!(told.is_some(), "{:?} in {tab}", node.label());
        }
    }
}

/// By key: bars of a histogram, an area over some of the lanes, and the moment in the list of events.
#[test]
fn what_a_drag_selects_keys_select_too() {
    let form = remembered("sleep", &[("tasks", "8"), ("seconds", "0.02")], "threads", "2", "1");
    let mut window = window_after_run(form);
    window.get_by_role_and_label(Role::Tab, "Durations").click();
    window.run_steps(3);
    window.get_by_label_contains("histogram of run time:").focus();
    window.run_steps(2);
    key(&mut window, Key::ArrowRight);
    assert!(window.query_by_label_contains("items from").is_some(), "the first bar");
    window.key_press_modifiers(egui::Modifiers::SHIFT, Key::ArrowRight);
    for _ in 0..60 {
        window.key_press_modifiers(egui::Modifiers::SHIFT, Key::ArrowRight);
        window.run_steps(1);
    }
    until(&mut window, "8 matches", |window| window.query_by_label_contains("8 matches, ").is_some());
    key(&mut window, Key::Enter);
    assert!(window.query_by_label_contains("8 matches").is_none(), "Enter lets go of it");

    // From the middle to the left end, over the upper lane.
    key(&mut window, Key::R);
    key(&mut window, Key::ArrowLeft);
    assert!(window.query_by_label_contains("crosshair at").is_some());
    key(&mut window, Key::Enter);
    for _ in 0..30 {
        key(&mut window, Key::ArrowLeft);
    }
    key(&mut window, Key::Enter);
    assert!(shows(&window, "SELECTED AREA"));
    until_area_is_counted(&mut window);

    window.get_by_role_and_label(Role::Tab, "Events").click();
    window.run_steps(3);
    window.get_by_role(Role::ListBox).focus();
    window.run_steps(3);
    let events = run(&window).unwrap().history.len();
    for (pressed, at) in [(Key::ArrowUp, events - 1), (Key::ArrowUp, events - 2), (Key::Home, 1), (Key::ArrowDown, 2)] {
        key(&mut window, pressed);
        until(&mut window, "it is that moment", |window| {
            window.query_by_label_contains(&format!("event {at} of ")).is_some()
        });
    }
    assert!(window.get_by_role(Role::ListBox).is_focused());
}

/// Of a list or a table, the Tab key comes to one row.
#[test]
fn tables_and_lists_are_one_stop_of_the_tab_key() {
    let form = remembered("sleep", &[("tasks", "30"), ("seconds", "0")], "threads", "2", "1");
    let mut window = window_after_run(form);
    let focusable = |node: &Node<'_>| node.accesskit_node().data().supports_action(egui::accesskit::Action::Focus);
    window.get_by_role_and_label(Role::Tab, "Tasks").click();
    until_shown(&mut window, "30 items");
    window.run_steps(3);
    assert!(window.query_all_by_role(Role::Row).count() > 3);
    assert_eq!(window.query_all_by_role(Role::Row).filter(focusable).count(), 0);
    assert!(window.query_all_by_role(Role::ListBox).all(|table| focusable(&table)));
    window.get_by_role_and_label(Role::Tab, "Events").click();
    window.run_steps(5);
    let events =
        window.query_all_by_label_contains("item 2").filter(|node| node.accesskit_node().role() == Role::Button);
    assert_eq!(events.filter(focusable).count(), 0);
}

/// Keys go from row to row, as far as there are rows, and each row that they come to is selected and in sight.
#[test]
fn the_table_is_walked_through_by_key() {
    let form = remembered("noop", &[("tasks", "5000")], "threads", "2", "1");
    let mut window = window_after_run(form);
    window.get_by_role_and_label(Role::Tab, "Tasks").click();
    until(&mut window, "the items are there", |window| window.query_by_label_contains("item 0, returned, ").is_some());
    window.get_by_role_and_label(Role::ListBox, "items").focus();
    window.run_steps(3);
    for (pressed, item) in
        [(Key::ArrowDown, 0), (Key::ArrowDown, 1), (Key::End, 4999), (Key::ArrowDown, 4999), (Key::ArrowUp, 4998)]
    {
        key(&mut window, pressed);
        window.run_steps(20);
        assert!(shows(&window, &format!("item {item} · noop")), "{pressed:?}");
        let name = format!("item {item}, returned, ");
        let row = window
            .query_all_by_role(Role::Row)
            .find(|row| row.accesskit_node().label().is_some_and(|label| label.starts_with(&name)));
        assert!(row.unwrap().rect().bottom() < 900.0, "{pressed:?}");
        let list = window.query_all_by_role(Role::ListBox).find(Node::is_focused).unwrap();
        assert!(list.accesskit_node().label().unwrap().starts_with(&format!("items: {name}")), "{pressed:?}");
    }
}
