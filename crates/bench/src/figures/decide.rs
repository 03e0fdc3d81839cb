//! What it costs to find out who calls and whether they may: in this process, beside one bare check of the same signature.
//!
//! **Invariant:** the path is that of a request: the token's text to its claims, those to the caller with their roles, and
//! a decision for a catalog.

use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context, ensure};
use auth::decide::{Decision, decide};
use auth::issuer::{Issuance, Subject, access_token_claims};
use auth::keys::{Algorithm, Keys};
use auth::principal::{Permission, PermissionSet};
use auth::roles::Action;
use auth::token::{IssuerConfig, KeySource, Verifier};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::cloud::GRAPH_ID;
use domain::id::CatalogId;
use domain::time::Timestamp;
use service::Service;
use service::callers;
use service::clock::{Clock, Ids};
use service::settings::Settings;
use service::tenant::{DevSecrets, DevUser, dev_accounts, initialise};
use store::{Location, Options, Store};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::{Figure, Part, Plan, Section, pair};
use crate::http::now;

const ISSUER: &str = "https://issuer.example/v2.0";
const TENANT: &str = "7d4f1c5e-1c3a-4f1e-9a53-0f3f7f5f2a01";

/// Everything that a decision needs, in this process.
struct Bench {
    runtime: Runtime,
    service: Service,
    verifier: Verifier,
    keys: Keys,
    administrator: DevUser,
    catalog: CatalogId,
    _folder: TempDir,
}

/// A token, and what a bare check of its signature looks at.
struct Token {
    text: String,
    signed: usize,
    signature: Vec<u8>,
}

pub(super) fn measure(plan: &Plan) -> anyhow::Result<Section> {
    eprintln!("token checks and decisions");
    let bench = Bench::new()?;
    let public = bench.public_key()?;
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &public);
    let [again, first] = plan.checks;
    let known = bench.token(0)?;
    bench.check(&known)?;
    let mut pairs = [Vec::new(), Vec::new()];
    for number in 0..plan.pairs {
        // Different tokens in each pair: nothing is known of any of them.
        let fresh = (0..first)
            .map(|n| bench.token(1 + number * first as usize + n as usize))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let [on_known, on_fresh] = &mut pairs;
        on_known.push(pair(
            number,
            || timed(again, |_| bench.check(&known)),
            || timed(first, |_| bare(&public, &known)),
        )?);
        on_fresh.push(pair(
            number,
            || {
                timed(first, |n| {
                    bench.service.callers.invalidate();
                    bench.check(fresh.get(n).context("too few tokens")?)
                })
            },
            || {
                timed(first, |n| {
                    bare(&public, fresh.get(n).context("too few tokens")?)
                })
            },
        )?);
    }
    let [on_known, on_fresh] = pairs;
    Ok(Section {
        part: Part::Decide,
        title: format!(
            "Who calls, and may they: in one process, without HTTP; {again} checks of a known token and {first} of new \
             ones a run; {} pairs",
            plan.pairs
        ),
        figures: vec![
            Figure {
                name: "token and decision, known, µs",
                yardstick: "one bare ES256 check by the same library; less is better",
                pairs: on_known,
                note: None,
            },
            Figure {
                name: "token and decision, first time, µs",
                yardstick: "one bare ES256 check by the same library; less is better",
                pairs: on_fresh,
                note: Some("reads the caller's groups and roles from SQLite".to_owned()),
            },
        ],
    })
}

/// Microseconds for each of `count` rounds.
fn timed(count: u32, mut round: impl FnMut(usize) -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let begun = now();
    for n in 0..count {
        round(n as usize)?;
    }
    let took: Duration = begun.elapsed();
    Ok(took.as_secs_f64() * 1e6 / f64::from(count))
}

fn bare(public: &UnparsedPublicKey<&Vec<u8>>, token: &Token) -> anyhow::Result<()> {
    let signed = token.text.as_bytes().get(..token.signed);
    let signed = signed.context("a token without signature")?;
    let verified = public.verify(black_box(signed), &token.signature);
    ensure!(verified.is_ok(), "the bare check failed");
    Ok(())
}

impl Bench {
    fn new() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let folder = tempfile::tempdir()?;
        let location = Location::Sqlite {
            path: folder.path().join("decide.db"),
        };
        let store = Store::open(&location, &Options::default())?;
        let clock = Clock::system();
        store.migrate(clock.now())?;
        let service = Service::new(store, clock, Ids::random(), Settings::default());
        let catalog = runtime.block_on(initialise(&service))?;
        let accounts = runtime.block_on(dev_accounts(&service, &DevSecrets::default()))?;
        let administrator = accounts.users.into_iter().next().context("no user")?;
        let keys = Keys::load_or_create(folder.path(), Algorithm::Es256)?;
        let issuer = IssuerConfig::new(ISSUER, &[GRAPH_ID], KeySource::Static(keys.jwks()));
        Ok(Self {
            verifier: Verifier::new(vec![issuer])?,
            runtime,
            service,
            keys,
            administrator,
            catalog,
            _folder: folder,
        })
    }

    /// What happens before a request is carried out.
    fn check(&self, token: &Token) -> anyhow::Result<()> {
        self.runtime.block_on(async {
            let moment: Timestamp = self.service.clock.now();
            let verified = self.verifier.verify(black_box(&token.text), moment).await?;
            let caller = callers::admit(&self.service, &verified).await?;
            let decision = decide(&caller.caller, Action::Reprocess, Some(self.catalog));
            ensure!(decision == Decision::Allow, "refused: {decision:?}");
            Ok(())
        })
    }

    /// A token of the administrator, different for each number.
    fn token(&self, number: usize) -> anyhow::Result<Token> {
        let claims = access_token_claims(
            &Issuance {
                issuer: ISSUER,
                tenant: TENANT,
                audience: GRAPH_ID,
                token_id: &number.to_string(),
                client_id: "5d3a2c11-77a1-4f0e-9b54-2f6d0e8c4a10",
                client_name: "bench",
                subject: Subject::User {
                    object: self.administrator.id,
                    principal_name: &self.administrator.user_principal_name,
                    display_name: &self.administrator.display_name,
                    scopes: PermissionSet::of(Permission::ALL),
                    directory_roles: &[],
                },
            },
            self.service.clock.now(),
        );
        let text = self.keys.sign(&claims)?;
        let signed = text.rfind('.').context("a token without signature")?;
        let signature = URL_SAFE_NO_PAD.decode(text.get(signed + 1..).unwrap_or_default())?;
        Ok(Token {
            text,
            signed,
            signature,
        })
    }

    /// The public key, uncompressed.
    fn public_key(&self) -> anyhow::Result<Vec<u8>> {
        let set = self.keys.jwks();
        let mut public = vec![4];
        for part in ["x", "y"] {
            let text = set.pointer(&format!("/keys/0/{part}"));
            let text = text.and_then(serde_json::Value::as_str);
            public.extend(URL_SAFE_NO_PAD.decode(text.context("a key without a point")?)?);
        }
        Ok(public)
    }
}
