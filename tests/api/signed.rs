//! Manifests that are changed and signed again, as only whoever has the installation key can.

use bursar::backup::signature::{self, Kind};
use bursar::store::InstallationKey;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The key that signs what this data directory makes.
pub(super) fn key(data: &Path) -> InstallationKey {
    InstallationKey::load(&data.join("installation.key")).unwrap()
}

/// The verifier key of the installation whose manifest this is.
pub(super) fn verifier(data: &Path, manifest: &Path) -> String {
    verifier_of(&key(data), manifest)
}

/// The verifier key of this key as that of the installation whose manifest this is.
pub(super) fn verifier_of(key: &InstallationKey, manifest: &Path) -> String {
    let manifest: Value = serde_json::from_slice(&fs::read(manifest).unwrap()).unwrap();
    key.verifier(installation(&manifest)).to_string()
}

fn installation(manifest: &Value) -> uuid::Uuid {
    manifest["installation"].as_str().unwrap().parse().unwrap()
}

/// Changes the manifest beside an object and signs it.
pub(super) fn change(key: &InstallationKey, manifest: &Path, change: impl FnOnce(&mut Value)) {
    let opened = signature::open(Kind::Manifest, &fs::read(manifest).unwrap()).unwrap();
    let mut value = serde_json::from_slice(&opened.value).unwrap();
    change(&mut value);
    let text = serde_json::to_string_pretty(&value).unwrap();
    fs::write(manifest, signature::sign(key, installation(&value), Kind::Manifest, &text)).unwrap();
}

/// Copies a backup to another name, as if the clock had said something else.
pub(super) fn copy(key: &InstallationKey, directory: &Path, name: &str, to: &str) {
    for ending in ["bursar", "json"] {
        fs::copy(directory.join(format!("{name}.{ending}")), directory.join(format!("{to}.{ending}"))).unwrap();
    }
    change(key, &directory.join(format!("{to}.json")), |manifest| manifest["name"] = to.into());
}
