//! A place for the commands of one test: the real program, with and without a server beside it.

use crate::common::program::{Process, program_on};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A place of its own for one test.
pub(super) struct Home {
    pub(super) root: TempDir,
}

/// What a command led to.
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

    /// The result of a command that succeeded: stdout is JSON and nothing else.
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{}", self.stderr);
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// The error of a command that failed: one line of JSON on stderr.
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

    /// The program with the data directory of this place and no other settings.
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

    /// A place with a database and its first operator.
    pub(super) fn installed() -> Home {
        let home = Home::new();
        let password = home.file("password", "correct horse\n");
        home.json(&["init", "--operator", "ada", "--password-file", &password]).json();
        home
    }

    /// A development server in this place; it ends with the returned value.
    pub(super) fn serve(&self) -> Served {
        self.serve_with(&[])
    }

    /// The same with more arguments.
    pub(super) fn serve_with(&self, more: &[&str]) -> Served {
        let args = [&["serve", "--dev", "--listen", "127.0.0.1:0"], more].concat();
        let mut process = Process::spawn(self.command(&args).stderr(Stdio::null()));
        let banner = process.banner().expect("a banner");
        Served { process, banner }
    }
}

/// A server that ends with this value.
pub(super) struct Served {
    process: Process,
    pub(super) banner: Value,
}

impl Served {
    /// Tells it to end; returns its exit code.
    pub(super) fn stop(&mut self) -> i32 {
        self.process.stop().code().unwrap()
    }
}
