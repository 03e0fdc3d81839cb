//! Values that are bound to statements: the three types that both databases store alike.

use std::error::Error as StdError;
use std::fmt::Display;

use bytes::BytesMut;
pub(crate) use domain::query::Value;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use rusqlite::types::{ToSqlOutput, ValueRef};

/// A text, or anything that is written as one (an id, a state).
pub(crate) fn text(value: impl Display) -> Value {
    Value::Text(value.to_string())
}

/// A text that may be absent.
pub(crate) fn opt_text(value: Option<impl Display>) -> Value {
    value.map_or(Value::Null, text)
}

/// A number.
pub(crate) fn int(value: i64) -> Value {
    Value::Int(value)
}

/// A number that may be absent.
pub(crate) fn opt_int(value: Option<i64>) -> Value {
    value.map_or(Value::Null, Value::Int)
}

/// A flag.
pub(crate) fn boolean(value: bool) -> Value {
    Value::Bool(value)
}

/// A flag that may be absent.
pub(crate) fn opt_boolean(value: Option<bool>) -> Value {
    value.map_or(Value::Null, Value::Bool)
}

/// Any number of texts, for `EACH($n)` of a statement.
pub(crate) fn list(values: impl IntoIterator<Item = impl Display>) -> Value {
    let mut list = String::from("[");
    for value in values {
        if list.len() > 1 {
            list.push(',');
        }
        write_text(&mut list, &value.to_string());
    }
    list.push(']');
    Value::Text(list)
}

/// Adds a JSON text. Ids, of which most lists are, hold nothing that would have to be escaped.
fn write_text(list: &mut String, text: &str) {
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        list.push('"');
        list.push_str(text);
        list.push('"');
    } else {
        list.push_str(&serde_json::Value::from(text).to_string());
    }
}

/// Any number of JSON objects, for `OBJECTS($n)` of a statement.
pub(crate) fn objects(values: impl IntoIterator<Item = serde_json::Value>) -> Value {
    Value::Text(serde_json::Value::Array(values.into_iter().collect()).to_string())
}

/// Whether a statement that names the versions it read changed all of its rows.
pub(crate) fn all_changed(changed: u64, wanted: usize) -> Result<(), crate::Error> {
    if u64::try_from(wanted).is_ok_and(|wanted| wanted == changed) {
        Ok(())
    } else {
        Err(crate::Error::StaleVersion)
    }
}

/// A value on its way into a statement.
#[derive(Debug)]
pub(crate) struct Bound<'v>(pub(crate) &'v Value);

impl rusqlite::ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Bool(flag) => ValueRef::Integer(i64::from(*flag)),
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// PostgreSQL says which type a parameter has; the value is written as that type, so that a NULL needs none of its own.
impl ToSql for Bound<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match (self.0, ty) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Bool(flag), &Type::BOOL) => flag.to_sql(ty, out),
            (Value::Int(number), &Type::INT8) => number.to_sql(ty, out),
            (Value::Int(number), &Type::INT4) => i32::try_from(*number)?.to_sql(ty, out),
            (Value::Int(number), &Type::INT2) => i16::try_from(*number)?.to_sql(ty, out),
            (Value::Text(text), ty) if <&str as ToSql>::accepts(ty) => {
                text.as_str().to_sql(ty, out)
            }
            (Value::Bool(_), _) => Err(format!("a flag is bound where `{ty}` is expected").into()),
            (Value::Int(_), _) => Err(format!("a number is bound where `{ty}` is expected").into()),
            (Value::Text(_), _) => Err(format!("a text is bound where `{ty}` is expected").into()),
        }
    }

    fn accepts(_ty: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
