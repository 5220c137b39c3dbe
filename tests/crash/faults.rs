//! Fault injection: a small library, preloaded into the server, that makes storage fail as a test requests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::server::Start;

pub(crate) struct Faults {
    library: PathBuf,
}

/// The kind of fault and the file change at which it occurs; `faults.c` defines what counts as a change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// Zero: as soon as the preceding fault is used up.
    pub(crate) at: u64,
    pub(crate) kind: Kind,
    /// The number of consecutive changes that are affected.
    pub(crate) times: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// The process ends just before the change; everything already written stays.
    Kill,
    /// Power loss: everything not synced is lost.
    Plug,
    /// A device error.
    Eio,
    /// No space left.
    Full,
    Short,
    /// Data is accepted, but syncing it fails.
    Sync,
    /// The same for creating, renaming and removing directory entries.
    Directory,
}

impl Faults {
    /// `None`, with a note on stderr, without a C compiler or on a system other than Linux.
    pub(crate) fn build(directory: &Path) -> Option<Faults> {
        if !cfg!(target_os = "linux") {
            println!("SKIPPED: storage that fails is made for Linux only");
            return None;
        }
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/crash/faults.c");
        let library = directory.join("faults.so");
        let built =
            Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).args([source, "-ldl"]).output();
        match built {
            Ok(ran) if ran.status.success() => Some(Faults { library }),
            Ok(ran) => panic!("faults.c: {}", String::from_utf8_lossy(&ran.stderr)),
            Err(error) => {
                println!("SKIPPED: storage that fails needs cc: {error}");
                None
            }
        }
    }

    /// A server with these faults.
    pub(crate) fn plan(&self, start: &Start, faults: &[Fault], seed: u64) -> Start {
        let data = start.data().to_str().unwrap();
        fs::create_dir_all(format!("{data}.lost")).unwrap();
        let plan: Vec<_> = faults.iter().map(|fault| format!("{} {} {}", fault.at, fault.kind, fault.times)).collect();
        start
            .clone()
            .env("LD_PRELOAD", self.library.to_str().unwrap())
            .env("FAULTS_DIR", data)
            .env("FAULTS_PLAN", &plan.join(","))
            .env("FAULTS_SEED", &seed.to_string())
    }

    /// Like [`Faults::plan`], but only while `sign` exists.
    pub(crate) fn plan_if(&self, start: &Start, faults: &[Fault], seed: u64, sign: &Path) -> Start {
        self.plan(start, faults, seed).env("FAULTS_IF", sign.to_str().unwrap())
    }

    /// The environment that gives another command on the server's data these faults.
    pub(crate) fn environment(&self, start: &Start, faults: &[Fault], seed: u64) -> Vec<(String, String)> {
        self.plan(start, faults, seed).environment().to_vec()
    }

    /// A server killed just before its n-th file change.
    pub(crate) fn kill_at(&self, start: &Start, n: u64) -> Start {
        self.plan(start, &[Fault { at: n, kind: Kind::Kill, times: 1 }], 0)
    }

    /// A server whose data is written but fails to sync while `sign` exists.
    pub(crate) fn fail_sync_if(&self, start: &Start, sign: &Path) -> Start {
        self.plan_if(start, &[Fault { at: 1, kind: Kind::Sync, times: u64::from(u32::MAX) }], 0, sign)
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Kind::Kill => "kill",
            Kind::Plug => "plug",
            Kind::Eio => "eio",
            Kind::Full => "full",
            Kind::Short => "short",
            Kind::Sync => "sync",
            Kind::Directory => "dir",
        })
    }
}
