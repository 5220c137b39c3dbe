//! Proves who did what: that rows, events and the audit log name the same people and times, and that what takes two
//! people had two.

use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, sql};
use crate::store::proof::Proof;

/// A comparison of rows with events, audit rows or rules. Its statement selects the numbers of rows that are wrong.
struct Comparison {
    check: &'static str,
    sql: &'static str,
    /// What is wrong with the row, after its name and number.
    thing: &'static str,
    what: &'static str,
}

const COMPARISONS: [Comparison; 9] = [
    Comparison {
        check: "actors",
        sql: sql!("who/entries"),
        thing: "entry",
        what: "was posted by somebody else, or at another time, than its event says",
    },
    Comparison {
        check: "actors",
        sql: sql!("who/requested"),
        thing: "movement",
        what: "was requested by somebody else, or at another time, than its event or its entry says",
    },
    Comparison {
        check: "actors",
        sql: sql!("who/changed"),
        thing: "movement",
        what: "changed last at another time than its events say",
    },
    Comparison {
        check: "actors",
        sql: sql!("who/asked"),
        thing: "request",
        what: "was made or decided by somebody else, or at another time, than its events say",
    },
    Comparison {
        check: "actors",
        sql: sql!("who/clients"),
        thing: "client",
        what: "was created or reviewed by somebody else, or at another time, than its events say",
    },
    Comparison {
        check: "actors",
        sql: sql!("who/accounts"),
        thing: "account",
        what: "was opened or approved by somebody else, or at another time, than its events say, or by one alone",
    },
    Comparison {
        check: "four_eyes",
        sql: sql!("who/approved"),
        thing: "movement",
        what: "does not name who approved it, or names somebody who did not",
    },
    Comparison {
        check: "four_eyes",
        sql: sql!("who/deciders"),
        thing: "request",
        what: "was asked for or approved by somebody whose role does not allow it",
    },
    Comparison {
        check: "four_eyes",
        sql: sql!("who/unguarded"),
        thing: "withdrawal",
        what: "was paid from a guarded account without the approval of another operator",
    },
];

impl ReadTx<'_> {
    pub(in crate::store) fn prove_who(&self, proof: &mut Proof) -> Result<(), StoreError> {
        let horizon: (i64, i64) = self.one(sql!("who/horizon"), [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for Comparison { check, sql, thing, what } in COMPARISONS {
            for serial in self.all(sql, horizon, |row| row.get::<_, i64>(0))? {
                proof.find(check, || format!("{thing} {serial} {what}"));
            }
        }
        self.prove_actors(proof)?;
        self.note_pairs(proof)
    }

    /// Notes what one person at the shell may have asked for and approved: nothing is wrong with it by itself.
    fn note_pairs(&self, proof: &mut Proof) -> Result<(), StoreError> {
        let pairs = self.all(sql!("who/pairs"), [], |row| {
            let (asked, approved): (String, String) = (row.get(0)?, row.get(1)?);
            let (user, count): (String, i64) = (row.get(2)?, row.get(3)?);
            let requests = if count == 1 { "1 request".to_owned() } else { format!("{count} requests") };
            Ok(format!(
                "{approved} approved {requests} of {asked}, and {user} made the tokens of both on this machine: one \
                 person may have done both"
            ))
        })?;
        proof.notes.extend(pairs);
        Ok(())
    }
}
