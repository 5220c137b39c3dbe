//! The real program: the one place that starts it, waits for its banner and ends it.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};

/// A development server on a free port, without sample data.
pub(crate) const SERVE: [&str; 5] = ["serve", "--dev", "--no-sample", "--listen", "127.0.0.1:0"];

/// The program of this build, with nothing of the environment that the tests run in.
pub(crate) fn program() -> Command {
    program_of(Path::new(env!("CARGO_BIN_EXE_bursar")))
}

/// The same on this data directory.
pub(crate) fn program_on(data: &Path) -> Command {
    let mut command = program();
    command.env("BURSAR_DATA_DIR", data);
    command
}

/// The program of another build.
pub(crate) fn program_of(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().stdin(Stdio::null());
    command
}

/// A process of the program, killed when this is dropped.
pub(crate) struct Process(Child);

impl Process {
    /// Starts a command; the command says where stderr goes.
    pub(crate) fn spawn(command: &mut Command) -> Process {
        Process::spawn_onto(command, Stdio::piped())
    }

    /// The same with a stdout of the caller's.
    pub(crate) fn spawn_onto(command: &mut Command, stdout: impl Into<Stdio>) -> Process {
        Process(command.stdout(stdout).spawn().unwrap())
    }

    /// Where it writes its log, if the command pipes it.
    pub(crate) fn take_stderr(&mut self) -> ChildStderr {
        self.0.stderr.take().unwrap()
    }

    /// Waits until it listens, and returns what it then says about itself; none if it ended before.
    pub(crate) fn banner(&mut self) -> Option<Value> {
        let mut line = String::new();
        BufReader::new(self.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        serde_json::from_str(&line).ok()
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// kill -9, as a power cut would. Returns how it ended, which may have been by itself.
    pub(crate) fn kill(&mut self) -> ExitStatus {
        self.0.kill().unwrap();
        self.wait()
    }

    /// Waits for its end, however it comes.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.0.wait().unwrap()
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    /// Sends it a signal, such as `HUP`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.id().to_string()]).status().unwrap();
        assert!(sent.success(), "kill -{name}: {sent}");
    }

    /// Tells it to end, as a supervisor does, and waits until it has.
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
