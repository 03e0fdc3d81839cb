//! The self-made certificate authority and the server's certificate.
//!
//! **Invariant:** the authority stays the same as long as it is valid, because clients were told to trust it; the
//! server's certificate is replaced whenever it would not do.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use domain::time::{Duration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, date_time_ymd,
};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::pem::{Pem, parse_x509_pem};

use super::{KeyError, files};

/// The names that every certificate is for.
pub const DEFAULT_NAMES: &[&str] = &["127.0.0.1", "::1", "localhost"];

const AUTHORITY_LIFE: Duration = Duration::from_days(3_650);
const SERVER_LIFE: Duration = Duration::from_days(365);
/// New ones are made when less than this is left.
const AUTHORITY_MARGIN: Duration = Duration::from_days(365);
const SERVER_MARGIN: Duration = Duration::from_days(30);
/// Certificates begin a little earlier, for clients whose clock is behind.
const CLOCK_SKEW: Duration = Duration::from_days(1);

/// Where the certificates and keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsMaterial {
    /// The authority's certificate, which clients are to trust.
    pub authority: PathBuf,
    /// The server's certificate.
    pub certificate: PathBuf,
    /// The server's private key.
    pub key: PathBuf,
}

impl TlsMaterial {
    /// What is kept in `dir`, made or renewed where it is missing, runs out, or is for other names than
    /// [`DEFAULT_NAMES`] and `names`. Clients judge certificates by the machine's clock: `now` is that, and not a
    /// clock that was moved.
    pub fn load_or_create(dir: &Path, names: &[String], now: Timestamp) -> Result<Self, KeyError> {
        crate::crypto::install();
        files::create_folder(dir)?;
        let names: BTreeSet<String> = DEFAULT_NAMES
            .iter()
            .map(|&name| name.to_owned())
            .chain(names.iter().map(|name| canonical(name)))
            .collect();
        let material = Self {
            authority: dir.join("ca.pem"),
            certificate: dir.join("server.pem"),
            key: dir.join("server.key"),
        };
        let authority = Authority::load_or_create(&material.authority, &dir.join("ca.key"), now)?;
        if !material.is_good(&authority, &names, now)? {
            material.issue(&authority, &names, now)?;
        }
        Ok(material)
    }

    fn is_good(
        &self,
        authority: &Authority,
        names: &BTreeSet<String>,
        now: Timestamp,
    ) -> Result<bool, KeyError> {
        let (Some(certificate), Some(key)) = (
            files::read(&self.certificate)?,
            files::read_private(&self.key)?,
        ) else {
            return Ok(false);
        };
        let (Some(pem), Ok(key)) = (pem_block(&certificate), KeyPair::from_pem(&key)) else {
            return Ok(false);
        };
        let Ok(certificate) = pem.parse_x509() else {
            return Ok(false);
        };
        Ok(lasts(&certificate, now, SERVER_MARGIN)
            && certificate.public_key().raw == key.subject_public_key_info()
            && issued_by(&certificate, &authority.key_id())
            && names_of(&certificate) == *names)
    }

    fn issue(
        &self,
        authority: &Authority,
        names: &BTreeSet<String>,
        now: Timestamp,
    ) -> Result<(), KeyError> {
        for name in names {
            CertificateParams::new([name.clone()])
                .map_err(|_| KeyError::Name { name: name.clone() })?;
        }
        let names: Vec<String> = names.iter().cloned().collect();
        let mut params = CertificateParams::new(names).map_err(|_| make("a certificate"))?;
        params.distinguished_name = DistinguishedName::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "Reeve server");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        set_life(&mut params, now, SERVER_LIFE);

        let key = new_key()?;
        let issuer = Issuer::from_params(&authority.params, &authority.key);
        let certificate = params
            .signed_by(&key, &issuer)
            .map_err(|_| make("the server's certificate"))?;
        files::replace_private(&self.key, &key.serialize_pem())?;
        files::replace_public(&self.certificate, &certificate.pem())
    }
}

/// The certificate authority.
struct Authority {
    params: CertificateParams,
    key: KeyPair,
}

impl Authority {
    fn load_or_create(certificate: &Path, key: &Path, now: Timestamp) -> Result<Self, KeyError> {
        let half = |missing: &Path, present: &Path| KeyError::HalfAuthority {
            missing: missing.to_owned(),
            present: present.to_owned(),
        };
        match (files::read(certificate)?, files::read_private(key)?) {
            (Some(certificate_pem), Some(key_pem)) => {
                let authority = Self {
                    params: authority_params(),
                    key: KeyPair::from_pem(&key_pem).map_err(|_| KeyError::Malformed {
                        path: key.to_owned(),
                        expected: "the key of the certificate authority",
                    })?,
                };
                let life = authority.life_of(&certificate_pem, now);
                match life.ok_or_else(|| KeyError::Malformed {
                    path: certificate.to_owned(),
                    expected: "the certificate of the authority whose key is beside it",
                })? {
                    Life::Lasts => Ok(authority),
                    Life::RunsOut => Self::create(certificate, key, now),
                }
            }
            (None, None) => Self::create(certificate, key, now),
            (Some(_), None) => Err(half(key, certificate)),
            (None, Some(_)) => Err(half(certificate, key)),
        }
    }

    fn create(certificate: &Path, key: &Path, now: Timestamp) -> Result<Self, KeyError> {
        let authority = Self {
            params: authority_params(),
            key: new_key()?,
        };
        let mut params = authority_params();
        set_life(&mut params, now, AUTHORITY_LIFE);
        let own = params
            .self_signed(&authority.key)
            .map_err(|_| make("the certificate authority"))?;
        files::replace_private(key, &authority.key.serialize_pem())?;
        files::replace_public(certificate, &own.pem())?;
        Ok(authority)
    }

    /// How long the certificate lasts; none if it is not that of this key.
    fn life_of(&self, certificate: &str, now: Timestamp) -> Option<Life> {
        let pem = pem_block(certificate)?;
        let certificate = pem.parse_x509().ok()?;
        if certificate.public_key().raw != self.key.subject_public_key_info() {
            return None;
        }
        Some(if lasts(&certificate, now, AUTHORITY_MARGIN) {
            Life::Lasts
        } else {
            Life::RunsOut
        })
    }

    fn key_id(&self) -> Vec<u8> {
        self.params.key_identifier(&self.key)
    }
}

enum Life {
    Lasts,
    RunsOut,
}

fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "Reeve development authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn new_key() -> Result<KeyPair, KeyError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|_| make("a key"))
}

const fn make(what: &'static str) -> KeyError {
    KeyError::Crypto { what }
}

fn set_life(params: &mut CertificateParams, now: Timestamp, life: Duration) {
    let epoch = date_time_ymd(1970, 1, 1);
    let at = |instant: Timestamp| {
        epoch + std::time::Duration::from_secs(seconds(instant).try_into().unwrap_or(0))
    };
    params.not_before = at(now.minus(CLOCK_SKEW));
    params.not_after = at(now.plus(life));
}

const fn seconds(instant: Timestamp) -> i64 {
    instant.micros().div_euclid(1_000_000)
}

/// Whether the certificate is valid now and stays so for `margin`.
fn lasts(certificate: &X509Certificate<'_>, now: Timestamp, margin: Duration) -> bool {
    let validity = certificate.validity();
    validity.not_before.timestamp() <= seconds(now)
        && seconds(now.plus(margin)) < validity.not_after.timestamp()
}

fn issued_by(certificate: &X509Certificate<'_>, key_id: &[u8]) -> bool {
    certificate.extensions().iter().any(|extension| {
        matches!(
            extension.parsed_extension(),
            ParsedExtension::AuthorityKeyIdentifier(own)
                if own.key_identifier.as_ref().is_some_and(|own| own.0 == key_id)
        )
    })
}

fn names_of(certificate: &X509Certificate<'_>) -> BTreeSet<String> {
    certificate
        .subject_alternative_name()
        .ok()
        .flatten()
        .into_iter()
        .flat_map(|extension| extension.value.general_names.iter())
        .filter_map(name_of)
        .collect()
}

fn name_of(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes)
                .ok()
                .map(|ip| IpAddr::from(ip).to_string()),
            _ => <[u8; 16]>::try_from(*bytes)
                .ok()
                .map(|ip| IpAddr::from(ip).to_string()),
        },
        _ => None,
    }
}

/// The one spelling of a name, so that a change of case or of zeros is no change.
fn canonical(name: &str) -> String {
    name.parse::<IpAddr>()
        .map_or_else(|_| name.to_ascii_lowercase(), |address| address.to_string())
}

fn pem_block(text: &str) -> Option<Pem> {
    parse_x509_pem(text.as_bytes()).ok().map(|(_, pem)| pem)
}
