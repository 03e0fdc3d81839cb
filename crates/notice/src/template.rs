//! The texts of notices: one template for each occasion, which an operator may replace.
//!
//! A template is plain text. Its first line is `Subject: …`, then comes an empty line, then the body.
//!
//! **Invariant:** a template that cannot be used is refused when it is loaded, not when somebody waits for the mail.

use std::collections::BTreeMap;
use std::path::Path;

use domain::notice::Occasion;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde_json::{Value as Json, json};
use service::notices::Mail;

/// What comes with the program.
const BUILT_IN: &[(Occasion, &str)] = &[
    (
        Occasion::StageOpened,
        include_str!("../templates/stageOpened.txt"),
    ),
    (
        Occasion::StageReminder,
        include_str!("../templates/stageReminder.txt"),
    ),
    (
        Occasion::StageEscalated,
        include_str!("../templates/stageEscalated.txt"),
    ),
    (
        Occasion::StageApproved,
        include_str!("../templates/stageApproved.txt"),
    ),
    (
        Occasion::StageExpired,
        include_str!("../templates/stageExpired.txt"),
    ),
    (
        Occasion::RequestDenied,
        include_str!("../templates/requestDenied.txt"),
    ),
    (
        Occasion::RequestExpired,
        include_str!("../templates/requestExpired.txt"),
    ),
    (
        Occasion::AccessDelivered,
        include_str!("../templates/accessDelivered.txt"),
    ),
    (
        Occasion::AccessNearEnd,
        include_str!("../templates/accessNearEnd.txt"),
    ),
    (
        Occasion::AccessEnded,
        include_str!("../templates/accessEnded.txt"),
    ),
];

/// Longest subject, so that a name does not make a header of any length.
const LONGEST_SUBJECT: usize = 200;

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The file cannot be read.
    #[error("cannot read the template `{path}`")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The text has a mistake.
    #[error("the template `{name}` cannot be used: {reason}")]
    Wrong {
        /// The occasion.
        name: String,
        /// Where and what.
        reason: String,
    },
    /// There is no subject.
    #[error("the template `{name}` has to begin with `Subject: ` and an empty line after it")]
    NoSubject {
        /// The occasion.
        name: String,
    },
}

/// Subject and body of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) subject: String,
    pub(crate) body: String,
}

/// The templates in use.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    portal: Option<String>,
}

impl Templates {
    /// The templates that come with the program.
    pub fn built_in(portal: Option<String>) -> Result<Self, TemplateError> {
        Self::load(None, portal)
    }

    /// The templates of a folder, `stageOpened.txt` and so on; what it lacks is built in. `portal` is where links lead.
    pub fn load(folder: Option<&Path>, portal: Option<String>) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // A line with nothing but a tag is no line of the mail.
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()
            .map_err(|error| wrong(Occasion::StageOpened, &error))?;
        environment.set_syntax(syntax);
        // A template that never ends is a mistake as well.
        environment.set_fuel(Some(100_000));
        environment.add_filter("day", day);
        for (occasion, built_in) in BUILT_IN {
            let text = match folder.map(|folder| folder.join(format!("{occasion}.txt"))) {
                Some(path) if path.exists() => {
                    std::fs::read_to_string(&path).map_err(|source| TemplateError::Unreadable {
                        path: path.display().to_string(),
                        source,
                    })?
                }
                _ => (*built_in).to_owned(),
            };
            environment
                .add_template_owned(occasion.as_str(), text)
                .map_err(|error| wrong(*occasion, &error))?;
        }
        let templates = Self {
            environment,
            portal,
        };
        templates.try_all()?;
        Ok(templates)
    }

    /// Subject and body of a notice.
    pub(crate) fn render(&self, mail: &Mail) -> Result<Text, TemplateError> {
        self.text(mail.occasion, &mail.data)
    }

    fn text(&self, occasion: Occasion, data: &Json) -> Result<Text, TemplateError> {
        let mut data = data.clone();
        if let Some(members) = data.as_object_mut() {
            members.insert("portalUrl".to_owned(), json!(self.portal));
        }
        let whole = self
            .environment
            .get_template(occasion.as_str())
            .and_then(|template| template.render(Serde(&data)))
            .map_err(|error| wrong(occasion, &error))?;
        let parts = whole
            .strip_prefix("Subject: ")
            .and_then(|rest| rest.split_once("\n\n"));
        let Some((subject, body)) = parts else {
            return Err(TemplateError::NoSubject {
                name: occasion.as_str().to_owned(),
            });
        };
        Ok(Text {
            subject: one_line(subject),
            body: body.trim_end().to_owned() + "\n",
        })
    }

    /// Renders each template with everything there can be, and with the least.
    fn try_all(&self) -> Result<(), TemplateError> {
        for (occasion, _) in BUILT_IN {
            for data in samples(*occasion) {
                self.text(*occasion, &data)?;
            }
        }
        Ok(())
    }
}

/// What a template is tried with.
fn samples(occasion: Occasion) -> Vec<Json> {
    let name = json!({ "displayName": "Adele" });
    let rich = json!({
        "number": 1,
        "occasion": "stageOpened",
        "recipient": { "displayName": "Adele", "mail": "adele@example.com" },
        "requestor": name,
        "target": name,
        "accessPackage": { "id": "0", "displayName": "Sales", "description": "Tools" },
        "request": { "id": "0", "requestType": "userAdd", "justification": "I sell" },
        "stage": {
            "number": 1, "count": 2, "dueDateTime": "2026-01-01T00:00:00Z", "decision": "Approved",
            "justification": "Fine",
        },
        "assignment": { "id": "0", "endDateTime": "2026-01-01T00:00:00Z" },
    });
    let mut bare = rich.clone();
    let nothing = BTreeMap::from([
        ("/requestor/displayName", Json::Null),
        ("/target", Json::Null),
        ("/accessPackage/description", Json::Null),
        ("/request/justification", Json::Null),
        ("/stage/dueDateTime", Json::Null),
        ("/stage/justification", Json::Null),
        ("/assignment/endDateTime", Json::Null),
    ]);
    for (pointer, value) in nothing {
        if let Some(place) = bare.pointer_mut(pointer) {
            *place = value;
        }
    }
    if !occasion.is_about_access() {
        return vec![rich, bare];
    }
    let mut alone = rich.clone();
    for pointer in ["/request", "/requestor", "/stage"] {
        if let Some(place) = alone.pointer_mut(pointer) {
            *place = Json::Null;
        }
    }
    vec![rich, bare, alone]
}

fn wrong(occasion: Occasion, error: &minijinja::Error) -> TemplateError {
    TemplateError::Wrong {
        name: occasion.as_str().to_owned(),
        reason: error.to_string(),
    }
}

/// A subject is one line, whatever the names in it are.
fn one_line(subject: &str) -> String {
    let line: String = subject
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST_SUBJECT)
        .collect();
    line.trim().to_owned()
}

/// An instant as people write it.
fn day(instant: &str) -> Result<String, minijinja::Error> {
    let at: jiff::Timestamp = instant.parse().map_err(|error: jiff::Error| {
        minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, error.to_string())
    })?;
    Ok(at.strftime("%-d %B %Y, %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(occasion: Occasion) -> Text {
        let templates = Templates::built_in(Some("https://reeve.test".to_owned())).unwrap();
        templates.text(occasion, &samples(occasion)[0]).unwrap()
    }

    #[test]
    fn every_occasion_has_a_template_that_names_the_package_and_greets_the_recipient() {
        assert_eq!(BUILT_IN.len(), Occasion::ALL.len());
        for occasion in Occasion::ALL.iter().copied() {
            let text = sample(occasion);
            assert!(
                text.subject.contains("Sales"),
                "{occasion}: {}",
                text.subject
            );
            assert!(text.body.starts_with("Hello Adele,"), "{occasion}");
            assert!(!text.body.contains("{{"), "{occasion}");
        }
    }

    #[test]
    fn a_name_with_line_breaks_cannot_add_a_header() {
        let templates = Templates::built_in(None).unwrap();
        let mut data = samples(Occasion::AccessDelivered)[0].clone();
        data["accessPackage"]["displayName"] = json!("Sales\r\nBcc: everybody@example.com");

        let text = templates.text(Occasion::AccessDelivered, &data).unwrap();

        assert!(!text.subject.contains(['\r', '\n']), "{}", text.subject);
    }

    #[test]
    fn a_template_of_the_operators_takes_the_place_of_the_built_in_one() {
        let folder = tempfile::tempdir().unwrap();
        let text = "Subject: Ready: {{ accessPackage.displayName }}\n\nEnjoy.\n";
        std::fs::write(folder.path().join("accessDelivered.txt"), text).unwrap();

        let templates = Templates::load(Some(folder.path()), None).unwrap();

        let made = templates
            .text(
                Occasion::AccessDelivered,
                &samples(Occasion::AccessDelivered)[0],
            )
            .unwrap();
        assert_eq!(made.subject, "Ready: Sales");
        assert_eq!(made.body, "Enjoy.\n");
    }

    #[test]
    fn a_template_with_a_mistake_is_refused_when_it_is_loaded() {
        for (text, expected) in [
            ("Subject: {{ accessPackage.nam }}\n\nx\n", "accessDelivered"),
            ("Subject: {{ x\n\nx\n", "accessDelivered"),
            ("No subject\n\nx\n", "Subject: "),
        ] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("accessDelivered.txt"), text).unwrap();

            let error = Templates::load(Some(folder.path()), None).unwrap_err();

            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
