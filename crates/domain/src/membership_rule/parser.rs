//! From words to a condition. Binding, from tightest to loosest: comparisons, `-not`, `-and`, `-or`.
//!
//! **Invariant:** a value is of the kind that its attribute holds, or the rule is refused where the value stands.

use regex::RegexBuilder;

use super::attribute::{Attribute, Kind};
use super::error::{InvalidRule, Place};
use super::expression::{Check, Expression, Operand, Pattern, Test, Value, lower};
use super::token::{Token, Word, words};

/// How deep brackets and `-not` go.
const DEEPEST: usize = 50;
/// The largest program that a pattern may become, in bytes.
const LARGEST_PATTERN: usize = 1 << 17;
/// How many patterns a rule may have: each has to be made ready before anybody can be asked.
const MOST_PATTERNS: usize = 20;
/// What every attribute begins with.
const USER: &str = "user.";

/// Reads a rule.
pub(super) fn parse(rule: &str) -> Result<Expression, InvalidRule> {
    let words = words(rule)?;
    let end = words_end(rule);
    let mut parser = Parser {
        words: &words,
        end,
        depth: 0,
        patterns: 0,
        is_inside: false,
    };
    let read = parser.any_of()?;
    match parser.words.first() {
        None => Ok(read),
        Some(word) => Err(InvalidRule::new(
            word.at,
            format!(
                "{} cannot follow here; expected -and, -or or the end of the rule",
                word.token.describe()
            ),
        )),
    }
}

/// Where a rule ends.
fn words_end(rule: &str) -> Place {
    let mut at = Place::START;
    for letter in rule.chars() {
        at.pass(letter);
    }
    at
}

struct Parser<'w> {
    words: &'w [Word],
    end: Place,
    depth: usize,
    patterns: usize,
    /// Inside of `-any` or `-all`, where `_` is what is looked at.
    is_inside: bool,
}

impl<'w> Parser<'w> {
    fn here(&self) -> Place {
        self.words.first().map_or(self.end, |word| word.at)
    }

    fn next(&mut self) -> Option<&'w Word> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn refuse(&self, expected: &str) -> InvalidRule {
        let found = self
            .words
            .first()
            .map_or("the end of the rule".to_owned(), |word| {
                word.token.describe()
            });
        InvalidRule::new(self.here(), format!("expected {expected}, not {found}"))
    }

    /// Whether the next word is this operator, with its hyphen or without.
    fn is_at(&self, operator: &str) -> bool {
        match self.words.first().map(|word| &word.token) {
            Some(Token::Operator(name)) => name == operator,
            Some(Token::Name(name)) => name.eq_ignore_ascii_case(operator),
            _ => false,
        }
    }

    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, InvalidRule>,
    ) -> Result<T, InvalidRule> {
        if self.depth == DEEPEST {
            return Err(InvalidRule::new(
                self.here(),
                format!("the rule is nested more than {DEEPEST} deep"),
            ));
        }
        self.depth += 1;
        let outcome = read(self);
        self.depth -= 1;
        outcome
    }

    fn any_of(&mut self) -> Result<Expression, InvalidRule> {
        let mut parts = vec![self.all_of()?];
        while self.is_at("or") {
            self.next();
            parts.push(self.all_of()?);
        }
        Ok(several(parts, Expression::Or))
    }

    fn all_of(&mut self) -> Result<Expression, InvalidRule> {
        let mut parts = vec![self.negation()?];
        while self.is_at("and") {
            self.next();
            parts.push(self.negation()?);
        }
        Ok(several(parts, Expression::And))
    }

    fn negation(&mut self) -> Result<Expression, InvalidRule> {
        if self.is_at("not") {
            self.next();
            let inner = self.deeper(Self::negation)?;
            return Ok(Expression::Not(Box::new(inner)));
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<Expression, InvalidRule> {
        let Some(word) = self.words.first() else {
            return Err(self.refuse("a condition such as user.department -eq \"Sales\""));
        };
        match &word.token {
            Token::Open => self.bracketed(),
            Token::Name(name) => {
                self.next();
                self.condition(name, word.at)
            }
            Token::Operator(_)
            | Token::Text(_)
            | Token::Number(_)
            | Token::Close
            | Token::OpenList
            | Token::CloseList
            | Token::Comma => Err(self.refuse("an attribute such as user.department, or `(`")),
        }
    }

    fn bracketed(&mut self) -> Result<Expression, InvalidRule> {
        let opened = self.here();
        if self.words.first().map(|word| &word.token) != Some(&Token::Open) {
            return Err(self.refuse("`(`"));
        }
        self.next();
        let inner = self.deeper(Self::any_of)?;
        match self.words.first().map(|word| &word.token) {
            Some(Token::Close) => {
                self.next();
                Ok(inner)
            }
            _ => Err(self.refuse(&format!(
                "-and, -or or the `)` for the `(` of line {}, column {}",
                opened.line, opened.column
            ))),
        }
    }

    fn condition(&mut self, name: &str, at: Place) -> Result<Expression, InvalidRule> {
        if name == "_" {
            if !self.is_inside {
                return Err(InvalidRule::new(
                    at,
                    "`_` stands only behind -any or -all, for one of the texts",
                ));
            }
            let test = self.test(Kind::Text)?;
            return Ok(Expression::Test(Operand::Element, test));
        }
        let attribute = self.attribute(name, at)?;
        let kind = attribute.kind();
        for (operator, make) in [
            ("any", Expression::Any as fn(_, _) -> _),
            ("all", Expression::All as fn(_, _) -> _),
        ] {
            if !self.is_at(operator) {
                continue;
            }
            if kind != Kind::Texts {
                let message = format!(
                    "-{operator} is for lists, and `{name}` holds {}",
                    kind.describe()
                );
                return Err(InvalidRule::new(self.here(), message));
            }
            self.next();
            self.is_inside = true;
            let inner = self.bracketed();
            self.is_inside = false;
            return Ok(make(attribute, Box::new(inner?)));
        }
        let test = self.test(kind)?;
        Ok(Expression::Test(Operand::Attribute(attribute), test))
    }

    /// The attribute of a name, if the directory keeps it.
    fn attribute(&self, name: &str, at: Place) -> Result<Attribute, InvalidRule> {
        let refuse = |message: String| Err(InvalidRule::new(at, message));
        if self.is_inside {
            return refuse(format!("expected `_` inside of -any or -all, not `{name}`"));
        }
        let is_of_user = name
            .get(..USER.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(USER));
        let bare = name.get(USER.len()..).filter(|_| is_of_user);
        let Some(bare) = bare else {
            return refuse(format!(
                "expected an attribute such as user.department, not `{name}`"
            ));
        };
        if bare.eq_ignore_ascii_case("memberOf") {
            return refuse(
                "rules about memberships (`memberOf`) are not evaluated; name the attribute that the group stands for"
                    .to_owned(),
            );
        }
        match Attribute::named(bare) {
            Some(attribute) => Ok(attribute),
            None => refuse(format!(
                "`{name}` is not an attribute that this directory keeps"
            )),
        }
    }

    /// An operator with what is compared.
    fn test(&mut self, kind: Kind) -> Result<Test, InvalidRule> {
        let name = match self.words.first().map(|word| &word.token) {
            Some(Token::Operator(name)) => name.clone(),
            Some(Token::Name(name)) => name.to_ascii_lowercase(),
            _ => return Err(self.refuse(OPERATORS)),
        };
        let (negated, plain) = match name.as_str() {
            "ne" => (true, "eq"),
            other => match other.strip_prefix("not") {
                Some(plain) if !plain.is_empty() => (true, plain),
                _ => (false, other),
            },
        };
        let is_for_texts = matches!(plain, "startswith" | "endswith" | "contains" | "match");
        if is_for_texts && kind == Kind::Flag {
            return Err(InvalidRule::new(
                self.here(),
                "the attribute holds true or false; expected -eq or -ne",
            ));
        }
        let check = match (plain, name.as_str()) {
            ("eq", "eq" | "ne") => {
                self.next();
                Check::Equals(self.value(kind)?)
            }
            ("in", _) => {
                self.next();
                Check::In(self.list(kind)?)
            }
            ("startswith", _) => Check::StartsWith(self.part()?),
            ("endswith", _) => Check::EndsWith(self.part()?),
            ("contains", _) => Check::Contains(self.part()?),
            ("match", _) => {
                self.next();
                Check::Matches(self.pattern()?)
            }
            _ => return Err(self.refuse(OPERATORS)),
        };
        Ok(Test { negated, check })
    }

    /// The text behind an operator for parts of texts, in lower case.
    fn part(&mut self) -> Result<String, InvalidRule> {
        self.next();
        self.quoted().map(|text| lower(&text))
    }

    fn quoted(&mut self) -> Result<String, InvalidRule> {
        match self.words.first().map(|word| &word.token) {
            Some(Token::Text(text)) => {
                self.next();
                Ok(text.clone())
            }
            _ => Err(self.refuse("a text in double quotes")),
        }
    }

    fn pattern(&mut self) -> Result<Pattern, InvalidRule> {
        let at = self.here();
        let source = self.quoted()?;
        self.patterns += 1;
        if self.patterns > MOST_PATTERNS {
            return Err(InvalidRule::new(
                at,
                format!(
                    "a rule has at most {MOST_PATTERNS} patterns; join them with `|` inside of one"
                ),
            ));
        }
        let regex = RegexBuilder::new(&source)
            .case_insensitive(true)
            .size_limit(LARGEST_PATTERN)
            .build()
            .map_err(|_| {
                InvalidRule::new(
                    at,
                    "the pattern is not a regular expression without look-around and of bearable size",
                )
            })?;
        Ok(Pattern { source, regex })
    }

    fn list(&mut self, kind: Kind) -> Result<Vec<Value>, InvalidRule> {
        let mut values = Vec::new();
        if self.words.first().map(|word| &word.token) != Some(&Token::OpenList) {
            return Err(self.refuse("a list such as [\"Sales\", \"Finance\"]"));
        }
        self.next();
        loop {
            values.push(self.value(kind)?);
            match self.words.first().map(|word| &word.token) {
                Some(Token::Comma) => drop(self.next()),
                Some(Token::CloseList) => {
                    self.next();
                    return Ok(values);
                }
                _ => return Err(self.refuse("`,` or `]`")),
            }
        }
    }

    /// A value of this kind, or null.
    fn value(&mut self, kind: Kind) -> Result<Value, InvalidRule> {
        let read = match self.words.first().map(|word| &word.token) {
            Some(Token::Text(text)) => Some(Value::Text(lower(text))),
            Some(Token::Number(number)) => Some(Value::Number(*number)),
            Some(Token::Name(name)) => match name.to_ascii_lowercase().as_str() {
                "null" => Some(Value::Null),
                "true" => Some(Value::Flag(true)),
                "false" => Some(Value::Flag(false)),
                _ => None,
            },
            _ => None,
        };
        let fits = |value: &Value| {
            matches!(
                (value, kind),
                (Value::Null, _)
                    | (_, Kind::Any)
                    | (Value::Text(_), Kind::Text | Kind::Texts)
                    | (Value::Flag(_), Kind::Flag)
            )
        };
        match read {
            Some(value) if fits(&value) => {
                self.next();
                Ok(value)
            }
            _ => {
                let expected = match kind {
                    Kind::Text | Kind::Texts => "a text in double quotes, or null",
                    Kind::Flag => "true, false or null",
                    Kind::Any => "a text in double quotes, a number, true, false or null",
                };
                Err(self.refuse(expected))
            }
        }
    }
}

const OPERATORS: &str = "one of -eq, -ne, -in, -notIn, -startsWith, -notStartsWith, -endsWith, -notEndsWith, -contains, \
    -notContains, -match, -notMatch, -any and -all";

/// Several conditions as one, a single one as itself.
fn several(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}
