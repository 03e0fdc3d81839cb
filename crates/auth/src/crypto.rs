//! The one cryptographic provider of the process.
//!
//! **Invariant:** aws-lc-rs and nothing else; installing is idempotent, and whoever installed first wins.

use std::sync::Once;

/// Makes sure that JOSE and TLS find their provider. Called wherever this crate starts to need one.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // Both refuse only when the process chose a provider already, which is as good.
        let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
}
