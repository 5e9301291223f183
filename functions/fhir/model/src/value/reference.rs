//! What the text of a reference points to (<https://hl7.org/fhir/R4/references.html#literal>).

/// The parts of a reference, borrowed from its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target<'t> {
    /// The type, where the text says it.
    pub(crate) resource_type: Option<&'t str>,
    /// The id, of what is on this server.
    pub(crate) id: Option<&'t str>,
    pub(crate) version: Option<&'t str>,
    /// The URL of what is not, without version.
    pub(crate) url: Option<&'t str>,
}

/// Reads `Reference.reference`; none for what is inside the resource (`#p1`).
pub(crate) fn literal<'t>(text: &'t str, base: &str) -> Option<Target<'t>> {
    if text.is_empty() || text.starts_with('#') {
        return None;
    }
    if let Some((resource_type, id, version)) = local(below(text, base).unwrap_or(text)) {
        return Some(Target { resource_type: Some(resource_type), id: Some(id), version, url: None });
    }
    let (url, version) = text.split_once("/_history/").map_or((text, None), |(url, version)| (url, Some(version)));
    let elsewhere = || url.split_once("://")?.1.rsplit_once('/')?.0.rsplit('/').next();
    Some(Target { resource_type: elsewhere().filter(|name| is_type(name)), id: None, version, url: Some(url) })
}

/// Reads a canonical, `url|version#fragment`. One that is the address of a resource here also has its type and id.
pub(crate) fn canonical<'t>(text: &'t str, base: &str) -> Option<Target<'t>> {
    let whole = text.split_once('#').map_or(text, |(whole, _)| whole);
    let (url, version) = whole.split_once('|').map_or((whole, None), |(url, version)| (url, Some(version)));
    let here = local(below(url, base).unwrap_or(url));
    let (resource_type, id) = here.map_or((None, None), |(resource_type, id, _)| (Some(resource_type), Some(id)));
    (!url.is_empty()).then_some(Target { resource_type, id, version, url: Some(url) })
}

/// What follows the server's own address.
fn below<'t>(text: &'t str, base: &str) -> Option<&'t str> {
    text.strip_prefix(base).filter(|_| !base.is_empty())?.strip_prefix('/')
}

/// `Patient/1` or `Patient/1/_history/2`.
fn local(path: &str) -> Option<(&str, &str, Option<&str>)> {
    let mut parts = path.split('/');
    let resource_type = parts.next().filter(|name| is_type(name))?;
    let id = parts.next().filter(|id| is_id(id))?;
    match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => Some((resource_type, id, None)),
        (Some("_history"), Some(version), None) if is_id(version) => Some((resource_type, id, Some(version))),
        _ => None,
    }
}

/// By its form, so that a type that only a later FHIR knows is one, too.
pub(crate) fn is_type(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase()) && name.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// <https://hl7.org/fhir/R4/datatypes.html#id>
pub(crate) fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://example.org/fhir";

    #[test]
    fn what_a_reference_points_to() {
        let target = |resource_type, id, version, url| Some(Target { resource_type, id, version, url });
        for (text, expected) in [
            ("Patient/1", target(Some("Patient"), Some("1"), None, None)),
            ("Patient/1/_history/2", target(Some("Patient"), Some("1"), Some("2"), None)),
            ("https://example.org/fhir/Patient/1", target(Some("Patient"), Some("1"), None, None)),
            ("https://example.org/fhir/Patient/1/_history/2", target(Some("Patient"), Some("1"), Some("2"), None)),
            ("https://example.org/fhirPatient/1", target(None, None, None, Some("https://example.org/fhirPatient/1"))),
            (
                "https://other.org/r4/Patient/1/_history/2",
                target(Some("Patient"), None, Some("2"), Some("https://other.org/r4/Patient/1")),
            ),
            ("https://other.org/x", target(None, None, None, Some("https://other.org/x"))),
            ("urn:uuid:1234", target(None, None, None, Some("urn:uuid:1234"))),
            ("Patient?identifier=1", target(None, None, None, Some("Patient?identifier=1"))),
            ("Patient/1/x", target(None, None, None, Some("Patient/1/x"))),
            ("#p1", None),
            ("", None),
        ] {
            assert_eq!(literal(text, BASE), expected, "{text}");
        }
    }

    #[test]
    fn a_canonical_has_a_version_and_may_be_here() {
        let found = canonical("http://a.org/q|1.2#part", BASE);
        assert_eq!(found, Some(Target { version: Some("1.2"), url: Some("http://a.org/q"), ..Target::default() }));
        let here = canonical("Questionnaire/3", BASE).unwrap();
        assert_eq!(
            (here.resource_type, here.id, here.url),
            (Some("Questionnaire"), Some("3"), Some("Questionnaire/3"))
        );
        assert_eq!(canonical("#contained", BASE), None);
    }
}
