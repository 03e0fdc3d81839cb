//! Where notices go: to a mail server, or to the log.
//!
//! **Invariant:** a mail that the server may have taken is never reported as one to send again.

use std::time::Duration;

use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Mailbox, MessageBuilder, header};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use service::notices::{Mail, Outcome};

use crate::template::Text;

/// How long a mail server has for one mail.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How the way to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all: for this machine only.
    None,
    /// By STARTTLS, which the server has to offer.
    StartTls,
    /// From the first byte.
    Tls,
}

/// How to reach a mail server.
#[derive(Debug)]
pub struct Smtp {
    /// The server's name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way is protected.
    pub encryption: Encryption,
    /// Name and password, if the server wants them.
    pub credentials: Option<(String, SecretString)>,
    /// Authorities that the server's certificate may come from, in PEM; the system's, if none is given.
    pub ca_pem: Option<Vec<u8>>,
    /// Who the mails are from: `Reeve <reeve@example.com>`.
    pub from: String,
}

/// Why mails cannot be sent this way.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The sender's address.
    #[error("`notices.from` is no mail address: `{from}`")]
    From {
        /// What was given.
        from: String,
    },
    /// Certificates or the server's name.
    #[error("the mail server `{host}` cannot be used")]
    Transport {
        /// The server.
        host: String,
        /// Why.
        #[source]
        source: lettre::transport::smtp::Error,
    },
}

/// Where notices go.
#[derive(Debug)]
pub enum Sink {
    /// To the log, and nowhere else.
    Log,
    /// To a mail server.
    Smtp {
        /// The way there.
        transport: Box<AsyncSmtpTransport<Tokio1Executor>>,
        /// Who the mails are from.
        from: Mailbox,
    },
}

impl Sink {
    /// A mail server.
    pub fn smtp(options: Smtp) -> Result<Self, SinkError> {
        let from: Mailbox = options.from.parse().map_err(|_| SinkError::From {
            from: options.from.clone(),
        })?;
        let host = options.host;
        let failed = |source| SinkError::Transport {
            host: host.clone(),
            source,
        };
        let tls = || -> Result<TlsParameters, SinkError> {
            let mut parameters = TlsParameters::builder(host.clone());
            if let Some(pem) = &options.ca_pem {
                let authority = Certificate::from_pem(pem).map_err(failed)?;
                parameters = parameters.add_root_certificate(authority);
            }
            parameters.build().map_err(failed)
        };
        let tls = match options.encryption {
            Encryption::None => Tls::None,
            Encryption::StartTls => Tls::Required(tls()?),
            Encryption::Tls => Tls::Wrapper(tls()?),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&host)
            .port(options.port)
            .timeout(Some(TIMEOUT))
            .tls(tls);
        if let Some((name, password)) = options.credentials {
            let password = password.expose_secret().to_owned();
            transport = transport.credentials(Credentials::new(name, password));
        }
        Ok(Self::Smtp {
            transport: Box::new(transport.build()),
            from,
        })
    }

    /// Sends one mail.
    pub(crate) async fn send(&self, mail: &Mail, text: &Text) -> Outcome {
        let (transport, from) = match self {
            Self::Log => {
                tracing::info!(
                    notice.id = %mail.id,
                    notice.number = mail.number,
                    notice.to = %mail.address,
                    notice.subject = %text.subject,
                    "notice"
                );
                return Outcome::Logged;
            }
            Self::Smtp { transport, from } => (transport, from),
        };
        let message = match message(mail, text, from) {
            Ok(message) => message,
            Err(reason) => return Outcome::Refused { reason },
        };
        match transport.send(message).await {
            Ok(_) => Outcome::Mailed,
            Err(error) => verdict(&error),
        }
    }
}

/// What an error means for the mail. A server that answers with a code has not taken it; a connection that was never made
/// has not either. Whatever else happens may happen after the server has taken the mail.
fn verdict(error: &lettre::transport::smtp::Error) -> Outcome {
    /// The server does not know us: an operator has to act, and then the mail is as good as before (RFC 4954).
    const NOT_LET_IN: [u16; 4] = [530, 534, 535, 538];
    let reason = describe(error);
    let code = error.status().map(u16::from).unwrap_or_default();
    if NOT_LET_IN.contains(&code) {
        Outcome::Postponed { reason }
    } else if error.is_permanent() {
        Outcome::Refused { reason }
    } else if error.is_transient() || is_before_the_mail(error) {
        Outcome::Postponed { reason }
    } else {
        Outcome::Unknown { reason }
    }
}

/// Whether the conversation never came to the mail.
fn is_before_the_mail(error: &lettre::transport::smtp::Error) -> bool {
    use std::error::Error as _;
    let refused = error
        .source()
        .and_then(|source| source.downcast_ref::<std::io::Error>())
        .is_some_and(|source| {
            matches!(
                source.kind(),
                std::io::ErrorKind::ConnectionRefused
                    | std::io::ErrorKind::HostUnreachable
                    | std::io::ErrorKind::NetworkUnreachable
                    | std::io::ErrorKind::AddrNotAvailable
            )
        });
    refused || error.is_tls() || error.is_client()
}

fn describe(error: &lettre::transport::smtp::Error) -> String {
    use std::error::Error as _;
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// The message. Its `Message-ID` is the notice's, so that a mail system that is given it twice can tell.
fn message(mail: &Mail, text: &Text, from: &Mailbox) -> Result<Message, String> {
    let address: Address = mail
        .address
        .parse()
        .map_err(|error| format!("`{}` is no mail address: {error}", mail.address))?;
    let builder: MessageBuilder = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(Some(on_one_line(&mail.name)), address))
        .subject(text.subject.clone())
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
        .header(AutoSubmitted)
        .header(header::MIME_VERSION_1_0);
    builder
        .header(ContentType::TEXT_PLAIN)
        .header(ContentTransferEncoding::QuotedPrintable)
        .body(text.body.clone())
        .map_err(|error| error.to_string())
}

/// A name as a header can carry it: the library has no way to write a control character, and fails loudly.
fn on_one_line(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// Tells other machines not to answer (RFC 3834).
#[derive(Debug, Clone, Copy)]
struct AutoSubmitted;

impl header::Header for AutoSubmitted {
    fn name() -> header::HeaderName {
        header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> header::HeaderValue {
        header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
