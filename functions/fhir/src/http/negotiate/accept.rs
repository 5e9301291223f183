//! Media types and encodings.

use crate::error::Error;
use crate::http::request::{BodyKind, Headers, Method};

/// What JSON is called in the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Media {
    /// `application/fhir+json`
    #[default]
    Fhir,
    /// `application/json`: a client asked for it by name.
    Json,
}

impl Media {
    /// The Content-Type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Fhir => "application/fhir+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }
}

/// One entry of a list like `a/b;c=d;q=0.5, e/f`.
struct Entry<'a> {
    name: String,
    parameters: Vec<(String, &'a str)>,
}

impl<'a> Entry<'a> {
    fn list(header: &'a str) -> impl Iterator<Item = Self> {
        header.split(',').map(Self::read).filter(|entry| !entry.name.is_empty())
    }

    fn read(text: &'a str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let parameters = parts.filter_map(|part| part.split_once('='));
        let unquoted = |value: &'a str| value.trim().trim_matches('"');
        Self { name, parameters: parameters.map(|(n, v)| (n.trim().to_ascii_lowercase(), unquoted(v))).collect() }
    }

    fn parameter(&self, name: &str) -> Option<&'a str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    /// From 0 to 1; what can't be read counts as 1, as if it were not there.
    fn quality(&self) -> f32 {
        self.parameter("q").and_then(|q| q.parse().ok()).filter(|q| (0.0..=1.0).contains(q)).unwrap_or(1.0)
    }

    /// FHIR's own parameter: this server speaks R4 only.
    fn is_r4(&self) -> bool {
        self.parameter("fhirversion").is_none_or(|version| matches!(version, "4.0" | "4.0.1"))
    }
}

/// What the answer is to be, by `_format` or else by Accept. Without either it is FHIR's own JSON.
pub fn media(headers: &Headers, format: Option<&str>) -> Result<Media, Error> {
    let (asked, source) = match (format, headers.get("accept")) {
        (Some(format), _) => (format.replace("fhir json", "fhir+json"), "_format"), // a + that was not encoded
        (None, Some(accept)) => (accept.to_owned(), "Accept"),
        (None, None) => return Ok(Media::Fhir),
    };
    let mut best = None;
    let mut entries = 0;
    for entry in Entry::list(&asked) {
        entries += 1;
        let quality = entry.quality();
        let better = quality > best.map_or(0.0, |(_, q)| q); // the first of equals
        if let Some(media) = offered(&entry.name).filter(|_| entry.is_r4() && better) {
            best = Some((media, quality));
        }
    }
    match best {
        Some((media, _)) => Ok(media),
        None if entries == 0 => Ok(Media::Fhir), // an empty header asks for nothing
        None => Err(Error::NotAcceptable(format!(
            "this server answers in JSON of FHIR R4 only; ask by {source} for application/fhir+json"
        ))),
    }
}

fn offered(name: &str) -> Option<Media> {
    match name {
        "application/fhir+json" | "application/json+fhir" | "json" | "*/*" | "*" | "application/*" => Some(Media::Fhir),
        "application/json" | "text/json" | "text/*" => Some(Media::Json),
        _ => None,
    }
}

/// Whether the client takes gzip.
#[must_use]
pub fn accepts_gzip(headers: &Headers) -> bool {
    let mut any = false;
    for entry in Entry::list(headers.get("accept-encoding").unwrap_or_default()) {
        match entry.name.as_str() {
            "gzip" | "x-gzip" => return entry.quality() > 0.0, // by name beats by *
            "*" => any = entry.quality() > 0.0,
            _ => {}
        }
    }
    any
}

/// What a body is; an error if the method can't take such a one. A body without a type is taken for a resource.
pub fn body_kind(method: Method, search: bool, content_type: Option<&str>, empty: bool) -> Result<BodyKind, Error> {
    if empty || !matches!(method, Method::Post | Method::Put | Method::Patch) {
        return Ok(BodyKind::None);
    }
    let entry = Entry::read(content_type.unwrap_or_default());
    let utf8 = entry
        .parameter("charset")
        .is_none_or(|name| ["utf-8", "utf8", "us-ascii"].iter().any(|known| name.eq_ignore_ascii_case(known)));
    let kind = match entry.name.as_str() {
        "application/x-www-form-urlencoded" if search => Some(BodyKind::Form),
        "application/json-patch+json" if method == Method::Patch => Some(BodyKind::JsonPatch),
        "" | "application/fhir+json" | "application/json+fhir" | "application/json" | "text/json" if !search => {
            Some(BodyKind::Fhir)
        }
        _ => None,
    };
    match kind {
        Some(kind) if utf8 && entry.is_r4() => Ok(kind),
        Some(_) => Err(Error::MediaType("this server takes FHIR R4 (fhirVersion=4.0) in UTF-8".to_owned())),
        None if search => Err(Error::MediaType(
            "_search takes its parameters as application/x-www-form-urlencoded, or in the URL".to_owned(),
        )),
        None if method == Method::Patch => Err(Error::MediaType(
            "a PATCH is application/json-patch+json, or application/fhir+json with Parameters".to_owned(),
        )),
        None => Err(Error::MediaType("this server takes application/fhir+json".to_owned())),
    }
}

#[cfg(test)]
mod tests;
