//! Keys and certificates in the data folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use auth::keys::{Algorithm, KeyError, Keys, TlsMaterial};
use domain::time::{Duration, Timestamp};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, time_provider,
};

use crate::support::{now, user_claims, verifier, verify};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn days(days: i64) -> Timestamp {
    now().plus(Duration::from_days(days))
}

fn material(dir: &Path, names: &[&str], at: Timestamp) -> TlsMaterial {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    TlsMaterial::load_or_create(dir, &names, at).unwrap()
}

#[test]
fn a_signing_key_is_made_once_and_kept_private() {
    for (algorithm, file) in [
        (Algorithm::Es256, "issuer-es256.key"),
        (Algorithm::Rs256, "issuer-rs256.key"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("data");

        let made = Keys::load_or_create(&folder, algorithm).unwrap();
        let loaded = Keys::load_or_create(&folder, algorithm).unwrap();

        assert_eq!(made.kid(), loaded.kid());
        assert_eq!(mode(&folder.join(file)), 0o600);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "no draft stays");
        let token = made.sign(&user_claims()).unwrap();
        assert!(verify(&verifier(&loaded), &token, now()).is_ok());
    }
}

#[test]
fn the_public_key_set_holds_nothing_private_and_debug_prints_no_key() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
        let dir = tempfile::tempdir().unwrap();
        let keys = Keys::load_or_create(dir.path(), algorithm).unwrap();

        let jwks = keys.jwks();
        let key = jwks["keys"][0].as_object().unwrap();

        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(!key.contains_key(private), "{private}");
        }
        assert_eq!(key["kid"], keys.kid());
        assert_eq!(key["use"], "sig");
        assert_eq!(key["alg"], algorithm.as_str());
        let debug = format!("{keys:?}");
        assert!(debug.len() < 120, "{debug}");
    }
}

#[test]
fn many_that_start_at_once_end_up_with_the_one_key_that_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let barrier = std::sync::Barrier::new(8);

    let kids: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    let keys = Keys::load_or_create(dir.path(), Algorithm::Es256).unwrap();
                    keys.kid().to_owned()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });

    let kept = Keys::load_or_create(dir.path(), Algorithm::Es256).unwrap();
    assert_eq!(kids, vec![kept.kid().to_owned(); 8]);
}

#[test]
fn a_key_that_others_can_read_is_closed_to_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("issuer-es256.key");
    let made = Keys::load_or_create(dir.path(), Algorithm::Es256).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();

    let loaded = Keys::load_or_create(dir.path(), Algorithm::Es256).unwrap();

    assert_eq!(loaded.kid(), made.kid());
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_damaged_key_is_an_error_that_names_the_file_and_not_its_content() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("issuer-es256.key"), "not a key: hunter2").unwrap();

    let error = Keys::load_or_create(dir.path(), Algorithm::Es256).unwrap_err();

    let text = format!("{error} {error:?}");
    assert!(text.contains("issuer-es256.key"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

/// Whether a client that trusts the authority accepts the server under this name at that time.
fn accepts(material: &TlsMaterial, name: &str, at: Timestamp) -> bool {
    #[derive(Debug)]
    struct At(UnixTime);

    impl time_provider::TimeProvider for At {
        fn current_time(&self) -> Option<UnixTime> {
            Some(self.0)
        }
    }

    let seconds = u64::try_from(at.micros() / 1_000_000).unwrap();
    let at = At(UnixTime::since_unix_epoch(std::time::Duration::from_secs(
        seconds,
    )));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(&material.authority).unwrap())
        .unwrap();
    let client = ClientConfig::builder_with_details(Arc::clone(&provider), Arc::new(at))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let chain = CertificateDer::pem_file_iter(&material.certificate)
        .unwrap()
        .collect::<Result<Vec<_>, _>>()
        .unwrap();
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(&material.key).unwrap())
        .unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(client), name).unwrap();
    let mut server = ServerConnection::new(Arc::new(server)).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        client.write_tls(&mut wire).unwrap();
        server.read_tls(&mut wire.as_slice()).unwrap();
        if server.process_new_packets().is_err() {
            return false;
        }
        let mut wire = Vec::new();
        server.write_tls(&mut wire).unwrap();
        client.read_tls(&mut wire.as_slice()).unwrap();
        if client.process_new_packets().is_err() {
            return false;
        }
    }
    true
}

#[test]
fn clients_that_trust_the_authority_accept_the_server_under_each_of_its_names() {
    let dir = tempfile::tempdir().unwrap();

    let material = material(dir.path(), &["Reeve.Test", "192.0.2.7"], now());

    for name in ["127.0.0.1", "::1", "localhost", "reeve.test", "192.0.2.7"] {
        assert!(accepts(&material, name, now()), "{name}");
    }
    for name in ["192.0.2.8", "other.test"] {
        assert!(!accepts(&material, name, now()), "{name}");
    }
    assert!(!accepts(&material, "localhost", days(366)));
    assert_eq!(mode(&dir.path().join("ca.key")), 0o600);
    assert_eq!(mode(&material.key), 0o600);
}

#[test]
fn certificates_that_still_do_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let first = material(dir.path(), &["Reeve.Test", "0:0:0:0:0:0:0:2"], now());
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let before = (read(&first.authority), read(&first.certificate));

    let second = material(dir.path(), &["::2", "reeve.test", "localhost"], days(334));

    assert_eq!((read(&second.authority), read(&second.certificate)), before);
}

#[test]
fn the_servers_certificate_is_renewed_when_it_would_not_do_and_the_authority_stays() {
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    for (what, names, at) in [
        ("another name", vec!["new.test"], now()),
        ("little time left", vec![], days(336)),
        ("not valid yet", vec![], days(-2)),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let first = material(dir.path(), &[], now());
        let before = (read(&first.authority), read(&first.certificate));

        // The authority of a clock that was set back would not be valid either; that is its own test below.
        let second = material(dir.path(), &names, at);

        assert_ne!(read(&second.certificate), before.1, "{what}");
        assert_eq!(read(&second.authority) == before.0, at >= now(), "{what}");
        assert!(accepts(&second, "localhost", at), "{what}");
    }
}

#[test]
fn a_damaged_or_foreign_server_certificate_is_replaced() {
    let (dir, foreign) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let own = material(dir.path(), &[], now());
    let other = material(foreign.path(), &[], now());

    for damage in [
        || "nonsense".to_owned(),
        || "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned(),
    ] {
        fs::write(&own.certificate, damage()).unwrap();
        assert!(accepts(
            &material(dir.path(), &[], now()),
            "localhost",
            now()
        ));
    }
    fs::copy(&other.certificate, &own.certificate).unwrap();
    fs::copy(&other.key, &own.key).unwrap();
    assert!(accepts(
        &material(dir.path(), &[], now()),
        "localhost",
        now()
    ));
    fs::copy(&other.key, &own.key).unwrap();
    assert!(accepts(
        &material(dir.path(), &[], now()),
        "localhost",
        now()
    ));
}

#[test]
fn an_authority_near_its_end_is_replaced_with_all_that_it_signed() {
    let dir = tempfile::tempdir().unwrap();
    let first = material(dir.path(), &[], now());
    let before = fs::read_to_string(&first.authority).unwrap();

    let second = material(dir.path(), &[], days(3_650 - 364));

    assert_ne!(fs::read_to_string(&second.authority).unwrap(), before);
    assert!(accepts(&second, "localhost", days(3_650 - 364)));
}

#[test]
fn half_an_authority_is_an_error_and_not_silently_another_authority() {
    for file in ["ca.pem", "ca.key"] {
        let dir = tempfile::tempdir().unwrap();
        material(dir.path(), &[], now());
        fs::remove_file(dir.path().join(file)).unwrap();

        let error = TlsMaterial::load_or_create(dir.path(), &[], now()).unwrap_err();

        assert!(matches!(error, KeyError::HalfAuthority { .. }), "{error}");
    }
}

#[test]
fn a_name_that_cannot_be_one_is_an_error() {
    let dir = tempfile::tempdir().unwrap();

    let error =
        TlsMaterial::load_or_create(dir.path(), &["bücher.test".to_owned()], now()).unwrap_err();

    assert!(matches!(error, KeyError::Name { .. }), "{error}");
}
