//! `[notices]`: whether people are told of what happens, and how.

use std::path::PathBuf;

use serde::Deserialize;
use service::settings::NoticeSettings;

use super::value::Iso;

/// Where notices go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum NoticeSink {
    /// To the log.
    #[default]
    Log,
    /// To a mail server.
    Smtp,
    /// Nowhere: none are written.
    Off,
}

/// How the way to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum MailEncryption {
    /// By STARTTLS, which the server has to offer.
    #[default]
    StartTls,
    /// From the first byte.
    Tls,
    /// Not at all.
    None,
}

/// `[notices]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct NoticesSection {
    pub(crate) sink: NoticeSink,
    /// The mail server.
    pub(crate) host: Option<String>,
    pub(crate) port: u16,
    pub(crate) encryption: MailEncryption,
    /// Who signs in at the mail server.
    pub(crate) username: Option<String>,
    pub(crate) password_file: Option<PathBuf>,
    /// Authorities of the mail server's certificate.
    pub(crate) ca_file: Option<PathBuf>,
    /// Who the mails are from.
    pub(crate) from: Option<String>,
    /// Texts in place of the built-in ones.
    pub(crate) templates_folder: Option<PathBuf>,
    /// Where the links in mails lead.
    pub(crate) portal_url: Option<String>,
    /// How long it is known who was told.
    pub(crate) retention: Iso,
    /// How many mails to others the requests of one user may cause within a day.
    pub(crate) per_requestor_per_day: u32,
}

impl Default for NoticesSection {
    fn default() -> Self {
        Self {
            sink: NoticeSink::default(),
            host: None,
            port: 587,
            encryption: MailEncryption::default(),
            username: None,
            password_file: None,
            ca_file: None,
            from: None,
            templates_folder: None,
            portal_url: None,
            retention: Iso(NoticeSettings::default().retention),
            per_requestor_per_day: 5_000,
        }
    }
}

impl NoticesSection {
    /// What the rules read of it.
    pub(super) fn settings(&self) -> NoticeSettings {
        NoticeSettings {
            is_on: self.sink != NoticeSink::Off,
            retention: self.retention.0,
            per_requestor_per_day: i64::from(self.per_requestor_per_day),
        }
    }

    /// What the text alone tells to be wrong.
    pub(super) fn flaws(&self) -> Vec<String> {
        let mut flaws = Vec::new();
        if self.sink == NoticeSink::Smtp {
            for (key, is_given) in [("host", self.host.is_some()), ("from", self.from.is_some())] {
                if !is_given {
                    flaws.push(format!(
                        "`notices.{key}` is needed where `notices.sink` is `smtp`"
                    ));
                }
            }
        }
        if self.username.is_some() != self.password_file.is_some() {
            flaws.push("`notices.username` and `notices.passwordFile` go together".to_owned());
        }
        if self.username.is_some() && self.encryption == MailEncryption::None {
            flaws.push("`notices.encryption` cannot be `none` where a password is sent".to_owned());
        }
        flaws
    }
}
