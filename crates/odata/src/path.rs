//! The path of a request, cut into segments.
//!
//! **Invariant:** a `/` separates segments only where the client wrote it as a
//! bare `/` outside of quotes; everything else may be percent-encoded or not.
//! Whether a segment is a key of the one before is for the resolver to say.

use percent_encoding::percent_decode_str;

/// The longest path that is read, in bytes.
pub const MAX_LENGTH: usize = 8 * 1024;

const NAMESPACE: &str = "microsoft.graph.";

/// One step of a path, percent-decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// What stands before the parentheses. Never empty.
    pub name: String,
    /// What stands in them.
    pub args: Args,
}

/// The parentheses of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Args {
    /// There are none.
    None,
    /// One value without a name: `accessPackages('x')`.
    Key(String),
    /// Named values: `filterByCurrentUser(on='target')`; empty for `search()`.
    Named(Vec<(String, String)>),
}

impl Segment {
    /// Whether the segment is called `name`, ignoring case and the prefix
    /// `microsoft.graph.` on either side.
    pub fn is(&self, name: &str) -> bool {
        unqualified(&self.name).eq_ignore_ascii_case(unqualified(name))
    }

    /// The named argument `name`, ignoring case.
    pub fn arg(&self, name: &str) -> Option<&str> {
        match &self.args {
            Args::Named(pairs) => pairs
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_str()),
            Args::None | Args::Key(_) => None,
        }
    }
}

fn unqualified(name: &str) -> &str {
    match name.get(..NAMESPACE.len()) {
        Some(head) if head.eq_ignore_ascii_case(NAMESPACE) => {
            name.get(NAMESPACE.len()..).unwrap_or(name)
        }
        _ => name,
    }
}

/// Why a path could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the path is not valid at character {position}: {problem}")]
pub struct PathError {
    /// The 1-based number of the character at fault in the path as sent.
    pub position: usize,
    /// What is wrong there.
    pub problem: String,
}

/// Reads a path without its version prefix, still percent-encoded. One slash at
/// the front and one at the end are allowed and mean nothing.
pub fn parse(raw: &str) -> Result<Vec<Segment>, PathError> {
    parse_with(raw, &[])
}

/// The same, where values in parentheses may be parameter aliases: `f(a=@p)`
/// takes what the pairs say of `@p`, and an alias that none of them names is
/// null. A parameter that is null counts as one that is not there.
pub fn parse_with(raw: &str, aliases: &[(String, String)]) -> Result<Vec<Segment>, PathError> {
    if raw.len() > MAX_LENGTH {
        return Err(PathError {
            position: MAX_LENGTH,
            problem: format!("the path is longer than {MAX_LENGTH} bytes"),
        });
    }
    let mut reader = Reader {
        units: units(raw)?,
        next: 0,
        aliases,
    };
    let mut segments = Vec::new();
    reader.take_slash();
    while reader.peek().is_some() {
        segments.push(reader.segment()?);
        if reader.peek().is_some() && !reader.take_slash() {
            return Err(reader.error("expected `/` after `)`"));
        }
    }
    Ok(segments)
}

/// What the text of a literal stands for: a string without its quotes, and
/// nothing for `null`.
pub fn literal(text: &str) -> Option<String> {
    let text = text.trim();
    let inner = text
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''));
    match inner {
        Some(inner) => Some(inner.replace("''", "'")),
        None => Some(text.to_owned()).filter(|text| text != "null"),
    }
}

/// One decoded character.
#[derive(Clone, Copy)]
struct Unit {
    character: char,
    /// The number of the character in the raw path where it starts.
    position: usize,
    escaped: bool,
}

fn units(raw: &str) -> Result<Vec<Unit>, PathError> {
    let mut units = Vec::with_capacity(raw.len());
    let mut rest = raw;
    let mut position = 1;
    while let Some(character) = rest.chars().next() {
        if character != '%' {
            units.push(Unit {
                character,
                position,
                escaped: false,
            });
            position += 1;
            rest = rest.get(character.len_utf8()..).unwrap_or_default();
            continue;
        }
        let length = escapes_at_front(rest);
        let (escapes, after) = rest.split_at(length);
        let decoded = percent_decode_str(escapes).decode_utf8();
        let decoded = decoded
            .ok()
            .filter(|text| length > 0 && !text.contains('\0'));
        let Some(decoded) = decoded else {
            return Err(PathError {
                position,
                problem: "a `%` must start the escape of a UTF-8 character, such as `%20`"
                    .to_owned(),
            });
        };
        push_escaped(&mut units, &decoded, position);
        position += length;
        rest = after;
    }
    Ok(units)
}

/// How many bytes the run of `%XX` at the front of `text` is long.
fn escapes_at_front(text: &str) -> usize {
    let is_escape = |chunk: &[u8]| matches!(chunk, [b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
    3 * text
        .as_bytes()
        .chunks(3)
        .take_while(|chunk| is_escape(chunk))
        .count()
}

fn push_escaped(units: &mut Vec<Unit>, decoded: &str, start: usize) {
    let mut position = start;
    for character in decoded.chars() {
        units.push(Unit {
            character,
            position,
            escaped: true,
        });
        position += 3 * character.len_utf8();
    }
}

struct Reader<'a> {
    units: Vec<Unit>,
    next: usize,
    aliases: &'a [(String, String)],
}

impl Reader<'_> {
    fn unit(&self) -> Option<Unit> {
        self.units.get(self.next).copied()
    }

    fn peek(&self) -> Option<char> {
        self.unit().map(|unit| unit.character)
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.next += usize::from(found);
        found
    }

    fn at_slash(&self) -> bool {
        self.unit()
            .is_some_and(|unit| unit.character == '/' && !unit.escaped)
    }

    fn take_slash(&mut self) -> bool {
        let found = self.at_slash();
        self.next += usize::from(found);
        found
    }

    fn error(&self, problem: &str) -> PathError {
        let position = match (self.unit(), self.units.last()) {
            (Some(unit), _) => unit.position,
            (None, Some(last)) => last.position + if last.escaped { 3 } else { 1 },
            (None, None) => 1,
        };
        PathError {
            position,
            problem: problem.to_owned(),
        }
    }

    /// Collects characters up to a bare slash or one of `ends`.
    fn until(&mut self, ends: &[char]) -> String {
        let mut text = String::new();
        while let Some(character) = self.peek()
            && !self.at_slash()
            && !ends.contains(&character)
        {
            text.push(character);
            self.next += 1;
        }
        text
    }

    fn segment(&mut self) -> Result<Segment, PathError> {
        let name = self.until(&['(']);
        if name.is_empty() {
            return Err(self.error("a segment has no name"));
        }
        if name.contains(char::is_control) {
            return Err(self.error("the segment before has a control character"));
        }
        let args = if self.take('(') {
            self.args()?
        } else {
            Args::None
        };
        Ok(Segment { name, args })
    }

    /// Reads up to and with the closing parenthesis.
    fn args(&mut self) -> Result<Args, PathError> {
        self.skip_spaces();
        if self.take(')') {
            return Ok(Args::Named(Vec::new()));
        }
        if self.peek() == Some('\'') {
            let key = self.quoted()?;
            return self.end_of_key(key);
        }
        let first = self.until(&['=', ',', ')', '\'']).trim().to_owned();
        if self.peek() != Some('=') {
            if first.is_empty() {
                return Err(self.error("expected a key or a parameter name"));
            }
            let key = self.meant(&first).ok_or_else(|| {
                self.error("the key before is null, or an alias without a value in the query")
            })?;
            return self.end_of_key(key);
        }
        self.named(first).map(Args::Named)
    }

    fn end_of_key(&mut self, key: String) -> Result<Args, PathError> {
        self.skip_spaces();
        if self.take(')') {
            return Ok(Args::Key(key));
        }
        Err(self.error("expected `)` after the key"))
    }

    fn named(&mut self, first: String) -> Result<Vec<(String, String)>, PathError> {
        let mut pairs: Vec<(String, Option<String>)> = Vec::new();
        let mut name = first;
        loop {
            if name.is_empty() {
                return Err(self.error("expected a parameter name"));
            }
            if pairs
                .iter()
                .any(|(other, _)| other.eq_ignore_ascii_case(&name))
            {
                return Err(self.error("a parameter is given twice"));
            }
            if !self.take('=') {
                return Err(self.error("expected `=` after the parameter name"));
            }
            self.skip_spaces();
            let value = self.value()?;
            pairs.push((name, value));
            self.skip_spaces();
            if self.take(')') {
                let given = pairs.into_iter();
                return Ok(given
                    .filter_map(|(name, value)| Some((name, value?)))
                    .collect());
            }
            if !self.take(',') {
                return Err(self.error("expected `,` or `)` after the value"));
            }
            name = self.until(&['=', ',', ')', '\'']).trim().to_owned();
        }
    }

    fn value(&mut self) -> Result<Option<String>, PathError> {
        if self.peek() == Some('\'') {
            return self.quoted().map(Some);
        }
        let value = self.until(&[',', ')', '\'', '(']).trim().to_owned();
        if value.is_empty() {
            return Err(self.error("expected a value"));
        }
        Ok(self.meant(&value))
    }

    /// What a bare value stands for: itself, unless it is a parameter alias.
    fn meant(&self, value: &str) -> Option<String> {
        if !value.starts_with('@') {
            return literal(value);
        }
        let (_, given) = self.aliases.iter().find(|(name, _)| name == value)?;
        literal(given)
    }

    /// Reads a quoted text, in which `''` is one quote and `/` is ordinary.
    fn quoted(&mut self) -> Result<String, PathError> {
        let start = self.error("the string that starts here has no closing quote");
        self.next += 1;
        let mut text = String::new();
        while let Some(character) = self.peek() {
            self.next += 1;
            if character != '\'' {
                text.push(character);
            } else if self.take('\'') {
                text.push('\'');
            } else {
                return Ok(text);
            }
        }
        Err(start)
    }

    fn skip_spaces(&mut self) {
        while self.take(' ') {}
    }
}

#[cfg(test)]
mod tests;
