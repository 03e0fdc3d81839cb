//! `reeve token`: an access token of a development tenant, from its server or, where that is not running, signed with the
//! keys in its folder.

use std::path::Path;

use anyhow::Context;
use auth::issuer::{Issuance, ScopeRequest, Subject, access_token_claims};
use auth::keys::{Algorithm, Keys};
use auth::principal::{Permission, PermissionSet};
use service::Service;
use service::clock::{Clock, Ids};
use service::tenant;

use crate::args::TokenArgs;
use crate::client::http_client;
use crate::client::sign_in::Grant;
use crate::config::Config;
use crate::dev_file::{self, DevFile};
use crate::output::{Misunderstood, Refused};
use crate::{instance, output};

/// Who signs in.
#[derive(Debug)]
enum Who<'a> {
    User(&'a dev_file::KnownUser),
    Client(&'a dev_file::KnownClient),
}

/// Runs the command.
pub(crate) async fn run(args: &TokenArgs) -> anyhow::Result<()> {
    let dev = DevFile::get(&args.data)?;
    let who = match (&args.user, &args.client) {
        (Some(user), _) => Who::User(dev.user(user)?),
        (None, Some(client)) => Who::Client(dev.client(client)?),
        (None, None) => {
            let told = "name who signs in: `--user UPN` or `--client NAME`";
            return Err(Misunderstood(told.to_owned()).into());
        }
    };
    let asked = match ask(&dev, &who, &args.scopes).await {
        Err(error) if is_unreachable(&error) => sign(&args.data, &dev, &who, &args.scopes).await,
        asked => asked,
    };
    output::line(asked?);
    Ok(())
}

async fn ask(dev: &DevFile, who: &Who<'_>, scopes: &[String]) -> anyhow::Result<String> {
    let http = http_client(Some(&dev.ca_file))?;
    match who {
        Who::User(user) => Grant::of_known_user(dev, user, scopes)?.token(&http).await,
        Who::Client(client) => {
            Grant::of_known_client(dev, client, scopes)
                .token(&http)
                .await
        }
    }
}

/// Whether nobody listens, as opposed to whatever a listener said.
fn is_unreachable(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<reqwest::Error>())
        .any(reqwest::Error::is_connect)
}

/// What the server's token endpoint would do.
async fn sign(
    data: &Path,
    dev: &DevFile,
    who: &Who<'_>,
    scopes: &[String],
) -> anyhow::Result<String> {
    let config = Config::default();
    let store = instance::open_existing(&config, data)?.with_context(|| {
        format!(
            "`{}` holds no database: start `reeve serve --dev` once",
            data.display()
        )
    })?;
    let service = Service::new(store, Clock::system(), Ids::random(), config.settings());
    let scope = if scopes.is_empty() {
        ".default".to_owned()
    } else {
        scopes.join(" ")
    };
    let asked = ScopeRequest::parse(&scope)
        .map_err(|_| {
            Refused(format!(
                "`--scope` names a permission that there is not: {scope}"
            ))
        })?
        .asked;
    match who {
        Who::Client(client) => {
            let known = tenant::verify_client(&service, &client.client_id, &client.client_secret)
                .await?
                .context(STALE)?;
            let subject = Subject::Application {
                object: known.object,
                roles: asked.of(known.permissions),
                directory_roles: &[],
            };
            signed(
                data,
                dev,
                &service,
                &client.client_id,
                &known.display_name,
                subject,
            )
        }
        Who::User(user) => {
            let known =
                tenant::verify_password(&service, &user.user_principal_name, &user.password)
                    .await?
                    .context(STALE)?;
            let by = dev.client("admin")?;
            let subject = Subject::User {
                object: known.id,
                principal_name: &known.user_principal_name,
                display_name: &known.display_name,
                scopes: asked.of(PermissionSet::of(Permission::ALL)),
                directory_roles: &known.directory_roles,
            };
            signed(data, dev, &service, &by.client_id, &by.name, subject)
        }
    }
}

const STALE: &str =
    "`dev.json` and the database do not belong together: start `reeve serve --dev` once";

fn signed(
    data: &Path,
    dev: &DevFile,
    service: &Service,
    client_id: &str,
    client_name: &str,
    subject: Subject<'_>,
) -> anyhow::Result<String> {
    let moment = service.moment();
    let issuance = Issuance {
        issuer: &auth::issuer::issuer_url(&dev.base_url, &dev.tenant_id),
        tenant: &dev.tenant_id,
        audience: domain::cloud::GRAPH_ID,
        token_id: &moment.id(|uuid| uuid.to_string()),
        client_id,
        client_name,
        subject,
    };
    let keys = Keys::load_or_create(data, Algorithm::Es256)?;
    Ok(keys.sign(&access_token_claims(&issuance, moment.now))?)
}
