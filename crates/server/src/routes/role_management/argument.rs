//! Arguments of functions as generated clients send them: an alias in quotes, `a='@p'`, whose value is in the query or
//! nowhere. Without the quotes the parser of paths has seen to it already.

use odata::path::literal;
use wire::address::Call;

use crate::form::Form;
use crate::graph::GraphRequest;

/// The argument of this name, if it has a value.
pub(super) fn value(request: &GraphRequest<'_>, call: &Call, name: &str) -> Option<String> {
    let sent = call.argument(name)?;
    let value = if sent.starts_with('@') {
        let query = Form::parse(request.call().raw_query.as_bytes());
        literal(query.get(sent)?)?
    } else {
        sent.to_owned()
    };
    Some(value).filter(|value| !value.is_empty())
}
