//! Locks of Helix, cell by cell: what can be locked and unlocked, and which money passes.

use super::harness::{Caller, Reply, Server};
use super::helix::{account, admin, customer, fund, native_id, post, reserve, seen};
use serde_json::json;

const REASONS: [&str; 11] = ["UNK", "FRD", "ADM", "TMP", "FRZ", "SUS", "CO", "RTN", "REC", "DED", "DOR"];

/// The reasons that callers of Helix can give.
const OF_CALLERS: usize = 5;

struct Locked<'a> {
    api: Caller<'a>,
    native: Caller<'a>,
    path: String,
    key: (i64, i64),
}

impl Locked<'_> {
    /// Locks as an operator can.
    #[track_caller]
    fn set(&self, kind: &str, reason: &str) {
        let scope = if reason == "CO" { "CREDITS_ONLY" } else { "FULL" };
        let body = json!({"lock": scope, "type": kind, "reason": reason});
        self.native.post(&format!("{}/lock", self.path), &body).ok();
    }

    fn open(&self) {
        self.native.step(&format!("{}/unlock", self.path)).ok();
    }

    fn unlock(&self) -> Reply {
        self.api.post("/account/unlock", &json!({"customerId": self.key.0, "accountId": self.key.1}))
    }

    fn lock(&self, kind: &str, reason: &str) -> Reply {
        let body = json!({"customerId": self.key.0, "accountId": self.key.1, "lockTypeCode": kind,
            "lockReasonTypeCode": reason});
        self.api.post("/account/lock", &body)
    }

    /// Type and reason, and whether it is locked.
    fn shown(&self) -> (String, String, bool) {
        let shown = seen(&self.api, self.key.0, self.key.1);
        let text = |name: &str| shown[name].as_str().unwrap().to_owned();
        (text("lockTypeCode"), text("lockReasonTypeCode"), shown["isLocked"] == true)
    }
}

fn locked(server: &Server) -> Locked<'_> {
    let api = admin(server);
    let id = customer(&api);
    let account = account(&api, id, "Checking");
    fund(&api, id, account, "100");
    let path = format!("/accounts/{}", native_id(server, account));
    Locked { api, native: server.admin(), path, key: (id, account) }
}

fn state(kind: &str, reason: &str) -> (String, String, bool) {
    (kind.to_owned(), reason.to_owned(), kind != "UNL")
}

#[test]
fn the_unlock_matrix_holds_cell_by_cell() {
    let server = Server::start("");
    let it = locked(&server);
    assert_eq!(it.shown(), state("UNL", "UNK"));
    let before = server.trace();
    it.unlock().data();
    assert_eq!(server.trace(), before, "there is nothing to unlock");
    for reason in REASONS {
        it.set("CST", reason);
        assert_eq!(it.shown(), state("CST", reason));
        if reason == "FRD" {
            it.unlock().fails(400, 61303);
            assert_eq!(it.shown(), state("CST", "FRD"));
            it.open();
        } else {
            it.unlock().data();
        }
        assert_eq!(it.shown(), state("UNL", "UNK"));
        it.set("SYS", reason);
        it.unlock().fails(400, 61302);
        assert_eq!(it.shown(), state("SYS", reason));
        it.open();
    }
}

#[test]
fn the_lock_matrix_holds_cell_by_cell() {
    let server = Server::start("");
    let it = locked(&server);
    for reason in &REASONS[..OF_CALLERS] {
        for kind in ["CST", "SYS"] {
            it.lock(kind, reason).data();
            assert_eq!(it.shown(), state(kind, reason));
            it.open();
        }
    }
    for reason in &REASONS[OF_CALLERS..] {
        it.lock("CST", reason).fails(400, 60002);
    }
    for reason in REASONS {
        it.set("CST", reason);
        match reason {
            "FRD" => it.lock("CST", "TMP").fails(400, 61208),
            _ => {
                it.lock("CST", "FRZ").data();
                assert_eq!(it.shown(), state("CST", "FRZ"), "over {reason}");
            }
        }
        it.set("SYS", reason);
        it.lock("CST", "TMP").fails(400, 61206);
        it.lock("SYS", "TMP").fails(400, 61206);
        assert_eq!(it.shown(), state("SYS", reason));
        it.open();
    }
    it.lock("UNL", "TMP").fails(400, 60002);
    it.lock("CST", "").fails(400, 60002);
    it.native.delete(&it.path).refused("BALANCE_NOT_ZERO");
}

#[test]
fn a_locked_account_takes_and_gives_no_money_but_credits_pass_a_lock_for_them() {
    let server = Server::start("");
    let it = locked(&server);
    let reserve = reserve(&it.api);
    let (customer, account) = it.key;
    let pay = |from: i64, to: i64| {
        it.api.post("/transfer/create", &json!({"customerId": customer, "fromId": from, "toId": to, "amount": 1}))
    };
    for reason in REASONS {
        for kind in ["CST", "SYS"] {
            it.set(kind, reason);
            pay(account, reserve).fails(400, 63613);
            match reason {
                "CO" => drop(pay(reserve, account).data()),
                _ => pay(reserve, account).fails(400, 63613),
            }
            it.open();
        }
    }
    pay(account, reserve).data();
}

/// A lock that its customer cannot remove keeps the account open, with or without a balance.
#[test]
fn a_lock_that_stays_keeps_the_account_open() {
    let server = Server::start("");
    let api = admin(&server);
    let id = customer(&api);
    for (reason, stays) in [("FRD", true), ("TMP", false)] {
        let account = account(&api, id, "Checking");
        let key = json!({"customerId": id, "accountId": account});
        let mut lock = key.clone();
        (lock["lockTypeCode"], lock["lockReasonTypeCode"]) = (json!("CST"), json!(reason));
        post(&api, "/account/lock", &lock);
        let before = server.trace();
        let closed = api.post("/account/close", &key);
        if stays {
            closed.fails(400, 63613);
            assert_eq!(server.trace(), before);
        } else {
            closed.data();
        }
    }
}

#[test]
fn a_closed_account_is_not_locked() {
    let server = Server::start("");
    let api = admin(&server);
    let id = customer(&api);
    let account = account(&api, id, "Checking");
    post(&api, "/account/close", &json!({"customerId": id, "accountId": account}));
    let before = server.trace();
    let body = json!({"customerId": id, "accountId": account, "lockTypeCode": "CST", "lockReasonTypeCode": "TMP"});
    api.post("/account/lock", &body).fails(400, 61205);
    api.post("/account/unlock", &body).fails(400, 61205);
    assert_eq!(server.trace(), before);
}
