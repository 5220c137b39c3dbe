//! Reads the password of an operator from a file, from stdin or from a prompt on the terminal; never from an argument,
//! which every user of the machine could read.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use clap::Args;

use super::outcome::{Exit, Failure};
use crate::app::access::{PasswordHash, hash_blocking};
use crate::domain::access::{PASSWORD_MAX, PASSWORD_MIN, Password};
use crate::domain::refusal::Field;
use crate::system::SystemRandomness;

/// The longest password with a line break: up to 18 bytes per character in UTF-8, as some are typed as several.
const BYTES_MAX: u64 = 18 * PASSWORD_MAX as u64 + 2;

#[derive(Clone, Debug, Default, Args)]
pub struct PasswordSource {
    /// Read the password (8 to 200 characters) from this file, or from stdin if it is - [default: prompt]
    #[arg(long, value_name = "FILE|-")]
    pub password_file: Option<PathBuf>,
}

impl PasswordSource {
    /// Reads the password and hashes it in this process.
    pub(super) fn hash(&self, name: &str) -> Result<PasswordHash, Failure> {
        let password = match &self.password_file {
            Some(file) if file == Path::new("-") => read(io::stdin().lock(), "stdin")?,
            Some(file) => {
                let shown = file.display().to_string();
                read(File::open(file).map_err(|error| Failure::of_file(&shown, &error))?, &shown)?
            }
            None => ask(name)?,
        };
        Ok(hash_blocking(&check(&password)?, &SystemRandomness)?)
    }
}

/// Reads a source to its end, without the final line break.
fn read(source: impl Read, shown: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    source.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| Failure::of_file(shown, &error))?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(Failure::new(Exit::Failure, format!("{shown} holds more than a password")));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::new(Exit::Failure, format!("the password in {shown} is not UTF-8")))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

fn ask(name: &str) -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        let message = "there is no terminal to ask for the password";
        return Err(Failure::new(Exit::Usage, message).next(
            "Name a file that holds it with --password-file FILE, or write it to stdin and use --password-file -",
        ));
    }
    let prompt =
        |text: String| rpassword::prompt_password(text).map_err(|error| Failure::of_file("the terminal", &error));
    let password = prompt(format!("Password for {name} ({PASSWORD_MIN} to {PASSWORD_MAX} characters): "))?;
    check(&password)?;
    if prompt("Repeat the password: ".into())? != password {
        return Err(Failure::new(Exit::Failure, "the two passwords differ").next("Run the command again."));
    }
    Ok(password)
}

fn check(password: &str) -> Result<Password, Failure> {
    Password::new(Field::Password, password)
        .map_err(|refusal| Failure::from(refusal).next("Choose another and run the command again."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_final_line_break_is_removed() {
        assert_eq!(read(&b"correct horse \r\n"[..], "x").unwrap(), "correct horse ");
        assert_eq!(read(&b"correct\n\n"[..], "x").unwrap(), "correct\n");
        assert!(read(&[b'x'; 4000][..], "x").is_err());
    }
}
