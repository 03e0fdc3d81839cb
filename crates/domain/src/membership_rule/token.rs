//! The words of a rule: names, operators, texts, numbers and brackets, each with the place where it begins.
//!
//! **Invariant:** every character of a rule is part of a word or white space, or the rule is refused at that character.

use super::error::{InvalidRule, Place};

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A name such as `user.department`, or an operator without its hyphen.
    Name(String),
    /// An operator behind its hyphen, in lower case.
    Operator(String),
    /// A text in quotes.
    Text(String),
    /// A whole number.
    Number(i64),
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`
    OpenList,
    /// `]`
    CloseList,
    /// `,`
    Comma,
}

impl Token {
    /// The word as a refusal calls it.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Name(name) => format!("`{name}`"),
            Self::Operator(name) => format!("`-{name}`"),
            Self::Text(text) => format!("the text `{text}`"),
            Self::Number(number) => format!("the number `{number}`"),
            Self::Open => "`(`".to_owned(),
            Self::Close => "`)`".to_owned(),
            Self::OpenList => "`[`".to_owned(),
            Self::CloseList => "`]`".to_owned(),
            Self::Comma => "`,`".to_owned(),
        }
    }
}

/// A word with its place.
#[derive(Debug, Clone)]
pub(super) struct Word {
    pub(super) token: Token,
    pub(super) at: Place,
}

/// The words of a rule.
pub(super) fn words(rule: &str) -> Result<Vec<Word>, InvalidRule> {
    let mut reader = Reader {
        rest: rule,
        at: Place::START,
    };
    let mut words = Vec::new();
    loop {
        reader.skip_space();
        let at = reader.at;
        let Some(first) = reader.peek() else {
            return Ok(words);
        };
        let token = reader.token(first, at)?;
        words.push(Word { token, at });
    }
}

struct Reader<'r> {
    rest: &'r str,
    at: Place,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let mut letters = self.rest.chars();
        let letter = letters.next()?;
        self.rest = letters.as_str();
        self.at.pass(letter);
        Some(letter)
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.next();
        }
    }

    fn token(&mut self, first: char, at: Place) -> Result<Token, InvalidRule> {
        let bracket = match first {
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            '[' => Some(Token::OpenList),
            ']' => Some(Token::CloseList),
            ',' => Some(Token::Comma),
            _ => None,
        };
        if let Some(bracket) = bracket {
            self.next();
            return Ok(bracket);
        }
        match first {
            '"' | '\'' => self.text(first, at),
            '`' => self.quoted_quotes(at),
            // Editors like to make a dash of a hyphen.
            '-' | '\u{2013}' => {
                self.next();
                match self.peek() {
                    Some(digit) if digit.is_ascii_digit() => self.number(true, at),
                    Some(letter) if letter.is_ascii_alphabetic() => {
                        Ok(Token::Operator(self.name().to_ascii_lowercase()))
                    }
                    _ => Err(InvalidRule::new(at, "an operator must follow the hyphen")),
                }
            }
            digit if digit.is_ascii_digit() => self.number(false, at),
            letter if is_name(letter) => Ok(Token::Name(self.name())),
            other => Err(InvalidRule::new(
                at,
                format!("`{other}` means nothing here; texts stand in double quotes"),
            )),
        }
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(letter) = self.peek().filter(|letter| is_name(*letter)) {
            name.push(letter);
            self.next();
        }
        name
    }

    fn number(&mut self, negative: bool, at: Place) -> Result<Token, InvalidRule> {
        let name = self.name();
        let text = if negative { format!("-{name}") } else { name };
        text.parse().map(Token::Number).map_err(|_| {
            InvalidRule::new(
                at,
                format!("`{text}` is no whole number; texts stand in double quotes"),
            )
        })
    }

    /// A text in quotes. A grave accent takes the meaning from the quote behind it, and two single quotes are one.
    fn text(&mut self, quote: char, at: Place) -> Result<Token, InvalidRule> {
        self.next();
        let mut text = String::new();
        while let Some(letter) = self.next() {
            match (letter, self.peek()) {
                ('`', Some(escaped @ ('"' | '\'' | '`'))) => {
                    self.next();
                    text.push(escaped);
                }
                ('\'', Some('\'')) => {
                    self.next();
                    text.push('\'');
                }
                (letter, _) if letter == quote => return Ok(Token::Text(text)),
                (letter, _) => text.push(letter),
            }
        }
        Err(unfinished(at))
    }

    /// A text whose quotes belong to it: both have a grave accent before them.
    fn quoted_quotes(&mut self, at: Place) -> Result<Token, InvalidRule> {
        self.next();
        if self.peek() != Some('"') {
            return Err(InvalidRule::new(at, "a quote must follow the grave accent"));
        }
        self.next();
        let mut text = String::from('"');
        while let Some(letter) = self.next() {
            if letter == '`' && self.peek() == Some('"') {
                self.next();
                text.push('"');
                return Ok(Token::Text(text));
            }
            text.push(letter);
        }
        Err(unfinished(at))
    }
}

fn unfinished(at: Place) -> InvalidRule {
    InvalidRule::new(at, "the text that begins here does not end")
}

fn is_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.')
}
