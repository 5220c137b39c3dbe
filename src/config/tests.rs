//! Tests of the configuration as a whole; those of one section are beside it.

use std::path::Path;

use super::*;

/// Loads a file with this text, these variables and these flags.
fn load(text: &str, environment: &[(&str, &str)], flags: Flags) -> Result<Loaded, Vec<String>> {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("c.toml");
    std::fs::write(&file, text).unwrap();
    let sources = Sources::new(environment.iter().copied(), Some(file), flags);
    let prefix = format!("{}/", home.path().display());
    Config::load(sources)
        .map_err(|errors| errors.problems.iter().map(|problem| problem.to_string().replace(&prefix, "")).collect())
}

fn loaded(text: &str, environment: &[(&str, &str)], flags: Flags) -> Loaded {
    load(text, environment, flags).unwrap()
}

/// The problems of a file and an environment.
fn problems(text: &str, environment: &[(&str, &str)]) -> Vec<String> {
    load(text, environment, Flags::default()).unwrap_err()
}

#[test]
fn the_example_file_holds_the_defaults() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml.example");
    let file = std::fs::read_to_string(&path).unwrap();
    let expected = example();
    assert!(file == expected, "{} should be:\n{expected}", path.display());
    let Loaded { config, sources, .. } = loaded(&file, &[], Flags::default());
    for key in keys() {
        assert!(matches!(sources[&key.path], Source::File { line: Some(_), .. }), "{} is not named", key.path);
        assert_eq!(config.value(&key), Config::default().value(&key), "{}", key.path);
    }
    assert!(file.lines().all(|line| line.len() <= 120));
}

#[test]
fn the_key_table_contains_every_field() {
    fn leaves(prefix: &str, value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Object(map) => map.iter().for_each(|(name, value)| leaves(&format!("{prefix}.{name}"), value, into)),
            _ => into.push(prefix.trim_start_matches('.').into()),
        }
    }
    let mut fields = Vec::new();
    leaves("", &Config::default().to_json(), &mut fields);
    let mut table: Vec<_> = keys().into_iter().map(|key| key.path).collect();
    fields.sort();
    table.sort();
    assert_eq!(fields, table);
}

#[test]
fn the_defaults_are_valid() {
    assert_eq!(Config::default().validate(), []);
}

#[test]
fn flags_beat_the_environment_which_beats_the_file() {
    let text = "[server]\nlisten = \"127.0.0.1:1\"\ndata_dir = \"/f\"\nworkers = 3\n";
    let environment = [("BURSAR_LISTEN", "127.0.0.1:2"), ("BURSAR_SERVER__DATA_DIR", "/e"), ("HOME", "/root")];
    let flags = Flags { listen: "127.0.0.1:3".parse().ok(), insecure_http: Some(true), ..Flags::default() };
    let loaded = loaded(text, &environment, flags);
    let Server { listen, data_dir, workers, insecure_http, .. } = &loaded.config.server;
    assert_eq!((listen.port(), data_dir.to_str(), *workers, *insecure_http), (3, Some("/e"), 3, true));
    assert_eq!(loaded.sources["server.listen"], Source::Flag { name: "--listen".into() });
    assert_eq!(loaded.sources["server.data_dir"], Source::Environment { name: "BURSAR_SERVER__DATA_DIR".into() });
    assert!(matches!(loaded.sources["server.workers"], Source::File { line: Some(4), .. }));
    assert_eq!(loaded.sources["log.level"], Source::Default);
    let used = loaded.used();
    assert_eq!(used.len(), 5, "{used:?}");
    assert_eq!(used[2..], ["environment BURSAR_SERVER__DATA_DIR", "flag --insecure-http", "flag --listen"]);
}

#[test]
fn all_problems_are_reported_at_once_with_source_and_fix() {
    let text = "[server]\nlisen = \"127.0.0.1:1\"\nworkers = \"4\"\nbody_limit_bytes = 1048577\n\
                [tls]\nmode = \"files\"\n[sotre]\nqueue = 1\n";
    let environment =
        [("BURSAR_SERVER_LISTEN", "x"), ("BURSAR_LOG__FORMAT", "xml"), ("BURSAR_IDEMPOTENCY__RETENTION_DAYS", "6")];
    assert_eq!(
        problems(text, &environment),
        [
            "c.toml:2: server.lisen: no such key. Did you mean server.listen?",
            "c.toml:3: server.workers: \"4\" is not a whole number. Write a whole number, such as 1000.",
            "c.toml:8: sotre.queue: no such key. Did you mean store.queue?",
            "environment BURSAR_SERVER_LISTEN: no such setting. Did you mean BURSAR_SERVER__LISTEN?",
            "environment BURSAR_LOG__FORMAT: log.format: \"xml\" is not one of \"pretty\" \"json\" \"auto\". \
             Write one of \"pretty\" \"json\" \"auto\".",
            "c.toml:4: server.body_limit_bytes: 1048577 is out of range. Write a number from 1024 to 1048576.",
            "environment BURSAR_IDEMPOTENCY__RETENTION_DAYS: idempotency.retention_days: 6 is out of range. \
             Write a number from 7 to 3650.",
            "default: tls.certificate_file: tls.mode is \"files\" but no file is named. \
             Set tls.certificate_file to a PEM file, or tls.mode to \"off\".",
            "default: tls.key_file: tls.mode is \"files\" but no file is named. \
             Set tls.key_file to a PEM file, or tls.mode to \"off\".",
        ]
    );
}

#[test]
fn a_misplaced_key_gets_a_suggestion() {
    let fix = |text: &str| problems(text, &[]).join("\n");
    assert!(fix("level = \"info\"").contains("Did you mean log.level?"));
    assert!(fix("server = 5").contains("is a table, not a key"));
    assert!(fix("[server.listen]\nport = 1").contains("a table is not an address"));
    assert!(fix("[nonsense]").contains("no such key"));
    assert!(fix("[apis.nativ]\nhost = []").contains("Did you mean apis.native.host?"));
    assert!(fix("[store]\nqueue = 1.5").contains("the number 1.5 is not a whole number"));
}

#[test]
fn syntax_errors_are_reported_together() {
    let found = problems("[server]\nlisten = 127.0.0.1\nworkers = = 3\n", &[]);
    assert!(found.iter().any(|problem| problem.starts_with("c.toml:2: is not TOML")), "{found:?}");
    assert!(found.iter().any(|problem| problem.starts_with("c.toml:3: is not TOML")), "{found:?}");
}

#[test]
fn a_wrong_value_is_a_problem_even_under_an_override() {
    assert_eq!(problems("[store]\nqueue = true", &[("BURSAR_STORE__QUEUE", "5")]).len(), 1);
}

#[test]
fn consequences_of_a_wrong_value_are_not_reported() {
    let found = problems("[tls]\nmode = \"files\"\ncertificate_file = 5\nkey_file = \"k\"", &[]);
    assert!(found.len() == 1 && found[0].contains("the number 5 is not a path"), "{found:?}");
}

#[test]
fn a_key_must_not_be_set_under_two_names() {
    let both = [("BURSAR_LISTEN", "127.0.0.1:1"), ("BURSAR_SERVER__LISTEN", "127.0.0.1:2")];
    let found = problems("", &both);
    assert!(found[0].contains("is also set by environment BURSAR_LISTEN"), "{found:?}");
}

#[test]
fn each_section_refuses_its_invalid_values() {
    for (text, key) in [
        ("[accounts]\nnumber_prefix = \"2x\"", "accounts.number_prefix"),
        ("[accounts]\nnumber_prefix = \"12345\"", "accounts.number_prefix"),
        ("[accounts]\nnumber_prefix = 21", "accounts.number_prefix"),
        ("[sessions]\nissuer = \" \"", "sessions.issuer"),
        ("[log]\nlevel = \"inof\"", "log.level"),
        ("[log]\nlevel = \"bursar=loud\"", "log.level"),
        ("[access]\nallow = [\"10.0.0.1/8\"]", "access.allow"),
        ("[apis.native]\npath = \"\"", "apis.native.enabled"),
        ("[apis.native]\nlisten = \"127.0.0.1:8080\"", "apis.native.listen"),
    ] {
        let found = problems(text, &[]);
        assert!(found.len() == 1 && found[0].contains(key), "{text}: {found:?}");
    }
}

#[test]
fn lists_and_mounts_are_read_from_file_and_environment() {
    let text = "[apis.native]\npath = \"\"\nhost = \"api.example\"\nlisten = [\"127.0.0.1:0\"]\n\
                [log]\nlevel = \"bursar=debug\"";
    let environment = [("BURSAR_ACCESS__ALLOW", "10.0.0.0/8,192.0.2.1"), ("BURSAR_ACCOUNTS__NUMBER_PREFIX", "007")];
    let config = loaded(text, &environment, Flags::default()).config;
    assert_eq!(config.apis.native.path, None);
    assert_eq!(config.apis.native.host[0].as_str(), "api.example");
    assert_eq!(config.apis.native.listen.len(), 1);
    assert_eq!(config.access.allow.len(), 2);
    assert_eq!(config.accounts.number_prefix, "007");
}

#[test]
fn a_named_file_must_exist_and_the_default_one_need_not() {
    let absent = PathBuf::from("/nonexistent/c.toml");
    let environment: [(&str, &str); 0] = [];
    let mut sources = Sources::new(environment, None, Flags::default());
    sources.default_file = Some(absent.clone());
    let loaded = Config::load(sources.clone()).unwrap();
    assert_eq!((loaded.config, loaded.file), (Config::default(), None));

    let named = Sources { file: Some(absent.clone()), ..sources.clone() };
    let error = Config::load(named).unwrap_err().to_string();
    assert!(error.contains("flag --config: cannot read") && error.contains("bursar config init"), "{error}");
    let named = Sources { environment: vec![("BURSAR_CONFIG".into(), absent.into())], ..sources.clone() };
    let error = Config::load(named).unwrap_err().to_string();
    assert!(error.contains("environment BURSAR_CONFIG: cannot read"), "{error}");

    let home = tempfile::tempdir().unwrap();
    let default = home.path().join("config.toml");
    std::fs::write(&default, "[store]\nreaders = 3").unwrap();
    let loaded = Config::load(Sources { default_file: Some(default.clone()), ..sources }).unwrap();
    assert_eq!((loaded.config.store.readers, loaded.file), (3, Some(default)));
}

#[test]
fn the_schema_describes_every_key() {
    let schema = schema();
    for key in keys() {
        let pointer = format!("/properties/{}", key.path.replace('.', "/properties/"));
        let property = schema.pointer(&pointer).unwrap_or_else(|| panic!("{pointer}"));
        assert_eq!(property["description"], key.why);
        assert!(!property["type"].is_null(), "{pointer}");
    }
    assert_eq!(schema["properties"]["store"]["properties"]["readers"]["maximum"], 128);
    assert_eq!(schema["properties"]["apis"]["additionalProperties"], false);
}

#[test]
fn every_origin_is_refused_with_the_reason() {
    let told = problems("[browser]\nallowed_origins = [\"*\"]\n", &[]).concat();
    assert!(told.contains("every page on the web could call") && told.contains("list each origin"), "{told}");
}

#[test]
fn a_burst_is_no_smaller_than_what_a_second_allows() {
    let limits = |burst: u64| format!("[limits]\nrequests_per_second = 50\nburst = {burst}\n");
    assert!(problems(&limits(49), &[]).concat().contains("limits.burst"));
    assert_eq!(loaded(&limits(0), &[], Flags::default()).config.limits.burst(), 50);
    assert_eq!(loaded(&limits(60), &[], Flags::default()).config.limits.burst(), 60);
}
