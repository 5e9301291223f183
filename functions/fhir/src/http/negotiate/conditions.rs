//! Prefer, and the headers that begin with `If-`.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::Error;
use crate::http::request::{Headers, parameters};

/// What the client would like, as far as this server heeds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prefer {
    /// `return=`: what a write answers with.
    pub returns: Option<Return>,
    /// `handling=`: whether unknown search parameters are to be passed over.
    pub lenient: bool,
}

/// What a write answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    /// Nothing but headers.
    Minimal,
    /// The resource.
    Representation,
    /// An `OperationOutcome`.
    OperationOutcome,
}

impl Prefer {
    /// Reads the header; what it does not know it passes over, as RFC 7240 wants it.
    #[must_use]
    pub fn read(headers: &Headers) -> Self {
        let mut prefer = Self::default();
        for wish in headers.get("prefer").unwrap_or_default().split([',', ';']) {
            let (name, value) = wish.split_once('=').unwrap_or((wish, ""));
            match (name.trim().to_ascii_lowercase().as_str(), value.trim().trim_matches('"')) {
                ("return", "minimal") => prefer.returns = Some(Return::Minimal),
                ("return", "representation") => prefer.returns = Some(Return::Representation),
                ("return", "OperationOutcome") => prefer.returns = Some(Return::OperationOutcome),
                ("handling", handling) => prefer.lenient = handling == "lenient",
                _ => {}
            }
        }
        prefer
    }
}

/// The versions that If-Match or If-None-Match names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tags {
    /// `*`: whichever there is.
    Any,
    /// These.
    Of(Vec<String>),
}

impl Tags {
    /// Reads `W/"3"`, `"3"`, `3`, a list of them, or `*`. `name` is the header's, for the message.
    pub fn read(name: &str, value: &str) -> Result<Self, Error> {
        if value.trim() == "*" {
            return Ok(Self::Any);
        }
        // RFC 9110, 5.6.1: empty elements of a list are passed over.
        let tags = value.split(',').map(str::trim).filter(|tag| !tag.is_empty());
        let tags: Option<Vec<_>> = tags.map(version).collect();
        let tags = tags
            .filter(|tags| !tags.is_empty())
            .ok_or_else(|| Error::Malformed(format!("{name} is no list of ETags like W/\"3\"")))?;
        Ok(Self::Of(tags))
    }

    /// Whether the version is among them; `None` is a resource that does not exist.
    #[must_use]
    pub fn hold(&self, current: Option<u64>) -> bool {
        match (self, current) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::Of(tags), Some(version)) => tags.iter().any(|tag| *tag == version.to_string()),
        }
    }
}

fn version(tag: &str) -> Option<String> {
    let tag = tag.strip_prefix("W/").or_else(|| tag.strip_prefix("w/")).unwrap_or(tag);
    let tag = match tag.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?,
        None => tag,
    };
    let good = !tag.is_empty() && tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    good.then(|| tag.to_owned())
}

/// On which conditions the client wants it done. A Bundle's entry has the same, in [`Conditions::of_entry`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// If-Match: only upon that version.
    pub if_match: Option<Tags>,
    /// If-None-Match: only if it is another version than that.
    pub if_none_match: Option<Tags>,
    /// If-Modified-Since: only if it is newer.
    pub if_modified_since: Option<SystemTime>,
    /// If-None-Exist: only if nothing matches these criteria.
    pub if_none_exist: Option<Unless>,
}

/// What If-None-Exist says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unless {
    /// What stands before the question mark.
    pub path: String,
    /// Names and values.
    pub criteria: Vec<(String, String)>,
}

impl Unless {
    /// Reads `identifier=x`, also as `?identifier=x` or `Patient?identifier=x`.
    fn read(text: &str) -> Self {
        let (path, query) = text.split_once('?').filter(|(path, _)| !path.contains('=')).unwrap_or(("", text));
        Self { path: path.trim().to_owned(), criteria: parameters(query.trim().as_bytes()) }
    }

    /// Whether the criteria are about resources of that type, on the server at `base`.
    fn is_of(&self, resource_type: &str, base: &str) -> bool {
        let below = if base.is_empty() { None } else { self.path.strip_prefix(base) };
        ["", resource_type].contains(&below.unwrap_or(&self.path).trim_matches('/'))
    }
}

impl Conditions {
    /// The criteria of a create: of If-None-Exist, or of the URL's query, where clients (`fhirpy`'s `get_or_create`, as Aidbox
    /// has it) put them. R4 has the header only; to ignore a query would create a duplicate each time.
    pub fn unless<'c>(
        &'c self,
        resource_type: &str,
        query: &'c [(String, String)],
        base: &str,
    ) -> Result<Option<&'c [(String, String)]>, Error> {
        match (&self.if_none_exist, query) {
            (Some(_), [_, ..]) => Err(Error::Malformed(
                "a create takes its criteria from If-None-Exist or from the URL, not from both".to_owned(),
            )),
            (Some(unless), []) if !unless.is_of(resource_type, base) => Err(Error::Malformed(format!(
                "If-None-Exist has search parameters; before them may stand {resource_type}? and nothing else"
            ))),
            (Some(unless), []) => Ok(Some(&unless.criteria)),
            (None, []) => Ok(None),
            (None, query) => Ok(Some(query)),
        }
    }

    /// Reads the headers.
    pub fn read(headers: &Headers) -> Result<Self, Error> {
        let tags = |name: &str, key: &str| headers.get(key).map(|value| Tags::read(name, value)).transpose();
        Ok(Self {
            if_match: tags("If-Match", "if-match")?,
            if_none_match: tags("If-None-Match", "if-none-match")?,
            // RFC 9110: a date that can't be read is as if it were not there.
            if_modified_since: headers.get("if-modified-since").and_then(|date| httpdate::parse_http_date(date).ok()),
            if_none_exist: headers.get("if-none-exist").map(Unless::read),
        })
    }

    /// Those of `Bundle.entry.request`, each as its element has it.
    pub fn of_entry(
        if_match: Option<&str>,
        if_none_match: Option<&str>,
        if_modified_since: Option<SystemTime>,
        if_none_exist: Option<&str>,
    ) -> Result<Self, Error> {
        let tags = |name: &str, value: Option<&str>| value.map(|value| Tags::read(name, value)).transpose();
        Ok(Self {
            if_match: tags("request.ifMatch", if_match)?,
            if_none_match: tags("request.ifNoneMatch", if_none_match)?,
            if_modified_since,
            if_none_exist: if_none_exist.map(Unless::read),
        })
    }

    /// Whether a read is answered with 304, as the client has this version already. If-None-Match beats the date.
    #[must_use]
    pub fn not_modified(&self, version: u64, last_updated: SystemTime) -> bool {
        match (&self.if_none_match, self.if_modified_since) {
            (Some(tags), _) => tags.hold(Some(version)),
            (None, Some(since)) => seconds(last_updated) <= seconds(since), // the header knows whole seconds only
            (None, None) => false,
        }
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
