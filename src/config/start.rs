//! Checks of this machine before a server starts under production rules. Gathering facts ([`Facts::gather`]) is
//! separate from judging them ([`problems`]), so that each judgement can be tested without a special file system.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Config, TlsMode};

/// A reason not to start, with its fix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StartProblem {
    pub problem: String,
    /// A command, or a change to make by hand if no command does it.
    pub fix: String,
}

impl fmt::Display for StartProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n    fix: {}", self.problem, self.fix)
    }
}

/// A file that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub path: PathBuf,
    /// Permission bits (`st_mode & 0o7777`).
    pub mode: u32,
    /// The id of the user that it belongs to.
    pub owner: u32,
}

/// The state of the data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataDir {
    Missing,
    /// Not a directory, or not accessible; with the reason.
    Unusable(String),
    Found {
        /// Permission bits (`st_mode & 0o7777`).
        mode: u32,
        /// Why no file can be created in it; `None` if one can.
        unwritable: Option<String>,
        /// Files ending in `.db`, `.db-wal`, `.db-shm` or `.key`.
        files: Vec<Found>,
    },
}

/// The facts about the machine that the checks need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The id of the user that bursar runs as.
    pub user: u32,
    pub data_dir: DataDir,
    /// The type of the file system that the data directory is, or would be, on; `None` if unknown.
    pub file_system: Option<String>,
    /// `tls.certificate_file`, or why it cannot be read; `None` if the mode does not need it.
    pub certificate: Option<Result<Found, String>>,
    /// `tls.key_file`, or why it cannot be read; `None` if the mode does not need it.
    pub key: Option<Result<Found, String>>,
    /// The configured files with secrets, each with its key in the configuration. The installation key may be missing.
    pub secrets: Vec<(&'static str, Result<Found, String>)>,
}

impl Facts {
    /// Inspects this machine. Creates and removes an empty file in the data directory: nothing less shows whether it is
    /// writable.
    pub fn gather(config: &Config) -> Self {
        let data_dir = &config.server.data_dir;
        let tls = |file: &Option<PathBuf>| match config.tls.mode {
            TlsMode::Off => None,
            TlsMode::Files => file.as_deref().map(readable),
        };
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        Self {
            user: fs::metadata("/proc/self").map_or(0, |me| me.uid()),
            data_dir: inspect(data_dir),
            file_system: existing(data_dir).and_then(|path| file_system(&mounts, &path)),
            certificate: tls(&config.tls.certificate_file),
            key: tls(&config.tls.key_file),
            secrets: [
                ("keys.file", &config.keys.file.clone().filter(|file| file.try_exists().unwrap_or(true))),
                ("backup.identity_file", &config.backup.identity_file),
                ("backup.s3_credentials_file", &config.backup.s3_credentials_file),
            ]
            .into_iter()
            .filter_map(|(key, file)| Some((key, readable(file.as_deref()?))))
            .collect(),
        }
    }
}

fn readable(path: &Path) -> Result<Found, String> {
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    Ok(Found { path: path.into(), mode: metadata.mode() & 0o7777, owner: metadata.uid() })
}

fn inspect(path: &Path) -> DataDir {
    let metadata = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => metadata,
        Ok(_) => return DataDir::Unusable("is not a directory".into()),
        Err(error) if error.kind() == ErrorKind::NotFound => return DataDir::Missing,
        Err(error) => return DataDir::Unusable(error.to_string()),
    };
    let is_private = |name: &[u8]| [&b".db"[..], b".db-wal", b".db-shm", b".key"].iter().any(|end| name.ends_with(end));
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .filter(|entry| is_private(entry.file_name().as_bytes()))
        .filter_map(|entry| {
            let metadata = fs::metadata(entry.path()).ok()?;
            Some(Found { path: entry.path(), mode: metadata.mode() & 0o7777, owner: metadata.uid() })
        })
        .collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let unwritable = probe(path).err().map(|error| error.to_string());
    DataDir::Found { mode: metadata.mode() & 0o7777, unwritable, files }
}

fn probe(directory: &Path) -> io::Result<()> {
    let file = directory.join(format!(".writable-{}", std::process::id()));
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)?;
    fs::remove_file(file)
}

/// The path, or its nearest ancestor that exists, with links resolved.
fn existing(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    absolute.ancestors().find_map(|ancestor| ancestor.canonicalize().ok())
}

/// The type of the file system that holds `path`, according to a table in the format of `/proc/self/mounts`.
fn file_system(mounts: &str, path: &Path) -> Option<String> {
    let mut best: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let mut fields = line.split(' ').skip(1);
        let (Some(point), Some(kind)) = (fields.next(), fields.next()) else { continue };
        let point = unescape(point);
        // Of two mounts at one point, the later hides the earlier.
        if path.starts_with(&point) && best.is_none_or(|(length, _)| point.len() >= length) {
            best = Some((point.len(), kind));
        }
    }
    best.map(|(_, kind)| kind.to_owned())
}

/// Decodes the octal escapes of the mount table.
fn unescape(field: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(field.to_owned(), |text, (escape, character)| text.replace(escape, character))
}

/// Whether locks and shared memory of the file system do not meet SQLite's requirements.
fn is_network(kind: &str) -> bool {
    const KINDS: [&str; 17] = [
        "nfs",
        "nfs4",
        "cifs",
        "smb2",
        "smb3",
        "smbfs",
        "9p",
        "afs",
        "ceph",
        "glusterfs",
        "lustre",
        "beegfs",
        "ncpfs",
        "davfs",
        "vboxsf",
        "gpfs",
        "coda",
    ];
    // A FUSE file system may be anything; only these are known to use a local disk.
    let local_fuse = ["fuseblk", "fuse.mergerfs", "fuse.fuse-overlayfs", "fuse.ntfs-3g"];
    KINDS.contains(&kind) || (kind.starts_with("fuse.") && !local_fuse.contains(&kind))
}

/// Every reason why a server must not start under production rules with this configuration on this machine.
pub fn problems(config: &Config, facts: &Facts) -> Vec<StartProblem> {
    let mut found = Vec::new();
    plain_http(config, &mut found);
    tls_files(facts, &mut found);
    secrets(facts, &mut found);
    data_dir(config, facts, &mut found);
    found
}

/// [`problems`] with the facts of this machine.
pub fn problems_on_this_machine(config: &Config) -> Vec<StartProblem> {
    problems(config, &Facts::gather(config))
}

fn add(found: &mut Vec<StartProblem>, problem: String, fix: String) {
    found.push(StartProblem { problem, fix });
}

fn is_loopback(address: SocketAddr) -> bool {
    IpAddr::to_canonical(&address.ip()).is_loopback()
}

fn plain_http(config: &Config, found: &mut Vec<StartProblem>) {
    if config.tls.mode != TlsMode::Off || config.server.insecure_http {
        return;
    }
    let main = [("server.listen".to_owned(), config.server.listen)];
    let own =
        config.apis.mounts().into_iter().filter(|(_, mount)| mount.enabled).flat_map(|(name, mount)| {
            mount.listen.into_iter().map(move |listen| (format!("apis.{name}.listen"), listen))
        });
    for (key, address) in main.into_iter().chain(own).filter(|(_, address)| !is_loopback(*address)) {
        let problem = format!("{key} is {address}: passwords and tokens would cross the network unencrypted");
        let fix = "set tls.mode = \"files\"; or, behind a proxy that terminates TLS, run: bursar serve --insecure-http";
        add(found, problem, fix.into());
    }
}

fn tls_files(facts: &Facts, found: &mut Vec<StartProblem>) {
    for (key, file) in [("tls.certificate_file", &facts.certificate), ("tls.key_file", &facts.key)] {
        if let Some(Err(reason)) = file {
            let fix = format!("set {key} to a PEM file that user {} can read", facts.user);
            add(found, format!("{key} cannot be read: {reason}"), fix);
        }
    }
    if let Some(Ok(Found { path, mode, .. })) = &facts.key
        && mode & 0o007 != 0
    {
        let problem = format!("the private key {} is accessible to every user (mode {mode:04o})", path.display());
        add(found, problem, format!("chmod o-rwx {}", quoted(path)));
    }
}

fn secrets(facts: &Facts, found: &mut Vec<StartProblem>) {
    for (key, file) in &facts.secrets {
        match file {
            Err(reason) => {
                let fix = format!("set {key} to a file that user {} can read, or remove it", facts.user);
                add(found, format!("{key} cannot be read: {reason}"), fix);
            }
            Ok(Found { path, mode, owner }) => {
                // The owner lets others read a file through its group: root does so with the credentials of systemd.
                let (exposed, fix) = if *owner == facts.user { (0o077, "600") } else { (0o037, "640") };
                if mode & exposed != 0 {
                    let problem =
                        format!("the secrets in {} are accessible to other users (mode {mode:04o})", path.display());
                    add(found, problem, format!("chmod {fix} {}", quoted(path)));
                }
            }
        }
    }
}

fn data_dir(config: &Config, facts: &Facts, found: &mut Vec<StartProblem>) {
    let path = &config.server.data_dir;
    let (shown, quoted_path) = (path.display(), quoted(path));
    match &facts.data_dir {
        DataDir::Missing => {
            let problem = format!("the data directory {shown} does not exist");
            add(found, problem, format!("bursar init {}", flags(config, path)));
        }
        DataDir::Unusable(reason) => {
            let problem = format!("the data directory {shown} cannot be used: {reason}");
            add(found, problem, "set server.data_dir to a directory on a local disk".into());
        }
        DataDir::Found { mode, unwritable, files } => {
            if let Some(reason) = unwritable {
                let problem = format!("the data directory {shown} cannot be written to: {reason}");
                add(found, problem, format!("chown -R {} {quoted_path} && chmod u+rwx {quoted_path}", facts.user));
            }
            if mode & 0o077 != 0 {
                let problem = format!("the data directory {shown} is accessible to other users (mode {mode:04o})");
                add(found, problem, format!("chmod 700 {quoted_path}"));
            }
            for Found { path, mode, .. } in files.iter().filter(|file| file.mode & 0o077 != 0) {
                let problem = format!("the file {} is accessible to other users (mode {mode:04o})", path.display());
                add(found, problem, format!("chmod 600 {}", quoted(path)));
            }
        }
    }
    if let Some(kind) = facts.file_system.as_deref().filter(|kind| is_network(kind)) {
        let problem =
            format!("the data directory {shown} is on a network file system ({kind}), where SQLite can lose data");
        add(found, problem, "move it to a local disk and set server.data_dir, or --data-dir, to the new path".into());
    }
}

/// The flags with which another command finds this data directory and the same configuration.
pub fn flags(config: &Config, data_dir: &Path) -> String {
    let file = config.named_file.as_ref().map_or_else(String::new, |file| format!("--config {} ", quoted(file)));
    format!("{file}--data-dir {}", quoted(data_dir))
}

/// The path, quoted for a shell if necessary.
pub fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+=:@".contains(&byte);
    if text.bytes().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn good() -> (Config, Facts) {
        let found = DataDir::Found { mode: 0o700, unwritable: None, files: Vec::new() };
        let file_system = Some("ext4".into());
        (
            Config::default(),
            Facts { user: 990, data_dir: found, file_system, certificate: None, key: None, secrets: Vec::new() },
        )
    }

    /// The fixes that are proposed after `change`.
    fn fixes(change: impl FnOnce(&mut Config, &mut Facts)) -> Vec<String> {
        let (mut config, mut facts) = good();
        change(&mut config, &mut facts);
        problems(&config, &facts).into_iter().map(|problem| problem.fix).collect()
    }

    fn listen(config: &mut Config, address: &str) {
        config.server.listen = address.parse().unwrap();
    }

    #[test]
    fn a_good_machine_has_no_problems() {
        assert_eq!(fixes(|_, _| {}), [""; 0]);
        assert_eq!(fixes(|config, _| listen(config, "[::ffff:127.0.0.1]:80")), [""; 0]);
    }

    #[test]
    fn plain_http_stays_on_this_machine_unless_it_is_allowed() {
        assert_eq!(fixes(|config, _| listen(config, "0.0.0.0:8080")).len(), 1);
        let own = |config: &mut Config| config.apis.native.listen = vec!["192.0.2.1:81".parse().unwrap()];
        assert_eq!(fixes(|config, _| own(config)).len(), 1);
        let off = |config: &mut Config| config.apis.native.enabled = false;
        assert_eq!(fixes(|config, _| (own(config), off(config)).1), [""; 0]);
        for allow in [
            |config: &mut Config| config.server.insecure_http = true,
            |config: &mut Config| config.tls.mode = TlsMode::Files,
        ] {
            assert_eq!(fixes(|config, _| (listen(config, "0.0.0.0:8080"), allow(config)).1), [""; 0]);
        }
    }

    #[test]
    fn a_private_key_must_be_private() {
        let key = |mode| Some(Ok(Found { path: "/etc/my keys/key.pem".into(), mode, owner: 0 }));
        assert_eq!(fixes(|_, facts| facts.key = key(0o644)), ["chmod o-rwx '/etc/my keys/key.pem'"]);
        assert_eq!(fixes(|_, facts| facts.key = key(0o640)), [""; 0]);
        assert_eq!(fixes(|_, facts| facts.key = Some(Err("no such file".into()))).len(), 1);
    }

    #[test]
    fn secrets_must_be_private() {
        let file = |mode, owner| ("keys.file", Ok(Found { path: "/etc/bursar/secret".into(), mode, owner }));
        let fixes_of = |mode, owner| fixes(|_, facts| facts.secrets = vec![file(mode, owner)]);
        assert_eq!(fixes_of(0o640, 990), ["chmod 600 /etc/bursar/secret"]);
        assert_eq!(fixes_of(0o600, 990), [""; 0]);
        // Of root: readable for this user through the group.
        assert_eq!(fixes_of(0o440, 0), [""; 0]);
        assert_eq!(fixes_of(0o444, 0), ["chmod 640 /etc/bursar/secret"]);
        assert_eq!(fixes_of(0o660, 0), ["chmod 640 /etc/bursar/secret"]);
        assert_eq!(fixes(|_, facts| facts.secrets = vec![("x", Err("no such file".into()))]).len(), 1);
    }

    #[test]
    fn a_data_directory_must_exist_and_be_writable_and_private() {
        let at = |mode, unwritable: Option<&str>, database| {
            let files = vec![Found { path: "/var/lib/bursar/bursar.db".into(), mode: database, owner: 990 }];
            DataDir::Found { mode, unwritable: unwritable.map(Into::into), files }
        };
        assert_eq!(fixes(|_, facts| facts.data_dir = DataDir::Missing), ["bursar init --data-dir /var/lib/bursar"]);
        assert_eq!(fixes(|_, facts| facts.data_dir = at(0o700, None, 0o600)), [""; 0]);
        assert_eq!(
            fixes(|_, facts| facts.data_dir = at(0o750, Some("read-only"), 0o604)),
            [
                "chown -R 990 /var/lib/bursar && chmod u+rwx /var/lib/bursar",
                "chmod 700 /var/lib/bursar",
                "chmod 600 /var/lib/bursar/bursar.db"
            ]
        );
    }

    #[test]
    fn network_file_systems_are_recognised() {
        for kind in ["nfs4", "cifs", "9p", "smb3", "fuse.sshfs"] {
            assert_eq!(fixes(|_, facts| facts.file_system = Some(kind.into())).len(), 1, "{kind}");
        }
        for kind in ["ext4", "xfs", "btrfs", "overlay", "tmpfs", "fuse.mergerfs"] {
            assert_eq!(fixes(|_, facts| facts.file_system = Some(kind.into())).len(), 0, "{kind}");
        }
    }

    #[test]
    fn the_deepest_and_latest_mount_decides() {
        let mounts = "/dev/sda / ext4 rw 0 0\nserver:/x /srv/my\\040data nfs4 rw 0 0\n\
                      a /mnt ext4 rw 0 0\nb /mnt cifs rw 0 0\n";
        let kind = |path: &str| file_system(mounts, Path::new(path));
        assert_eq!(kind("/srv/my data/bursar").as_deref(), Some("nfs4"));
        assert_eq!(kind("/srv/my database").as_deref(), Some("ext4"));
        assert_eq!(kind("/mnt/x").as_deref(), Some("cifs"));
        assert_eq!(file_system("", Path::new("/")), None);
    }

    #[test]
    fn facts_reflect_the_disk() {
        let home = tempfile::tempdir().unwrap();
        let (dir, key) = (home.path().join("data"), home.path().join("key.pem"));
        let mut config = Config::default();
        config.server.data_dir.clone_from(&dir);
        config.tls.mode = TlsMode::Files;
        config.tls.key_file = Some(key.clone());
        let before = Facts::gather(&config);
        assert_eq!(before.data_dir, DataDir::Missing);
        assert!(matches!(before.key, Some(Err(_))));

        fs::create_dir(&dir).unwrap();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o750)).unwrap();
        for file in [&key, &dir.join("bursar.db"), &dir.join("installation.key"), &dir.join("notes.txt")] {
            fs::write(file, "").unwrap();
            fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
        }
        let after = Facts::gather(&config);
        let found = |path| Found { path, mode: 0o644, owner: after.user };
        let files = ["bursar.db", "installation.key"].map(|name| found(dir.join(name))).into();
        assert_eq!(after.data_dir, DataDir::Found { mode: 0o750, unwritable: None, files });
        assert_eq!(after.key, Some(Ok(found(key))));
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 3, "the probe cleans up after itself");
    }
}
