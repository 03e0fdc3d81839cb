//! `$search`: words and phrases, joined by `AND`, `OR` and `NOT`.
//!
//! Binding, tightest first: parentheses; `NOT`; `AND`, also where nothing
//! stands between two terms; `OR`. Only capitals are operators.
//!
//! **Invariant:** no tree is nested deeper than [`MAX_DEPTH`].

use super::parse::Source;
use crate::filter::SyntaxError;

/// How deep parentheses and `NOT` may be nested.
const MAX_DEPTH: usize = 16;

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// A word, or a phrase that stood in quotes. Never empty.
    Term(String),
    /// All of two or more.
    And(Vec<Search>),
    /// At least one of two or more.
    Or(Vec<Search>),
    /// What is not found.
    Not(Box<Search>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    Term(String),
}

pub(super) fn search(source: Source<'_>) -> Result<Search, SyntaxError> {
    let mut reader = Reader {
        tokens: tokens(source)?,
        next: 0,
        end: source.base + source.text.len(),
        depth: 0,
    };
    let search = reader.or()?;
    match reader.peek() {
        None => Ok(search),
        Some(_) => Err(reader.unexpected("expected `AND`, `OR`, a term or the end")),
    }
}

/// The tokens and the bytes where they start.
fn tokens(source: Source<'_>) -> Result<Vec<(usize, Token)>, SyntaxError> {
    let mut found = Vec::new();
    let mut characters = source.text.char_indices().peekable();
    while let Some((start, character)) = characters.next() {
        let at = source.base + start;
        match character {
            '(' => found.push((at, Token::Open)),
            ')' => found.push((at, Token::Close)),
            '"' => {
                let mut phrase = String::new();
                loop {
                    match characters.next() {
                        Some((_, '"')) => break,
                        Some((_, '\\')) => phrase.extend(characters.next().map(|(_, next)| next)),
                        Some((_, other)) => phrase.push(other),
                        None => {
                            let problem = "the phrase that starts here has no closing quote";
                            return Err(SyntaxError::new(at, problem));
                        }
                    }
                }
                if phrase.trim().is_empty() {
                    return Err(SyntaxError::new(at, "the phrase is empty"));
                }
                found.push((at, Token::Term(phrase)));
            }
            space if space.is_whitespace() => {}
            first => {
                let mut word = String::from(first);
                while let Some((_, next)) = characters
                    .next_if(|(_, next)| !next.is_whitespace() && !matches!(next, '(' | ')' | '"'))
                {
                    word.push(next);
                }
                let token = match word.as_str() {
                    "AND" => Token::And,
                    "OR" => Token::Or,
                    "NOT" => Token::Not,
                    _ => Token::Term(word),
                };
                found.push((at, token));
            }
        }
    }
    Ok(found)
}

struct Reader {
    tokens: Vec<(usize, Token)>,
    next: usize,
    end: usize,
    depth: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.next += usize::from(found);
        found
    }

    fn unexpected(&self, problem: &str) -> SyntaxError {
        let at = self.tokens.get(self.next).map_or(self.end, |(at, _)| *at);
        SyntaxError::new(at, problem)
    }

    fn or(&mut self) -> Result<Search, SyntaxError> {
        let mut members = vec![self.and()?];
        while self.take(&Token::Or) {
            members.push(self.and()?);
        }
        Ok(one_or(members, Search::Or))
    }

    fn and(&mut self) -> Result<Search, SyntaxError> {
        let mut members = vec![self.not()?];
        loop {
            let more = self.take(&Token::And)
                || matches!(self.peek(), Some(Token::Term(_) | Token::Open | Token::Not));
            if !more {
                return Ok(one_or(members, Search::And));
            }
            members.push(self.not()?);
        }
    }

    fn not(&mut self) -> Result<Search, SyntaxError> {
        if self.take(&Token::Not) {
            let inner = self.nested(Self::not)?;
            return Ok(Search::Not(Box::new(inner)));
        }
        if self.take(&Token::Open) {
            let inner = self.nested(Self::or)?;
            if self.take(&Token::Close) {
                return Ok(inner);
            }
            return Err(self.unexpected("expected `)`"));
        }
        let Some(Token::Term(term)) = self.peek() else {
            return Err(self.unexpected("expected a word or a phrase in quotes"));
        };
        let term = Search::Term(term.clone());
        self.next += 1;
        Ok(term)
    }

    fn nested(
        &mut self,
        read: fn(&mut Self) -> Result<Search, SyntaxError>,
    ) -> Result<Search, SyntaxError> {
        if self.depth == MAX_DEPTH {
            return Err(self.unexpected("the search is nested too deep"));
        }
        self.depth += 1;
        let inner = read(self);
        self.depth -= 1;
        inner
    }
}

fn one_or(mut members: Vec<Search>, join: fn(Vec<Search>) -> Search) -> Search {
    match members.pop() {
        Some(only) if members.is_empty() => only,
        Some(last) => {
            members.push(last);
            join(members)
        }
        None => join(members),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Search, SyntaxError> {
        search(Source {
            text,
            base: 0,
            depth: 0,
        })
    }

    fn term(text: &str) -> Search {
        Search::Term(text.to_owned())
    }

    #[test]
    fn words_and_phrases_are_joined_as_their_operators_say() {
        for (text, expected) in [
            ("finance", term("finance")),
            ("\"two words\"", term("two words")),
            ("\"a \\\"b\\\" c\"", term("a \"b\" c")),
            ("a b", Search::And(vec![term("a"), term("b")])),
            (
                "a and b",
                Search::And(vec![term("a"), term("and"), term("b")]),
            ),
            (
                "a AND b OR NOT c",
                Search::Or(vec![
                    Search::And(vec![term("a"), term("b")]),
                    Search::Not(Box::new(term("c"))),
                ]),
            ),
            (
                "a AND (b OR \"displayName:c\")",
                Search::And(vec![
                    term("a"),
                    Search::Or(vec![term("b"), term("displayName:c")]),
                ]),
            ),
        ] {
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_search_is_refused_at_its_place() {
        for (text, at) in [
            ("a \"b", 2),
            ("\" \"", 0),
            ("a OR", 4),
            ("(a", 2),
            ("a )", 2),
            ("AND a", 0),
            ("NOT", 3),
        ] {
            assert_eq!(read(text).unwrap_err().at, at, "{text}");
        }
        assert!(read(&format!("{}a{}", "(".repeat(99), ")".repeat(99))).is_err());
    }
}
