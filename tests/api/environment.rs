//! The environment of the process: what Kubernetes puts there is not a setting, and what is misspelled is an error.

use super::home::{Home, Ran};
use serde_json::json;

/// `bursar config show --json` with these variables.
fn show(home: &Home, variables: &[(&str, &str)]) -> Ran {
    Ran::of(home.command(&["config", "show", "--json"]).envs(variables.iter().copied()).output().unwrap())
}

#[test]
fn variables_that_kubernetes_sets_for_services_are_no_settings() {
    let home = Home::installed();
    let service = [
        ("BURSAR_PORT", "tcp://10.96.3.7:8080"),
        ("BURSAR_SERVICE_HOST", "10.96.3.7"),
        ("BURSAR_SERVICE_PORT", "8080"),
        ("BURSAR_SERVICE_PORT_HTTP", "8080"),
        ("BURSAR_PORT_8080_TCP", "tcp://10.96.3.7:8080"),
        ("BURSAR_PORT_8080_TCP_PROTO", "tcp"),
        ("BURSAR_PORT_8080_TCP_PORT", "8080"),
        ("BURSAR_PORT_8080_TCP_ADDR", "10.96.3.7"),
        ("BURSAR_METRICS_SERVICE_HOST", "10.96.3.8"),
    ];
    let plain = show(&home, &[]).json();
    assert_eq!(show(&home, &service).json(), plain);
    let mut operators = home.command(&["operator", "list", "--json"]);
    Ran::of(operators.envs(service).output().unwrap()).json();
}

#[test]
fn an_empty_variable_is_not_set() {
    let home = Home::new();
    let file = home.file("config.toml", "[backup]\ns3_bucket = \"b\"\n[server]\nworkers = 3\n");
    let empty = ["BURSAR_CONFIG", "BURSAR_SERVER__WORKERS", "BURSAR_BACKUP__S3_BUCKET", "BURSAR_LISTEN"];
    let more = ["BURSAR_BACKUP__IDENTITY_FILE", "BURSAR_PASSWORD_FILE", "BURSAR_PORT"];
    let mut command = home.command(&["config", "show", "--json", "--config", &file]);
    for name in empty.into_iter().chain(more) {
        command.env(name, "");
    }
    let shown = Ran::of(command.output().unwrap()).json();
    assert_eq!((&shown["server"]["workers"], &shown["backup"]["s3_bucket"]), (&json!(3), &json!("b")));
    assert_eq!(shown["backup"]["identity_file"], json!(null));
}

#[test]
fn a_misspelled_variable_is_refused_with_a_suggestion() {
    let home = Home::new();
    for (name, value, sentence) in [
        ("BURSAR_LISEN", "127.0.0.1:1", "Did you mean BURSAR_LISTEN?"),
        ("BURSAR_SERVER_LISTEN", "127.0.0.1:1", "Did you mean BURSAR_SERVER__LISTEN?"),
        ("BURSAR_PORT", "8080", "no such setting"),
        ("BURSAR_SERVICE_HOST", "bursar.example", "no such setting"),
        ("BURSAR_PORT_8080_TCP_ADDR", "everywhere", "no such setting"),
        ("BURSAR_SERVER__PORT", "tcp://10.96.3.7:8080", "no such setting"),
    ] {
        let ran = show(&home, &[(name, value)]);
        assert_eq!(ran.code, 3, "{name}={value}");
        assert!(ran.stderr.contains(sentence), "{name}={value}: {}", ran.stderr);
    }
}

#[test]
fn secrets_are_neither_accepted_as_values_nor_shown() {
    const KEY: &str = "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ";
    let home = Home::new();
    for (text, secret) in [
        ("[backup]\ns3_bucket = \"b\"\ns3_endpoint = \"https://user:hunter2@s3.example\"\n", "hunter2"),
        ("[backup]\ns3_bucket = \"b\"\ns3_endpoint = \"https://s3.example/?key=hunter2\"\n", "hunter2"),
        ("[backup]\ns3_bucket = \"b\"\ns3_endpoint = \"user:hunter2@s3.example\"\n", "hunter2"),
        (&format!("[backup]\nrecipients = [\"{KEY}\"]\n"), KEY),
        (&format!("[backup]\nidentity_file = \"{KEY}\"\n"), KEY),
        (&format!("[backup]\ninterval_hours = \"{KEY}\"\n"), KEY),
        ("[backup]\npassword = \"hunter2\"\n[secret.nested]\nkey = \"hunter2\"\n", "hunter2"),
        ("[keys]\nfile = \"BURSAR-INSTALLATION-KEY-1-hunter2\"\n", "hunter2"),
        ("[tls]\nkey_file = \"-----BEGIN PRIVATE KEY-----\\nhunter2\"\n", "hunter2"),
    ] {
        let file = home.file("config.toml", text);
        for command in [&["config", "show"][..], &["config", "check"], &["serve"]] {
            for json in [&[][..], &["--json"]] {
                let ran = home.run(&[command, &["--config", &file], json].concat());
                assert_eq!(ran.code, 3, "{command:?} {text}: {}{}", ran.stdout, ran.stderr);
                assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{command:?} {text}: {ran:?}");
            }
        }
    }
    // Credentials from the environment are used, never shown.
    let mut shown = home.command(&["config", "show", "--sources"]);
    let shown =
        Ran::of(shown.envs([("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "hunter2")]).output().unwrap());
    assert_eq!((shown.code, shown.stdout.contains("hunter2"), shown.stdout.contains("AKIA")), (0, false, false));
}
