//! The rights by which past actions are audited are those of the commands.

use super::{fail_on, files, read};
use bursar::domain::access::Right;
use std::collections::BTreeMap;

/// Actions whose right depends on their object or their parts, or that need none.
const WITHOUT: [&str; 7] =
    ["api_client.sign_in", "approval.approve", "approval.reject", "batch", "login.failed", "logout", "platform.retry"];

#[test]
fn actions_are_audited_by_the_rights_of_their_commands() {
    let mut declared: BTreeMap<String, String> = BTreeMap::new();
    for file in files("src/app") {
        let source = read(&file);
        for command in source.split("\nimpl").skip(1) {
            let value = |beginning: &str, end: char| {
                let (_, rest) = command.split_once(beginning)?;
                Some(rest.split(end).next()?.to_owned())
            };
            let action = value("const ACTION: &'static str = \"", '"');
            if let (Some(action), Some(right)) = (action, value("const RIGHT: Right = Right::", ';')) {
                declared.insert(action, right);
            }
        }
    }
    assert!(declared.len() > 50, "the commands were not found: {declared:?}");
    let mut wrong = Vec::new();
    for (action, right) in &declared {
        let expected = (!WITHOUT.contains(&action.as_str())).then_some(right.as_str());
        let audited = Right::of_action(action).map(|right| format!("{right:?}"));
        if audited.as_deref() != expected {
            wrong.push(format!("{action} is audited by {audited:?}, and its command takes {expected:?}"));
        }
    }
    fail_on(&wrong);
}
