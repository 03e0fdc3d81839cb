//! A server on a throw-away database, and callers of every kind.

use std::sync::Arc;

use auth::issuer::{Issuance, Subject, access_token_claims};
use auth::keys::{Keys, Rotation, SigningKeys};
use auth::principal::{Permission, PermissionSet};
use auth::token::{Algorithm, IssuerConfig, KeySource, Verifier};
use axum::Router;
use axum::body::Body;
use domain::id::ObjectId;
use domain::time::Timestamp;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use server::{App, Delivery, Issuer, Metrics, Parts, Stuck, Target};
use service::Service;
use service::clock::{Clock, Ids};
use service::settings::Settings;
use service::tenant::{DevAccounts, DevSecrets, dev_accounts, initialise};
use store::{Location, Options, Store};
use tempfile::TempDir;
use tower::ServiceExt;

pub(crate) const TENANT: &str = "7d4f1c5e-1c3a-4f1e-9a53-0f3f7f5f2a01";
pub(crate) const AUTHORITY: &str = "https://127.0.0.1:8443";
pub(crate) const AUDIENCE: &str = "00000003-0000-0000-c000-000000000000";
/// The root of entitlement management.
pub(crate) const V1: &str = "/v1.0/identityGovernance/entitlementManagement";
/// The same in beta.
pub(crate) const BETA: &str = "/beta/identityGovernance/entitlementManagement";
/// An id that nothing has.
pub(crate) const NOWHERE: &str = "ffffffff-0000-4000-8000-000000000000";

/// The server under test.
pub(crate) struct Server {
    pub(crate) router: Router,
    pub(crate) service: Service,
    pub(crate) accounts: DevAccounts,
    /// By which tokens are judged and calls are counted.
    pub(crate) token_clock: Clock,
    pub(crate) keys: Keys,
    folder: TempDir,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The code of the error, after making sure that the envelope is whole (semantics 8.6).
    pub(crate) fn code(&self) -> String {
        let body = self.json();
        let error = &body["error"];
        for part in ["code", "message"] {
            let text = error[part].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{part} is empty: {body}");
        }
        for part in ["date", "request-id", "client-request-id"] {
            assert!(error["innerError"][part].is_string(), "{part}: {body}");
        }
        error["code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn expect(self, status: u16) -> Self {
        let body = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status.as_u16(), status, "{body}");
        self
    }
}

pub(crate) fn start() -> Timestamp {
    Timestamp::parse("2026-03-01T12:00:00Z").unwrap()
}

impl Server {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        Self::with_limits(settings, server::Limits::default()).await
    }

    /// A server that is used up sooner.
    pub(crate) async fn limited(limits: server::Limits) -> Self {
        Self::with_limits(Settings::default(), limits).await
    }

    async fn with_limits(settings: Settings, limits: server::Limits) -> Self {
        let folder = TempDir::new().unwrap();
        let location = Location::Sqlite {
            path: folder.path().join("test.db"),
        };
        let audiences = settings.cloud.audiences();
        let store = Store::open(&location, &Options::default()).unwrap();
        store.migrate(start()).unwrap();
        let service = Service::new(store, Clock::manual(start()), Ids::counted(1), settings);
        initialise(&service).await.unwrap();
        let secrets = DevSecrets::default();
        let accounts = dev_accounts(&service, &secrets).await.unwrap();
        let keys = || Keys::load_or_create(folder.path(), Algorithm::Es256).unwrap();
        let signing = SigningKeys::open(folder.path(), Algorithm::Es256).unwrap();
        let ring = KeySource::Shared(signing.ring());
        let issuer = Issuer::new(TENANT, AUTHORITY, AUDIENCE, signing);
        let config = IssuerConfig {
            tenant: Some(TENANT.to_owned()),
            ..IssuerConfig::new(&issuer.url(), &audiences, ring)
        };
        let mut registry = Registry::default();
        let token_clock = Clock::manual(start());
        let app = App::new(Parts {
            service: service.clone(),
            verifier: Verifier::new(vec![config]).unwrap(),
            token_clock: token_clock.clone(),
            public_url: None,
            authorization_uri: Some(format!("{AUTHORITY}/{TENANT}/oauth2/v2.0/authorize")),
            issuer: Some(issuer),
            signer: None,
            receivers: None,
            portal: None,
            delivery: Delivery {
                targets: vec![Target {
                    name: "directory".to_owned(),
                    kind: "directory".to_owned(),
                }],
                stuck: Arc::new(|| {
                    let stuck = Stuck {
                        kind: "plan".to_owned(),
                        id: NOWHERE.to_owned(),
                        since: start(),
                    };
                    Box::pin(async move { Ok(vec![stuck]) })
                }),
                lanes: Arc::new(Vec::new),
                settle: Arc::new(|| Box::pin(async { Ok(()) })),
            },
            development: true,
            paging_key: [7; 32],
            metrics: Metrics::register(&mut registry),
            registry: Arc::new(registry),
            limits,
        });
        Self {
            router: server::router(app),
            service,
            accounts,
            token_clock,
            keys: keys(),
            folder,
        }
    }

    /// A token of the client `admin`, an application that may do everything.
    pub(crate) fn admin(&self) -> String {
        self.application(Permission::ALL)
    }

    /// A token of the client `admin` that is for this audience.
    pub(crate) fn for_audience(&self, audience: &str) -> String {
        let subject = Subject::Application {
            object: self.accounts.clients[0].object,
            roles: PermissionSet::of(Permission::ALL),
            directory_roles: &[],
        };
        self.issued(subject, audience)
    }

    /// A token of the client `admin` with these permissions alone.
    pub(crate) fn application(&self, permissions: &[Permission]) -> String {
        self.token(Subject::Application {
            object: self.accounts.clients[0].object,
            roles: PermissionSet::of(permissions),
            directory_roles: &[],
        })
    }

    /// A token of one of the users, with every delegated permission.
    pub(crate) fn user(&self, name: &str) -> String {
        self.user_with(name, Permission::ALL)
    }

    pub(crate) fn user_with(&self, name: &str, permissions: &[Permission]) -> String {
        let object = self.id_of(name);
        self.token(Subject::User {
            object,
            principal_name: name,
            display_name: name,
            scopes: PermissionSet::of(permissions),
            directory_roles: &[],
        })
    }

    pub(crate) fn id_of(&self, name: &str) -> ObjectId {
        let is_named = |upn: &str| upn.starts_with(&format!("{name}@"));
        let user = self
            .accounts
            .users
            .iter()
            .find(|user| is_named(&user.user_principal_name));
        user.unwrap().id
    }

    fn token(&self, subject: Subject<'_>) -> String {
        self.issued(subject, AUDIENCE)
    }

    fn issued(&self, subject: Subject<'_>, audience: &str) -> String {
        let claims = access_token_claims(
            &Issuance {
                issuer: &auth::issuer::issuer_url(AUTHORITY, TENANT),
                tenant: TENANT,
                audience,
                token_id: "t",
                client_id: &self.accounts.clients[0].client_id.to_string(),
                client_name: "admin",
                subject,
            },
            start(),
        );
        self.keys.sign(&claims).unwrap()
    }

    /// Has the issuer sign with another key, as an operator does while it runs.
    pub(crate) fn rotate_keys(&self) -> Rotation {
        auth::keys::rotate(self.folder.path(), Algorithm::Es256, self.token_clock.now()).unwrap()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }

    pub(crate) async fn ask(&self, token: &str, method: Method, path: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1:8080")
            .header("authorization", format!("Bearer {token}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Answer {
        self.ask(token, Method::GET, path).await
    }

    pub(crate) async fn write(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1:8080")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    }

    pub(crate) async fn post(&self, token: &str, path: &str, body: &Value) -> Answer {
        self.write(token, Method::POST, path, body).await
    }

    /// Makes a catalog as `admin` and answers its id.
    pub(crate) async fn catalog(&self, name: &str) -> String {
        let body = json!({"displayName": name, "description": "", "state": "published"});
        let path = format!("{V1}/catalogs");
        let made = self.post(&self.admin(), &path, &body).await.expect(201);
        id(&made.json())
    }

    /// Makes an access package without roles and answers its id.
    pub(crate) async fn package(&self, catalog: &str, name: &str) -> String {
        let body = json!({"displayName": name, "description": "", "catalog": {"id": catalog}});
        let path = format!("{V1}/accessPackages");
        let made = self.post(&self.admin(), &path, &body).await.expect(201);
        id(&made.json())
    }

    /// Makes a policy under which administrators assign, and answers its id.
    pub(crate) async fn policy(&self, package: &str) -> String {
        let body = json!({
            "displayName": "Direct", "description": "",
            "allowedTargetScope": "notSpecified",
            "expiration": {"type": "noExpiration"},
            "accessPackage": {"id": package},
        });
        let path = format!("{V1}/assignmentPolicies");
        let made = self.post(&self.admin(), &path, &body).await.expect(201);
        id(&made.json())
    }

    /// Assigns a package without roles, which is delivered as soon as it is planned; answers the ids of the request and
    /// of the assignment.
    pub(crate) async fn assigned(&self, name: &str) -> (String, String) {
        let catalog = self.catalog("Finance").await;
        let package = self.package(&catalog, "Books").await;
        let policy = self.policy(&package).await;
        let body = json!({
            "requestType": "adminAdd",
            "assignment": {
                "targetId": self.id_of(name).to_string(),
                "assignmentPolicyId": policy,
                "accessPackageId": package,
            },
        });
        let path = format!("{V1}/assignmentRequests");
        let request = self.post(&self.admin(), &path, &body).await.expect(201);
        service::planning::plan_due(&self.service, 10)
            .await
            .unwrap();
        let list = format!("{V1}/assignments?$filter=accessPackage/id%20eq%20'{package}'");
        let listed = self.get(&self.admin(), &list).await.expect(200).json();
        (id(&request.json()), id(&listed["value"][0]))
    }
}

/// The id of an object.
pub(crate) fn id(object: &Value) -> String {
    object["id"]
        .as_str()
        .unwrap_or_else(|| panic!("no id: {object}"))
        .to_owned()
}
