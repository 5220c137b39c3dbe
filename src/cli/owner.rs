//! The present command as the user that owns the data directory.

use std::env;
use std::path::Path;

use super::machine_user::name_of;
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
