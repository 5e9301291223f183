//! From text to [`Json`].

use std::borrow::Cow;
use std::collections::HashSet;

use hifijson::SliceLexer;
use hifijson::num::LexWrite as _;
use hifijson::str::LexAlloc as _;
use hifijson::token::{Expect, Lex as _};
use thiserror::Error;

use super::{Json, Object};

/// How deep values may nest: FHIR's own resources need about 20, a Bundle of Questionnaires 40. Recursion uses stack.
pub const MAX_DEPTH: usize = 96;

/// How many values a document may have. Each takes some 40 bytes and more, however short its text: `[0,0,…]` would grow
/// twentyfold. Synthea's largest Bundle, of 6 MB, has 250,000.
pub const MAX_VALUES: usize = 1_000_000;

/// Objects of up to that many members are searched for a duplicate name by walking, larger ones by hashing.
const WALK: usize = 32;

/// Why a text is no JSON that a FHIR server takes.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("not JSON at byte {offset}: {reason}")]
pub struct JsonError {
    /// How many bytes were read before it.
    pub offset: usize,
    /// What is wrong there.
    pub reason: String,
}

pub(super) fn document(text: &[u8]) -> Result<Json<'_>, JsonError> {
    let mut lexer = SliceLexer::new(text);
    let mut left = MAX_VALUES;
    let read = lexer.exactly_one(SliceLexer::ws_peek, |next, lexer| value(next, lexer, MAX_DEPTH, &mut left));
    read.map_err(|reason| JsonError { offset: text.len() - lexer.as_slice().len(), reason: reason.0 })
}

struct Reason(String);

impl From<Expect> for Reason {
    fn from(expected: Expect) -> Self {
        Self(format!("{expected} expected"))
    }
}

fn value<'a>(next: u8, lexer: &mut SliceLexer<'a>, depth: usize, left: &mut usize) -> Result<Json<'a>, Reason> {
    *left = left.checked_sub(1).ok_or_else(|| Reason(format!("more than {MAX_VALUES} values")))?;
    let deeper = || depth.checked_sub(1).ok_or_else(|| Reason(format!("nested deeper than {MAX_DEPTH} levels")));
    match next {
        b'a'..=b'z' => Ok(lexer.null_or_bool().ok_or(Expect::Value)?.map_or(Json::Null, Json::Bool)),
        b'0'..=b'9' | b'-' => number(lexer),
        b'"' => Ok(Json::String(string(lexer.discarded())?)),
        b'[' => array(lexer.discarded(), deeper()?, left),
        b'{' => object(lexer.discarded(), deeper()?, left),
        _ => Err(Expect::Value.into()),
    }
}

fn number<'a>(lexer: &mut SliceLexer<'a>) -> Result<Json<'a>, Reason> {
    let (digits, _) = lexer.num_string().validated().map_err(|error| Reason(error.to_string()))?;
    Ok(Json::Number(digits.into()))
}

fn string<'a>(lexer: &mut SliceLexer<'a>) -> Result<Cow<'a, str>, Reason> {
    lexer.str_string().map_err(|error| Reason(error.to_string()))
}

fn array<'a>(lexer: &mut SliceLexer<'a>, depth: usize, left: &mut usize) -> Result<Json<'a>, Reason> {
    let mut items = Vec::new();
    lexer.seq(b']', SliceLexer::ws_peek, |next, lexer| {
        items.push(value(next, lexer, depth, left)?);
        Ok::<_, Reason>(())
    })?;
    Ok(Json::Array(items))
}

fn object<'a>(lexer: &mut SliceLexer<'a>, depth: usize, left: &mut usize) -> Result<Json<'a>, Reason> {
    let mut members = Vec::new();
    let mut names = HashSet::new(); // stays empty, without allocation, up to WALK members
    lexer.seq(b'}', SliceLexer::ws_peek, |next, lexer| {
        lexer.expect(|_| Some(next), b'"').ok_or(Expect::String)?;
        let name = string(lexer)?;
        if members.len() == WALK {
            names.extend(members.iter().map(|(name, _): &(Cow<'a, str>, _)| name.clone()));
        }
        let twice = match members.len() {
            0..WALK => members.iter().any(|(other, _)| *other == name),
            _ => !names.insert(name.clone()),
        };
        if twice {
            return Err(Reason(format!("the name \"{}\" stands twice in one object", name.escape_debug())));
        }
        lexer.expect(SliceLexer::ws_peek, b':').ok_or(Expect::Colon)?;
        let next = lexer.ws_peek().ok_or(Expect::Value)?;
        members.push((name, value(next, lexer, depth, left)?));
        Ok(())
    })?;
    Ok(Json::Object(Object(members)))
}
