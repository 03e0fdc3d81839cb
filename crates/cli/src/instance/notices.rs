//! The sender of notices, as configured.

use anyhow::Context;
use notice::{Encryption, Sender, Sink, Smtp, Templates};
use service::Service;
use tokio::sync::watch;

use crate::config::{Config, MailEncryption, NoticeSink, NoticesSection, secret};

/// The sender; none where no notices are written.
pub(super) fn sender(config: &Config, service: &Service) -> anyhow::Result<Option<Sender>> {
    let section = &config.notices;
    let sink = match section.sink {
        NoticeSink::Off => return Ok(None),
        NoticeSink::Log => Sink::Log,
        NoticeSink::Smtp => smtp(section)?,
    };
    let folder = section.templates_folder.as_deref();
    let templates = Templates::load(folder, section.portal_url.clone())
        .context("the templates of notices cannot be used")?;
    Ok(Some(Sender::new(service.clone(), sink, templates)))
}

/// Sends until told to stop.
pub(super) async fn run(sender: Option<&Sender>, stop: watch::Receiver<bool>) {
    if let Some(sender) = sender {
        sender.run(stop).await;
    }
}

fn smtp(section: &NoticesSection) -> anyhow::Result<Sink> {
    let credentials = match (&section.username, &section.password_file) {
        (Some(name), Some(file)) => Some((
            name.clone(),
            secret::from_file("notices.passwordFile", file)?,
        )),
        _ => None,
    };
    let ca_pem = section
        .ca_file
        .as_ref()
        .map(|file| {
            std::fs::read(file).with_context(|| {
                format!(
                    "`notices.caFile` names `{}`, which cannot be read",
                    file.display()
                )
            })
        })
        .transpose()?;
    let sink = Sink::smtp(Smtp {
        host: section.host.clone().unwrap_or_default(),
        port: section.port,
        encryption: match section.encryption {
            MailEncryption::StartTls => Encryption::StartTls,
            MailEncryption::Tls => Encryption::Tls,
            MailEncryption::None => Encryption::None,
        },
        credentials,
        ca_pem,
        from: section.from.clone().unwrap_or_default(),
    })?;
    Ok(sink)
}
