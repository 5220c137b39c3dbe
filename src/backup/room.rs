//! Free space, looked at before files are written: what is larger than the disk is refused, not tried.

use super::error::BackupError;
use super::service::file_error;
use std::path::Path;

/// Refuses work that needs `bytes` in the directory of the new file `file` if fewer are free.
pub(super) fn check_room(file: &Path, needed: u64) -> Result<(), BackupError> {
    let path = file.parent().unwrap_or(file);
    let disk = rustix::fs::statvfs(path).map_err(|error| file_error(path)(error.into()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    // Some file systems do not tell.
    match disk.f_blocks > 0 && free < needed {
        true => Err(BackupError::NoRoom { path: path.into(), needed, free }),
        false => Ok(()),
    }
}
