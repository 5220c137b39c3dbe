//! A place for the commands of one test: the real program, with and without a server beside it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
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
        let mut command = Command::new(env!("CARGO_BIN_EXE_bursar"));
        command.env_clear().env("BURSAR_DATA_DIR", self.data()).current_dir(self.root.path());
        command.args(args).stdin(Stdio::null());
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
        let mut child = self
            .command(&["serve", "--dev", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Served { child, banner: serde_json::from_str(&line).unwrap() }
    }
}

pub(super) struct Served {
    pub(super) child: Child,
    pub(super) banner: Value,
}

impl Served {
    pub(super) fn stop(&mut self) -> i32 {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
