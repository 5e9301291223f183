//! A request, whatever brought it.

use std::borrow::Cow;
use std::fmt;
use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use percent_encoding::percent_decode_str;

use crate::error::Error;

/// What a compressed body may grow to. Lambda takes 6 MB; a Bundle compresses about tenfold.
pub const MAX_BODY: usize = 32 * 1024 * 1024;

/// What a form may be: a search by all that a URL could hold, and much more.
pub const MAX_FORM: usize = 256 * 1024;
/// Parameters that a request may have.
pub const MAX_PARAMETERS: usize = 200;

/// An HTTP request, decoded.
#[derive(Default)]
pub struct Request {
    /// What is to be done.
    pub method: Method,
    /// The path's segments below [`Self::base`], percent-decoded; empty ones are left out.
    pub path: Vec<String>,
    /// Name and value of each parameter, decoded, in their order. Those of a form's body come after the URL's.
    pub query: Vec<(String, String)>,
    /// The headers.
    pub headers: Headers,
    /// What the body is.
    pub kind: BodyKind,
    /// The body, uncompressed; empty for a form, which [`Self::query`] holds.
    pub body: Vec<u8>,
    /// The server's own base URL as the client sees it, without a slash at its end.
    pub base: String,
    /// What API Gateway, or Lambda, calls this request.
    pub id: String,
    /// The body as it came, where that is not [`Self::body`].
    pub raw: Option<Vec<u8>>,
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// GET
    #[default]
    Get,
    /// HEAD
    Head,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
    /// OPTIONS
    Options,
    /// Any other.
    Other,
}

/// What a body is, by its Content-Type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyKind {
    /// There is none, or the method has no use for it.
    #[default]
    None,
    /// A resource in JSON.
    Fhir,
    /// A JSON Patch document; of a PATCH only.
    JsonPatch,
    /// `_search` parameters; they are in the query already.
    Form,
}

/// Headers by their names in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Request {
    /// The path's segments, to be matched.
    #[must_use]
    pub fn segments(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// The first value of a parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as it came, to be archived.
    #[must_use]
    pub fn original(&self) -> &[u8] {
        self.raw.as_deref().unwrap_or(&self.body)
    }
}

/// What may be logged of a request: query and body hold what patients are searched by, and what is known of them.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, id, body, .. } = self;
        let mut request = f.debug_struct("Request");
        request
            .field("id", id)
            .field("method", method)
            .field("path", path)
            .field("body", &body.len())
            .finish_non_exhaustive()
    }
}

impl Method {
    /// Reads a method's name; names are in capitals.
    #[must_use]
    pub fn read(name: &str) -> Self {
        match name {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            "OPTIONS" => Self::Options,
            _ => Self::Other,
        }
    }
}

impl Headers {
    /// The header's value; several ones are joined by commas, as HTTP means them.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Adds a header, or a further value of one.
    pub fn add(&mut self, name: &str, value: &str) {
        let name = name.to_ascii_lowercase();
        match self.0.iter_mut().find(|(key, _)| *key == name) {
            Some((_, all)) => {
                all.push_str(", ");
                all.push_str(value);
            }
            None => self.0.push((name, value.trim().to_owned())),
        }
    }
}

impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(headers: I) -> Self {
        let mut all = Self::default();
        headers.into_iter().for_each(|(name, value)| all.add(name.as_ref(), value.as_ref()));
        all
    }
}

/// The segments of a path. What is no percent-encoding stays as it is: an HTTP API has decoded the path already, a REST API
/// and a function URL have not, and nothing in a FHIR path holds a `%` once it is decoded.
pub(super) fn segments(path: &str) -> impl Iterator<Item = String> {
    let decode = |segment| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    path.split('/').filter(|segment| !segment.is_empty()).map(decode)
}

/// The parameters of a query string or a form. Of more than there may be, one more: see [`few`].
#[must_use]
pub fn parameters(encoded: &[u8]) -> Vec<(String, String)> {
    let all = form_urlencoded::parse(encoded).take(MAX_PARAMETERS + 1);
    all.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// Refuses more parameters than there may be.
pub fn few(parameters: &[(String, String)]) -> Result<(), Error> {
    if parameters.len() > MAX_PARAMETERS {
        return Err(Error::TooCostly(format!("a request may have up to {MAX_PARAMETERS} parameters")));
    }
    Ok(())
}

/// The bytes of a body, and what they were before they were decompressed if they were.
pub(super) fn decompress(body: Vec<u8>, encoding: Option<&str>) -> Result<(Vec<u8>, Option<Vec<u8>>), Error> {
    let encoding: Cow<'_, str> = encoding.unwrap_or_default().to_ascii_lowercase().into();
    match &*encoding {
        "" | "identity" => Ok((body, None)),
        "gzip" | "x-gzip" => gunzip(&body).map(|plain| (plain, Some(body))),
        _ => Err(Error::MediaType("Content-Encoding may be gzip or identity".to_owned())),
    }
}

fn gunzip(body: &[u8]) -> Result<Vec<u8>, Error> {
    let mut plain = Vec::with_capacity((body.len() * 4).min(MAX_BODY));
    let limit = u64::try_from(MAX_BODY).unwrap_or(u64::MAX);
    let mut reader = MultiGzDecoder::new(body).take(limit + 1);
    let read = reader.read_to_end(&mut plain);
    read.map_err(|_| Error::Malformed("the body is not the gzip that Content-Encoding says it is".to_owned()))?;
    if plain.len() > MAX_BODY {
        return Err(Error::TooLarge(format!("the body is over {} MB uncompressed", MAX_BODY / 1024 / 1024)));
    }
    Ok(plain)
}

/// A number as this server writes it: no sign, no zeros before it.
#[must_use]
pub fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

#[cfg(test)]
mod tests;
