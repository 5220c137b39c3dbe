//! Proofs of the audit log, in the form of RFC 6962 and C2SP.

use super::fields;
use crate::app::ledger::{Continuation, EntryProof, ProveEntry, ReadCheckpoint};
use crate::dialects::kit::formats::whole_number;
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::merkle::Hash;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Shows that the audit log contains an entry. Hashes and bytes are base64.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EntryProof)]
pub(super) struct EntryProofView {
    /// The sequence number of the entry.
    #[schema(example = "42")]
    entry: String,
    /// The bytes of the entry, chained to its predecessor.
    #[schema(example = "AAAAAAAAACA=")]
    canonical: String,
    /// Their SHA-256, which the leaf contains.
    #[schema(example = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")]
    hash: String,
    /// The bytes of the leaf: the audit row of the action that posted the entry.
    #[schema(example = "AAEAAAAIAAAAAAAAAAE=")]
    leaf: String,
    /// The number of the leaf, from 0.
    #[schema(example = "17")]
    index: String,
    /// The hashes beside the way from the leaf to the root.
    #[schema(example = json!(["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]))]
    path: Vec<String>,
    /// The signed checkpoint with size and root.
    #[schema(example = "bursar/0198c1f0-0000-7000-8000-000000000000/00112233445566778899aabbccddeeff\n18\n…")]
    checkpoint: String,
    /// Index, path and checkpoint as a C2SP tlog-proof.
    #[schema(example = "c2sp.org/tlog-proof@v1\nindex 17\n…")]
    proof: String,
}

/// A signed checkpoint of the audit log.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LogCheckpoint)]
pub(super) struct CheckpointView {
    /// The number of leaves.
    #[schema(example = "18")]
    size: String,
    /// The root of the tree, base64.
    #[schema(example = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")]
    root: String,
    /// The checkpoint as a C2SP signed note.
    #[schema(example = "bursar/0198c1f0-0000-7000-8000-000000000000/00112233445566778899aabbccddeeff\n18\n…")]
    note: String,
    /// With `oldSize`: the consistency proof from that size, base64.
    #[schema(example = json!([]))]
    consistency: Vec<String>,
}

fn encoded(path: &[Hash]) -> Vec<String> {
    path.iter().map(|hash| STANDARD.encode(hash)).collect()
}

/// Signs what was recorded last, so that the answer covers it.
async fn sign(call: &Call) -> Result<(), Rejection> {
    let app = Arc::clone(call.app()?);
    call.blocking(move || app.sign_log()).await
}

/// Prove that the audit log contains an entry.
#[utoipa::path(get, path = "/entries/{id}/proof", tag = "Audit",
    params(("id" = Uuid, Path, description = "entry id")), responses((status = 200, body = EntryProofView)))]
pub(super) async fn entry(call: Call) -> Result<Reply, Rejection> {
    let id = fields::path_id(&call)?;
    sign(&call).await?;
    let proof = call.ask(ProveEntry(id)).await?;
    let text = proof.text();
    let EntryProof { entry, canonical, hash, leaf, index, path, checkpoint } = proof;
    Reply::ok(&EntryProofView {
        entry: entry.to_string(),
        canonical: STANDARD.encode(canonical),
        hash: STANDARD.encode(hash),
        leaf: STANDARD.encode(leaf),
        index: index.to_string(),
        path: encoded(&path),
        checkpoint: checkpoint.note,
        proof: text,
    })
}

/// Read the last checkpoint of the audit log, with the proof that it continues an earlier one.
#[utoipa::path(get, path = "/log/checkpoint", tag = "Audit",
    params(("oldSize" = Option<String>, Query, description = "the size of the earlier checkpoint")),
    responses((status = 200, body = CheckpointView)))]
pub(super) async fn checkpoint(call: Call) -> Result<Reply, Rejection> {
    let old = call.query().value("oldSize", whole_number)?;
    sign(&call).await?;
    let Continuation { checkpoint, path } = call.ask(ReadCheckpoint { old }).await?;
    let size = checkpoint.checkpoint.size;
    let path = path.ok_or_else(|| Rejection::out_of_range("oldSize", format!("at most {size}")))?;
    Reply::ok(&CheckpointView {
        size: size.to_string(),
        root: STANDARD.encode(checkpoint.checkpoint.root),
        note: checkpoint.note,
        consistency: encoded(&path),
    })
}
