//! Entry point: parses the command line, runs one command and turns its outcome into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    let exit = bursar::cli::main(std::env::args_os(), std::env::vars_os().collect());
    ExitCode::from(exit.code())
}
