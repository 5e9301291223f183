//! JSON that keeps what FHIR needs: decimals with their digits (`1.00` stays `1.00`), members in their order.
//!
//! `serde_json::Value` loses both, or, with its `arbitrary_precision`, changes how every other crate of the workspace
//! reads numbers. The lexer is hifijson's; strings and numbers are borrowed from the text where they need no unescaping.

mod read;
mod write;

use std::borrow::Cow;

pub use read::{JsonError, MAX_DEPTH, MAX_VALUES};

/// A JSON value; numbers are text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json<'a> {
    /// `null`: in FHIR only inside the arrays of primitives and of their extensions.
    Null,
    /// `true` or `false`
    Bool(bool),
    /// The digits as they came.
    Number(Cow<'a, str>),
    /// A string, unescaped.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Json<'a>>),
    /// An object.
    Object(Object<'a>),
}

/// The members of a JSON object, in their order, each name once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

impl<'a> Json<'a> {
    /// Reads one JSON document. Duplicate names, nesting beyond [`MAX_DEPTH`] and text that is no UTF-8 are errors.
    pub fn parse(text: &'a [u8]) -> Result<Self, JsonError> {
        read::document(text)
    }

    /// How many values it has, and about how many bytes it is as text, without escapes.
    #[must_use]
    pub fn measure(&self) -> (usize, usize) {
        let sum = |(values, bytes): (usize, usize), (more, larger): (usize, usize)| (values + more, bytes + larger);
        match self {
            Self::Null | Self::Bool(_) => (1, 6),
            Self::Number(text) | Self::String(text) => (1, text.len() + 3),
            Self::Array(items) => items.iter().map(Self::measure).fold((1, 3), sum),
            Self::Object(object) => {
                let members = object.iter().map(|(name, value)| sum((0, name.len() + 3), value.measure()));
                members.fold((1, 3), sum)
            }
        }
    }

    /// A string.
    pub fn string(text: impl Into<Cow<'a, str>>) -> Self {
        Self::String(text.into())
    }

    /// An integer.
    #[must_use]
    pub fn integer(number: u64) -> Self {
        Self::Number(Cow::Owned(number.to_string()))
    }

    /// The member of that name, if this is an object and has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.as_object().and_then(|object| object.get(name))
    }

    /// The member of that name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Json<'a>> {
        self.as_object_mut().and_then(|object| object.get_mut(name))
    }

    /// The member of that name, if it is a string.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Json::as_str)
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The digits of a number.
    #[must_use]
    pub fn as_number(&self) -> Option<&str> {
        if let Self::Number(digits) = self { Some(digits) } else { None }
    }

    /// A boolean's value.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// An array's items; none for anything else.
    #[must_use]
    pub fn items(&self) -> &[Json<'a>] {
        if let Self::Array(items) = self { items } else { &[] }
    }

    /// An array's items, or the value itself where it is no array: FHIR's elements, whatever their cardinality.
    #[must_use]
    pub fn each(&self) -> &[Json<'a>] {
        if let Self::Array(items) = self { items } else { std::slice::from_ref(self) }
    }

    /// An array, to be changed.
    pub fn as_array_mut(&mut self) -> Option<&mut Vec<Json<'a>>> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// An object.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object<'a>> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    /// An object, to be changed.
    pub fn as_object_mut(&mut self) -> Option<&mut Object<'a>> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    /// The same value, with nothing borrowed.
    #[must_use]
    pub fn into_owned(self) -> Json<'static> {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(value),
            Self::Number(digits) => Json::Number(Cow::Owned(digits.into_owned())),
            Self::String(text) => Json::String(Cow::Owned(text.into_owned())),
            Self::Array(items) => Json::Array(items.into_iter().map(Json::into_owned).collect()),
            Self::Object(Object(members)) => Json::Object(Object(
                members.into_iter().map(|(name, value)| (Cow::Owned(name.into_owned()), value.into_owned())).collect(),
            )),
        }
    }

    /// The shortest text of the value.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        write::compact(self, &mut out);
        out
    }

    /// Appends the shortest text of the value.
    pub fn write(&self, out: &mut Vec<u8>) {
        write::compact(self, out);
    }

    /// Text for people: two spaces for each level.
    #[must_use]
    pub fn to_pretty(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(4096);
        write::pretty(self, 0, &mut out);
        out
    }
}

impl<'a> Object<'a> {
    /// An object without members.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json<'a>)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// The members in their order, their values to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Json<'a>)> {
        self.0.iter_mut().map(|(name, value)| (&**name, value))
    }

    /// The member of that name. A walk: FHIR's objects have few members.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The member of that name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Json<'a>> {
        self.0.iter_mut().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Sets a member where it stands, or at the end.
    pub fn set(&mut self, name: impl Into<Cow<'a, str>>, value: Json<'a>) {
        let name = name.into();
        match self.get_mut(&name) {
            Some(place) => *place = value,
            None => self.0.push((name, value)),
        }
    }

    /// Sets a member where it stands, or at that position (the end, if there are fewer members).
    pub fn set_at(&mut self, position: usize, name: impl Into<Cow<'a, str>>, value: Json<'a>) {
        let name = name.into();
        match self.get_mut(&name) {
            Some(place) => *place = value,
            None => self.0.insert(position.min(self.0.len()), (name, value)),
        }
    }

    /// Takes a member out.
    pub fn remove(&mut self, name: &str) -> Option<Json<'a>> {
        let at = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.remove(at).1)
    }

    /// Keeps the members that `keep` says yes to.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &mut Json<'a>) -> bool) {
        self.0.retain_mut(|(name, value)| keep(name, value));
    }
}

impl<'a, N: Into<Cow<'a, str>>> FromIterator<(N, Json<'a>)> for Object<'a> {
    fn from_iter<I: IntoIterator<Item = (N, Json<'a>)>>(members: I) -> Self {
        Self(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

impl<'a> From<Object<'a>> for Json<'a> {
    fn from(object: Object<'a>) -> Self {
        Self::Object(object)
    }
}
