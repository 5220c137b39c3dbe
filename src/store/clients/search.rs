//! The search index of clients: folded words, ranked by how well they match.

use crate::domain::clients::EmailKey;
use crate::domain::ids::ProfileSerial;
use crate::domain::search::{SearchText, fold_phone, fold_words};
use crate::store::StoreError;
use crate::store::database::conditions::Conditions;
use crate::store::database::transaction::{WriteTx, sql};
use rusqlite::Row;
use rusqlite::types::Value;

/// A query for the index that requires all of these words, complete or as prefixes. The words consist of letters and
/// digits only, so that they contain no syntax of the index.
pub(in crate::store) fn match_all(words: &[String], is_prefix: bool) -> String {
    words.iter().map(|word| match_one(word, is_prefix)).collect::<Vec<_>>().join(" AND ")
}

/// Like [`match_all`], for one word, or for a phrase.
pub(in crate::store) fn match_one(word: &str, is_prefix: bool) -> String {
    format!("\"{word}\"{}", if is_prefix { " *" } else { "" })
}

/// One row of the index.
struct Words {
    profile: i64,
    name: String,
    email: String,
    phone: String,
    company: String,
    reference: String,
}

fn words(row: &Row<'_>) -> rusqlite::Result<Words> {
    let folded = |column: usize| Ok::<_, rusqlite::Error>(fold_words(row.get_ref(column)?.as_str()?));
    Ok(Words {
        profile: row.get(0)?,
        name: folded(1)?,
        email: folded(2)?,
        phone: fold_phone(row.get_ref(3)?.as_str()?),
        company: folded(4)?,
        reference: folded(5)?,
    })
}

impl Conditions {
    /// Restricts a list to the clients that match a search text. Ranked: a matching address or reference first, then
    /// all words in the names, then all words anywhere, then all words as prefixes.
    pub(in crate::store) fn profiles_found(&mut self, search: &SearchText) {
        let values = [
            EmailKey::of(search.given()).as_str().to_owned(),
            search.given().to_owned(),
            format!("name : ({})", match_all(search.words(), false)),
            match_all(search.words(), false),
            match_all(search.words(), true),
        ];
        self.ranked(sql!("search/profiles_found").into(), values.map(Value::from));
    }
}

impl WriteTx<'_> {
    /// Updates the index after a change of the client's details or reference.
    pub(in crate::store) fn index_profile(&self, profile: ProfileSerial) -> Result<(), StoreError> {
        let row = self.one(concat!(sql!("search/profile_texts"), "WHERE p.id = ?1"), [profile.0], words)?;
        self.put_profile_words(&row)
    }

    /// Indexes all clients anew.
    pub(in crate::store) fn index_all_profiles(&self) -> Result<(), StoreError> {
        self.run("INSERT INTO profile_search (profile_search) VALUES ('delete-all')", [])?;
        let mut statement = self.connection().prepare(sql!("search/profile_texts"))?;
        for row in statement.query_map([], words)? {
            self.put_profile_words(&row?)?;
        }
        Ok(())
    }

    fn put_profile_words(&self, row: &Words) -> Result<(), StoreError> {
        let Words { profile, name, email, phone, company, reference } = row;
        self.run(sql!("search/put_profile"), (profile, name, email, phone, company, reference)).map(|_| ())
    }
}
