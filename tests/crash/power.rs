//! Power cuts and disk failures at any write, sync or truncation: operations answered with success survive, all others
//! survive completely or not at all, and the books are consistent.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::client::Client;
use crate::faults::{Fault, Faults, Kind};
use crate::run::{self, Choices};
use crate::server::{Server, Start};
use crate::work::{Found, Work};

/// Concurrent clients, so that operations share commits.
const CLIENTS: u64 = 3;
/// Attempts before a server must work again after its disk does.
const PATIENCE: u32 = 200;

/// About how many file changes a first start makes before it listens.
const LISTENS: u64 = 266;

/// A data directory with accounts, from which each run starts.
struct Template {
    start: Start,
    works: Vec<Work>,
}

/// Totals over all runs.
#[derive(Default, Debug)]
struct Tally {
    runs: usize,
    power_cuts: usize,
    starts_cut_short: usize,
    starts_refused: usize,
    found: Found,
}

#[test]
fn nothing_is_lost_when_the_power_goes_or_the_disk_fails() {
    let _turn = run::turn();
    let home = tempfile::tempdir().unwrap();
    let Some(faults) = Faults::build(home.path()) else { return };
    let template = Template::make(home.path());
    let (first, count) = (run::first_fault(), run::faults());
    println!("{count} runs from BURSAR_FAULT_SEED={first}");
    let (next, tally) = (AtomicU64::new(0), Mutex::new(Tally::default()));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    let seed = first + number;
                    let _word = Word(seed);
                    let place = home.path().join(seed.to_string());
                    fs::create_dir(&place).unwrap();
                    Run { faults: &faults, place: &place, seed, choices: Choices::of(seed) }.go(&template, &tally);
                    fs::remove_dir_all(place).unwrap();
                }
            });
        }
    });
    println!("{:?}", tally.into_inner().unwrap());
}

/// Prints how to repeat a failing run.
struct Word(u64);

impl Drop for Word {
    fn drop(&mut self) {
        if thread::panicking() {
            println!("REPEAT WITH: BURSAR_FAULT_SEED={} BURSAR_FAULT_SEEDS=1 cargo test --test crash power", self.0);
        }
    }
}

impl Template {
    fn make(home: &Path) -> Template {
        let start = Start::in_directory(&home.join("template"));
        let server = start.start();
        let works = open(&server.client());
        server.signal_end();
        server.ended();
        Template {
            start,
            works: works
                .into_iter()
                .map(|(work, is_open)| {
                    assert!(is_open);
                    work
                })
                .collect(),
        }
    }

    fn copy(&self, to: &Path) {
        fs::create_dir(to).unwrap();
        for file in ["bursar.db", "bursar.lock", "dev-credentials.json", "installation.key"] {
            fs::copy(self.start.data().join(file), to.join(file)).unwrap();
        }
    }
}

fn open(client: &Client) -> Vec<(Work, bool)> {
    (0..CLIENTS).map(|n| Work::open(&format!("client-{n}"), client)).collect()
}

struct Run<'a> {
    faults: &'a Faults,
    place: &'a Path,
    seed: u64,
    choices: Choices,
}

impl Run<'_> {
    fn go(mut self, template: &Template, tally: &Mutex<Tally>) {
        let pages = if self.choices.from(0, 3) > 0 { 100 } else { 1000 };
        let start = Start::in_directory(&self.place.join("data"));
        let start = start.config(&format!("[store]\ncheckpoint_pages = {pages}\n"));
        let mut works = match self.choices.from(0, 9) {
            0..=1 => self.first_start(&start, tally),
            2 => self.stop(&start, template, tally),
            3..=5 => self.load(&start, template, true, tally),
            _ => self.load(&start, template, false, tally),
        };
        while self.choices.from(0, 2) == 0 {
            self.start_again(&start, tally);
        }
        if start.data().join("bursar.db").exists() {
            // Commands read the file as a crash left it; a creation that was cut short is left to the next start.
            if works.iter().any(|(_, is_open)| *is_open) {
                start.audit();
            }
        }
        let server = start.start();
        let client = server.client();
        let mut found = Found::default();
        for (work, _) in &mut works {
            let of = work.check(&client);
            found += of;
        }
        let (mut more, is_open) = Work::open("afterwards", &client);
        assert!(is_open, "the recovered server refuses new accounts");
        for _ in 0..5 {
            more.step(&client, &mut self.choices).expect("the recovered server answers");
        }
        more.check(&client);
        server.signal_end();
        server.ended();
        start.audit();
        let mut tally = tally.lock().unwrap();
        tally.runs += 1;
        tally.found += found;
    }

    fn plug(&mut self, low: u64, high: u64) -> Fault {
        Fault { at: self.choices.from(low, high), kind: Kind::Plug, times: 1 }
    }

    fn error(&mut self, low: u64, high: u64) -> Fault {
        let kinds = [Kind::Eio, Kind::Full, Kind::Short, Kind::Sync, Kind::Directory];
        let kind = kinds[usize::try_from(self.choices.from(0, 4)).unwrap()];
        Fault { at: self.choices.from(low, high), kind, times: self.choices.from(1, 5) * self.choices.from(1, 8) }
    }

    /// The very first start and what follows, with a fault at any file change from the first on.
    fn first_start(&mut self, start: &Start, tally: &Mutex<Tally>) -> Vec<(Work, bool)> {
        let fault = match self.choices.from(0, 3) {
            0 => self.error(1, LISTENS),
            1 => self.plug(1, LISTENS),
            _ => self.plug(LISTENS, LISTENS + 150),
        };
        match self.faults.plan(start, &[fault], self.seed).try_start() {
            Ok(server) => {
                let client = server.client();
                let works = self.work(open(&client), &client, 10);
                note_end(server, tally);
                works
            }
            Err(status) => {
                let mut tally = tally.lock().unwrap();
                match status.code() {
                    Some(_) => tally.starts_refused += 1,
                    None => tally.starts_cut_short += 1,
                }
                Vec::new()
            }
        }
    }

    /// Power loss while a server shuts down.
    fn stop(&mut self, start: &Start, template: &Template, tally: &Mutex<Tally>) -> Vec<(Work, bool)> {
        let (sign, faults) = (self.place.join("sign"), [self.plug(1, 12)]);
        template.copy(start.data());
        let server = self.faults.plan_if(start, &faults, self.seed, &sign).start();
        let works = template.works.iter().map(|work| (work.clone(), true)).collect();
        let works = self.work(works, &server.client(), 10);
        fs::write(&sign, "").unwrap();
        server.signal_end();
        if server.wait().code().is_none() {
            tally.lock().unwrap().power_cuts += 1;
        }
        works
    }

    /// Clients work while the disk fails, possibly recovers, and loses power.
    fn load(
        &mut self,
        start: &Start,
        template: &Template,
        has_errors: bool,
        tally: &Mutex<Tally>,
    ) -> Vec<(Work, bool)> {
        let mut faults = Vec::new();
        // Early (from the start on) or late: only then has the write-ahead log been checkpointed and restarted.
        let is_early = self.choices.from(0, 2) == 0;
        let far = if is_early { 80 } else { [300, 1000, 4000][usize::try_from(self.choices.from(0, 2)).unwrap()] };
        if has_errors {
            for _ in 0..self.choices.from(1, 4) {
                faults.push(self.error(1, far));
            }
        }
        faults.push(self.plug(1, far + far / 2));
        template.copy(start.data());
        let sign = self.place.join("sign");
        let works = template.works.iter().map(|work| (work.clone(), true)).collect();
        let planned = self.faults.plan_if(start, &faults, self.seed, &sign);
        if is_early {
            fs::write(&sign, "").unwrap();
        }
        let Ok(mut server) = planned.try_start() else {
            tally.lock().unwrap().starts_refused += 1;
            return works;
        };
        let client = server.client();
        fs::write(&sign, "").unwrap();
        let mut works = self.work(works, &client, 80);
        if !server.has_ended() {
            self.recover(&client, &mut works[0].0);
        }
        note_end(server, tally);
        works
    }

    /// After a disk failure the server works again by itself or reports that it cannot, unless it loses power first.
    fn recover(&mut self, client: &Client, work: &mut Work) {
        for _ in 0..PATIENCE {
            let Ok(ready) = client.get("/readyz") else { return };
            if ready.status == 200 {
                let _ = work.step(client, &mut self.choices);
                return;
            }
            assert_eq!(ready.status, 503, "{ready:?}");
            assert!(!ready.body["reason"].as_str().unwrap().is_empty(), "{ready:?}");
            run::let_pass(Duration::from_millis(20));
        }
        panic!("the server did not recover");
    }

    /// Clients run operations in parallel until the server stops answering.
    fn work(&mut self, works: Vec<(Work, bool)>, client: &Client, steps: u64) -> Vec<(Work, bool)> {
        thread::scope(|scope| {
            let go = |(mut work, is_open): (Work, bool), seed| {
                let (client, mut choices) = (client.another(), Choices::of(seed));
                if is_open {
                    let _ = (0..steps).try_for_each(|_| work.step(&client, &mut choices));
                }
                (work, is_open)
            };
            let threads: Vec<_> = works
                .into_iter()
                .map(|work| {
                    let seed = self.choices.from(0, u64::from(u32::MAX));
                    scope.spawn(move || go(work, seed))
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }

    /// Restarts on the same directory, and loses power again or is killed.
    fn start_again(&mut self, start: &Start, tally: &Mutex<Tally>) {
        let faults = [self.plug(1, 30)];
        match self.faults.plan(start, &faults, self.seed).try_start() {
            Ok(server) => note_end(server, tally),
            Err(_) => tally.lock().unwrap().starts_cut_short += 1,
        }
    }
}

/// Kills a server that is still running, and records whether it lost power.
fn note_end(mut server: Server, tally: &Mutex<Tally>) {
    let has_ended = server.has_ended();
    server.kill();
    tally.lock().unwrap().power_cuts += usize::from(has_ended);
}
