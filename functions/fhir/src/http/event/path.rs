//! Where the server's base ends and the path of FHIR begins.

use std::collections::HashMap;

use crate::http::request::segments;

/// What an event says of its path.
pub(super) struct Seen<'a> {
    /// The path as the client sent it, as far as the event knows.
    pub(super) whole: &'a str,
    /// The path without the stage, as far as the event leaves it out.
    pub(super) below_stage: Option<&'a str>,
    /// The stage, if it may be part of the path.
    pub(super) stage: Option<&'a str>,
    /// `/{proxy+}`, `ANY /fhir/{proxy+}`, `$default`
    pub(super) route: &'a str,
    /// The values of the route's parameters.
    pub(super) parameters: Option<&'a HashMap<String, String>>,
    /// `BASE_URL`
    pub(super) base_url: Option<&'a str>,
}

/// The base's path (empty, or `/` and more) and the segments below it.
pub(super) fn split(seen: &Seen<'_>) -> (String, Vec<String>) {
    let mut above: Vec<String> = segments(seen.whole).collect();
    let length = base_length(seen, &above);
    let below = above.split_off(length.min(above.len()));
    let above = above.iter().fold(String::new(), |base, segment| base + "/" + segment);
    (above, below)
}

/// How many segments are the base's.
fn base_length(seen: &Seen<'_>, whole: &[String]) -> usize {
    if let Some(below) = greedy(seen) {
        return whole.len().saturating_sub(below);
    }
    let configured: Vec<_> = seen.base_url.map(|url| segments(after_host(url)).collect()).unwrap_or_default();
    if !configured.is_empty() && whole.starts_with(&configured) {
        return configured.len();
    }
    if let Some(fixed) = fixed(seen.route) {
        return whole.len().saturating_sub(fixed);
    }
    match seen.below_stage.map_or(0, |below| whole.len().saturating_sub(segments(below).count())) {
        0 => usize::from(seen.stage.is_some() && whole.first().map(String::as_str) == seen.stage),
        above => above,
    }
}

/// How many segments the route's greedy parameter holds.
fn greedy(seen: &Seen<'_>) -> Option<usize> {
    let last = seen.route.rsplit('/').next().unwrap_or_default();
    let name = last.strip_prefix('{').and_then(|last| last.strip_suffix("+}"))?;
    Some(segments(seen.parameters?.get(name)?).count())
}

/// How many segments a route without such a parameter has: `GET /metadata`, `POST /{type}/_search`, `/`.
fn fixed(route: &str) -> Option<usize> {
    let path = route.rsplit(' ').next().unwrap_or_default();
    (path.starts_with('/') && !path.contains('+')).then(|| segments(path).count())
}

fn after_host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or_default()
}
