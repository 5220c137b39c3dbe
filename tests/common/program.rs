//! The only place that starts the real program, waits for its banner and ends it.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};

/// A development server on a free port, without sample data.
pub(crate) const SERVE: [&str; 5] = ["serve", "--dev", "--no-sample", "--listen", "127.0.0.1:0"];

/// The program under test, with an empty environment.
pub(crate) fn program() -> Command {
    program_of(Path::new(env!("CARGO_BIN_EXE_bursar")))
}

/// The program under test on this data directory.
pub(crate) fn program_on(data: &Path) -> Command {
    let mut command = program();
    command.env("BURSAR_DATA_DIR", data);
    command
}

/// The program from another build.
pub(crate) fn program_of(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().stdin(Stdio::null());
    command
}

/// A process of the program, killed on drop.
pub(crate) struct Process(Child);

impl Process {
    /// Starts a command; the caller decides where stderr goes.
    pub(crate) fn spawn(command: &mut Command) -> Process {
        Process::spawn_onto(command, Stdio::piped())
    }

    /// Like [`Process::spawn`], with the given stdout.
    pub(crate) fn spawn_onto(command: &mut Command, stdout: impl Into<Stdio>) -> Process {
        Process(command.stdout(stdout).spawn().unwrap())
    }

    /// The log, if stderr is piped.
    pub(crate) fn take_stderr(&mut self) -> ChildStderr {
        self.0.stderr.take().unwrap()
    }

    /// Waits until the server listens, and returns its banner; `None` if the process ended first.
    pub(crate) fn banner(&mut self) -> Option<Value> {
        let mut line = String::new();
        BufReader::new(self.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        serde_json::from_str(&line).ok()
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// kill -9, as a power cut would. Returns the exit status, which may be the process's own.
    pub(crate) fn kill(&mut self) -> ExitStatus {
        self.0.kill().unwrap();
        self.wait()
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.0.wait().unwrap()
    }

    /// Whether the process has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    /// Sends a signal, such as `HUP`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.id().to_string()]).status().unwrap();
        assert!(sent.success(), "kill -{name}: {sent}");
    }

    /// Asks the process to stop, as a supervisor does, and waits until it has.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
