//! Histories at a target, seen by a machine that has no key yet: named, but not verified.

use super::histories::{await_notice, listed, put_back_in_place, shipping, wait_until};
use super::planted_names::restored_server;
use super::restore_kill::{entries, found, ran};
use super::signed;

#[test]
fn a_machine_without_a_key_is_told_of_both_histories_before_it_trusts_one() {
    let mut server = put_back_in_place();
    await_notice(&server);
    server.stop();
    let branches: Vec<String> = listed(&server)["branches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|branch| branch["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(branches.len(), 2);
    let manifest = found(&server.home().join("target"), ".json").pop().unwrap();
    let verifier = signed::verifier(&server.data_dir(), &manifest);
    let elsewhere = server.home().join("elsewhere");
    let apply = |more: &[&str]| {
        let mut command = server.program(&[&["restore", "apply"], more].concat());
        command.env("BURSAR_DATA_DIR", &elsewhere);
        ran(command)
    };
    let error = apply(&[]).error(5);
    let (message, next) = (error["message"].as_str().unwrap(), error["next"].as_str().unwrap());
    assert!(message.contains("not verified") && message.contains("entries in its last backup"), "{error}");
    assert!(branches.iter().all(|branch| message.contains(&format!("branch {branch}"))), "{error}");
    assert!(next.contains("--trust KEY") && next.contains("--branch ID"), "{error}");
    assert!(!error.to_string().contains(&verifier), "a key found at a target is no key to trust: {error}");
    let mut list = server.program(&["restore", "list"]);
    list.env("BURSAR_DATA_DIR", &elsewhere);
    let list = ran(list).json();
    assert_eq!((&list["branches"], list["unverified_branches"].as_array().unwrap().len()), (&serde_json::json!([]), 2));
    // Then verified, and one after the other.
    let refused = apply(&["--trust", &verifier]).error(5);
    assert!(refused["message"].as_str().unwrap().contains("2 histories"), "{refused}");
    let mut counts = Vec::new();
    for branch in &branches {
        apply(&["--trust", &verifier, "--branch", branch]).json();
        counts.push(entries(&elsewhere).len());
        std::fs::remove_dir_all(&elsewhere).unwrap();
    }
    counts.sort_unstable();
    assert_eq!(counts, [7, 11]);
}

#[test]
fn thousands_of_planted_names_make_no_long_message() {
    let (mut server, _) = restored_server();
    server.stop();
    let all = entries(&server.data_dir());
    let target = server.home().join("target");
    let last = found(&target, ".journal").pop().unwrap();
    let name = last.file_stem().unwrap().to_str().unwrap().to_owned();
    let parts: Vec<&str> = name.split('-').collect();
    for number in 0..3000 {
        let line = format!("{:032x}-{}-{}-{}-{:016x}", number + 1, parts[3], 1 + number % 5, parts[2], number);
        std::fs::write(last.with_file_name(format!("{:015}-{:015}-{}-{line}.journal", 1, 5, parts[2])), []).unwrap();
    }
    let since = std::time::Instant::now();
    for (command, code) in [(["restore", "list"], 0), (["restore", "plan"], 0), (["backup", "drill"], 0)] {
        assert_eq!(ran(server.program(&command)).code, code, "{command:?}");
    }
    let pruned = ran(server.program(&["backup", "prune", "--dry-run"])).json();
    assert_eq!(pruned["targets"][0]["branches"], serde_json::json!([]), "names alone keep nothing: {pruned}");
    let into = server.home().join("into");
    ran(server.program(&["restore", "apply", "--into", &into.display().to_string()])).json();
    assert_eq!(entries(&into), all);
    for command in [["restore", "list"], ["restore", "plan"]] {
        let shown = ran(server.program_for_people(&command));
        assert!(shown.stdout.contains("more") && shown.stdout.len() < 20_000, "{} bytes", shown.stdout.len());
    }
    // Without a key, all of them are unverified.
    let mut plan = server.program(&["restore", "plan"]);
    plan.env("BURSAR_DATA_DIR", server.home().join("elsewhere"));
    let refused = ran(plan).error(5);
    assert!(refused.to_string().len() < 5_000, "{} bytes", refused.to_string().len());
    assert!(since.elapsed() < std::time::Duration::from_secs(60));
    // A running server looks at them as well, and records none of them.
    server.start_again();
    server.await_log("backups or changes that no trusted key signed", 1);
    wait_until("naming them", || !shipping(&server)["untrusted"].as_array().unwrap_or(&Vec::new()).is_empty());
    let here = shipping(&server);
    assert_eq!(here["other_histories"], serde_json::json!([]));
    assert!(here.to_string().len() < 5_000 && here["untrusted"].to_string().contains("more"), "{here}");
    assert_eq!(server.logged("a new stream of the change journal begins, because"), 0, "it costs no backup");
    server.stop();
}
