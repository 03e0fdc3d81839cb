//! Writes JSON straight into a buffer, without a tree in between.
//!
//! **Invariant:** commas and escapes are always right. That what is opened is
//! closed, and that a member has a key, is up to the caller; debug builds check
//! the nesting.

use std::io::Write;

use serde_json::Value;

/// A growing JSON text.
#[derive(Debug, Default)]
pub struct JsonWriter {
    out: Vec<u8>,
    /// The next key or value needs a comma in front.
    after_value: bool,
    depth: u32,
}

impl JsonWriter {
    /// A writer with an empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// A writer whose buffer has room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        JsonWriter {
            out: Vec::with_capacity(capacity),
            ..Self::default()
        }
    }

    /// `{`
    pub fn begin_object(&mut self) -> &mut Self {
        self.begin(b'{')
    }

    /// `}`
    pub fn end_object(&mut self) -> &mut Self {
        self.end(b'}')
    }

    /// `[`
    pub fn begin_array(&mut self) -> &mut Self {
        self.begin(b'[')
    }

    /// `]`
    pub fn end_array(&mut self) -> &mut Self {
        self.end(b']')
    }

    /// The name of the member whose value comes next.
    pub fn key(&mut self, name: &str) -> &mut Self {
        self.separate();
        self.escaped(name);
        self.out.push(b':');
        self.after_value = false;
        self
    }

    /// A name that was encoded before, with its quotes and colon: `"id":`.
    pub fn encoded_key(&mut self, encoded: &str) -> &mut Self {
        self.separate();
        self.out.extend_from_slice(encoded.as_bytes());
        self.after_value = false;
        self
    }

    /// A string.
    pub fn str(&mut self, text: &str) -> &mut Self {
        self.separate();
        self.escaped(text);
        self.after_value = true;
        self
    }

    /// A whole number.
    pub fn i64(&mut self, number: i64) -> &mut Self {
        self.separate();
        // Writing to a `Vec` cannot fail.
        let _ = write!(self.out, "{number}");
        self.after_value = true;
        self
    }

    /// A whole number from 0.
    pub fn u64(&mut self, number: u64) -> &mut Self {
        self.separate();
        let _ = write!(self.out, "{number}");
        self.after_value = true;
        self
    }

    /// `true` or `false`.
    pub fn bool(&mut self, truth: bool) -> &mut Self {
        self.raw(if truth { "true" } else { "false" })
    }

    /// `null`
    pub fn null(&mut self) -> &mut Self {
        self.raw("null")
    }

    /// A value that already is valid JSON text, such as a stored document.
    pub fn raw(&mut self, json: &str) -> &mut Self {
        self.raw_bytes(json.as_bytes())
    }

    /// As [`Self::raw`], for bytes.
    pub fn raw_bytes(&mut self, json: &[u8]) -> &mut Self {
        self.separate();
        self.out.extend_from_slice(json);
        self.after_value = true;
        self
    }

    /// A whole tree.
    pub fn value(&mut self, value: &Value) -> &mut Self {
        match value {
            Value::Null => self.null(),
            Value::Bool(truth) => self.bool(*truth),
            Value::Number(number) => self.raw(&number.to_string()),
            Value::String(text) => self.str(text),
            Value::Array(items) => {
                self.begin_array();
                for item in items {
                    self.value(item);
                }
                self.end_array()
            }
            Value::Object(members) => {
                self.begin_object();
                for (name, member) in members {
                    self.key(name).value(member);
                }
                self.end_object()
            }
        }
    }

    /// How many bytes are in the buffer.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether the buffer is empty.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// The finished text as bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        debug_assert_eq!(self.depth, 0, "an object or array is not closed");
        self.out
    }

    /// The finished text. Bytes given to [`Self::raw_bytes`] that are not
    /// UTF-8 are replaced.
    pub fn into_text(self) -> String {
        match String::from_utf8(self.into_bytes()) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }
    }

    fn begin(&mut self, bracket: u8) -> &mut Self {
        self.separate();
        self.out.push(bracket);
        self.after_value = false;
        self.depth += 1;
        self
    }

    fn end(&mut self, bracket: u8) -> &mut Self {
        debug_assert!(self.depth > 0, "nothing is open");
        self.out.push(bracket);
        self.after_value = true;
        self.depth = self.depth.saturating_sub(1);
        self
    }

    fn separate(&mut self) {
        if self.after_value {
            self.out.push(b',');
        }
    }

    /// Writes a string in quotes, copying the stretches that need no escape.
    fn escaped(&mut self, text: &str) {
        self.out.push(b'"');
        let bytes = text.as_bytes();
        if !bytes
            .iter()
            .fold(false, |any, byte| any | is_escaped(*byte))
        {
            // Nearly every text; looked at as a whole, which a processor does many bytes at a time.
            self.out.extend_from_slice(bytes);
            self.out.push(b'"');
            return;
        }
        let mut copied = 0;
        for (at, byte) in bytes.iter().enumerate() {
            if !is_escaped(*byte) {
                continue;
            }
            self.out
                .extend_from_slice(bytes.get(copied..at).unwrap_or_default());
            copied = at + 1;
            self.escape(*byte);
        }
        self.out
            .extend_from_slice(bytes.get(copied..).unwrap_or_default());
        self.out.push(b'"');
    }

    fn escape(&mut self, byte: u8) {
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            _ => {
                let _ = write!(self.out, "\\u{byte:04x}");
                return;
            }
        };
        self.out.extend_from_slice(&[b'\\', short]);
    }
}

const fn is_escaped(byte: u8) -> bool {
    matches!(byte, ..0x20 | b'"' | b'\\')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn commas_stand_between_members_and_items_only() {
        let mut writer = JsonWriter::new();

        writer.begin_object();
        writer.key("a").i64(-1).key("b").begin_array();
        writer.bool(true).null().str("x").null().u64(u64::MAX);
        writer.begin_object().end_object().end_array();
        writer.encoded_key("\"c\":").raw("{\"d\":1}");
        writer.end_object();

        let expected = r#"{"a":-1,"b":[true,null,"x",null,18446744073709551615,{}],"c":{"d":1}}"#;
        assert_eq!(writer.into_text(), expected);
    }

    #[test]
    fn every_ascii_character_is_escaped_as_serde_json_does() {
        for byte in 0..=0x7f_u8 {
            let text = format!("a{}b", char::from(byte));
            let mut writer = JsonWriter::new();

            writer.str(&text);

            assert_eq!(writer.into_text(), json!(text).to_string());
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[\\x00-\\x7f]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..5).prop_map(|members| json!(
                    members.into_iter().collect::<serde_json::Map<_, _>>()
                )),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_tree_is_written_as_serde_json_writes_it(value in any_value()) {
            let mut writer = JsonWriter::new();

            writer.value(&value);

            prop_assert_eq!(writer.into_text(), value.to_string());
        }
    }
}
