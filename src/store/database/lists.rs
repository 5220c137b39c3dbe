//! Lists of texts, stored and passed to statements as JSON arrays.

use crate::domain::access::Visibility;
use crate::store::database::transaction::unreadable;
use rusqlite::Row;

pub(in crate::store) fn text_list<C: FromIterator<String>>(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<C>> {
    let Some(json) = row.get::<_, Option<String>>(column)? else { return Ok(None) };
    let list: Vec<String> = serde_json::from_str(&json).map_err(|_| unreadable(column, &json))?;
    Ok(Some(list.into_iter().collect()))
}

pub(in crate::store) fn json_list<'a>(list: impl IntoIterator<Item = &'a String>) -> String {
    serde_json::Value::from_iter(list.into_iter().cloned()).to_string()
}

/// The parameter by which a statement filters by tags, as a JSON array; none for no filter.
pub(in crate::store) fn visible_tags(visibility: &Visibility) -> Option<String> {
    match visibility {
        Visibility::Everything => None,
        Visibility::Tagged(tags) => Some(json_list(tags)),
    }
}
