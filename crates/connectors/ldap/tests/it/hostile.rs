//! Servers that are not what they should be.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

use connector_api::{Connector, Outcome};
use connector_ldap::LdapConfig;

use crate::fixture::{config, connector, slapd};

/// Answers the first bytes of every connection with `answer`.
fn server_that_says(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer);
            // Open until the client leaves, so that only the answer speaks.
            let _ = stream.read(&mut request);
        }
    });
    address
}

#[tokio::test]
async fn whatever_is_not_ldap_is_a_retry() {
    for answer in [
        b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(),
        // A bind response whose result is empty.
        b"\x30\x05\x02\x01\x01\x61\x00",
        // A bind response whose result code is a text.
        b"\x30\x0c\x02\x01\x01\x61\x07\x04\x01x\x04\x00\x04\x00",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x00",
    ] {
        let address = server_that_says(answer);

        let checked = connector(&config(&format!("ldap://{address}")))
            .check()
            .await;

        assert!(
            matches!(checked, Err(Outcome::Retry { .. })),
            "{answer:?}: {checked:?}"
        );
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_is_not_talked_to() {
    let Some(slapd) = slapd() else { return };
    let other_ca = peers::tls::Identity::for_loopback().unwrap().ca_pem;
    let over_tls = LdapConfig {
        ca_pem: Some(other_ca.clone().into_bytes()),
        ..config(&slapd.tls_url())
    };
    let over_starttls = LdapConfig {
        starttls: true,
        ca_pem: Some(other_ca.into_bytes()),
        ..config(&slapd.url())
    };

    for config in [over_tls, over_starttls] {
        let checked = connector(&config).check().await;

        let outcome = checked.unwrap_err();
        assert!(
            outcome.reason().unwrap().message.contains("certificate"),
            "{outcome:?}"
        );
    }
}
