//! Size, contrast, keys and what is remembered.

use super::*;

#[test]
fn keys_run_and_show_the_sheet() {
    let form = remembered("noop", &[("tasks", "5")], "threads", "2", "1");
    let mut window = window_of(form, vec2(1440.0, 900.0));
    window.key_press(Key::Enter);
    window.run_steps(2);
    until_over(&mut window, 1);
    window.key_press(Key::Questionmark);
    window.run_steps(3);
    assert!(shows(&window, "W: Zoom in at the pointer"));
    window.key_press(Key::Escape);
    window.run_steps(3);
    assert!(!shows(&window, "W: Zoom in at the pointer"));
}

#[test]
fn everything_fits_at_the_smallest_size_in_both_themes() {
    let form = remembered("sum", &[("tasks", "12"), ("to", "1000000")], "processes", "4", "3");
    let mut window = window_of(form, vec2(1024.0, 640.0));
    press(&mut window, "Run");
    until_over(&mut window, 1);
    for _ in 0..2 {
        for label in ["Run", "Stop", "?", "View"] {
            let rect = window.get_by_role_and_label(Role::Button, label).rect();
            assert!(rect.min.x >= 0.0 && rect.max.x <= 1024.0 && rect.max.y <= 640.0, "{label} is cut off: {rect}");
        }
        press(&mut window, "View");
        window.get_by_role_and_label(Role::MenuItemCheckBox, "Light theme (off: dark)").click();
        window.run_steps(3);
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
fn the_palette_finds_and_does_everything() {
    let mut window = window();
    let open = egui::Modifiers { shift: true, ..egui::Modifiers::COMMAND };
    window.key_press_modifiers(open, Key::P);
    window.run_steps(3);
    window.get_by_role_and_label(Role::TextInput, "command").type_text("lesson nested");
    window.run_steps(3);
    key(&mut window, Key::Enter);
    assert!(window.query_by_role_and_label(Role::TextInput, "command").is_none(), "it closes");
    assert!(shows(&window, "Run the lesson"));
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
    assert!(shows(&window, "No matching command."));
    key(&mut window, Key::Escape);
    assert!(window.query_by_role_and_label(Role::TextInput, "command").is_none());
}

#[test]
fn size_contrast_tab_and_frame_times_are_chosen_and_remembered() {
    let form = remembered("noop", &[("tasks", "5")], "threads", "2", "1");
    let mut window = window_of(form, vec2(2560.0, 1440.0));
    press(&mut window, "Run");
    until_over(&mut window, 1);
    let height = |window: &Window| window.get_by_role_and_label(Role::Button, "Run").rect().height();
    let usual = height(&window);
    for _ in 0..2 {
        command_key(&mut window, Key::Plus);
    }
    press(&mut window, "View");
    assert!(shows(&window, "size: 150 %"));
    window.get_by_role_and_label(Role::MenuItemCheckBox, "High contrast").click();
    window.run_steps(3);
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
    press(&mut window, "Reset the interface zoom");
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
    for label in ["Run", "?", "File", "View"] {
        let rect = window.get_by_role_and_label(Role::Button, label).rect();
        assert!(points.contains_rect(rect), "{label} is cut off: {rect} in {points}");
    }
}

/// Where panels beside each other would cut each other off there is one at a time; what is asked for is turned to.
#[test]
fn the_smallest_window_at_the_largest_size_shows_one_panel_at_a_time() {
    let form = remembered("sleep", &[("tasks", "8"), ("seconds", "0.01")], "processes", "2", "2");
    let mut window = window_of(form, vec2(1024.0, 640.0));
    for _ in 0..4 {
        command_key(&mut window, Key::Plus);
    }
    window.run_steps(4);
    let points = window.ctx.input(egui::InputState::content_rect);
    assert!((points.width() - 512.0).abs() < 1.0, "{points}");
    let turn_to = |window: &mut Window, page: &str| {
        let tab = window.get_by_role_and_label(Role::Tab, page);
        assert!(points.contains_rect(tab.rect()), "{page} is cut off");
        tab.click();
        window.run_steps(3);
    };
    let lane = |window: &Window| window.query_by_label_contains("worker 0 pid").is_some();
    turn_to(&mut window, "Settings");
    assert_eq!(field(&window, "workers").value().as_deref(), Some("2"));
    press(&mut window, "Run");
    until_over(&mut window, 1);
    assert!(lane(&window) && window.query_by_role_and_label(Role::TextInput, "workers").is_none());
    turn_to(&mut window, "Data flow");
    assert!(shows(&window, "returned: 8") && !lane(&window));
    assert!(window.query_by_role_and_label(Role::Tab, "Inspector").is_none(), "nothing is selected");
    key(&mut window, Key::Period);
    assert!(lane(&window), "keys of the chart lead to it");
    turn_to(&mut window, "Inspector");
    assert!(shows(&window, "INSPECTOR"));
    key(&mut window, Key::Escape);
    assert!(lane(&window), "nothing is selected any more");
    key(&mut window, Key::L);
    assert!(shows(&window, "LESSONS"));
    key(&mut window, Key::L);
    assert!(lane(&window));
    for tab in ["Tasks", "Durations", "Log (0)"] {
        turn_to(&mut window, "Details");
        turn_to(&mut window, tab);
    }
}

/// What comes into focus by key is scrolled into sight, and a list closes with the choice that Enter makes.
#[test]
fn the_keyboard_stays_in_sight() {
    let mut window = window_of(remembered("thumbnails", &[], "processes", "2", "1"), vec2(1024.0, 640.0));
    let in_sight = |window: &Window, rect: egui::Rect| {
        let toolbar = window.get_by_role_and_label(Role::Button, "Run").rect().bottom();
        window.ctx.input(egui::InputState::content_rect).with_min_y(toolbar).contains_rect(rect)
    };
    window.get_by_label("initializer, max tasks, seed …").click();
    window.run_steps(20);
    assert!(!in_sight(&window, field(&window, "seed").rect()), "it is too far down");
    field(&window, "seed").focus();
    window.run_steps(20);
    assert!(in_sight(&window, field(&window, "seed").rect()));
    let gil = |window: &Window| window.get_by_role_and_label(Role::ComboBox, "GIL").value();
    window.get_by_role_and_label(Role::ComboBox, "GIL").focus();
    window.run_steps(2);
    key(&mut window, Key::Enter);
    window.get_by_role_and_label(Role::ListBoxOption, "shared").focus();
    window.run_steps(2);
    key(&mut window, Key::Enter);
    assert_eq!(gil(&window).as_deref(), Some("shared"));
    window.run_steps(10);
    assert!(window.get_by_role_and_label(Role::ComboBox, "GIL").is_focused(), "where the keyboard was before");
    assert!(window.query_by_role_and_label(Role::ListBoxOption, "one a worker").is_none(), "the list is closed");
}

#[test]
fn numbers_are_grouped_where_nobody_types() {
    let mut window = window_of(remembered("sum", &[("to", "300000000")], "threads", "2", "1"), vec2(1440.0, 900.0));
    let to = |window: &Window| field(window, "to").value().unwrap();
    assert_eq!(to(&window), "300,000,000");
    type_into(&mut window, "to", "12345");
    assert_eq!(to(&window), "12345");
    field(&window, "tasks").focus();
    window.run_steps(3);
    assert_eq!(to(&window), "12,345");
    press(&mut window, "Run");
    until_over(&mut window, 1);
    assert_eq!(run(&window).unwrap().settings.params["to"], "12345", "what is run has no marks");
}

/// Enter in a field runs, menus are walked by key, and what is closed gives the keyboard back to where it was.
#[test]
fn the_keyboard_comes_back_from_where_it_went() {
    let mut window = window_of(
        remembered("sleep", &[("tasks", "5"), ("seconds", "0.02")], "threads", "2", "1"),
        vec2(1440.0, 900.0),
    );
    type_into(&mut window, "tasks", "7");
    key(&mut window, Key::Enter);
    until_over(&mut window, 1);
    assert_eq!(run(&window).unwrap().items, Some(7));
    assert!(field(&window, "tasks").is_focused(), "who typed goes on typing");
    // A menu, by key.
    window.get_by_role_and_label(Role::Button, "File").focus();
    window.run_steps(2);
    window.key_press(Key::Enter);
    window.run_steps(20);
    let open = "Open a run …";
    assert!(window.get_by_role_and_label(Role::MenuItem, open).is_focused(), "its first entry");
    key(&mut window, Key::Escape);
    window.run_steps(20);
    assert!(window.query_by_role_and_label(Role::MenuItem, open).is_none());
    assert!(window.get_by_role_and_label(Role::Button, "File").is_focused());
    // A dialog has the keyboard to itself, and what is chosen in the palette is told.
    window.key_press_modifiers(egui::Modifiers::COMMAND | egui::Modifiers::SHIFT, Key::P);
    window.run_steps(4);
    key(&mut window, Key::ArrowDown);
    let told = window.get_by_label_contains(", 2 of ");
    assert!(told.accesskit_node().data().live() == Some(egui::accesskit::Live::Polite));
    key(&mut window, Key::Escape);
    window.run_steps(4);
    assert!(window.get_by_role_and_label(Role::Button, "File").is_focused());
    // Also when something was chosen, in the palette or in the menu.
    window.key_press_modifiers(egui::Modifiers::COMMAND | egui::Modifiers::SHIFT, Key::P);
    window.run_steps(4);
    window.get_by_role_and_label(Role::TextInput, "command").type_text("high contrast");
    window.run_steps(3);
    key(&mut window, Key::Enter);
    window.run_steps(4);
    assert!(window.get_by_role_and_label(Role::Button, "File").is_focused());
    for (opened_with, chosen) in [(Key::Enter, Key::Enter), (Key::Space, Key::Space)] {
        window.key_press(opened_with);
        window.run_steps(20);
        // Letters are for the menu, not for the chart behind it.
        window.key_press(Key::L);
        window.run_steps(3);
        assert!(!shows(&window, "LESSONS"));
        window.get_by_role_and_label(Role::MenuItem, "Copy the summary").focus();
        window.run_steps(2);
        window.key_press(chosen);
        window.run_steps(20);
        assert!(window.get_by_role_and_label(Role::Button, "File").is_focused(), "{chosen:?}");
    }
    // A list goes by letters, and Tab leaves it.
    window.get_by_role_and_label(Role::ComboBox, "workload").focus();
    window.run_steps(2);
    window.key_press(Key::Enter);
    window.run_steps(10);
    let mut come_to = Vec::new();
    for typed in ["p", "p", "p", "w"] {
        window.event(egui::Event::Text(typed.to_owned()));
        window.run_steps(3);
        let entry = window.query_all_by_role(Role::ListBoxOption).find(Node::is_focused);
        come_to.extend(entry.and_then(|entry| entry.accesskit_node().label()));
    }
    assert_eq!(come_to.pop().as_deref(), Some("web-service"));
    assert!(come_to.iter().all(|name| name.starts_with('p')) && come_to.len() == 3, "{come_to:?}");
    come_to.dedup();
    assert_eq!(come_to.len(), 3, "one after the other: {come_to:?}");
    key(&mut window, Key::Tab);
    window.run_steps(10);
    assert!(window.query_by_role(Role::ListBoxOption).is_none());
    assert!(window.get_by_role_and_label(Role::ComboBox, "workload").is_focused());
    // The chart, by the arrows.
    window.get_by_label("what each worker executed, over time").focus();
    window.run_steps(2);
    key(&mut window, Key::ArrowRight);
    assert!(shows(&window, "INSPECTOR"));
    let on = |window: &Window, lane: &str| shows(window, &format!("on {lane}"));
    let above = on(&window, "worker 0");
    key(&mut window, if above { Key::ArrowDown } else { Key::ArrowUp });
    assert!(on(&window, if above { "worker 1" } else { "worker 0" }));
}
