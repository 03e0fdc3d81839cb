//! Arguments of functions as generated clients send them: the name of an alias, whose value is in the query or nowhere.

use wire::address::Call;

use crate::form::Form;
use crate::graph::GraphRequest;

/// The argument of this name, if it has a value.
pub(super) fn value(request: &GraphRequest<'_>, call: &Call, name: &str) -> Option<String> {
    let sent = call.argument(name)?;
    let value = if sent.starts_with('@') {
        let query = Form::parse(request.call().raw_query.as_bytes());
        unquoted(query.get(sent)?)
    } else {
        sent.to_owned()
    };
    Some(value).filter(|value| !value.is_empty())
}

/// The text of a literal; what is no literal in quotes stands for itself.
fn unquoted(text: &str) -> String {
    match text
        .strip_prefix('\'')
        .and_then(|text| text.strip_suffix('\''))
    {
        Some(inner) => inner.replace("''", "'"),
        None if text == "null" => String::new(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_null_are_read() {
        assert_eq!(unquoted("'/it''s'"), "/it's");
        assert_eq!(unquoted("true"), "true");
        assert_eq!(unquoted("null"), "");
    }
}
