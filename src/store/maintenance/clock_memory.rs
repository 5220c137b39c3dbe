//! What is known about the machine's clock, in one small file in the data directory, so that a restart does not forget
//! a leap. It is about the machine, and so not part of the database, its backups and its restores.

use crate::domain::clock_watch::ClockMemory;
use crate::store::database::data_dir::{DataDir, new_private_file};
use std::fs;
use std::io::{self, Write};

const FILE: &str = "clock.json";

impl DataDir {
    /// What the last process noted; none if there was none. Fails if it cannot be read, as after damage.
    pub fn clock_memory(&self) -> io::Result<Option<ClockMemory>> {
        match fs::read(self.path().join(FILE)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Called only by the process that holds the lock.
    pub fn note_clock(&self, memory: &ClockMemory) -> io::Result<()> {
        let unfinished = self.path().join(".clock.unfinished");
        let mut file = new_private_file(&unfinished)?;
        file.write_all(&serde_json::to_vec_pretty(memory)?)?;
        file.sync_all()?;
        fs::rename(&unfinished, self.path().join(FILE))
    }
}
