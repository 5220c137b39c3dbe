//! Suggests the name that a caller probably meant when it sent an unknown one.

/// The known name closest to the one sent, or `None` if none is close enough. Case, `-`, `_` and `[]` are ignored,
/// because APIs differ in them.
pub fn nearest<'a>(sent: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| name.replace(['-', '_', '[', ']'], "").to_lowercase();
    let sent = plain(sent);
    let limit = (sent.chars().count() / 3).clamp(1, 3);
    let distance = |name: &'a str| (strsim::damerau_levenshtein(&sent, &plain(name)), name);
    // The comparison takes time proportional to the product of both lengths.
    let comparable = known.into_iter().filter(|name| sent.len() <= name.len() + 3 * limit);
    comparable.map(distance).min().filter(|(distance, _)| *distance <= limit).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_and_other_spellings_are_recognized() {
        let known = ["page", "perPage", "profileId", "lifecycle", "metadata.x"];
        for (sent, meant) in [
            ("perpage", "perPage"),
            ("per_page", "perPage"),
            ("page[]", "page"),
            ("lifecyle", "lifecycle"),
            ("profileID", "profileId"),
            ("metdata.x", "metadata.x"),
        ] {
            assert_eq!(nearest(sent, known), Some(meant), "{sent}");
        }
        for sent in ["", "nonsense", "limit", &"p".repeat(30_000)] {
            assert_eq!(nearest(sent, known), None, "{sent}");
        }
    }
}
