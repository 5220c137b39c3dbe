//! PostgreSQL doing the same work: one prepared statement per deposit, over a Unix socket without HTTP, in a temporary
//! cluster. The tables have bursar's columns in the schema that a careful team would write for PostgreSQL. There is no
//! hash chain, and the tables start empty; both favour PostgreSQL.

use crate::Outcome;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A cluster, stopped on drop.
pub(crate) struct Postgres {
    bin: PathBuf,
    home: PathBuf,
    as_root: bool,
    pub(crate) version: String,
}

const SETTINGS: &str = "
listen_addresses = ''
max_connections = 100
shared_buffers = 1GB
max_wal_size = 16GB
checkpoint_timeout = 15min
wal_compression = off
fsync = on
synchronous_commit = on
";

const SCHEMA: &str = "
CREATE TABLE books (id bigint PRIMARY KEY, role text NOT NULL, currency text NOT NULL, lock text NOT NULL,
  lifecycle text NOT NULL, balance_minor bigint NOT NULL, held_minor bigint NOT NULL) WITH (fillfactor = 50);
CREATE TABLE entries (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, uuid uuid NOT NULL UNIQUE,
  kind text NOT NULL, effective_at bigint NOT NULL, recorded_at bigint NOT NULL, principal_id bigint NOT NULL,
  comment_hash bytea);
CREATE TABLE postings (book_id bigint NOT NULL REFERENCES books, entry_seq bigint NOT NULL,
  amount_minor bigint NOT NULL, balance_minor bigint, recorded_at bigint NOT NULL, kind text NOT NULL, entry_uuid uuid,
  comment text,
  PRIMARY KEY (book_id, entry_seq));
CREATE TABLE events (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, type text NOT NULL, object_uuid uuid NOT NULL,
  recorded_at bigint NOT NULL, payload text NOT NULL);
CREATE TABLE audit_log (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, recorded_at bigint NOT NULL,
  principal_id bigint NOT NULL, action text NOT NULL, object_uuid uuid NOT NULL, address text NOT NULL);
CREATE TABLE idempotency (key_hash uuid PRIMARY KEY, command_hash uuid NOT NULL, outcome text NOT NULL);
INSERT INTO books SELECT n, CASE n WHEN 0 THEN 'bank' ELSE 'client' END, 'USD', 'none', 'active', 0, 0
  FROM generate_series(0, 4000) n;
VACUUM ANALYZE;
";

/// One deposit. `{house}` is the update of the bank's row, or a substitute that leaves it unchanged.
const DEPOSIT: &str = r#"\set account random(1, 4000)
\set key random(1, 9000000000000000000)
WITH new AS MATERIALIZED (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at,
    (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0')
     || substr(gen_random_uuid()::text, 15))::uuid AS id),
  client AS (UPDATE books SET balance_minor = balance_minor + 1000
    WHERE id = :account AND lock = 'none' AND lifecycle = 'active' RETURNING id, balance_minor),
  house AS ({house}),
  entry AS (INSERT INTO entries (uuid, kind, effective_at, recorded_at, principal_id, comment_hash)
    SELECT new.id, 'balance', new.at, new.at, 2, sha256('Card deposit'::bytea) FROM new, client RETURNING seq),
  posted AS (INSERT INTO postings
    SELECT client.id, entry.seq, 1000, client.balance_minor, new.at, 'balance', new.id, 'Card deposit'
      FROM entry, client, new
    UNION ALL SELECT house.id, entry.seq, -1000, house.balance_minor, new.at, 'balance', NULL, NULL
      FROM entry, house, new),
  event AS (INSERT INTO events (type, object_uuid, recorded_at, payload)
    SELECT 'entry.posted', new.id, new.at, format('{"id":"%s","seq":%s,"balance_minor":%s}',
      new.id, entry.seq, client.balance_minor) FROM entry, new, client),
  trail AS (INSERT INTO audit_log (recorded_at, principal_id, action, object_uuid, address)
    SELECT new.at, 2, 'funds.post', new.id, '127.0.0.1' FROM new)
INSERT INTO idempotency SELECT md5((:key)::text)::uuid, md5((:account)::text)::uuid, new.id::text FROM new, entry;
"#;

const WITH_HOUSE: &str =
    "UPDATE books SET balance_minor = balance_minor - 1000 WHERE id = 0 RETURNING id, balance_minor";
const WITHOUT_HOUSE: &str = "SELECT 0::bigint AS id, NULL::bigint AS balance_minor";

impl Postgres {
    /// Finds the newest installation of Debian's package.
    pub(crate) fn find() -> Option<PathBuf> {
        let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
            .collect();
        found.retain(|bin| bin.join("initdb").exists() && bin.join("pgbench").exists());
        found.sort();
        found.pop()
    }

    /// Installs Debian's package.
    pub(crate) fn install() -> Outcome<()> {
        for arguments in [["update", "-q"].as_slice(), &["install", "-y", "-q", "postgresql"]] {
            if !Command::new("apt-get").args(arguments).status()?.success() {
                return Err("apt-get could not install postgresql".into());
            }
        }
        Ok(())
    }

    /// Creates a cluster and starts it.
    pub(crate) fn start(bin: PathBuf, home: PathBuf) -> Outcome<Postgres> {
        let _ = fs::remove_dir_all(&home);
        fs::create_dir_all(&home)?;
        fs::set_permissions(&home, fs::Permissions::from_mode(0o777))?;
        let as_root = fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
        let version = String::from_utf8_lossy(&Command::new(bin.join("postgres")).arg("--version").output()?.stdout)
            .trim()
            .to_owned();
        let server = Postgres { bin, home, as_root, version };
        let data = server.data();
        server.run("initdb", &["-D", &data, "-A", "trust", "-U", "bench", "-E", "UTF8", "--locale=C", "--no-sync"])?;
        // The socket is in the cluster's own directory, which only its user may enter.
        let settings = format!("{SETTINGS}unix_socket_directories = '{}'\n", server.home.display());
        for (name, text) in [("bench.conf", settings.as_str()), ("schema.sql", SCHEMA)] {
            fs::write(server.home.join(name), text)?;
        }
        for (name, house) in [("with.sql", WITH_HOUSE), ("without.sql", WITHOUT_HOUSE)] {
            fs::write(server.home.join(name), DEPOSIT.replace("{house}", house))?;
        }
        let options = format!("-c config_file={data}/postgresql.conf");
        let include = server.home.join("bench.conf").display().to_string();
        server.shell(&format!("echo \"include '{include}'\" >> '{data}/postgresql.conf'"))?;
        server.run("pg_ctl", &["-D", &data, "-w", "-l", &format!("{data}/log"), "-o", &options, "start"])?;
        let schema = server.home.join("schema.sql").display().to_string();
        server.run("psql", &["-h", &server.host(), "-U", "bench", "-d", "postgres", "-q", "-f", &schema])?;
        Ok(server)
    }

    /// Deposits per second.
    pub(crate) fn deposits(&self, with_house: bool, clients: usize, time: Duration) -> Outcome<f64> {
        let script = self.home.join(if with_house { "with.sql" } else { "without.sql" }).display().to_string();
        let (clients, seconds) = (clients.to_string(), time.as_secs().max(1).to_string());
        let host = self.host();
        let out = self.run(
            "pgbench",
            &[
                "-h", &host, "-U", "bench", "-n", "-M", "prepared", "-c", &clients, "-j", "2", "-T", &seconds, "-f",
                &script, "postgres",
            ],
        )?;
        let line = out.lines().find_map(|line| line.strip_prefix("tps = ")).ok_or_else(|| format!("pgbench: {out}"))?;
        Ok(line.split_whitespace().next().ok_or("no number from pgbench")?.parse()?)
    }

    fn data(&self) -> String {
        self.home.join("data").display().to_string()
    }

    fn host(&self) -> String {
        self.home.display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Outcome<String> {
        self.as_user(&self.bin.join(program), arguments)
    }

    fn shell(&self, line: &str) -> Outcome<String> {
        self.as_user(Path::new("/bin/sh"), &["-c", line])
    }

    /// Runs a command as another user, because PostgreSQL does not run as root.
    fn as_user(&self, program: &Path, arguments: &[&str]) -> Outcome<String> {
        let mut command = match self.as_root {
            true => {
                let mut command = Command::new("runuser");
                command.args(["-u", "postgres", "--"]).arg(program);
                command
            }
            false => Command::new(program),
        };
        // A started server inherits its output and keeps it open, so waiting for the end of the output would block.
        let (out, error) = (self.home.join("out"), self.home.join("error"));
        command.stdout(fs::File::create(&out)?).stderr(fs::File::create(&error)?);
        let status = command.args(arguments).current_dir(&self.home).status()?;
        if !status.success() {
            return Err(format!("{}: {}", program.display(), fs::read_to_string(&error)?).into());
        }
        Ok(fs::read_to_string(&out)?)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "stop"]);
        let _ = fs::remove_dir_all(&self.home);
    }
}
