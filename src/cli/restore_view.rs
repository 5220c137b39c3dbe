//! What `bursar restore list` and `bursar restore plan` print.

use serde_json::{Value, json};

use super::output::{some_lines, table};
use crate::backup::history::Branch;
use crate::backup::restore::{Catalog, Obstacle, RestorePlan};
use crate::backup::signature::Distrust;
use crate::domain::clock::Moment;

/// The backups, the moments that can be restored, and the branches.
pub(super) fn catalog_view(catalog: &Catalog) -> (Value, String) {
    let backups = catalog.backups.iter().map(|found| {
        let contents = &found.manifest.contents;
        [
            found.timeline.to_string(),
            found.name.to_string(),
            contents.recorded_at.to_string(),
            contents.entries.to_string(),
            found.repository.target().name().to_owned(),
        ]
    });
    let rows: Vec<_> = backups.collect();
    let mut lines = vec![
        format!("Installation {}", catalog.installation),
        String::new(),
        table(["TIMELINE", "BACKUP", "HOLDS UP TO", "ENTRIES", "TARGET"], &rows),
        String::new(),
    ];
    let mut timelines: Vec<i64> = catalog.backups.iter().map(|found| found.timeline).collect();
    timelines.dedup();
    let mut ranges = Vec::new();
    for timeline in timelines {
        let first = catalog.backups.iter().find(|found| found.timeline == timeline);
        let from = first.map(|found| found.manifest.contents.recorded_at);
        let reach = catalog.reach(timeline);
        if let (Some(from), Some(to)) = (from, reach) {
            lines.push(format!(
                "Timeline {timeline} can be restored to any moment from {from} to {to}, except for gaps."
            ));
        }
        ranges.push(json!({"timeline": timeline, "from": from.map(text_of), "to": reach.map(text_of)}));
    }
    let untrusted = untrusted(catalog).into_iter().map(|what| format!("Not trusted: {what}"));
    lines.extend(some_lines(untrusted.collect()));
    let branches = if catalog.backups.is_empty() { Vec::new() } else { catalog.histories().live_branches() };
    if branches.len() > 1 {
        lines.push(String::new());
        lines
            .push("These histories do not continue one another; a restore takes one of them, with --branch ID:".into());
        lines.extend(branch_lines(&branches));
    }
    if catalog.unverified.len() > 1 {
        lines.push(String::new());
        lines.push("Not verified, as no key is trusted that signed them (--trust KEY):".into());
        lines.extend(branch_lines(&catalog.unverified));
    }
    lines.extend(some_lines(catalog.broken.iter().map(|what| format!("Not usable: {what}")).collect()));
    lines.extend(catalog.errors.iter().map(|error| format!("Unreachable: {error}")));
    let value = json!({
        "installation": catalog.installation,
        "backups": catalog.backups.iter().map(|found| json!({
            "timeline": found.timeline,
            "name": found.name.to_string(),
            "target": found.repository.target().name(),
            "manifest": found.manifest,
        })).collect::<Vec<_>>(),
        "journal": ranges,
        "untrusted": untrusted_view(catalog),
        "untrusted_segments": untrusted_segments_view(catalog),
        "branches": branches.iter().map(branch_view).collect::<Vec<_>>(),
        "unverified_branches": catalog.unverified.iter().map(branch_view).collect::<Vec<_>>(),
        "broken": catalog.broken,
        "unreachable": unreachable(catalog),
    });
    (value, lines.join("\n"))
}

/// What is not used, each as a sentence.
pub(super) fn not_used(catalog: &Catalog) -> Vec<String> {
    untrusted(catalog).into_iter().chain(catalog.broken.iter().cloned()).collect()
}

/// The targets, and the parts of them, that could not be read, each as a sentence.
pub(super) fn unreachable(catalog: &Catalog) -> Vec<String> {
    catalog.errors.iter().map(ToString::to_string).collect()
}

/// What is not trusted, each as a sentence.
fn untrusted(catalog: &Catalog) -> Vec<String> {
    let backups = catalog.untrusted.iter().map(|it| format!("{} {}", it.called(), it.why));
    backups.chain(catalog.untrusted_segments.iter().map(|it| format!("{} {}", it.called, it.why))).collect()
}

fn untrusted_segments_view(catalog: &Catalog) -> Value {
    catalog.untrusted_segments.iter().map(|it| json!({"segment": it.called, "why": it.why.to_string()})).collect()
}

fn untrusted_view(catalog: &Catalog) -> Value {
    let of_each = catalog.untrusted.iter().map(|it| {
        let signer = if let Distrust::Foreign(signer) = &it.why { Some(signer.to_string()) } else { None };
        json!({
            "backup": it.backup.name.to_string(),
            "target": it.backup.repository.target().name(),
            "why": it.why.to_string(),
            "signed_by": signer,
        })
    });
    of_each.collect()
}

fn branch_lines(branches: &[Branch]) -> Vec<String> {
    let shown = table(["BRANCH", "TIMELINE", "SINCE", "UP TO", "ENTRIES", "MACHINE"], &branch_rows(branches));
    some_lines(shown.lines().map(str::to_owned).collect())
}

fn branch_rows(branches: &[Branch]) -> Vec<[String; 6]> {
    let row = |branch: &Branch| {
        [
            branch.tip.to_string(),
            branch.held.timeline.to_string(),
            branch.since.map_or_else(|| "-".into(), text_of),
            branch.held.reaches.to_string(),
            branch.held.entries.map_or_else(|| "-".into(), |entries| entries.to_string()),
            branch.held.host.clone(),
        ]
    };
    branches.iter().map(row).collect()
}

fn branch_view(branch: &Branch) -> Value {
    json!({
        "id": branch.tip.to_string(),
        "epoch": branch.tip.epoch,
        "timeline": branch.held.timeline,
        "since": branch.since.map(text_of),
        "up_to": branch.held.reaches.to_string(),
        "entries_in_last_backup": branch.held.entries,
        "machine": branch.held.host,
    })
}

pub(super) fn text_of(moment: Moment) -> String {
    moment.to_string()
}

pub(super) fn plan_view(plan: &RestorePlan, catalog: &Catalog) -> Value {
    json!({
        "installation": catalog.installation,
        "timeline": plan.base.timeline,
        "backup": plan.base.name.to_string(),
        "target": plan.base.repository.target().name(),
        "segments": plan.segments.len(),
        "asked_for": plan.request.at.map(text_of),
        "reaches": plan.reaches.to_string(),
        "branch": plan.tip.to_string(),
        "missing_commits": match plan.obstacle {
            Some(Obstacle::Missing { first, last }) => json!({"first": first, "last": last}),
            _ => Value::Null,
        },
        "obstacle": plan.failure().map(|failure| failure.to_string()),
        "bytes_to_fetch": plan.bytes(),
        "room_needed": plan.room(),
        "untrusted": untrusted_view(catalog),
        "untrusted_segments": untrusted_segments_view(catalog),
        "unreachable": unreachable(catalog),
    })
}

pub(super) fn plan_text(plan: &RestorePlan, catalog: &Catalog) -> String {
    let contents = &plan.base.manifest.contents;
    let mut lines = vec![
        format!(
            "Backup     {} (timeline {}) at {}",
            plan.base.name,
            plan.base.timeline,
            plan.base.repository.target().name()
        ),
        format!("           {} entries, recorded up to {}", contents.entries, contents.recorded_at),
        match plan.segments.as_slice() {
            [] => "Changes    none after it".to_owned(),
            segments => format!(
                "Changes    {} segment{}, commits {} to {}",
                segments.len(),
                if segments.len() == 1 { "" } else { "s" },
                contents.position.map_or(0, |position| position.commit + 1),
                segments.last().map_or(0, |segment| segment.upto)
            ),
        },
        format!("Reaches    {}", plan.reaches),
        format!("To fetch   {} bytes; room needed: {} bytes", plan.bytes(), plan.room()),
    ];
    match &plan.obstacle {
        Some(Obstacle::Missing { first, last }) => lines.push(format!("Missing    commits {first} to {last}")),
        Some(_) => lines.extend(plan.failure().map(|failure| format!("Ends there {failure}"))),
        None => {}
    }
    lines.extend(some_lines(not_used(catalog).into_iter().map(|what| format!("Not used   {what}")).collect()));
    lines.extend(catalog.errors.iter().map(|error| format!("Unreachable: {error}")));
    lines.join("\n")
}
