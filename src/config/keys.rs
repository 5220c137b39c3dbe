//! `[keys]`: the secret of the installation.

use std::path::PathBuf;

use super::section::section;

section! {
    /// The installation key: it signs backups and seals the private keys in the database. Keep it out of backups.
    pub struct Keys {
        /// File (mode 0600) with the installation key; without it, `installation.key` in the data directory.
        file: Option<PathBuf> = None;
    }
}
