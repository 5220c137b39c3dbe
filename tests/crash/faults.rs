//! Storage that fails where a test says so: a small library that is put between the server and the C library.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::server::Start;

pub(crate) struct Faults {
    library: PathBuf,
}

impl Faults {
    /// None, and a word about it, where there is no C compiler.
    pub(crate) fn build(directory: &Path) -> Option<Faults> {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/crash/faults.c");
        let library = directory.join("faults.so");
        let built =
            Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).args([source, "-ldl"]).output();
        match built {
            Ok(ran) if ran.status.success() => Some(Faults { library }),
            Ok(ran) => panic!("faults.c: {}", String::from_utf8_lossy(&ran.stderr)),
            Err(error) => {
                println!("SKIPPED: this test needs cc: {error}");
                None
            }
        }
    }

    fn under(&self, start: &Start) -> Start {
        start.clone().env("LD_PRELOAD", self.library.to_str().unwrap())
    }

    /// A server that is killed just before it changes a file for the n-th time.
    pub(crate) fn kill_at(&self, start: &Start, n: u64) -> Start {
        self.under(start).env("CRASH_AT_WRITE", &n.to_string())
    }

    /// A server whose data is written, but never confirmed to be on disk while `file` exists.
    pub(crate) fn fail_sync_if(&self, start: &Start, file: &Path) -> Start {
        self.under(start).env("FAIL_SYNC_IF", file.to_str().unwrap())
    }
}
