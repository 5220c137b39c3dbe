//! The search index of accounts, and searches over accounts together with their owners.

use crate::domain::access::Visibility;
use crate::domain::ids::BookId;
use crate::domain::search::{SearchText, fold_words};
use crate::store::StoreError;
use crate::store::clients::match_one;
use crate::store::database::conditions::Conditions;
use crate::store::database::lists::visible_tags;
use crate::store::database::transaction::{WriteTx, sql};
use rusqlite::Row;
use rusqlite::types::Value;

/// One row of the index.
struct Words {
    account: i64,
    number: String,
    name: String,
    alias: String,
    reference: String,
}

fn words(row: &Row<'_>) -> rusqlite::Result<Words> {
    let folded = |column: usize| Ok::<_, rusqlite::Error>(fold_words(row.get_ref(column)?.as_str()?));
    Ok(Words { account: row.get(0)?, number: folded(1)?, name: folded(2)?, alias: folded(3)?, reference: folded(4)? })
}

/// A set of accounts: each word is found on the account itself or on an owner that the caller may see.
fn with_all_words(search: &SearchText, is_prefix: bool, visibility: &Visibility) -> (String, Vec<Value>) {
    let each = search.words().iter().map(|_| format!("SELECT id FROM ({})", sql!("search/accounts_of_word")));
    let set = each.collect::<Vec<_>>().join("\nINTERSECT\n");
    let tags = visible_tags(visibility).map_or(Value::Null, Value::from);
    let values = search.words().iter().flat_map(|word| {
        let query = Value::from(match_one(word, is_prefix));
        [query.clone(), tags.clone(), query]
    });
    (set, values.collect())
}

impl Conditions {
    /// Restricts a list to the accounts that match a search text. Ranked: a matching number, alias or reference first,
    /// then all words on the account or its owners, then all words as prefixes.
    pub(in crate::store) fn accounts_found(&mut self, search: &SearchText, visibility: &Visibility) {
        let (whole, whole_values) = with_all_words(search, false, visibility);
        let (begun, begun_values) = with_all_words(search, true, visibility);
        let set = format!(
            "SELECT id, min(rank) AS rank FROM (\n{}UNION ALL SELECT id, 1 FROM ({whole})\n\
             UNION ALL SELECT id, 2 FROM ({begun})\n) GROUP BY id",
            sql!("search/accounts_named")
        );
        let given = Value::from(search.given().to_owned());
        let serial = search.given().parse::<i64>().map_or(Value::Null, Value::from);
        let named = [given.clone(), serial, given.clone(), given];
        self.ranked(set.into(), named.into_iter().chain(whole_values).chain(begun_values));
    }
}

impl WriteTx<'_> {
    /// Updates the index after a change of an account's numbers or labels.
    pub(in crate::store) fn index_account(&self, account: BookId) -> Result<(), StoreError> {
        let row = self.one(concat!(sql!("search/account_texts"), "WHERE a.id = ?1"), [account.0], words)?;
        self.put_account_words(&row)
    }

    /// Indexes all accounts anew.
    pub(in crate::store) fn index_all_accounts(&self) -> Result<(), StoreError> {
        self.run("INSERT INTO account_search (account_search) VALUES ('delete-all')", [])?;
        let mut statement = self.connection().prepare(sql!("search/account_texts"))?;
        for row in statement.query_map([], words)? {
            self.put_account_words(&row?)?;
        }
        Ok(())
    }

    fn put_account_words(&self, row: &Words) -> Result<(), StoreError> {
        let Words { account, number, name, alias, reference } = row;
        self.run(sql!("search/put_account"), (account, number, name, alias, reference)).map(|_| ())
    }
}
