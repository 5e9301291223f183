use proptest::prelude::*;

use super::*;

fn routed(method: &str, path: &str) -> Result<Route, Error> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let path: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    route(Method::read(method), &path, !query.is_empty())
}

#[test]
fn each_url_is_the_interaction_that_the_specification_says() {
    let key = || Key::new("Patient", "1");
    for (method, path, expected) in [
        ("GET", "/", Route::Home),
        ("GET", "/?_type=Patient", Route::Search(Scope::System)),
        ("POST", "/_search", Route::Search(Scope::System)),
        ("POST", "/", Route::Bundle),
        ("GET", "/metadata", Route::Capabilities),
        ("HEAD", "/metadata", Route::Capabilities),
        ("GET", "/_history", Route::History(Scope::System)),
        ("GET", "/Patient", Route::Search(Scope::Type("Patient"))),
        ("GET", "/Patient?name=x", Route::Search(Scope::Type("Patient"))),
        ("POST", "/Patient/_search", Route::Search(Scope::Type("Patient"))),
        ("POST", "/Patient", Route::Create("Patient")),
        ("PUT", "/Patient?identifier=x", Route::ConditionalUpdate("Patient")),
        ("PATCH", "/Patient?identifier=x", Route::ConditionalPatch("Patient")),
        ("DELETE", "/Patient?identifier=x", Route::ConditionalDelete("Patient")),
        ("GET", "/Patient/_history", Route::History(Scope::Type("Patient"))),
        ("POST", "/Patient/$validate", Route::Validate("Patient", None)),
        ("GET", "/Patient/1", Route::Read(key())),
        ("HEAD", "/Patient/1", Route::Read(key())),
        ("PUT", "/Patient/1", Route::Update(key())),
        ("PATCH", "/Patient/1", Route::Patch(key())),
        ("DELETE", "/Patient/1", Route::Delete(key())),
        ("GET", "/Patient/1/_history", Route::History(Scope::Instance(key()))),
        ("GET", "/Patient/1/_history/2", Route::Vread(key(), 2)),
        ("POST", "/Patient/1/$validate", Route::Validate("Patient", Some("1".to_owned()))),
        ("GET", "/Patient/1/Observation?code=x", Route::Search(Scope::Compartment(key(), Some("Observation")))),
        ("POST", "/Patient/1/Observation/_search", Route::Search(Scope::Compartment(key(), Some("Observation")))),
        ("GET", "/Patient/1/*", Route::Search(Scope::Compartment(key(), None))),
        ("POST", "/Patient/1/_search", Route::Search(Scope::Compartment(key(), None))),
        ("OPTIONS", "/Patient/1", Route::Preflight),
    ] {
        assert_eq!(routed(method, path).unwrap(), expected, "{method} {path}");
    }
}

#[test]
fn what_is_no_interaction_says_so() {
    for (method, path, status, allow) in [
        ("DELETE", "/", 405, "GET, HEAD, POST"),
        ("POST", "/metadata", 405, "GET, HEAD"),
        ("GET", "/Patient/_search", 405, "POST"),
        ("POST", "/Patient/1", 405, "GET, HEAD, PUT, PATCH, DELETE"),
        ("TRACE", "/Patient", 405, "GET, HEAD, POST, PUT, PATCH, DELETE"),
        ("PUT", "/Patient/1/_history/2", 405, "GET, HEAD"),
        ("GET", "/Patient/1/$validate", 405, "POST"),
        ("GET", "/patient", 404, ""),
        ("GET", "/Resource/1", 404, ""),
        ("GET", "/Patient/a_b", 404, ""),
        ("PUT", "/Patient/a_b", 400, ""),
        ("GET", "/Patient/1/_history/x", 404, ""),
        ("GET", "/Patient/1/_history/+1", 404, ""),
        ("GET", "/Patient/1/_history/01", 404, ""),
        ("PUT", "/Patient/..", 400, ""),
        ("DELETE", "/Patient/.", 404, ""),
        ("GET", "/Patient/1/Observation/2", 404, ""),
        ("GET", "/Patient/1/Medication", 404, ""),
        ("GET", "/Observation/1/Patient", 404, ""),
        ("POST", "/Patient/1/$everything", 404, ""),
        ("GET", "/$export", 404, ""),
    ] {
        let error = routed(method, path).unwrap_err();
        assert_eq!(error.status(), status, "{method} {path}: {error}");
        if let Error::Method { allow: allowed } = error {
            assert_eq!(allowed, allow, "{method} {path}");
        }
    }
}

#[test]
fn an_interaction_by_id_takes_no_criteria() {
    for (method, path, strict, lenient) in [
        ("PUT", "/Patient/1?_format=json&_pretty=true", true, true),
        ("PUT", "/Patient/1?identifier=x", false, false),
        ("PATCH", "/Patient/1?_summary=true", false, false),
        ("DELETE", "/Patient/1?_pretty=true&identifier=x", false, false),
        ("DELETE", "/Patient/1?identifier=", false, false),
        ("DELETE", "/Patient?identifier=x", true, true),
        ("GET", "/Patient/1?_format=json&_pretty=true&_summary=true&_elements=name", true, true),
        ("GET", "/Patient/1?_include=x", false, true),
        ("HEAD", "/Patient/1/_history/2?x=y", false, true),
        ("GET", "/Patient?name=x", true, true),
    ] {
        let (_, query) = path.split_once('?').unwrap();
        let query = crate::http::request::parameters(query.as_bytes());
        let route = routed(method, path).unwrap();
        let good = [false, true].map(|lenient| match route.check_query(&query, lenient) {
            Ok(()) => true,
            Err(error) => error.status() != 400,
        });
        assert_eq!(good, [strict, lenient], "{method} {path}");
    }
}

#[test]
fn ids_are_as_the_data_type_says() {
    for (id, good) in [
        ("1", true),
        ("a-B.9", true),
        ("", false),
        ("a b", false),
        ("ä", false),
        ("_history", false),
        (".", false),
        ("..", false),
        ("...", true),
    ] {
        assert_eq!(is_id(id), good, "{id}");
    }
    assert!(is_id(&"x".repeat(64)) && !is_id(&"x".repeat(65)));
}

proptest! {
    #[test]
    fn no_path_is_too_odd(path in prop::collection::vec("(Patient|_history|_search|\\$validate|\\*|[^/]{0,9})", 0..6), parameters: bool) {
        let path: Vec<_> = path.iter().map(String::as_str).collect();
        for method in [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete, Method::Other] {
            let routed = route(method, &path, parameters);
            // Never a 5xx, which an alarm counts: what a client asks for is no fault of the server.
            prop_assert!(routed.is_ok() || routed.is_err_and(|error| matches!(error.status(), 400 | 404 | 405)));
        }
    }
}
