//! Reads an expression by recursive descent over its tokens.
//!
//! Binding, tightest first: functions and lambdas; comparisons; `not`; `and`;
//! `or`. `OData` binds `not` tighter than a comparison, but a comparison of a
//! negated property is a type error unless the property is a truth value, and
//! then both readings agree: `not isDefault eq true`.

use crate::names::Names;

use super::lex::{Located, SyntaxError, Token, tokens};
use super::{CompareOp, Expr, Lambda, Literal, MAX_DEPTH, MAX_LENGTH, Operand, TextFunction};

/// Reads `text`; the positions in errors are counted from `base`.
pub(crate) fn parse_at(text: &str, base: usize) -> Result<Expr, SyntaxError> {
    if text.len() > MAX_LENGTH {
        return Err(SyntaxError::new(
            base,
            format!("the expression is longer than {MAX_LENGTH} bytes"),
        ));
    }
    let mut reader = Reader {
        tokens: tokens(text, base)?,
        next: 0,
        end: base + text.len(),
        depth: 0,
    };
    let expr = reader.or()?;
    match reader.peek() {
        None => Ok(expr),
        Some(_) => Err(reader.unexpected("expected `and`, `or` or the end")),
    }
}

struct Reader<'a> {
    tokens: Vec<Located<'a>>,
    next: usize,
    end: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.next).map(|located| &located.token)
    }

    fn peek_second(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.next + 1).map(|located| &located.token)
    }

    fn at(&self) -> usize {
        self.tokens
            .get(self.next)
            .map_or(self.end, |located| located.at)
    }

    fn peek_word(&self) -> Option<&'a str> {
        match self.peek() {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let found = self
            .peek_word()
            .is_some_and(|word| word.eq_ignore_ascii_case(keyword));
        self.next += usize::from(found);
        found
    }

    fn take(&mut self, token: &Token<'_>) -> bool {
        let found = self.peek() == Some(token);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, token: &Token<'_>, expected: &str) -> Result<(), SyntaxError> {
        if self.take(token) {
            return Ok(());
        }
        Err(self.unexpected(expected))
    }

    fn unexpected(&self, expected: &str) -> SyntaxError {
        let problem = match self.peek() {
            None => format!("{expected}, but the expression ends"),
            Some(Token::Word(word)) => format!("{expected}, found `{word}`"),
            Some(_) => expected.to_owned(),
        };
        SyntaxError::new(self.at(), problem)
    }

    /// Runs `read` one level deeper.
    fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, SyntaxError>,
    ) -> Result<T, SyntaxError> {
        if self.depth == MAX_DEPTH {
            return Err(SyntaxError::new(
                self.at(),
                format!("the expression is nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn or(&mut self) -> Result<Expr, SyntaxError> {
        self.chain("or", Self::and, Expr::Or)
    }

    fn and(&mut self) -> Result<Expr, SyntaxError> {
        self.chain("and", Self::unary, Expr::And)
    }

    fn chain(
        &mut self,
        keyword: &str,
        member: fn(&mut Self) -> Result<Expr, SyntaxError>,
        join: fn(Vec<Expr>) -> Expr,
    ) -> Result<Expr, SyntaxError> {
        let first = member(self)?;
        if !self.take_keyword(keyword) {
            return Ok(first);
        }
        let mut members = vec![first, member(self)?];
        while self.take_keyword(keyword) {
            members.push(member(self)?);
        }
        Ok(join(members))
    }

    fn unary(&mut self) -> Result<Expr, SyntaxError> {
        if self.take_keyword("not") {
            let inner = self.nested(Self::unary)?;
            return Ok(Expr::Not(Box::new(inner)));
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<Expr, SyntaxError> {
        if self.take(&Token::Open) {
            let inner = self.nested(Self::or)?;
            self.expect(&Token::Close, "expected `)`")?;
            return match inner {
                Expr::BoolPath(path) => self.comparison(Operand::Path(path)),
                other => self.compared_with_truth(other),
            };
        }
        if let (Some(name), Some(Token::Open)) = (self.peek_word(), self.peek_second())
            && let Some(function) = text_function(name)
        {
            self.next += 2;
            let call = self.nested(|reader| reader.call(function))?;
            return self.compared_with_truth(call);
        }
        if let Some(lambda) = self.lambda()? {
            return self.compared_with_truth(lambda);
        }
        let left = self.operand()?;
        self.comparison(left)
    }

    /// `contains(…) eq true` says no more than `contains(…)`.
    fn compared_with_truth(&mut self, condition: Expr) -> Result<Expr, SyntaxError> {
        let Some(op) = self.peek_word().and_then(compare_op) else {
            return Ok(condition);
        };
        let same = match op {
            CompareOp::Eq => true,
            CompareOp::Ne => false,
            CompareOp::Gt | CompareOp::Ge | CompareOp::Lt | CompareOp::Le => {
                return Err(self.unexpected("a condition can only be compared by `eq` or `ne`"));
            }
        };
        self.next += 1;
        let Some(Literal::Bool(truth)) = self.peek_word().and_then(word_literal) else {
            return Err(self.unexpected("expected `true` or `false`"));
        };
        self.next += 1;
        Ok(if truth == same {
            condition
        } else {
            Expr::Not(Box::new(condition))
        })
    }

    fn call(&mut self, function: TextFunction) -> Result<Expr, SyntaxError> {
        let text = self.operand()?;
        self.expect(&Token::Comma, "expected `,` and the second argument")?;
        let part = self.operand()?;
        self.expect(&Token::Close, "expected `)` after the second argument")?;
        Ok(Expr::Call {
            function,
            text,
            part,
        })
    }

    fn comparison(&mut self, left: Operand) -> Result<Expr, SyntaxError> {
        if let Some(op) = self.peek_word().and_then(compare_op) {
            self.next += 1;
            let right = self.operand()?;
            return Ok(Expr::Compare { left, op, right });
        }
        if self.take_keyword("in") {
            let list = self.list()?;
            return Ok(Expr::In { left, list });
        }
        let ends = match self.peek() {
            None | Some(Token::Close) => true,
            Some(Token::Word(word)) => {
                word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("or")
            }
            Some(_) => false,
        };
        match left {
            Operand::Path(path) if ends => Ok(Expr::BoolPath(path)),
            _ => Err(self.unexpected("expected one of `eq`, `ne`, `gt`, `ge`, `lt`, `le`, `in`")),
        }
    }

    fn list(&mut self) -> Result<Vec<Literal>, SyntaxError> {
        self.expect(&Token::Open, "expected `(` and a list of literals")?;
        let mut list = Vec::new();
        loop {
            match self.operand()? {
                Operand::Literal(literal) => list.push(literal),
                _ => return Err(self.unexpected("a list may only hold literals")),
            }
            if self.take(&Token::Close) {
                return Ok(list);
            }
            self.expect(&Token::Comma, "expected `,` or `)`")?;
        }
    }

    fn operand(&mut self) -> Result<Operand, SyntaxError> {
        if let Some(Token::Literal(literal)) = self.peek() {
            let literal = literal.clone();
            self.next += 1;
            return Ok(Operand::Literal(literal));
        }
        let Some(word) = self.peek_word() else {
            return Err(self.unexpected("expected a property, a literal or a function"));
        };
        match self.peek_second() {
            Some(Token::Open) => self.case_function(word),
            Some(Token::Slash) => self.path().map(Operand::Path),
            _ => {
                let at = self.at();
                self.next += 1;
                Ok(match word_literal(word) {
                    Some(literal) => Operand::Literal(literal),
                    None => Operand::Path(Names::new(vec![(word.to_owned(), at)])),
                })
            }
        }
    }

    fn case_function(&mut self, name: &str) -> Result<Operand, SyntaxError> {
        let wrap = if name.eq_ignore_ascii_case("tolower") {
            Operand::ToLower
        } else if name.eq_ignore_ascii_case("toupper") {
            Operand::ToUpper
        } else {
            return Err(SyntaxError::new(
                self.at(),
                format!(
                    "`{name}` is not a function that can stand here; offered are `contains`, \
                     `startswith`, `endswith`, `tolower`, `toupper`, `any` and `all`"
                ),
            ));
        };
        self.next += 2;
        let inner = self.nested(Self::operand)?;
        self.expect(&Token::Close, "expected `)` after the argument")?;
        Ok(wrap(Box::new(inner)))
    }

    fn path(&mut self) -> Result<Names, SyntaxError> {
        let mut segments = Vec::new();
        loop {
            let Some(word) = self.peek_word() else {
                return Err(self.unexpected("expected a property name"));
            };
            if self.peek_second() == Some(&Token::Open) {
                return Err(self.unexpected("only `any` and `all` can be called on a collection"));
            }
            segments.push((word.to_owned(), self.at()));
            self.next += 1;
            if !self.take(&Token::Slash) {
                return Ok(Names::new(segments));
            }
        }
    }

    /// `path/any(…)` or `path/all(…)` when the tokens ahead are one.
    fn lambda(&mut self) -> Result<Option<Expr>, SyntaxError> {
        let Some(quantifier_at) = self.find_quantifier() else {
            return Ok(None);
        };
        let mut path = Vec::new();
        while self.next < quantifier_at {
            if let Some(word) = self.peek_word() {
                path.push((word.to_owned(), self.at()));
            }
            self.next += 1;
        }
        let path = Names::new(path);
        let is_all = self.take_keyword("all");
        // The quantifier, if it was `any`, and the parenthesis after it.
        self.next += if is_all { 1 } else { 2 };
        if !is_all && self.take(&Token::Close) {
            return Ok(Some(Expr::Any { path, lambda: None }));
        }
        let lambda = self.nested(Self::lambda_body)?;
        self.expect(&Token::Close, "expected `)` after the condition")?;
        Ok(Some(if is_all {
            Expr::All { path, lambda }
        } else {
            Expr::Any {
                path,
                lambda: Some(lambda),
            }
        }))
    }

    /// The index of the `any` or `all` that ends the path which starts here.
    fn find_quantifier(&self) -> Option<usize> {
        let ahead = self.tokens.get(self.next..)?;
        let mut pairs = 0;
        while let Some([word, slash]) = ahead.get(pairs * 2..pairs * 2 + 2)
            && matches!(word.token, Token::Word(_))
            && slash.token == Token::Slash
        {
            pairs += 1;
        }
        let (Token::Word(name), Token::Open) = (
            &ahead.get(pairs * 2)?.token,
            &ahead.get(pairs * 2 + 1)?.token,
        ) else {
            return None;
        };
        let is_quantifier = name.eq_ignore_ascii_case("any") || name.eq_ignore_ascii_case("all");
        (pairs > 0 && is_quantifier).then_some(self.next + pairs * 2)
    }

    fn lambda_body(&mut self) -> Result<Lambda, SyntaxError> {
        let Some(variable) = self.peek_word().filter(|word| !word.contains('.')) else {
            return Err(self.unexpected("expected a variable, as in `any(x:x/id eq '…')`"));
        };
        let variable = variable.to_owned();
        self.next += 1;
        self.expect(&Token::Colon, "expected `:` after the variable")?;
        let body = Box::new(self.or()?);
        Ok(Lambda { variable, body })
    }
}

fn compare_op(word: &str) -> Option<CompareOp> {
    CompareOp::ALL
        .iter()
        .copied()
        .find(|op| op.as_str().eq_ignore_ascii_case(word))
}

fn text_function(word: &str) -> Option<TextFunction> {
    TextFunction::ALL
        .iter()
        .copied()
        .find(|function| function.as_str().eq_ignore_ascii_case(word))
}

fn word_literal(word: &str) -> Option<Literal> {
    match word.to_ascii_lowercase().as_str() {
        "null" => Some(Literal::Null),
        "true" => Some(Literal::Bool(true)),
        "false" => Some(Literal::Bool(false)),
        _ => None,
    }
}
