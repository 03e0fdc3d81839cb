//! `reeve demo`: a tenant of its own, and the story of what Reeve does, told by the calls that make it happen.

mod gate;
mod story;
mod teller;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use delivery::TargetOptions;
use domain::time::Duration;

use crate::args::DemoArgs;
use crate::client::graph::{Graph, TokenSource};
use crate::client::http_client;
use crate::client::sign_in::Grant;
use crate::config::{Config, Listen};
use crate::dev_file::DevFile;
use crate::instance::{Blueprint, Instance};
use crate::serve::Signals;
use crate::{logging, output};
use gate::Gate;
use story::{Cast, GATE};
use teller::{Person, Teller, chapter};

/// The gaps before the attempts of a delivery, so that giving up takes a moment and not a working day.
const RETRY_SCHEDULE: [Duration; 3] = [
    Duration::from_micros(0),
    Duration::from_micros(40_000),
    Duration::from_micros(80_000),
];

/// Runs the command; says whether everything went as the story says.
pub(crate) async fn run(args: DemoArgs) -> anyhow::Result<bool> {
    let mut config = Config::default();
    config.log.filter = "error".to_owned();
    logging::start(&config.log)?;
    let mut signals = Signals::new()?;
    let temporary = match args.data {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("reeve-demo-").tempdir()?),
    };
    let data = match (&args.data, &temporary) {
        (Some(data), _) => data.clone(),
        (None, Some(temporary)) => temporary.path().to_owned(),
        (None, None) => PathBuf::from("."),
    };
    if DevFile::find(&data)?.is_some() {
        bail!(
            "`{0}` holds a tenant already, and the story begins with an empty one: name another folder, or go on with \
             `reeve serve --dev --data {0}`",
            data.display()
        );
    }
    let instance = Instance::start(blueprint(config, &data)?).await?;

    let told = tokio::select! {
        told = tell(&instance, &data) => told,
        signal = signals.wait() => Err(anyhow::anyhow!("{signal} ended the story")),
    };
    let is_true = match told {
        Ok(is_true) => is_true,
        Err(error) => {
            instance.stop().await?;
            return Err(error);
        }
    };
    if args.once {
        instance.stop().await?;
    } else {
        what_next(&instance, &data);
        signals.serve_until(instance).await?;
    }
    Ok(is_true)
}

/// A development tenant on free ports, with the gate as a second target.
fn blueprint(mut config: Config, data: &Path) -> anyhow::Result<Blueprint> {
    let anywhere: Listen = "127.0.0.1:0".parse().map_err(anyhow::Error::msg)?;
    config.server.http = anywhere;
    config.server.https = Some(anywhere);
    config.delivery.set_retry_schedule(&RETRY_SCHEDULE);
    let gate: Arc<Gate> = Arc::default();
    Ok(Blueprint {
        config,
        data: data.to_owned(),
        migrate: false,
        dev: true,
        seed: None,
        sample_organisation: true,
        targets: vec![(GATE, gate, TargetOptions::default())],
    })
}

async fn tell(instance: &Instance, data: &Path) -> anyhow::Result<bool> {
    let dev = DevFile::get(data)?;
    output::line(format_args!(
        "Reeve, a tenant in a box at {} (data in {})",
        dev.base_url,
        data.display()
    ));
    output::line(
        "Every line below that names a method is a call of the Microsoft Graph API, sent over TLS just now.",
    );
    let cast = cast(instance, &dev).await?;
    let mut teller = Teller::default();
    story::tell(&mut teller, &cast).await?;

    chapter("The ledger: every grant that Reeve has had to do with");
    let mut table = output::table([
        "who", "role", "of", "target", "desired", "observed", "attempts",
    ]);
    for row in cast.admin.graph.ledger(None).await? {
        table.add_row(row.cells().map(|cell| teller.named(&cell)));
    }
    output::line(table);
    output::line(if teller.is_true() {
        "\nAll of it went as told."
    } else {
        "\nNot all of it went as told: see UNEXPECTED above."
    });
    Ok(teller.is_true())
}

async fn cast(instance: &Instance, dev: &DevFile) -> anyhow::Result<Cast> {
    let user = async |name: &'static str| -> anyhow::Result<Person> {
        let http = http_client(Some(&dev.ca_file))?;
        let token = Grant::of_known_user(dev, dev.user(name)?, &[])?
            .token(&http)
            .await?;
        let graph = Graph::new(http, &dev.base_url, TokenSource::Fixed(token))?;
        Ok(Person { name, graph })
    };
    let stranger = Graph::new(
        http_client(Some(&dev.ca_file))?,
        &dev.base_url,
        TokenSource::None,
    )?;
    Ok(Cast {
        admin: Person {
            name: "admin",
            graph: instance.graph(dev)?,
        },
        alice: user("alice").await?,
        bob: user("bob").await?,
        carol: user("carol").await?,
        nobody: Person {
            name: "nobody",
            graph: stranger,
        },
        alice_id: dev.user("alice")?.id.clone(),
        bob_id: dev.user("bob")?.id.clone(),
        carol_id: dev.user("carol")?.id.clone(),
    })
}

/// What a newcomer may try while the server goes on.
fn what_next(instance: &Instance, data: &Path) {
    let Some(dev) = &instance.dev else {
        return;
    };
    let (url, ca, data) = (&dev.base_url, dev.ca_file.display(), data.display());
    output::line(format_args!(
        "
Try next, in another terminal (Ctrl-C here ends the server):

  TOKEN=$(reeve token --data {data} --client admin)
  curl --cacert {ca} -H \"Authorization: Bearer $TOKEN\" \\
    '{url}/v1.0/identityGovernance/entitlementManagement/assignments?$expand=target,accessPackage'
  reeve drift --data {data}
  reeve reprocess assignments --state delivered --dry-run --data {data}"
    ));
}
