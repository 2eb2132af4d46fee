//! The real program in a real window on a virtual screen, driven by real keys and clicks. Needs Xvfb, xdotool and Mesa's
//! software OpenGL; without them it says loudly that it was skipped, except in CI, where that is a failure.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that finds nothing to unwrap has failed")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Never waited for when all is well; software OpenGL on a loaded machine is slow.
const PATIENCE: Duration = Duration::from_secs(90);

/// Teal, the colour of work that was done, in the dark and in the light theme.
const DONE_DARK: [u8; 3] = [0x2f, 0xa5, 0x8b];
const DONE_LIGHT: [u8; 3] = [0x1b, 0x8f, 0x76];

/// Blue, the colour of sleep.
const SLEPT_DARK: [u8; 3] = [0x8c, 0xc6, 0xf7];
const SLEPT_LIGHT: [u8; 3] = [0x1f, 0x56, 0xa6];

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A virtual screen whose pixels are a file.
struct Screen {
    _server: Killed,
    folder: TempDir,
    display: String,
}

impl Screen {
    fn start() -> Option<Self> {
        let missing: Vec<_> = ["Xvfb", "xdotool"].into_iter().filter(|program| !is_installed(program)).collect();
        if !missing.is_empty() {
            let message = format!("{} not installed (packages xvfb, xdotool, libgl1-mesa-dri)", missing.join(" and "));
            assert!(std::env::var_os("CI").is_none(), "{message}");
            eprintln!("\n*** SKIPPED: the real window was not tested: {message} ***\n");
            return None;
        }
        let folder = TempDir::new().unwrap();
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "2560x1440x24", "-nolisten", "tcp", "-fbdir"])
            .arg(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        Some(Self { _server: Killed(server), folder, display: format!(":{}", number.trim()) })
    }

    fn xdotool(&self, line: &str) -> String {
        let output =
            Command::new("xdotool").args(line.split_whitespace()).env("DISPLAY", &self.display).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// What it shows: blue, green, red and nothing of each pixel. The file is an X window dump: a header of big-endian words, colours,
    /// pixels.
    fn pixels(&self) -> Vec<u8> {
        let mut dump = fs::read(self.folder.path().join("Xvfb_screen0")).unwrap();
        let word = |index: usize| u32::from_be_bytes(dump[index * 4..index * 4 + 4].try_into().unwrap()) as usize;
        let (header, colors) = (word(0), word(19));
        dump.split_off(header + colors * 12)
    }

    /// How many pixels have this colour.
    fn count(&self, color: [u8; 3]) -> usize {
        let [red, green, blue] = color;
        self.pixels().chunks_exact(4).filter(|pixel| pixel[..3] == [blue, green, red]).count()
    }
}

/// The program on the screen.
struct Program {
    child: Killed,
    window: String,
}

impl Program {
    fn start(screen: &Screen, home: &Path, width: u32, height: u32) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_poolscope"))
            .env("DISPLAY", &screen.display)
            .env_remove("WAYLAND_DISPLAY")
            .env("HOME", home)
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .spawn()
            .unwrap();
        let child = Killed(child);
        let window = screen.xdotool("search --sync --onlyvisible --limit 1 --name ^Poolscope$");
        assert!(!window.is_empty(), "no window came up");
        screen.xdotool(&format!("windowmove {window} 0 0 windowsize --sync {window} {width} {height}"));
        screen.xdotool(&format!("windowfocus --sync {window}"));
        Self { child, window }
    }

    /// Enter runs. The window may need a moment until it has the keyboard, and a second Enter would queue a second run.
    fn run(&self, screen: &Screen, begun: impl Fn() -> bool) {
        until("the run has begun", || {
            screen.xdotool(&format!("key --window {} Return", self.window));
            let pressed = Instant::now();
            while !begun() && pressed.elapsed() < Duration::from_secs(20) {
                std::thread::yield_now();
            }
            begun()
        });
    }

    /// Looks at it for a second of wall time, in which it may use at most two clock ticks, of a hundred.
    fn is_idle(&self) -> bool {
        let pid = self.child.0.id();
        let before = cpu_ticks(pid);
        std::thread::sleep(Duration::from_secs(1));
        cpu_ticks(pid) - before <= 2
    }
}

fn is_installed(program: &str) -> bool {
    Command::new("which").arg(program).stdout(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::yield_now();
    }
}

/// What the window remembers from an earlier start: this form.
fn remember(home: &Path, form: &str) {
    let folder = home.join("data/poolscope");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("app.ron"), format!("{{\"app\": {form:?}}}")).unwrap();
}

fn thumbnails(home: &Path) -> PathBuf {
    home.join("cache/poolscope/thumbnails")
}

fn files_in(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, |entries| entries.filter(|entry| !hidden(entry.as_ref().unwrap())).count())
}

fn hidden(entry: &fs::DirEntry) -> bool {
    entry.file_name().to_string_lossy().starts_with('.')
}

#[test]
fn a_key_and_a_click_run_real_work_that_is_seen_at_every_size_and_theme() {
    let Some(screen) = Screen::start() else { return };
    for (width, height, light, done) in
        [(1024, 640, false, DONE_DARK), (1440, 900, true, DONE_LIGHT), (2560, 1440, false, DONE_DARK)]
    {
        let home = TempDir::new().unwrap();
        remember(home.path(), &format!("(form:(workload:\"thumbnails\",workers:\"2\",chunksize:\"2\"),light:{light})"));
        let program = Program::start(&screen, home.path(), width, height);
        // The logo alone has some; a run has whole bars.
        let bars = || screen.count(done) > 4_000;
        until("the window is drawn", || screen.count(done) > 20);
        assert!(!bars(), "work is shown before any was done");
        program.run(&screen, || files_in(&thumbnails(home.path())) > 0);
        until("24 thumbnails are there", || files_in(&thumbnails(home.path())) == 24);
        until("their bars are drawn", bars);
        // The Run button is in the top row, right after the name, which a narrow window has no room for.
        fs::remove_dir_all(thumbnails(home.path())).unwrap();
        let run = if width < 1200 { 90 } else { 170 };
        screen.xdotool(&format!("mousemove --window {} {run} 22 click 1", program.window));
        until("a click on Run made them again", || files_in(&thumbnails(home.path())) == 24);
    }
}

/// While a run goes on, only what changes is painted. What has come of it is what it is when all is painted anew, as it is when the
/// theme changes.
#[test]
fn painted_in_parts_the_window_is_what_it_is_painted_at_once() {
    let Some(screen) = Screen::start() else { return };
    let home = TempDir::new().unwrap();
    remember(home.path(), "(form:(workload:\"sleep\",workers:\"3\",chunksize:\"2\"))");
    let program = Program::start(&screen, home.path(), 1440, 900);
    until("the window is drawn", || screen.count(DONE_DARK) > 20);
    program.run(&screen, || screen.count(SLEPT_DARK) > 4_000);
    // A run that sleeps takes hardly any time either, but its clock goes on.
    until("the run has ended", || {
        let before = screen.pixels();
        program.is_idle() && screen.pixels() == before
    });
    let in_parts = screen.pixels();
    for (theme, slept) in [("light", SLEPT_LIGHT), ("dark", SLEPT_DARK)] {
        screen.xdotool("key ctrl+shift+p");
        screen.xdotool("type dark");
        screen.xdotool("key Return");
        until(&format!("the theme is {theme}"), || screen.count(slept) > 4_000);
    }
    until("all of it is as it was", || screen.pixels() == in_parts);
}

#[test]
fn an_idle_window_uses_no_time() {
    let Some(screen) = Screen::start() else { return };
    let home = TempDir::new().unwrap();
    let program = Program::start(&screen, home.path(), 1440, 900);
    until("the window is drawn", || screen.count(DONE_DARK) > 20);
    until("the window is idle", || program.is_idle());
}

fn cpu_ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}
