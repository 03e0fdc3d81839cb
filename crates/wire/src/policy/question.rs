//! Questions and answers: the same members, but another model of text in each version (semantics 1.2, 6.6).

use serde_json::{Map, Value as Json, json};

use crate::body::{InvalidField, Node};
use crate::version::Version;

const MAX_QUESTIONS: usize = 20;
const TEXT: &str = "#microsoft.graph.accessPackageTextInputQuestion";
const CHOICE: &str = "#microsoft.graph.accessPackageMultipleChoiceQuestion";

/// Reads questions in order; those without an id get a fresh one.
pub(super) fn read_all(
    version: Version,
    node: &Node<'_>,
    fresh_id: &mut dyn FnMut() -> String,
) -> Result<Json, InvalidField> {
    let items = node.items()?;
    if items.len() > MAX_QUESTIONS {
        return Err(node.invalid(format!("must not have more than {MAX_QUESTIONS} questions")));
    }
    let mut questions = Vec::new();
    for (index, item) in items.iter().enumerate() {
        questions.push(read(version, item, index, fresh_id)?);
    }
    Ok(Json::Array(questions))
}

/// Reads one question.
pub(crate) fn read(
    version: Version,
    node: &Node<'_>,
    index: usize,
    fresh_id: &mut dyn FnMut() -> String,
) -> Result<Json, InvalidField> {
    if node.object()?.is_none() {
        return Err(node.invalid("must be an object"));
    }
    let type_node = node.member("@odata.type");
    let has_choices = match type_node.text()? {
        Some(name) if is_named(name, TEXT) => false,
        Some(name) if is_named(name, CHOICE) => true,
        None => !node.member("choices").is_null(),
        Some(other) => {
            return Err(type_node.invalid(format!("is not a known kind of question: `{other}`")));
        }
    };
    let id = node
        .member("id")
        .text()?
        .filter(|id| !id.is_empty())
        .map(str::to_owned);
    let (text, localizations) = read_text(version, node, "text")?;
    let mut question = Map::new();
    question.insert(
        "@odata.type".to_owned(),
        json!(if has_choices { CHOICE } else { TEXT }),
    );
    question.insert("id".to_owned(), json!(id.unwrap_or_else(&mut *fresh_id)));
    question.insert(
        "isRequired".to_owned(),
        json!(node.member("isRequired").flag()?.unwrap_or(false)),
    );
    question.insert(
        "isAnswerEditable".to_owned(),
        json!(node.member("isAnswerEditable").flag()?.unwrap_or(true)),
    );
    let place = i64::try_from(index).unwrap_or(i64::MAX);
    question.insert(
        "sequence".to_owned(),
        json!(node.member("sequence").int()?.unwrap_or(place)),
    );
    question.insert("text".to_owned(), text);
    question.insert("localizations".to_owned(), localizations);
    if has_choices {
        let name = match version {
            Version::V1 => "isMultipleSelectionAllowed",
            Version::Beta => "allowsMultipleSelection",
        };
        question.insert(
            "isMultipleSelectionAllowed".to_owned(),
            json!(node.member(name).flag()?.unwrap_or(false)),
        );
        let mut choices = Vec::new();
        for choice in node.member("choices").items()? {
            choices.push(read_choice(version, &choice)?);
        }
        question.insert("choices".to_owned(), Json::Array(choices));
    } else {
        question.insert(
            "isSingleLineQuestion".to_owned(),
            json!(node.member("isSingleLineQuestion").flag()?.unwrap_or(false)),
        );
        question.insert(
            "regexPattern".to_owned(),
            json!(node.member("regexPattern").text()?),
        );
    }
    Ok(Json::Object(question))
}

fn read_choice(version: Version, node: &Node<'_>) -> Result<Json, InvalidField> {
    let member = match version {
        Version::V1 => "text",
        Version::Beta => "displayValue",
    };
    let (text, localizations) = read_text(version, node, member)?;
    let value = node.member("actualValue");
    Ok(json!({
        "actualValue": value.text()?,
        "text": text,
        "localizations": localizations,
    }))
}

/// A text and its translations: two members in v1.0, one object in beta.
fn read_text(version: Version, node: &Node<'_>, name: &str) -> Result<(Json, Json), InvalidField> {
    match version {
        Version::V1 => Ok((
            json!(node.member(name).text()?),
            localizations(&node.member("localizations"))?,
        )),
        Version::Beta => {
            let content = node.member(name);
            content.object()?;
            Ok((
                json!(content.member("defaultText").text()?),
                localizations(&content.member("localizedTexts"))?,
            ))
        }
    }
}

fn localizations(node: &Node<'_>) -> Result<Json, InvalidField> {
    let mut texts = Vec::new();
    for item in node.items()? {
        texts.push(json!({
            "languageCode": item.member("languageCode").required_text()?,
            "text": item.member("text").text()?,
        }));
    }
    Ok(Json::Array(texts))
}

fn is_named(name: &str, known: &str) -> bool {
    name.trim_start_matches('#')
        .eq_ignore_ascii_case(known.trim_start_matches('#'))
}

/// The list with one more question at its end, which v1.0 wrote. An id in the body counts for nothing (HT-1).
pub fn add(mut stored: Vec<Json>, body: &Json, id: &str) -> Result<Vec<Json>, InvalidField> {
    let root = Node::root(body);
    if root.object()?.is_none() {
        return Err(root.invalid("the body must be an object"));
    }
    if stored.len() >= MAX_QUESTIONS {
        return Err(root.invalid(format!(
            "a policy must not have more than {MAX_QUESTIONS} questions"
        )));
    }
    let body = without(body, "id");
    let after_all = stored
        .iter()
        .filter_map(|question| question.get("sequence")?.as_i64())
        .max();
    let place = after_all.map_or(0, |last| last.saturating_add(1));
    let place = usize::try_from(place).unwrap_or(stored.len());
    let question = read(Version::V1, &Node::root(&body), place, &mut || {
        id.to_owned()
    })?;
    stored.push(question);
    Ok(stored)
}

/// The list with one question changed as v1.0 says: what the body does not name stays, and so do its id and its kind.
/// `None` if there is no such question.
pub fn change(
    mut stored: Vec<Json>,
    id: &str,
    body: &Json,
) -> Result<Option<Vec<Json>>, InvalidField> {
    let root = Node::root(body);
    if root.object()?.is_none() {
        return Err(root.invalid("the body must be an object"));
    }
    let Some(question) = stored.iter_mut().find(|question| has_id(question, id)) else {
        return Ok(None);
    };
    let kind = question.get("@odata.type").and_then(Json::as_str);
    let type_node = root.member("@odata.type");
    if let (Some(named), Some(kind)) = (type_node.text()?, kind)
        && !is_named(named, kind)
    {
        return Err(type_node.invalid("a question cannot become one of another kind"));
    }
    let mut whole = question.as_object().cloned().unwrap_or_default();
    for (name, value) in body.as_object().into_iter().flatten() {
        let known = whole
            .keys()
            .find(|known| known.eq_ignore_ascii_case(name))
            .cloned();
        match known.as_deref() {
            None | Some("id" | "@odata.type") => {}
            Some(known) => {
                whole.insert(known.to_owned(), value.clone());
            }
        }
    }
    let whole = Json::Object(whole);
    *question = read(Version::V1, &Node::root(&whole), 0, &mut || id.to_owned())?;
    Ok(Some(stored))
}

/// The list without one question; `None` if there is no such question.
pub fn remove(mut stored: Vec<Json>, id: &str) -> Option<Vec<Json>> {
    let before = stored.len();
    stored.retain(|question| !has_id(question, id));
    (stored.len() < before).then_some(stored)
}

fn has_id(question: &Json, id: &str) -> bool {
    question
        .get("id")
        .and_then(Json::as_str)
        .is_some_and(|own| own.eq_ignore_ascii_case(id))
}

fn without(body: &Json, member: &str) -> Json {
    let members = body.as_object().into_iter().flatten();
    members
        .filter(|(name, _)| !name.eq_ignore_ascii_case(member))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect::<Map<_, _>>()
        .into()
}

/// Stored questions as `version` shows them to somebody who is to answer: in their order, and in v1.0 in the best of the
/// languages (QA-4). Beta shows every language anyway.
pub(super) fn ask(version: Version, stored: &Json, languages: &[String]) -> Json {
    let mut questions = stored.as_array().cloned().unwrap_or_default();
    questions.sort_by_key(|question| question.get("sequence").and_then(Json::as_i64));
    if version == Version::V1 {
        for question in &mut questions {
            translate(question, languages);
            let choices = question.get_mut("choices").and_then(Json::as_array_mut);
            for choice in choices.into_iter().flatten() {
                translate(choice, languages);
            }
        }
    }
    questions
        .iter()
        .map(|question| show(version, question))
        .collect()
}

/// Puts the best translation in place of the text; where there is none the text stays.
fn translate(content: &mut Json, languages: &[String]) {
    let texts: Vec<(&str, &str)> = content
        .get("localizations")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(|one| {
            Some((
                one.get("languageCode")?.as_str()?,
                one.get("text")?.as_str()?,
            ))
        })
        .collect();
    let found = super::language::best(languages, &texts).map(ToOwned::to_owned);
    if let (Some(text), Some(members)) = (found, content.as_object_mut()) {
        members.insert("text".to_owned(), Json::String(text));
    }
}

/// Stored questions as `version` shows them: always an array.
pub(super) fn show_all(version: Version, stored: &Json) -> Json {
    let questions = stored.as_array().map(Vec::as_slice).unwrap_or_default();
    questions
        .iter()
        .map(|question| show(version, question))
        .collect()
}

/// A stored question as `version` shows it.
pub(crate) fn show(version: Version, stored: &Json) -> Json {
    let (Version::Beta, Some(members)) = (version, stored.as_object()) else {
        return stored.clone();
    };
    let mut shown = Map::new();
    for (name, value) in members {
        match name.as_str() {
            "text" => {
                shown.insert("text".to_owned(), content(stored));
            }
            "localizations" => {}
            "isMultipleSelectionAllowed" => {
                shown.insert("allowsMultipleSelection".to_owned(), value.clone());
            }
            "choices" => {
                let choices = value.as_array().map(Vec::as_slice).unwrap_or_default();
                let choices = choices.iter().map(|choice| {
                    json!({"actualValue": choice.get("actualValue"), "displayValue": content(choice)})
                });
                shown.insert("choices".to_owned(), choices.collect());
            }
            _ => {
                shown.insert(name.clone(), value.clone());
            }
        }
    }
    Json::Object(shown)
}

/// The text of a question or choice as beta has it; its list is never null.
fn content(stored: &Json) -> Json {
    let texts = stored.get("localizations").filter(|texts| texts.is_array());
    json!({
        "defaultText": stored.get("text"),
        "localizedTexts": texts.cloned().unwrap_or_else(|| json!([])),
    })
}

/// A stored answer as `version` shows it, with its question.
pub fn answer(version: Version, mut stored: Json) -> Json {
    if let Some(question) = stored
        .get("answeredQuestion")
        .filter(|question| question.is_object())
    {
        let shown = show(version, question);
        if let Some(members) = stored.as_object_mut() {
            members.insert("answeredQuestion".to_owned(), shown);
        }
    }
    stored
}
