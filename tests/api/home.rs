//! A data directory for the commands of one test, with or without a running server.

use crate::common::program::{Process, program_on};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A directory of its own for one test.
pub(super) struct Home {
    pub(super) root: TempDir,
}

/// The result of a command.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Ran {
    pub(super) fn of(output: Output) -> Ran {
        Ran {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Asserts success and returns the JSON on stdout, which must contain nothing else.
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{}", self.stderr);
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// Asserts failure and returns the error, one line of JSON on stderr.
    #[track_caller]
    pub(super) fn error(&self, code: i32) -> Value {
        assert_eq!(self.code, code, "{}{}", self.stdout, self.stderr);
        let line = self.stderr.lines().last().unwrap();
        serde_json::from_str::<Value>(line).unwrap()["error"].clone()
    }
}

impl Home {
    pub(super) fn new() -> Home {
        Home { root: tempfile::tempdir().unwrap() }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(super) fn data(&self) -> PathBuf {
        self.path("data")
    }

    pub(super) fn file(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).unwrap();
        self.path(name).display().to_string()
    }

    /// The program with this data directory and no other settings.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = program_on(&self.data());
        command.current_dir(self.root.path()).args(args);
        command
    }

    pub(super) fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args).output().unwrap())
    }

    pub(super) fn json(&self, args: &[&str]) -> Ran {
        self.run(&[args, &["--json"]].concat())
    }

    /// A directory with a database and its first operator.
    pub(super) fn installed() -> Home {
        let home = Home::new();
        let password = home.file("password", "correct horse\n");
        home.json(&["init", "--operator", "ada", "--password-file", &password]).json();
        home
    }

    /// Starts a development server here; it ends when the returned value is dropped.
    pub(super) fn serve(&self) -> Served {
        self.serve_with(&[])
    }

    /// Like [`Home::serve`], with more arguments.
    pub(super) fn serve_with(&self, more: &[&str]) -> Served {
        let args = [&["serve", "--dev", "--listen", "127.0.0.1:0"], more].concat();
        let mut process = Process::spawn(self.command(&args).stderr(Stdio::null()));
        let banner = process.banner().expect("a banner");
        Served { process, banner }
    }
}

/// A running server, stopped on drop.
pub(super) struct Served {
    process: Process,
    pub(super) banner: Value,
}

impl Served {
    /// Asks the server to stop; returns its exit code.
    pub(super) fn stop(&mut self) -> i32 {
        self.process.stop().code().unwrap()
    }
}
