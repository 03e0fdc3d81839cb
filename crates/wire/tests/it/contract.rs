//! The published schema, where it is at hand.

use std::path::PathBuf;

use serde_json::Value as Json;

/// `schema.json` of the contract, or `None` (said aloud) where it is not at hand.
pub(crate) fn schema() -> Option<Json> {
    let folder = std::env::var_os("CONTRACT_DIR").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contract"),
        PathBuf::from,
    );
    match std::fs::read_to_string(folder.join("schema.json")) {
        Ok(text) => Some(serde_json::from_str(&text).expect("schema.json is JSON")),
        Err(error) => {
            eprintln!("SKIPPED: no published schema (set CONTRACT_DIR): {error}");
            None
        }
    }
}
