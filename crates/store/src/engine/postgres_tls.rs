//! How a connection to PostgreSQL is encrypted: by rustls, and never without checking who answers.
//!
//! `sslmode` in the address says whether: `disable`, `prefer` (the default) or `require`. Where TLS is spoken, the
//! server's certificate must be valid for its host and come from the given authority or one that the system trusts.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{BoxError, Error};

/// TLS that trusts the authorities of the file `ca`, or those of the system.
pub(super) fn tls(ca: Option<&Path>) -> Result<MakeRustlsConnect, Error> {
    let roots = match ca {
        Some(path) => roots_of(path)?,
        None => roots_of_the_system(),
    };
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::driver("setting up TLS", error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn roots_of(path: &Path) -> Result<RootCertStore, Error> {
    let failed = |source: BoxError| {
        let context = format!("reading the certificate authority `{}`", path.display());
        Error::driver(context, source)
    };
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| failed(error.into()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| failed(error.into()))?;
        roots
            .add(certificate)
            .map_err(|error| failed(error.into()))?;
    }
    if roots.is_empty() {
        return Err(failed("the file holds no certificate".into()));
    }
    Ok(roots)
}

/// A system that has none is fine as long as no server speaks TLS.
fn roots_of_the_system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}
