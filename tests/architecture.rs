//! Arrows between layers point downwards only: what one crate's compiler can't check.

#![allow(clippy::unwrap_used, reason = "a test that finds nothing to unwrap has failed")]

use std::fs;
use std::path::{Path, PathBuf};

/// From the bottom up; a layer may use those before it. `main.rs` and `lib.rs` stand above all.
const LAYERS: [&str; 9] = ["units", "sys", "executor", "trace", "workload", "lab", "lesson", "ui", "cli"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn source_of(layer: &str) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(layer);
    let files = sources(&folder);
    assert!(!files.is_empty(), "no sources in {}", folder.display());
    files.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// The code of a file, without comments: those may speak of anything.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|line| line.split("//").next().unwrap_or_default())
}

#[test]
fn layers_use_only_layers_below() {
    for (height, layer) in LAYERS.iter().enumerate() {
        for (path, text) in source_of(layer) {
            for above in &LAYERS[height + 1..] {
                let uses = [format!("crate::{above}"), format!("poolscope::{above}"), format!("{{{above},")];
                let line = code(&text).find(|line| uses.iter().any(|name| line.contains(name)));
                assert!(line.is_none(), "{} uses the layer `{above}` above it: {line:?}", path.display());
            }
        }
    }
}

#[test]
fn every_folder_is_a_layer() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(src).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let known = if path.is_dir() { LAYERS.contains(&name) } else { ["lib.rs", "main.rs"].contains(&name) };
        assert!(known, "{name} is not a layer");
    }
}

#[test]
fn egui_stays_in_the_window_and_colours_in_the_theme() {
    for layer in LAYERS.iter().filter(|layer| **layer != "ui") {
        for (path, text) in source_of(layer) {
            assert!(!code(&text).any(|line| line.contains("egui")), "{} names egui", path.display());
        }
    }
    for (path, text) in source_of("ui") {
        let written_down = ["from_rgb", "from_rgba", "from_gray", "Color32::WHITE", "Color32::BLACK", "from_hex"];
        let line = code(&text).find(|line| written_down.iter().any(|name| line.contains(name)));
        assert!(line.is_none() || path.ends_with("theme.rs"), "{} makes a colour: {line:?}", path.display());
    }
}

#[test]
fn only_one_module_knows_platforms() {
    for layer in LAYERS.iter().filter(|layer| **layer != "sys") {
        for (path, text) in source_of(layer) {
            let named = ["cfg(unix)", "cfg(windows)", "std::os::", "rustix"];
            let line = code(&text).find(|line| named.iter().any(|name| line.contains(name)));
            assert!(line.is_none(), "{} names a platform: {line:?}", path.display());
        }
    }
}

/// Small enough to be read with care: memory that processes share, calls into the graphics driver, and memory given back.
#[test]
fn unsafe_code_is_walled_in() {
    const WALLED: [&str; 3] = ["sys/heap.rs", "sys/shared_memory.rs", "ui/repaint/kept_picture.rs"];
    for layer in LAYERS {
        for (path, text) in source_of(layer) {
            let line = code(&text).find(|line| line.contains("unsafe ") || line.contains("unsafe_code"));
            assert!(line.is_none() || WALLED.iter().any(|wall| path.ends_with(wall)), "{}: {line:?}", path.display());
            assert!(line.is_none() || text.lines().count() <= 200, "{} is too long to be audited", path.display());
        }
    }
}

#[test]
fn every_file_says_what_lives_in_it() {
    for layer in LAYERS {
        for (path, text) in source_of(layer) {
            assert!(text.starts_with("//! "), "{} has no first sentence", path.display());
        }
    }
}

/// An executor runs what is not its own under one guard, which also sees to what a panic leaves behind.
#[test]
fn only_the_guard_of_the_executor_catches_panics() {
    for (path, text) in source_of("executor") {
        let line = code(&text).find(|line| line.contains("catch_unwind"));
        assert!(line.is_none() || path.ends_with("guard.rs"), "{}: {line:?}", path.display());
    }
}
