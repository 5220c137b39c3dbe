//! Edits of a database file that change who did what, when, and to whom. Sums do not show them; the log does.

use super::harness::{PASSWORD, Server};
use super::native_events::everything;
use super::tampering::{audit, findings, tampered};
use rusqlite::Connection;
use serde_json::json;
use std::path::{Path, PathBuf};

/// A complete copy of the live database.
fn copy(server: &Server) -> PathBuf {
    let to = server.home().join("clean.db");
    let live = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    live.execute("VACUUM INTO ?1", [to.display().to_string()]).unwrap();
    to
}

fn found_in(file: &Path) -> Vec<String> {
    let output = audit(file);
    let found = findings(&output);
    assert_eq!(output.status.code(), Some(if found.is_empty() { 0 } else { 5 }));
    found
}

#[test]
fn who_did_what_when_and_to_whom_cannot_be_rewritten() {
    let server = Server::start("");
    everything(&server);
    server.set_rules("requires_approval = true");
    let (admin, second) = (server.admin(), server.operator("operator", &[]));
    let fields = json!({"metadata": {"iban": "DE11"}, "tags": ["vip"], "password": PASSWORD});
    let profile = admin.new_profile_with(&fields);
    let account = admin.new_account_of(&profile, "USD");
    admin.deposit(&account, "1000");
    let withdrawal = admin.ask(&account, "withdrawals", "400");
    second.step(&format!("/withdrawals/{withdrawal}/approve"));
    admin.step(&format!("/withdrawals/{withdrawal}/pay"));
    let clean = copy(&server);
    assert_eq!(found_in(&clean), [""; 0]);
    for (sql, check) in [
        ("UPDATE audit_log SET principal_id = 1 WHERE event_seq IS NOT NULL", "log"),
        ("UPDATE audit_log SET address = '10.0.0.1' WHERE address IS NOT NULL", "log"),
        ("UPDATE audit_log SET token_uuid = NULL WHERE token_uuid IS NOT NULL", "log"),
        ("UPDATE audit_log SET request_uuid = NULL WHERE id = 4", "log"),
        ("UPDATE audit_log SET recorded_at = recorded_at - 86400000", "log"),
        ("UPDATE audit_log SET action = 'deposit.announce' WHERE event_seq IS NOT NULL", "log"),
        ("UPDATE audit_log SET machine_user = 'mallory' WHERE machine_user IS NOT NULL", "log"),
        ("UPDATE audit_log SET changes = NULL WHERE id = (SELECT max(id) FROM audit_log)", "log"),
        ("DELETE FROM audit_log WHERE event_seq IS NULL", "log"),
        ("DELETE FROM audit_log WHERE id = (SELECT max(id) FROM audit_log)", "log"),
        ("INSERT INTO audit_log (recorded_at, principal_id, action) VALUES (1, 1, 'login')", "log"),
        ("UPDATE change_journal SET log_size = log_size - 1", "log"),
        ("UPDATE change_journal SET log_frontier = zeroblob(length(log_frontier))", "log"),
        ("UPDATE audit_changes SET new = 'x' WHERE position = 0", "changes"),
        ("DELETE FROM audit_changes", "changes"),
        // Their order stays as it was.
        (
            "UPDATE audit_changes SET position = position + 1000
             WHERE position = (SELECT max(l.position) FROM audit_changes l WHERE l.audit_id = audit_changes.audit_id)",
            "changes",
        ),
        // Says nothing new, at a moment without a commit.
        (
            "INSERT INTO book_figures
             SELECT book_id, recorded_at + 86400000, held_minor, uncleared_minor, pending_minor, credit_net_minor,
                    minimum_minor, group_id
             FROM book_figures ORDER BY recorded_at DESC LIMIT 1",
            "figures",
        ),
        ("UPDATE events SET principal_id = 1", "history"),
        ("UPDATE events SET recorded_at = recorded_at - 5000", "history"),
        ("UPDATE events SET profile_id = NULL WHERE profile_id IS NOT NULL", "history"),
        ("UPDATE movements SET approved_by = requested_by WHERE approved_by IS NOT NULL", "history"),
        ("UPDATE movements SET requested_by = 1, created_at = created_at - 1", "history"),
        ("UPDATE movements SET reason = 'gift' WHERE reason <> ''", "history"),
        ("UPDATE approvals SET decided_by = 1 WHERE decided_by IS NOT NULL", "history"),
        ("UPDATE approvals SET requested_at = requested_at + 1", "history"),
        (
            "INSERT INTO principals (uuid, kind, name, name_folded, role, created_at)
             VALUES (randomblob(16), 'operator', 'ghost', 'ghost', 'admin', 1)",
            "history",
        ),
        ("UPDATE principals SET role = 'admin' WHERE role = 'operator'", "history"),
        ("UPDATE principals SET name = 'x' WHERE id = 2", "history"),
        ("UPDATE principals SET password_hash = 'x' WHERE id = 2", "history"),
        ("UPDATE tokens SET scopes = NULL, expires_at = NULL, revoked_at = 1", "history"),
        ("UPDATE tokens SET hash = randomblob(32)", "history"),
        ("UPDATE signing_keys SET public_key = randomblob(32)", "history"),
        ("UPDATE profiles SET first_name = 'Other' WHERE id = 1", "history"),
        ("UPDATE profiles SET country = 'KP'", "history"),
        ("UPDATE profiles SET reviewed_by = 1", "history"),
        ("UPDATE profile_attributes SET value = 'DE00'", "history"),
        ("DELETE FROM profile_tags", "history"),
        ("UPDATE profile_salts SET salt = randomblob(16)", "history"),
        ("UPDATE account_owners SET created_at = created_at + 1", "history"),
        ("UPDATE accounts SET number = number || '1'", "history"),
        ("UPDATE account_groups SET requires_approval = 0", "history"),
        ("UPDATE group_currencies SET enabled = 1 - enabled", "history"),
        ("UPDATE currencies SET decimals = 3 WHERE decimals = 2", "history"),
        ("UPDATE books SET currency_id = currency_id + 1 WHERE role = 'client'", "history"),
        ("UPDATE reference_rates SET rate = '9'", "history"),
        ("UPDATE installation SET hash_key = randomblob(32)", "history"),
        ("UPDATE entries SET hash = randomblob(32) WHERE seq = (SELECT max(seq) FROM entries)", "history"),
        ("UPDATE epochs SET parent_commit = parent_commit + 1", "history"),
        ("UPDATE epochs SET id = id + 100", "history"),
        ("UPDATE epochs SET started_at = started_at - 1", "history"),
        ("UPDATE epochs SET parent_at = parent_at - 1", "history"),
        ("INSERT INTO other_histories VALUES (randomblob(16), randomblob(16), 1, 1, 1)", "history"),
        ("UPDATE event_checkpoint SET seq = 1", "history"),
        ("UPDATE event_checkpoint SET entry_seq = 1", "history"),
        ("INSERT INTO number_floors VALUES ('entries', 1000)", "history"),
        ("DELETE FROM account_salts", "salts"),
        ("UPDATE profile_salts SET salt = x''", "salts"),
        ("UPDATE change_journal SET last_event = last_event + 1", "epochs"),
        ("UPDATE change_journal SET recorded_at = 1", "epochs"),
        ("UPDATE change_journal SET log_id = randomblob(16)", "checkpoints"),
        ("UPDATE log_checkpoints SET note = replace(note, char(10) || size, char(10) || 1)", "checkpoints"),
    ] {
        let found = found_in(&tampered(&clean, sql));
        assert!(found.iter().any(|found| found == check), "{sql}: {found:?}");
    }
}

#[test]
fn changes_are_told_in_words_and_personal_data_only_as_hashes() {
    let server = Server::start("");
    let admin = server.admin();
    let profile = admin.new_profile_with(&json!({"firstName": "Jane", "tags": ["a", "b"]}));
    let email = admin.get(&format!("/profiles/{profile}")).ok().text_at("email");
    admin.put(&format!("/profiles/{profile}"), &json!({"email": email, "firstName": "Mary", "tags": ["b", "c"]})).ok();
    server.set_rules("requires_approval = true");
    server.add_operator("rita", "viewer", &[]);
    server.command(&["operator", "disable", "rita"]);
    let live = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    let told = |action: &str| -> Vec<(String, String, Option<String>, Option<String>)> {
        let sql = "SELECT subject, field, old, new FROM audit_changes
                   WHERE audit_id = (SELECT max(id) FROM audit_log WHERE action = ?1) ORDER BY position";
        let mut statement = live.prepare(sql).unwrap();
        let rows = statement.query_map([action], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
        rows.unwrap().map(Result::unwrap).collect()
    };
    let some = |text: &str| Some(text.to_owned());
    let replaced = told("profile.replace");
    let of = |field: &str| replaced.iter().filter(|it| it.1 == field).collect::<Vec<_>>();
    let name = of("first_name")[0];
    assert!(name.2.as_ref().unwrap().starts_with("sha256:") && name.2 != name.3, "{name:?}");
    let mut tags: Vec<_> = of("tag").into_iter().map(|it| (it.2.clone(), it.3.clone())).collect();
    tags.sort();
    assert_eq!(tags, [(None, some("c")), (some("a"), None)], "what stays is not told");
    let dump = format!("{replaced:?}");
    assert!(!dump.contains("Jane") && !dump.contains("Mary") && of("version").is_empty(), "{dump}");
    let applied = told("reference.apply");
    assert!(applied.contains(&("group".into(), "requires_approval".into(), some("0"), some("1"))), "{applied:?}");
    let disabled = told("operator.disable");
    assert!(disabled.iter().any(|it| it.0 == "operator" && it.1 == "disabled_at" && it.2.is_none()), "{disabled:?}");
}
