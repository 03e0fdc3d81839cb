//! Private certificate authorities.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use connector_api::{Connector, Outcome};
use connector_scim::ScimConfig;
use peers::tls::Identity;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::fixture::{config, connector};

/// Answers every request over TLS with 401, which no client sees without trusting the certificate.
fn server(identity: &Identity) -> SocketAddr {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let certificate = CertificateDer::from_pem_slice(identity.certificate_pem.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).unwrap();
    let tls = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let tls = Arc::new(tls);
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&tls)).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            let mut request = [0; 4096];
            // A client that does not trust us leaves here.
            if stream.read(&mut request).is_ok() {
                let _ = stream.write_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
            }
        }
    });
    address
}

async fn check(identity: &Identity, trusted: &str) -> Outcome {
    let config = ScimConfig {
        ca_pem: Some(trusted.as_bytes().to_vec()),
        ..config(&format!("https://{}", server(identity)), "token")
    };
    connector(config).check().await.unwrap_err()
}

#[tokio::test]
async fn the_configured_authority_is_trusted() {
    let identity = Identity::for_loopback().unwrap();

    let outcome = check(&identity, &identity.ca_pem).await;

    assert!(
        matches!(outcome, Outcome::CredentialsRejected { .. }),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn another_authority_is_not_trusted_and_the_message_says_why() {
    let identity = Identity::for_loopback().unwrap();
    let other = Identity::for_loopback().unwrap();

    let outcome = check(&identity, &other.ca_pem).await;

    assert!(matches!(outcome, Outcome::Retry { .. }), "{outcome:?}");
    assert!(
        outcome.reason().unwrap().message.contains("certificate"),
        "{outcome:?}"
    );
}

#[test]
fn mistakes_in_a_configuration_are_told_before_anything_is_sent() {
    let error = |adjust: fn(&mut ScimConfig)| {
        let mut config = config("http://127.0.0.1:9/scim", "token");
        adjust(&mut config);
        connector_scim::ScimConnector::new(config)
            .unwrap_err()
            .to_string()
    };

    assert!(error(|config| config.base_url = "ftp://a".to_owned()).contains("base_url"));
    assert!(error(|config| config.base_url = "http://a/?b".to_owned()).contains("base_url"));
    assert!(error(|config| config.token = ScimConfig::new("", "").token).contains("token"));
    assert!(error(|config| config.token = ScimConfig::new("", "a\nb").token).contains("token"));
    assert!(error(|config| config.ca_pem = Some(b"nothing".to_vec())).contains("ca_pem"));
    assert!(error(|config| config.max_subjects = 0).contains("max_subjects"));
}
