//! From text to [`FhirPath`].

use super::{Condition, FhirPath, Literal, PathError, Step};

/// How deep parentheses may nest, because reading them uses stack.
const MAX_NESTING: usize = 16;

pub(super) fn path(text: &str) -> Result<FhirPath, PathError> {
    let mut reader = Reader { text, rest: text, nesting: 0 };
    let path = reader.expression()?;
    if reader.peek().is_some() { Err(reader.unsupported()) } else { Ok(path) }
}

struct Reader<'t> {
    text: &'t str,
    rest: &'t str,
    nesting: usize,
}

impl<'t> Reader<'t> {
    fn error(&self, reason: impl Into<String>) -> PathError {
        let read = self.text.len() - self.rest.len();
        PathError { at: 1 + self.text.get(..read).map_or(0, |text| text.chars().count()), reason: reason.into() }
    }

    /// The next character that is no blank.
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn take(&mut self, symbol: &str) -> bool {
        self.peek();
        match self.rest.strip_prefix(symbol) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, symbol: &str) -> Result<(), PathError> {
        if self.take(symbol) { Ok(()) } else { Err(self.error(format!("{symbol} expected"))) }
    }

    /// What stands there is `FHIRPath`, perhaps, but not the part that says which element.
    fn unsupported(&mut self) -> PathError {
        match self.peek() {
            None => self.error("the path ends too soon"),
            Some('+' | '-' | '*' | '/' | '|' | '&' | '~' | '!' | '<' | '>' | '=' | '%' | '$') => {
                self.error("this operator or variable is not supported in a path of a patch")
            }
            Some(_) => match self.word() {
                Some(word) => self.error(format!("'{word}' is not supported here")),
                None => self.error("an element's name expected"),
            },
        }
    }

    /// The letters, digits and underscores that stand next, not taken; short ones only, which tell no data.
    fn word(&mut self) -> Option<&'t str> {
        self.peek();
        let rest = self.rest;
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        rest.get(..end).filter(|word| (1..=64).contains(&word.len()) && !word.starts_with(|c: char| c.is_ascii_digit()))
    }

    fn take_word(&mut self, word: &str) -> bool {
        self.word() == Some(word) && self.take(word)
    }

    fn name(&mut self) -> Result<String, PathError> {
        if self.peek() == Some('`') {
            return self.quoted('`');
        }
        let Some(word) = self.word() else { return Err(self.unsupported()) };
        self.take(word);
        Ok(word.to_owned())
    }

    fn expression(&mut self) -> Result<FhirPath, PathError> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(self.error("parentheses nest too deep"));
        }
        let mut steps = if self.take("(") {
            let inner = self.expression()?;
            self.expect(")")?;
            inner.steps
        } else {
            let mut steps = Vec::new();
            self.step(&mut steps)?;
            steps
        };
        loop {
            if self.take(".") {
                self.step(&mut steps)?;
            } else if self.take("[") {
                steps.push(Step::Item(self.integer()?));
                self.expect("]")?;
            } else {
                break;
            }
        }
        if self.take_word("as") {
            steps.push(Step::OfType(self.type_name()?));
        }
        self.nesting -= 1;
        Ok(FhirPath { steps })
    }

    fn step(&mut self, steps: &mut Vec<Step>) -> Result<(), PathError> {
        let before = self.rest;
        let name = self.name()?;
        if !self.take("(") {
            steps.push(Step::Child(name));
            return Ok(());
        }
        let step = match name.as_str() {
            "first" => Step::Item(0),
            "last" => Step::Last,
            "where" => Step::Where(self.conditions()?),
            "ofType" | "as" => Step::OfType(self.type_name()?),
            "extension" => Step::Extension(self.quoted('\'')?),
            _ => {
                self.rest = before;
                let known = "first, last, where, ofType, as and extension are";
                return Err(self.error(format!("the function {name}() is not supported in a path of a patch; {known}")));
            }
        };
        self.expect(")")?;
        steps.push(step);
        Ok(())
    }

    fn type_name(&mut self) -> Result<String, PathError> {
        let name = self.name()?;
        if matches!(name.as_str(), "FHIR" | "System") && self.take(".") { self.name() } else { Ok(name) }
    }

    fn conditions(&mut self) -> Result<Vec<Condition>, PathError> {
        let mut conditions = Vec::new();
        loop {
            let path = self.expression()?;
            if !self.take("=") {
                return Err(
                    self.error("in where() only path = value is supported, and several of them joined by 'and'")
                );
            }
            conditions.push(Condition { path, literal: self.literal()? });
            if !self.take_word("and") {
                return Ok(conditions);
            }
        }
    }

    fn literal(&mut self) -> Result<Literal, PathError> {
        match self.peek() {
            Some('\'') => self.quoted('\'').map(Literal::Text),
            Some('@') => {
                self.take("@");
                self.take("T");
                Ok(Literal::Text(self.run(|c| c.is_ascii_digit() || "-+:.TZ".contains(c)).to_owned()))
            }
            Some('-' | '0'..='9') => {
                Ok(Literal::Number(self.run(|c| c.is_ascii_digit() || "-.".contains(c)).to_owned()))
            }
            _ if self.take_word("true") => Ok(Literal::Bool(true)),
            _ if self.take_word("false") => Ok(Literal::Bool(false)),
            _ => Err(self.error("a string, number, date, true or false expected")),
        }
    }

    fn integer(&mut self) -> Result<usize, PathError> {
        self.peek();
        let digits = self.run(|c| c.is_ascii_digit());
        digits.parse().map_err(|_| self.error("an item's number expected"))
    }

    fn run(&mut self, part: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !part(c)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at(end);
        self.rest = rest;
        run
    }

    /// A string or a name in quotes, with its escapes.
    fn quoted(&mut self, quote: char) -> Result<String, PathError> {
        self.expect(quote.encode_utf8(&mut [0; 4]))?;
        let mut text = String::new();
        let mut characters = self.rest.chars();
        loop {
            let character = match characters.next() {
                Some(end) if end == quote => break,
                Some('\\') => match characters.next() {
                    Some('f') => Some('\u{c}'),
                    Some('n') => Some('\n'),
                    Some('r') => Some('\r'),
                    Some('t') => Some('\t'),
                    Some('u') => {
                        let code: String = characters.by_ref().take(4).collect();
                        u32::from_str_radix(&code, 16).ok().and_then(char::from_u32)
                    }
                    Some(escaped @ ('\'' | '"' | '`' | '\\' | '/')) => Some(escaped),
                    _ => None,
                },
                other => other,
            };
            text.push(character.ok_or_else(|| self.error("the quoted text has no end, or an escape that is none"))?);
        }
        self.rest = characters.as_str();
        Ok(text)
    }
}
