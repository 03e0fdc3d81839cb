//! Keys and certificates in the data folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use auth::keys::{
    Algorithm, KeyError, KeyUse, Keys, SigningKeys, TlsMaterial, list, prune, rotate,
};
use auth::token::{IssuerConfig, KeySource, Verifier};
use domain::time::{Duration, Timestamp};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, time_provider,
};

use crate::support::{AUDIENCE, ISSUER, later, now, user_claims, verifier, verify};

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

/// The key ids that verifiers are shown.
fn shown(keys: &SigningKeys, at: Timestamp) -> Vec<String> {
    let jwks = keys.jwks(at).unwrap();
    let keys = jwks["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_rotation_is_seen_by_whoever_signs_and_by_whoever_verifies_already() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
        let dir = tempfile::tempdir().unwrap();
        let running = SigningKeys::open(dir.path(), algorithm).unwrap();
        let verifier = Verifier::new(vec![IssuerConfig::new(
            ISSUER,
            &[AUDIENCE],
            KeySource::Shared(running.ring()),
        )])
        .unwrap();
        let before = running.sign(&user_claims()).unwrap();

        let rotation = rotate(dir.path(), algorithm, now()).unwrap();
        let after = running.sign(&user_claims()).unwrap();

        assert_ne!(rotation.kid, rotation.retired);
        assert_eq!(shown(&running, now()), [rotation.kid, rotation.retired]);
        for token in [before, after] {
            verify(&verifier, &token, now()).unwrap();
        }
    }
}

#[test]
fn an_old_key_is_shown_until_its_last_token_has_expired_and_removed_by_the_next_rotation() {
    let dir = tempfile::tempdir().unwrap();
    let running = SigningKeys::open(dir.path(), Algorithm::Es256).unwrap();
    let first = rotate(dir.path(), Algorithm::Es256, now()).unwrap();

    assert_eq!(shown(&running, later(3_600)).len(), 2);
    assert_eq!(
        shown(&running, later(3_900)),
        std::slice::from_ref(&first.kid)
    );
    assert_eq!(
        prune(dir.path(), Algorithm::Es256, later(3_899)).unwrap(),
        0
    );
    let usages: Vec<_> = list(dir.path(), Algorithm::Es256, later(3_900))
        .unwrap()
        .into_iter()
        .map(|key| (key.kid, key.usage))
        .collect();
    let since = later(3_900);
    assert_eq!(
        usages,
        [
            (first.kid.clone(), KeyUse::Signing),
            (first.retired, KeyUse::Expired { since }),
        ]
    );
    let second = rotate(dir.path(), Algorithm::Es256, later(4_000)).unwrap();

    assert_eq!((second.retired, second.pruned), (first.kid, 1));
    assert_eq!(shown(&running, later(4_000)).len(), 2);
}

#[test]
fn nothing_private_is_left_of_an_old_key_and_nobody_else_may_read_what_is() {
    let dir = tempfile::tempdir().unwrap();
    SigningKeys::open(dir.path(), Algorithm::Es256).unwrap();

    rotate(dir.path(), Algorithm::Es256, now()).unwrap();

    let files: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 2, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{file:?}");
        let is_retired = file.to_string_lossy().contains("retired");
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(text.contains("PRIVATE KEY"), !is_retired);
        assert!(!text.contains("\"d\":"), "{text}");
    }
}

#[test]
fn rotations_at_the_same_time_leave_no_token_without_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let running = SigningKeys::open(dir.path(), Algorithm::Es256).unwrap();

    let mut made: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|number| {
                let dir = dir.path();
                scope.spawn(move || rotate(dir, Algorithm::Es256, later(number)).unwrap().kid)
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });

    let mut known = shown(&running, later(8));
    assert_eq!(known.len(), 9);
    known.retain(|kid| made.contains(kid));
    made.sort();
    known.sort();
    assert_eq!(known, made);
}

#[test]
fn a_folder_without_a_key_has_none_to_rotate() {
    let dir = tempfile::tempdir().unwrap();

    let refused = rotate(dir.path(), Algorithm::Es256, now()).unwrap_err();

    assert!(matches!(refused, KeyError::Io { .. }), "{refused}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_token_is_known_as_ones_own_however_old_it_is_and_a_strangers_is_not() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let own = SigningKeys::open(dir.path(), Algorithm::Es256).unwrap();
    let stranger = SigningKeys::open(other.path(), Algorithm::Es256).unwrap();
    let token = own.sign(&user_claims()).unwrap();

    let claims = own.claims_of(&token, days(30)).unwrap();

    assert_eq!(claims["iss"], ISSUER);
    assert!(
        own.claims_of(&stranger.sign(&user_claims()).unwrap(), now())
            .is_none()
    );
    assert!(own.claims_of(&token[..token.len() - 2], now()).is_none());
    assert!(own.claims_of("", now()).is_none());
}
