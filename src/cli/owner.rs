//! The present command as the user that owns the data directory.

use std::path::Path;
use std::{env, fs};

use crate::config::start::quoted;

/// A line for the shell that runs the command of this process as another user. sudo drops the environment, so the line
/// names the settings that are to be kept.
pub(super) fn this_command_as(user: u32) -> String {
    let command: Vec<String> = env::args_os().map(|argument| quoted(Path::new(&argument))).collect();
    let mut settings: Vec<String> = env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with("BURSAR_"))
        .collect();
    settings.sort();
    let kept = if settings.is_empty() { String::new() } else { format!(" --preserve-env={}", settings.join(",")) };
    let name = name_of(user).unwrap_or_else(|| format!("#{user}"));
    format!("sudo -u {}{kept} {}", quoted(Path::new(&name)), command.join(" "))
}

/// The name of a user of this machine; `None` if the list of users does not have it.
fn name_of(user: u32) -> Option<String> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(user)).then(|| name.to_owned())
    })
}
