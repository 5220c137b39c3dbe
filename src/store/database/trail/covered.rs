//! The tables whose rows the log covers, and what of a change is told in words.

use crate::store::StoreError;
use crate::store::database::transaction::ReadTx;

/// A table whose rows the log covers. Numbers and names are part of the log and never change.
pub(in crate::store) struct Covered {
    pub(in crate::store) table: &'static str,
    /// Below 64.
    pub(in crate::store) number: u8,
    /// The schema version from which on the log covers it.
    pub(in crate::store) since: i64,
    /// The column that names a row in the log; never negative, and not unique in every table.
    pub(in crate::store) key: &'static str,
    columns: Choice,
    /// Whether its only covered column is a hash, which then stands for the row.
    pub(in crate::store) is_hashed: bool,
    /// The salt of rows with personal data, as an expression over the row `$`.
    salt: Option<&'static str>,
    /// Whether rows may be deleted only as a log of their own is pruned, which the log does not tell.
    pub(in crate::store) is_pruned: bool,
    pub(in crate::store) told: Option<Told>,
}

#[derive(Clone, Copy)]
enum Choice {
    AllBut(&'static [&'static str]),
    Only(&'static [&'static str]),
}

/// How changes are told to people.
pub(in crate::store) struct Told {
    /// What kind of thing a row is or belongs to. The key is its number.
    pub(in crate::store) subject: &'static str,
    pub(in crate::store) shape: Shape,
    pub(in crate::store) skipped: &'static [&'static str],
    /// Told as salted hash.
    pub(in crate::store) personal: &'static [&'static str],
    /// Told only as changed.
    pub(in crate::store) secret: &'static [&'static str],
}

pub(in crate::store) enum Shape {
    /// A row is a thing of its own: changed columns are told; that it was added, the action says.
    Thing,
    /// A row has more columns of a thing; they are also told when the row comes and goes.
    Part,
    /// A row is one of many items of a thing, and told under one name.
    Item { prefix: &'static str, of: &'static [&'static str] },
}

const fn told(subject: &'static str, shape: Shape) -> Told {
    Told { subject, shape, skipped: &[], personal: &[], secret: &[] }
}

const fn row(table: &'static str, number: u8, key: &'static str) -> Covered {
    Covered {
        table,
        number,
        since: 23,
        key,
        columns: Choice::AllBut(&[]),
        is_hashed: false,
        salt: None,
        is_pruned: false,
        told: None,
    }
}

const OF_PROFILE: &str = "(SELECT salt FROM profile_salts WHERE profile_id = $.profile_id)";
const OF_ACCOUNT: &str = "(SELECT salt FROM account_salts WHERE account_id = $.account_id)";

/// Number of the digest of what an action has told in words, among the numbers of tables.
pub(in crate::store) const WORDS: u8 = 0;
pub(in crate::store) const ENTRIES: u8 = 1;
pub(in crate::store) const EVENTS: u8 = 2;

pub(in crate::store) const COVERED: &[Covered] = &[
    Covered { columns: Choice::Only(&["hash"]), is_hashed: true, ..row("entries", ENTRIES, "seq") },
    Covered { is_pruned: true, ..row("events", EVENTS, "seq") },
    // Only what a person wrote takes a salt, so that a plain deposit costs no look-up.
    Covered {
        salt: Some(
            "CASE WHEN $.reason <> ''
                  THEN (SELECT salt FROM account_salts WHERE account_id = $.account_id) END",
        ),
        ..row("movements", 3, "id")
    },
    Covered {
        salt: Some(
            "coalesce((SELECT salt FROM account_salts WHERE account_id = $.account_id),
                      (SELECT salt FROM profile_salts WHERE profile_id = $.profile_id))",
        ),
        ..row("approvals", 4, "id")
    },
    row("restores", 5, "timeline"),
    Covered {
        told: Some(Told { skipped: &["timeline"], secret: &["hash_key"], ..told("installation", Shape::Thing) }),
        ..row("installation", 6, "id")
    },
    Covered {
        told: Some(Told { skipped: &["updated_at"], ..told("organization", Shape::Thing) }),
        ..row("organizations", 7, "id")
    },
    Covered {
        told: Some(Told { skipped: &["updated_at"], ..told("ledger", Shape::Thing) }),
        ..row("ledgers", 8, "id")
    },
    Covered {
        told: Some(Told { skipped: &["name_folded"], secret: &["password_hash"], ..told("operator", Shape::Thing) }),
        ..row("principals", 9, "id")
    },
    Covered {
        told: Some(told("operator", Shape::Item { prefix: "tag", of: &["tag"] })),
        ..row("principal_tags", 10, "principal_id")
    },
    Covered {
        columns: Choice::AllBut(&["last_used_at"]),
        told: Some(Told { secret: &["hash", "refresh_hash"], ..told("token", Shape::Thing) }),
        ..row("tokens", 11, "id")
    },
    Covered {
        told: Some(Told { secret: &["sealed_key"], ..told("signing_key", Shape::Thing) }),
        ..row("signing_keys", 12, "id")
    },
    Covered { told: Some(told("currency", Shape::Thing)), ..row("currencies", 13, "id") },
    Covered { told: Some(told("platform", Shape::Thing)), ..row("platforms", 14, "id") },
    Covered {
        told: Some(Told { skipped: &["updated_at"], ..told("group", Shape::Thing) }),
        ..row("account_groups", 15, "id")
    },
    Covered {
        told: Some(Told {
            skipped: &["id", "created_at"],
            ..told("group", Shape::Item { prefix: "currency", of: &["currency_id"] })
        }),
        ..row("group_currencies", 16, "group_id")
    },
    row("group_minimums", 17, "group_id"),
    Covered {
        told: Some(Told {
            skipped: &["as_of"],
            ..told("currency", Shape::Item { prefix: "rate", of: &["to_currency_id"] })
        }),
        ..row("reference_rates", 18, "from_currency_id")
    },
    Covered {
        salt: Some("(SELECT salt FROM profile_salts WHERE profile_id = $.id)"),
        told: Some(Told {
            skipped: &["email_folded", "version", "updated_at"],
            personal: &[
                "email",
                "first_name",
                "last_name",
                "ip_address",
                "language",
                "address",
                "zip_code",
                "city",
                "state",
                "country",
                "phone",
                "company",
                "company_full_name",
                "nickname",
                "kind",
                "meta_data",
                "birth_date",
                "timezone",
                "deceased_on",
            ],
            secret: &["password_hash"],
            ..told("profile", Shape::Thing)
        }),
        ..row("profiles", 19, "id")
    },
    Covered {
        told: Some(told("profile", Shape::Item { prefix: "tag", of: &["tag"] })),
        ..row("profile_tags", 20, "profile_id")
    },
    Covered {
        salt: Some(OF_PROFILE),
        told: Some(Told { skipped: &["organization_id"], personal: &["reference"], ..told("profile", Shape::Part) }),
        ..row("profile_labels", 21, "profile_id")
    },
    Covered {
        salt: Some(OF_PROFILE),
        told: Some(Told {
            skipped: &["type"],
            personal: &["value"],
            ..told("profile", Shape::Item { prefix: "", of: &["kind", "name"] })
        }),
        ..row("profile_attributes", 22, "profile_id")
    },
    Covered {
        columns: Choice::AllBut(&["last_account_serial"]),
        told: Some(Told { skipped: &["updated_at"], ..told("portfolio", Shape::Thing) }),
        ..row("portfolios", 23, "id")
    },
    // The other columns follow from the ledger.
    Covered { columns: Choice::Only(&["id", "ledger_id", "currency_id", "demo", "role"]), ..row("books", 24, "id") },
    Covered {
        told: Some(Told { skipped: &["version", "updated_at"], ..told("account", Shape::Thing) }),
        ..row("accounts", 25, "id")
    },
    Covered {
        told: Some(Told {
            skipped: &["created_at"],
            ..told("account", Shape::Item { prefix: "owner", of: &["profile_id"] })
        }),
        ..row("account_owners", 26, "account_id")
    },
    Covered {
        salt: Some(OF_ACCOUNT),
        told: Some(Told {
            skipped: &["ledger_id", "alias_portfolio_id"],
            personal: &["reference", "name", "alias", "status_description"],
            ..told("account", Shape::Part)
        }),
        ..row("account_labels", 27, "account_id")
    },
    Covered {
        salt: Some(OF_ACCOUNT),
        told: Some(Told {
            skipped: &["type"],
            personal: &["value"],
            ..told("account", Shape::Item { prefix: "", of: &["kind", "name"] })
        }),
        ..row("account_attributes", 28, "account_id")
    },
    row("account_requests", 29, "account_id"),
    row("sessions", 30, "id"),
    Covered { since: 25, told: Some(told("symbol", Shape::Thing)), ..row("symbols", 31, "id") },
    Covered {
        since: 25,
        told: Some(Told { skipped: &["id"], ..told("group", Shape::Item { prefix: "symbol", of: &["symbol_id"] }) }),
        ..row("group_symbols", 32, "group_id")
    },
    Covered {
        since: 25,
        told: Some(told("account", Shape::Item { prefix: "platform", of: &["platform_id"] })),
        ..row("platform_accounts", 33, "account_id")
    },
    // What is derived follows from the rest and is proven so.
    Covered {
        since: 25,
        columns: Choice::AllBut(&[
            "closed_quantity",
            "open_price",
            "position_id",
            "profit_minor",
            "leaves_flat",
            "posted_profit_minor",
            "posted_commission_minor",
            "posted_swap_minor",
            "posted_fee_minor",
            "protected_credit_minor",
            "protected_balance_minor",
        ]),
        ..row("executions", 34, "id")
    },
    Covered { since: 25, ..row("execution_versions", 35, "execution_id") },
    Covered { since: 25, ..row("orders", 36, "id") },
    Covered { since: 25, ..row("symbol_splits", 37, "id") },
    Covered {
        since: 25,
        columns: Choice::AllBut(&["offset_credit_minor", "offset_balance_minor"]),
        ..row("platform_charges", 38, "id")
    },
    Covered { since: 25, ..row("trade_entries", 39, "entry_seq") },
    Covered { since: 25, ..row("parked_events", 40, "id") },
    Covered { since: 26, ..row("epochs", 41, "id") },
    Covered { since: 26, ..row("other_histories", 42, "noticed_at") },
    // What it says is pruned, no other check looks at.
    Covered { since: 26, ..row("event_checkpoint", 43, "id") },
    Covered { since: 26, ..row("number_floors", 44, "floor") },
    Covered {
        since: 32,
        told: Some(Told { skipped: &["updated_at"], ..told("instrument", Shape::Thing) }),
        ..row("instruments", 45, "id")
    },
    Covered {
        since: 32,
        salt: Some(OF_PROFILE),
        told: Some(Told {
            skipped: &["profile_id"],
            personal: &["name", "status_description", "metadata"],
            ..told("portfolio", Shape::Part)
        }),
        ..row("portfolio_labels", 46, "portfolio_id")
    },
    Covered {
        since: 36,
        salt: Some(OF_PROFILE),
        told: Some(Told { personal: &["tax_id", "details"], ..told("profile", Shape::Part) }),
        ..row("profile_details", 49, "profile_id")
    },
    Covered {
        since: 36,
        salt: Some(OF_ACCOUNT),
        told: Some(Told {
            personal: &["legal_name_1", "legal_name_2", "sub_category", "close_notes"],
            ..told("account", Shape::Part)
        }),
        ..row("account_details", 50, "account_id")
    },
    Covered { since: 38, ..row("api_clients", 47, "principal_id") },
    Covered { since: 38, ..row("client_keys", 48, "id") },
    Covered { since: 39, ..row("reserve_accounts", 52, "serial") },
    Covered {
        since: 40,
        told: Some(Told { skipped: &["updated_at"], ..told("webhook", Shape::Thing) }),
        ..row("webhooks", 60, "id")
    },
    Covered { since: 40, ..row("webhook_secrets", 61, "webhook_id") },
    Covered {
        since: 42,
        told: Some(Told { secret: &["sealed_key"], ..told("webhook_key", Shape::Thing) }),
        ..row("webhook_keys", 54, "id")
    },
    Covered {
        since: 43,
        salt: Some(OF_PROFILE),
        told: Some(Told {
            skipped: &["profile_id", "status_at", "updated_at"],
            personal: &["first_name", "last_name", "business_name", "nickname", "reference", "custom_fields"],
            secret: &["routing_number", "number", "amount_1", "amount_2"],
            ..told("external_account", Shape::Thing)
        }),
        ..row("external_accounts", 51, "id")
    },
    Covered {
        since: 43,
        told: Some(Told { skipped: &["created_at", "updated_at"], ..told("account", Shape::Part) }),
        ..row("contribution_plans", 58, "account_id")
    },
    Covered { since: 43, ..row("withdrawal_months", 59, "account_id") },
];

/// Tables that the log does not cover: what follows from others and is proven so, what only runs the program, and the
/// log itself.
#[cfg(test)]
const LEFT_OUT: &[&str] = &[
    "account_salts",
    "account_search",
    "alerts",
    "audit_changes",
    "audit_log",
    "book_figures",
    "change_journal",
    "counters",
    "event_checkpoint_books",
    "event_consumers",
    "idempotency_0",
    "idempotency_1",
    "idempotency_2",
    "idempotency_state",
    "jobs",
    "log_checkpoints",
    "log_nodes",
    "platform_events",
    "position_states",
    "positions",
    "postings",
    "profile_salts",
    "profile_search",
    "quotes",
    "used_nonces",
    "webhook_deliveries",
    "webhook_orders",
];

/// A covered table as it is in a database.
pub(in crate::store) struct Table {
    pub(in crate::store) covered: &'static Covered,
    /// Its covered columns, in order.
    pub(in crate::store) columns: Vec<String>,
}

impl Covered {
    #[cfg(test)]
    pub(super) fn numbered(number: u8) -> Option<&'static Covered> {
        COVERED.iter().find(|covered| covered.number == number)
    }

    /// Whether rows are hashed with the salt of a client or an account.
    #[cfg(test)]
    pub(in crate::store) fn is_salted(&self) -> bool {
        self.salt.is_some()
    }

    fn has(&self, column: &str) -> bool {
        match self.columns {
            Choice::AllBut(left_out) => !left_out.contains(&column),
            Choice::Only(columns) => columns.contains(&column),
        }
    }

    /// The expression for the salt of a row; `row` is how the row is named.
    pub(in crate::store) fn salt(&self, row: &str) -> String {
        self.salt.map_or_else(|| "NULL".to_owned(), |salt| salt.replace('$', row))
    }
}

impl Table {
    /// The covered columns as expressions.
    pub(in crate::store) fn listed(&self, row: &str) -> String {
        let columns: Vec<_> = self.columns.iter().map(|column| format!("{row}.{column}")).collect();
        columns.join(", ")
    }

    /// Selects key, salt and covered columns of all rows.
    pub(in crate::store) fn select(&self) -> String {
        let Covered { table, key, .. } = self.covered;
        format!("SELECT r.{key}, {}, {} FROM {table} r", self.covered.salt("r"), self.listed("r"))
    }
}

impl ReadTx<'_> {
    /// The tables that the log covers in a database of this schema version.
    pub(in crate::store) fn covered_tables(&self, version: i64) -> Result<Vec<Table>, StoreError> {
        let covered = COVERED.iter().filter(|covered| covered.since <= version);
        covered
            .map(|covered| {
                let sql = "SELECT name FROM pragma_table_info(?1) ORDER BY cid";
                let mut columns = self.all(sql, [covered.table], |row| row.get::<_, String>(0))?;
                columns.retain(|column| covered.has(column));
                Ok(Table { covered, columns })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::database::migrations::migrate;
    use rusqlite::Connection;
    use std::collections::BTreeSet;

    #[test]
    fn every_table_is_covered_or_left_out_on_purpose() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, None).unwrap();
        let tx = ReadTx::new(&connection);
        let sql = "SELECT name FROM pragma_table_list
                   WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite%'
                     AND name NOT LIKE 'refinery%'";
        let present: BTreeSet<String> = tx.all(sql, [], |row| row.get(0)).unwrap().into_iter().collect();
        let named = COVERED.iter().map(|covered| covered.table).chain(LEFT_OUT.iter().copied());
        assert_eq!(present, named.map(str::to_owned).collect(), "list a new table in COVERED or in LEFT_OUT");
    }

    #[test]
    fn numbers_are_unique_and_every_named_column_exists() {
        let numbers: BTreeSet<u8> = COVERED.iter().map(|covered| covered.number).collect();
        assert_eq!(numbers.len(), COVERED.len());
        assert!(numbers.iter().all(|number| (1..64).contains(number)));
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, None).unwrap();
        for Table { covered, columns } in ReadTx::new(&connection).covered_tables(i64::MAX).unwrap() {
            let mut named: Vec<&str> = match covered.columns {
                Choice::AllBut(_) => vec![covered.key],
                Choice::Only(only) => only.to_vec(),
            };
            if let Some(told) = &covered.told {
                named.extend([told.skipped, told.personal, told.secret].concat());
                if let Shape::Item { of, .. } = told.shape {
                    named.extend(of);
                }
            }
            for column in named {
                assert!(columns.iter().any(|present| present == column), "{}.{column}", covered.table);
            }
        }
    }
}
