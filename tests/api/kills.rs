//! kill -9 of the real program at chosen moments, with counts of where the kills landed.

use crate::common::{let_pass, setting};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Kills per kind of work: `BURSAR_KILL_POINTS` over all tests; the long form uses 200.
pub(super) fn points() -> u64 {
    setting("BURSAR_KILL_POINTS").unwrap_or(48).div_ceil(4)
}

/// When to kill: this many microseconds after a condition holds.
pub(super) struct Aim<'a> {
    after: Box<dyn Fn(&str) -> bool + 'a>,
    us: u64,
}

impl<'a> Aim<'a> {
    /// After the start.
    pub(super) fn from_start(us: u64) -> Aim<'a> {
        Aim { after: Box::new(|_| true), us }
    }

    /// After this phase was reported.
    pub(super) fn at_phase(name: &'a str, us: u64) -> Aim<'a> {
        Aim { after: Box::new(move |phase| phase == name), us }
    }

    /// After a condition of the file system, which is polled continuously.
    pub(super) fn once(is_so: impl Fn() -> bool + 'a, us: u64) -> Aim<'a> {
        Aim { after: Box::new(move |_| is_so()), us }
    }

    /// Waits for that moment, or until there is nothing left to kill.
    pub(super) fn wait(&self, phase: impl Fn() -> String, mut is_over: impl FnMut() -> bool) {
        let began = Instant::now();
        while !is_over() && !(self.after)(&phase()) {
            assert!(began.elapsed() < Duration::from_secs(60), "the phase to kill in was never reached");
            thread::yield_now();
        }
        let_pass(Duration::from_micros(self.us));
    }
}

/// The outcome of a command that was to be killed.
pub(super) struct Shot {
    /// Whether it was killed while running; otherwise it had finished.
    pub(super) is_killed: bool,
    /// The last reported phase; empty if none was.
    pub(super) phase: String,
}

/// Starts a command that reports phases, and kills it.
pub(super) fn shoot(command: &mut Command, aim: &Aim<'_>) -> Shot {
    let (status, phase) = watch(command, aim, |child| _ = child.kill());
    assert!([None, Some(0)].contains(&status.code()), "the program failed before it was killed: {status}");
    Shot { is_killed: status.code().is_none(), phase }
}

/// Starts a command that reports phases, runs `act` at some moment, and waits for the command to end.
pub(super) fn shoot_with(command: &mut Command, aim: &Aim<'_>, act: impl FnOnce(&mut Child)) -> ExitStatus {
    watch(command, aim, act).0
}

fn watch(command: &mut Command, aim: &Aim<'_>, act: impl FnOnce(&mut Child)) -> (ExitStatus, String) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let phase = Arc::new(Mutex::new(String::new()));
    let (stderr, reached) = (child.stderr.take().unwrap(), Arc::clone(&phase));
    let reader = thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let value: Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(name) = value["progress"]["phase"].as_str() {
                name.clone_into(&mut reached.lock().unwrap());
            }
        }
    });
    aim.wait(|| phase.lock().unwrap().clone(), || child.try_wait().unwrap().is_some());
    act(&mut child);
    let status = child.wait().unwrap();
    reader.join().unwrap();
    let phase = phase.lock().unwrap().clone();
    (status, phase)
}

/// Counts of kills by place and outcome.
#[derive(Default)]
pub(super) struct Tally(BTreeMap<(String, &'static str), u64>);

impl Tally {
    pub(super) fn count(&mut self, place: &str, outcome: &'static str) {
        *self.0.entry((place.to_owned(), outcome)).or_default() += 1;
    }

    /// The kills with this outcome.
    pub(super) fn of(&self, outcome: &str) -> u64 {
        self.0.iter().filter(|((_, found), _)| *found == outcome).map(|(_, count)| count).sum()
    }

    pub(super) fn print(&self, what: &str) {
        println!("{what}: {} kills", self.0.values().sum::<u64>());
        for ((place, outcome), count) in &self.0 {
            println!("  {count:4} in {place}: {outcome}");
        }
    }
}

/// Copies a directory recursively.
pub(super) fn copy_dir(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
}
