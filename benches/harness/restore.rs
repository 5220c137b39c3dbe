//! The time of a restore compared with a plain copy of the same database file.

use crate::report::{Goal, Table};
use crate::seed::Place;
use crate::server::Program;
use crate::{Options, Outcome};
use std::fs::{self, File};
use std::time::Instant;

/// Alternates a restore and a copy, both onto the same file system and synced to disk.
pub(crate) fn measure(options: &Options, program: &Program, place: &Place, table: &mut Table) -> Outcome<()> {
    let backups = place.directory.with_file_name("restore-backups");
    let config = place.directory.join("bench-restore.toml");
    fs::write(&config, format!("[backup]\ndirectories = [{:?}]\n", backups.display().to_string()))?;
    fs::create_dir_all(&backups)?;
    let started = Instant::now();
    let made = program.backup(&place.directory, &config, &["create"])?;
    let created = started.elapsed().as_secs_f64();
    let bytes = fs::metadata(place.database())?.len() as f64;
    let packed = made["manifest"]["object"]["bytes"].as_f64().unwrap_or_default();
    let made_of =
        format!("{:.0} MB become {:.0} MB, at the pace that leaves room for a server", bytes / 1e6, packed / 1e6);
    table.note("backup create, a million entries", "s", Goal::None, created, made_of);

    let (restored, copied) = (place.directory.with_file_name("restored"), place.directory.with_file_name("copied.db"));
    for _ in 0..options.rounds {
        let _ = fs::remove_dir_all(&restored);
        let started = Instant::now();
        let into = restored.display().to_string();
        let answer = program.restore(&place.directory, &config, &["apply", "--into", &into])?;
        let restore = started.elapsed().as_secs_f64();
        if answer["after"]["entries"].as_u64() != Some(place.entries) {
            return Err(format!("{} entries were restored as {answer}", place.entries).into());
        }

        let _ = fs::remove_file(&copied);
        let started = Instant::now();
        fs::copy(place.database(), &copied)?;
        File::open(&copied)?.sync_all()?;
        let copy = started.elapsed().as_secs_f64();
        let made_of = format!(
            "{restore:.1} s, {:.0} MB and {:.0} entries a second; a copy takes {copy:.1} s",
            bytes / 1e6 / restore,
            place.entries as f64 / restore
        );
        table.note("restore of a million entries ÷ plain copy of the file", "", Goal::None, restore / copy, made_of);
    }
    Ok(())
}
