//! A program that was started, and all that it has started in turn: also what left its process group and its session, as far as the
//! system shows where it came from (Linux).

use std::io;
use std::process::Child;
#[cfg(target_os = "linux")]
use std::{collections::BTreeSet, fs};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// See the module. Its root must lead a process group, as [`super::detach_from_terminal`] makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessTree {
    root: Option<Pid>,
    /// A variable in the environment of all its processes, and its value, which no other tree has.
    mark: Option<(String, String)>,
}

/// What can be done to a whole tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeSignal {
    /// End it, now.
    Kill,
    /// Stop it until it is resumed.
    Suspend,
    /// Let it go on.
    Resume,
}

impl TreeSignal {
    const fn signal(self) -> Signal {
        match self {
            Self::Kill => Signal::KILL,
            Self::Suspend => Signal::STOP,
            Self::Resume => Signal::CONT,
        }
    }
}

impl ProcessTree {
    /// Of the process `root`, if it is known, and of those that carry the mark.
    #[must_use]
    pub fn new(root: Option<u32>, mark: Option<(String, String)>) -> Self {
        Self { root: root.and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)), mark }
    }

    /// Signals every process of it. They may be gone already.
    pub fn signal(&self, signal: TreeSignal) {
        #[cfg(target_os = "linux")]
        self.signal_members(signal);
        if let Some(root) = self.root {
            let _ = kill_process_group(root, signal.signal());
        }
    }

    #[cfg(target_os = "linux")]
    fn signal_members(&self, signal: TreeSignal) {
        /// While they are looked for, they may start others.
        const ROUNDS: usize = 10;
        let mut signalled = BTreeSet::new();
        for _ in 0..ROUNDS {
            let found: Vec<i32> = self.members().into_iter().filter(|pid| signalled.insert(*pid)).collect();
            if found.is_empty() {
                return;
            }
            for pid in found.into_iter().filter_map(Pid::from_raw) {
                let _ = rustix::process::kill_process(pid, signal.signal());
            }
        }
    }

    /// All processes that are in the root's group, descend from it, or carry the mark; never this one.
    #[cfg(target_os = "linux")]
    fn members(&self) -> Vec<i32> {
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
        let all: Vec<Process> = pids.filter_map(Process::read).collect();
        let own = i32::try_from(std::process::id()).unwrap_or(0);
        let root = self.root.map(Pid::as_raw_nonzero).map(i32::from);
        let mut members: BTreeSet<i32> = all
            .iter()
            .filter(|process| Some(process.pid) == root || Some(process.group) == root || self.marks(process.pid))
            .map(|process| process.pid)
            .collect();
        loop {
            let before = members.len();
            members.extend(
                all.iter().filter(|process| members.contains(&process.parent)).map(|p| p.pid).collect::<Vec<_>>(),
            );
            if members.len() == before {
                break;
            }
        }
        members.remove(&own);
        members.into_iter().collect()
    }

    #[cfg(target_os = "linux")]
    fn marks(&self, pid: i32) -> bool {
        let Some((name, value)) = &self.mark else { return false };
        let mark = format!("{name}={value}");
        fs::read(format!("/proc/{pid}/environ"))
            .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes()))
    }
}

/// A line of the process table.
#[cfg(target_os = "linux")]
struct Process {
    pid: i32,
    parent: i32,
    group: i32,
}

#[cfg(target_os = "linux")]
impl Process {
    /// `None` if it is gone, or only not reaped yet.
    fn read(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name, in parentheses, may hold anything.
        let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace();
        let state = fields.next()?;
        let (parent, group) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        (!["Z", "X"].contains(&state)).then_some(Self { pid, parent, group })
    }
}

/// How long a process and those of its children that it has waited for were on a core so far, in nanoseconds, in steps of some
/// milliseconds.
#[cfg(target_os = "linux")]
pub(super) fn process_cpu_nanos(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<_> = stat[stat.rfind(')')? + 1..].split_ascii_whitespace().collect();
    // utime, stime, cutime, cstime: fields 14 to 17 of proc(5), of which two come before the name's end.
    let ticks = fields.get(11..15)?.iter().map(|field| field.parse::<u64>().ok()).sum::<Option<u64>>()?;
    Some(ticks * (1_000_000_000 / rustix::param::clock_ticks_per_second().max(1)))
}

/// User, nice, system, interrupts and steal of all cores together: proc(5), `/proc/stat`.
#[cfg(target_os = "linux")]
pub(super) fn machine_busy_nanos() -> Option<u64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let fields: Vec<u64> = stat
        .lines()
        .next()?
        .strip_prefix("cpu ")?
        .split_ascii_whitespace()
        .map_while(|field| field.parse().ok())
        .collect();
    let ticks: u64 = [0, 1, 2, 5, 6, 7].iter().filter_map(|&index| fields.get(index)).sum();
    Some(ticks * (1_000_000_000 / rustix::param::clock_ticks_per_second().max(1)))
}

pub(super) fn wait_unreaped(child: &Child) -> io::Result<()> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::NotFound)?;
    loop {
        match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            Err(rustix::io::Errno::INTR) => {}
            waited => return waited.map(drop).map_err(io::Error::from),
        }
    }
}
