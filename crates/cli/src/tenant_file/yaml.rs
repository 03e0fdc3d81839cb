//! JSON as YAML that people like to read: one member a line, texts in quotes where they could be taken for something
//! else.

use serde_json::Value;

/// The document.
pub(super) fn text(value: &Value) -> String {
    let mut out = String::new();
    block(value, 0, &mut out);
    out
}

/// Writes a value that begins on a line of its own.
fn block(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                indent(depth, out);
                out.push_str(&scalar(&Value::String(name.clone())));
                out.push(':');
                after_colon(member, depth, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                indent(depth, out);
                out.push_str("- ");
                after_dash(item, depth, out);
            }
        }
        other => {
            indent(depth, out);
            out.push_str(&scalar(other));
            out.push('\n');
        }
    }
}

fn after_colon(value: &Value, depth: usize, out: &mut String) {
    if is_nested(value) {
        out.push('\n');
        block(value, depth + 1, out);
    } else {
        out.push(' ');
        out.push_str(&scalar(value));
        out.push('\n');
    }
}

/// The first line of an item stands behind its dash.
fn after_dash(value: &Value, depth: usize, out: &mut String) {
    if is_nested(value) {
        let mut nested = String::new();
        block(value, depth + 1, &mut nested);
        out.push_str(nested.trim_start_matches(' '));
    } else {
        out.push_str(&scalar(value));
        out.push('\n');
    }
}

fn is_nested(value: &Value) -> bool {
    match value {
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", depth));
}

/// Text is written plainly where it cannot be mistaken, otherwise as JSON, which YAML understands.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        other => crate::output::rows::json(other),
    }
}

/// Words of letters and digits, of which no number, date, truth value or nothing can be read.
fn is_plain(text: &str) -> bool {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || " @._-".contains(letter);
    let reads_as_text = text.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && !text.ends_with(' ')
        && text.chars().all(is_word);
    let spelled = text.to_ascii_lowercase();
    let is_taken = [
        "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf",
    ];
    reads_as_text && !is_taken.contains(&spelled.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_reads_well() {
        let document =
            json!({ "a": [{ "b": "c d", "e": [1, "2"] }, "x"], "f": {}, "g": "no: way", "h": [] });

        let written = text(&document);

        let expected = "a:\n  - b: c d\n    e:\n      - 1\n      - \"2\"\n  - x\nf: {}\ng: \"no: way\"\nh: []\n";
        assert_eq!(written, expected);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let texts = [
            "",
            " ",
            "a",
            "a b ",
            "no",
            "Null",
            "1e3",
            "0x1F",
            "2026-01-01",
            "- a",
            "~",
            ".nan",
            "a: b",
            "a #b",
            "'",
            "\"",
            "\\",
            "a\nb",
            "\t",
            "äß",
            "a\u{85}b\u{9b}2J\u{7f}",
            "*a",
            "&a",
            "!a",
            "{a}",
            "[",
            "P90D",
            "a@b.c",
            "@type",
            "true",
            "-",
            "a:",
            "%",
            "|",
        ];
        let mut items: Vec<Value> = texts.map(Value::from).to_vec();
        items.extend([
            json!(null),
            json!(true),
            json!(-7),
            json!({}),
            json!([]),
            json!([[1], [[]], {}]),
        ]);
        items.push(json!([{ "a": { "b": [{ "c": [1, { "d": null }] }] }, "e": 1 }]));
        items.extend(texts.map(|name| json!({ name: [name] })));
        let document = json!({ "items": items });

        let read: Value = serde_saphyr::from_str(&text(&document)).unwrap();

        assert_eq!(read, document);
    }
}
