//! Cuts an expression into words, literals and punctuation.
//!
//! **Invariant:** a token never reaches into its neighbour: `12abc` is an
//! error and not a number followed by a word.

use jiff::{SignedDuration, SpanRelativeTo, Timestamp};
use winnow::Parser;
use winnow::combinator::{alt, opt};
use winnow::token::{one_of, take_while};

use super::Literal;

/// What is wrong in a text, and the byte where it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) at: usize,
    pub(crate) problem: String,
}

impl SyntaxError {
    pub(crate) fn new(at: usize, problem: impl Into<String>) -> Self {
        SyntaxError {
            at,
            problem: problem.into(),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    /// A keyword, function, property, variable or qualified type name.
    Word(&'a str),
    Literal(Literal),
    Open,
    Close,
    Comma,
    Colon,
    Slash,
}

/// A token and the byte where it starts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Located<'a> {
    pub(super) at: usize,
    pub(super) token: Token<'a>,
}

/// Cuts `text`; positions are counted from `base`.
pub(super) fn tokens(text: &str, base: usize) -> Result<Vec<Located<'_>>, SyntaxError> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Ok(found);
        }
        let at = base + (text.len() - rest.len());
        let token = next_token(&mut rest).map_err(|problem| SyntaxError::new(at, problem))?;
        found.push(Located { at, token });
    }
}

fn next_token<'a>(rest: &mut &'a str) -> Result<Token<'a>, String> {
    let Some(first) = rest.chars().next() else {
        return Err("expected more".to_owned());
    };
    let punctuation = match first {
        '(' => Some(Token::Open),
        ')' => Some(Token::Close),
        ',' => Some(Token::Comma),
        ':' => Some(Token::Colon),
        '/' => Some(Token::Slash),
        _ => None,
    };
    if let Some(token) = punctuation {
        *rest = rest.get(1..).unwrap_or_default();
        return Ok(token);
    }
    if first == '\'' {
        return string(rest).map(|text| Token::Literal(Literal::String(text)));
    }
    if first.is_ascii_hexdigit()
        && let Some(text) = whole(rest, guid)
    {
        return Ok(Token::Literal(Literal::Guid(text.to_ascii_lowercase())));
    }
    if first.is_ascii_digit() || first == '-' {
        return number_or_instant(rest).map(Token::Literal);
    }
    if is_word_start(first) {
        return word(rest);
    }
    Err(format!("`{}` is not expected here", first.escape_debug()))
}

/// Runs `parser` and keeps its text when no further word character follows.
fn whole<'a>(
    rest: &mut &'a str,
    mut parser: impl FnMut(&mut &'a str) -> winnow::Result<&'a str>,
) -> Option<&'a str> {
    let mut ahead = *rest;
    let text = parser(&mut ahead).ok()?;
    if ahead.starts_with(is_word_part) {
        return None;
    }
    *rest = ahead;
    Some(text)
}

fn guid<'a>(input: &mut &'a str) -> winnow::Result<&'a str> {
    let hex = |count: usize| take_while(count..=count, |c: char| c.is_ascii_hexdigit());
    (hex(8), '-', hex(4), '-', hex(4), '-', hex(4), '-', hex(12))
        .take()
        .parse_next(input)
}

fn number<'a>(input: &mut &'a str) -> winnow::Result<&'a str> {
    let digits = || take_while(1.., |c: char| c.is_ascii_digit());
    (
        opt('-'),
        digits(),
        opt(('.', digits())),
        opt((one_of(['e', 'E']), opt(one_of(['+', '-'])), digits())),
    )
        .take()
        .parse_next(input)
}

/// Year, month and day: what tells an instant from a number.
fn date<'a>(input: &mut &'a str) -> winnow::Result<&'a str> {
    let digits = |count: usize| take_while(count..=count, |c: char| c.is_ascii_digit());
    (digits(4), '-', digits(2), '-', digits(2))
        .take()
        .parse_next(input)
}

fn time<'a>(input: &mut &'a str) -> winnow::Result<&'a str> {
    (
        one_of(['T', 't']),
        take_while(1.., |c: char| c.is_ascii_digit() || c == ':' || c == '.'),
    )
        .take()
        .parse_next(input)
}

/// `Z` or an offset. A `+` that was sent without its escape has become a space
/// on the way; nothing else can follow a time and a space like that.
fn zone<'a>(input: &mut &'a str) -> winnow::Result<&'a str> {
    let two = || take_while(2..=2, |c: char| c.is_ascii_digit());
    alt((
        one_of(['Z', 'z']).take(),
        (one_of(['+', '-', ' ']), two(), ':', two()).take(),
    ))
    .parse_next(input)
}

fn number_or_instant(rest: &mut &str) -> Result<Literal, String> {
    let mut ahead = *rest;
    if let Ok(day) = date(&mut ahead) {
        let instant = instant(day, &mut ahead)?;
        *rest = ahead;
        return Ok(Literal::DateTimeOffset(instant));
    }
    let text = whole(rest, number).ok_or("expected a number")?;
    if text.contains(['.', 'e', 'E']) {
        let value: f64 = text.parse().map_err(|_| "expected a number")?;
        if !value.is_finite() {
            return Err(format!("`{text}` is too large a number"));
        }
        return Ok(Literal::Decimal(value));
    }
    text.parse()
        .map(Literal::Int)
        .map_err(|_| format!("`{text}` is too large a number"))
}

fn instant(day: &str, ahead: &mut &str) -> Result<Timestamp, String> {
    const EXPECTED: &str =
        "expected a date and time with a zone, such as `2026-01-02T03:04:05Z`, without quotes";

    let time = time(ahead).map_err(|_| EXPECTED)?;
    let zone = zone(ahead).map_err(|_| EXPECTED)?;
    if ahead.starts_with(is_word_part) {
        return Err(EXPECTED.to_owned());
    }
    format!("{day}{time}{}", zone.replace(' ', "+"))
        .parse()
        .map_err(|_| EXPECTED.to_owned())
}

/// Reads a quoted string at the front of `rest`.
fn string(rest: &mut &str) -> Result<String, String> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character != '\'' {
            text.push(character);
        } else if characters.next_if(|(_, next)| *next == '\'').is_some() {
            text.push('\'');
        } else {
            *rest = rest.get(at + 1..).unwrap_or_default();
            return Ok(text);
        }
    }
    Err("the string that starts here has no closing quote".to_owned())
}

fn word<'a>(rest: &mut &'a str) -> Result<Token<'a>, String> {
    let end = rest
        .find(|c: char| !is_word_part(c) && c != '.')
        .unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    *rest = after;
    if after.starts_with('\'') {
        return prefixed_literal(name, rest).map(Token::Literal);
    }
    if name.split('.').any(str::is_empty) {
        return Err(format!("`{name}` is not a name"));
    }
    Ok(Token::Word(name))
}

/// `duration'…'`, or an enum member in its qualified spelling, `ns.type'member'`.
fn prefixed_literal(prefix: &str, rest: &mut &str) -> Result<Literal, String> {
    let text = string(rest)?;
    if prefix.eq_ignore_ascii_case("duration") {
        return duration(&text).map(Literal::Duration).ok_or_else(|| {
            "expected an ISO 8601 duration of days and time, such as `duration'P1DT2H'`".to_owned()
        });
    }
    if prefix.contains('.') {
        return Ok(Literal::String(text));
    }
    Err(format!("`{prefix}'…'` is not a known kind of literal"))
}

fn duration(text: &str) -> Option<SignedDuration> {
    let designated = text.trim_start_matches(['-', '+']).starts_with(['P', 'p']);
    let span: jiff::Span = designated.then(|| text.parse().ok())??;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
}

fn is_word_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_word_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
