//! Writing XML: elements, attributes and nothing else.
//!
//! **Invariant:** what is written is well formed: every value is escaped, every element closed.

/// A document on its way.
#[derive(Debug)]
pub(super) struct Xml {
    text: String,
    depth: usize,
}

impl Xml {
    /// A document with its declaration.
    pub(super) fn new() -> Self {
        Self {
            text: "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n".to_owned(),
            depth: 0,
        }
    }

    /// An element without content.
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.open_tag(name, attributes);
        self.text.push_str("/>\n");
    }

    /// An element around what `content` writes.
    pub(super) fn element(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        content: impl FnOnce(&mut Self),
    ) {
        self.open_tag(name, attributes);
        let bare = self.text.len();
        self.text.push_str(">\n");
        let full = self.text.len();
        self.depth += 1;
        content(self);
        self.depth -= 1;
        if self.text.len() == full {
            self.text.truncate(bare);
            self.text.push_str("/>\n");
            return;
        }
        self.indent();
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push_str(">\n");
    }

    /// The whole document.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn indent(&mut self) {
        self.text.extend(std::iter::repeat_n("  ", self.depth));
    }

    fn open_tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.indent();
        self.text.push('<');
        self.text.push_str(name);
        for (attribute, value) in attributes {
            self.text.push(' ');
            self.text.push_str(attribute);
            self.text.push_str("=\"");
            escape(&mut self.text, value);
            self.text.push('"');
        }
    }
}

/// Writes the value of an attribute. Characters that XML cannot hold are left out.
fn escape(out: &mut String, value: &str) {
    for letter in value.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            other if other < ' ' || matches!(other, '\u{fffe}' | '\u{ffff}') => {}
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_closed_and_values_escaped() {
        let mut xml = Xml::new();

        xml.element("a", &[("b", "1 < 2 & \"3\"\n")], |xml| {
            xml.element("c", &[("d", "\u{0}x'")], |_| {});
        });

        assert_eq!(
            xml.into_text(),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
             <a b=\"1 &lt; 2 &amp; &quot;3&quot;&#10;\">\n  <c d=\"x'\"/>\n</a>\n"
        );
    }
}
