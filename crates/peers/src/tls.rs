//! A private CA and a server certificate for loopback.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// A server's identity and the CA that vouches for it, all PEM.
#[derive(Clone)]
pub struct Identity {
    /// The CA's certificate: what a client has to trust.
    pub ca_pem: String,
    /// The server's certificate, for `localhost` and `127.0.0.1`.
    pub certificate_pem: String,
    /// The server's private key.
    pub key_pem: String,
}

impl Identity {
    /// Makes a new CA and a certificate signed by it.
    pub fn for_loopback() -> anyhow::Result<Self> {
        let ca_key = KeyPair::generate()?;
        let mut ca = CertificateParams::new(Vec::new())?;
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        ca.distinguished_name
            .push(DnType::CommonName, "peers test CA");
        let ca_certificate = ca.self_signed(&ca_key)?;
        let issuer = Issuer::new(ca, ca_key);

        let key = KeyPair::generate()?;
        let mut server =
            CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        server
            .distinguished_name
            .push(DnType::CommonName, "localhost");
        let certificate = server.signed_by(&key, &issuer)?;

        Ok(Self {
            ca_pem: ca_certificate.pem(),
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        })
    }
}
