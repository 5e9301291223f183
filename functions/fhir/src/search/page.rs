//! A page of results, as a Bundle: <https://hl7.org/fhir/R4/bundle.html#searchset>.

use fhir_model::json::{Json, Object};
use fhir_model::subset::Subset;
use form_urlencoded::Serializer;

use super::find::Match;
use super::query::{Query, Summary};
use crate::outcome::{Outcome, Severity};

/// Why an entry is in the Bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It matches.
    Match,
    /// It goes with a match.
    Include,
}

/// What a page is made of.
#[derive(Debug)]
pub struct Page<'p> {
    /// The search.
    pub query: &'p Query,
    /// The URL that is searched, without parameters.
    pub url: &'p str,
    /// The server's own address.
    pub base: &'p str,
    /// How many match in all, where that is known.
    pub total: Option<usize>,
    /// The matches.
    pub matches: &'p [Match],
    /// What goes with them.
    pub included: &'p [Match],
    /// The `next` link's cursor.
    pub next: Option<String>,
    /// The cursor that this page was asked for with.
    pub cursor: Option<&'p str>,
}

impl Page<'_> {
    /// The Bundle's JSON. Resources go in as they are stored, byte for byte.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let size: usize = self.matches.iter().chain(self.included).map(|found| found.json.len() + 200).sum();
        let mut out = Vec::with_capacity(size + 1024);
        out.extend_from_slice(br#"{"resourceType":"Bundle","type":"searchset""#);
        if let Some(total) = self.total {
            out.extend_from_slice(format!(r#","total":{total}"#).as_bytes());
        }
        out.extend_from_slice(br#","link":"#);
        self.links().write(&mut out);
        let mut first = true;
        let mut entry = |out: &mut Vec<u8>, write: &dyn Fn(&mut Vec<u8>)| {
            out.extend_from_slice(if first { br#","entry":["# } else { b"," });
            first = false;
            write(out);
        };
        for (found, mode) in self.entries() {
            entry(&mut out, &|out| self.entry(found, mode, out));
        }
        if let Some(outcome) = self.outcome() {
            entry(&mut out, &|out| {
                out.extend_from_slice(br#"{"resource":"#);
                outcome.write(out);
                out.extend_from_slice(br#","search":{"mode":"outcome"}}"#);
            });
        }
        out.extend_from_slice(if first { b"}" } else { b"]}" });
        out
    }

    fn entries(&self) -> impl Iterator<Item = (&Match, Mode)> {
        let matches = self.matches.iter().map(|found| (found, Mode::Match));
        matches.chain(self.included.iter().map(|found| (found, Mode::Include)))
    }

    fn entry(&self, found: &Match, mode: Mode, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"fullUrl":"#);
        Json::string(format!("{}/{}", self.base, found.version.key)).write(out);
        out.extend_from_slice(br#","resource":"#);
        match (subset(self.query), Json::parse(&found.json)) {
            (Some(subset), Ok(resource)) => subset.apply(&resource).write(out),
            _ => out.extend_from_slice(&found.json),
        }
        let mode = if mode == Mode::Match { "match" } else { "include" };
        out.extend_from_slice(format!(r#","search":{{"mode":"{mode}"}}}}"#).as_bytes());
    }

    /// What was really searched: the parameters that were left out are not in it.
    fn links(&self) -> Json<'static> {
        let link = |relation: &'static str, cursor: Option<&str>| {
            let url = url(self.url, &self.query.used, cursor);
            Json::from(Object::from_iter([("relation", Json::string(relation)), ("url", Json::string(url))]))
        };
        let next = self.next.as_deref().map(|cursor| link("next", Some(cursor)));
        let first = self.cursor.map(|_| link("first", None));
        Json::Array([link("self", self.cursor)].into_iter().chain(first).chain(next).collect())
    }

    /// What a lenient search tells of the parameters that it has left out.
    fn outcome(&self) -> Option<Json<'static>> {
        let unknown = self.query.unknown.iter();
        let outcome = unknown.fold(Outcome::default(), |outcome, name| {
            let name: String = name.chars().take(64).collect();
            let text = format!("the parameter \"{name}\" is not known, and was left out");
            outcome.and(Severity::Warning, "not-supported", text, None)
        });
        (!self.query.unknown.is_empty()).then(|| outcome.json())
    }
}

/// A search's URL.
fn url(url: &str, used: &[(String, String)], cursor: Option<&str>) -> String {
    let mut parameters = Serializer::new(String::new());
    parameters.extend_pairs(used);
    if let Some(cursor) = cursor {
        parameters.append_pair("_cursor", cursor);
    }
    let parameters = parameters.finish();
    if parameters.is_empty() { url.to_owned() } else { format!("{url}?{parameters}") }
}

fn subset(query: &Query) -> Option<Subset> {
    match query.summary {
        Summary::Yes => Some(Subset::Summary),
        Summary::Text => Some(Subset::Text),
        Summary::Data => Some(Subset::Data),
        Summary::No | Summary::Count if !query.elements.is_empty() => Some(Subset::Elements(query.elements.clone())),
        Summary::No | Summary::Count => None,
    }
}
