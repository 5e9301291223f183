use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const HOST: &str = "id.execute-api.eu-central-1.amazonaws.com";

/// File, shape, method, base, path, number of parameters, a part of the body.
type Sample<'a> = (&'a str, Shape, Method, &'a str, &'a [&'a str], usize, &'a str);

fn read(event: &Value) -> Received {
    Received::read(&event.to_string(), &Edge::default()).unwrap()
}

fn v2(method: &str, path: &str, query: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": {},
        "requestContext": {
            "http": {"method": method}, "stage": "$default", "domainName": "u.lambda-url.eu-central-1.on.aws", "requestId": "r",
        },
        "isBase64Encoded": false,
    })
}

fn with(mut event: Value, members: Value) -> Value {
    if let Value::Object(members) = members {
        members.into_iter().for_each(|(name, value)| event[name] = value);
    }
    event
}

fn posted(content_type: &str, body: &str) -> Value {
    with(v2("POST", "/Patient", ""), json!({"headers": {"Content-Type": content_type}, "body": body}))
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn each_kind_of_event_that_ships_is_the_request_that_its_name_says() {
    let mrn = r#""system":"http://example.org/mrn""#;
    let api = "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com";
    let url = "https://abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws";
    let rest = &format!("{api}/r4") as &str;
    let table: [Sample<'_>; 6] = [
        ("http-api-read", Shape::V2, Method::Get, api, &["Patient", "example"], 0, ""),
        ("http-api-create", Shape::V2, Method::Post, api, &["Patient"], 0, mrn),
        ("http-api-search", Shape::V2, Method::Get, api, &["Observation"], 4, ""),
        ("http-api-transaction", Shape::V2, Method::Post, api, &[], 0, "72.5"),
        ("rest-api-search", Shape::V1, Method::Get, rest, &["Patient"], 4, ""),
        ("function-url-update", Shape::V2, Method::Put, url, &["Patient", "example"], 0, mrn),
    ];
    for (name, shape, method, base, path, parameters, part) in table {
        let file = format!("{}/../../events/fhir/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let event = std::fs::read_to_string(file).unwrap();
        let received = Received::read(&event, &Edge::default()).unwrap();
        assert_eq!((received.negotiated.shape, received.negotiated.gzip), (shape, true), "{name}");
        let request = received.request.unwrap();
        assert_eq!(
            (request.method, request.base.as_str(), request.segments()),
            (method, base, path.to_vec()),
            "{name}"
        );
        assert_eq!(request.query.len(), parameters, "{name}");
        assert!(std::str::from_utf8(&request.body).unwrap().contains(part), "{name}");
        assert_eq!(request.id, received.negotiated.request_id, "{name}");
    }
}

#[test]
fn the_base_is_what_stands_above_the_route_or_the_stage() {
    let rest = |resource: &str, path: &str, whole: &str, proxy: Value| {
        json!({
            "resource": resource, "path": path, "httpMethod": "GET", "pathParameters": proxy,
            "requestContext": {"path": whole, "stage": "prod", "domainName": HOST},
        })
    };
    let http = |route: &str, path: &str, stage: &str, proxy: Value| {
        let mut event = with(v2("GET", path, ""), json!({"routeKey": route, "pathParameters": proxy}));
        event["requestContext"]["stage"] = json!(stage);
        event["requestContext"]["domainName"] = json!(HOST);
        event
    };
    let proxy = |value: &str| json!({"proxy": value});
    let table = [
        ("stage", rest("/{proxy+}", "/Patient/1", "/prod/Patient/1", proxy("Patient/1")), "/prod", 2),
        ("stage's root", rest("/", "/", "/prod/", Value::Null), "/prod", 0),
        ("base path mapping", rest("/{proxy+}", "/r4/Patient/1", "/r4/Patient/1", proxy("Patient/1")), "/r4", 2),
        ("mapping without stage", rest("/", "/r4/prod", "/r4/prod", Value::Null), "/r4/prod", 0),
        (
            "route with a prefix",
            rest("/fhir/{p+}", "/fhir/Patient", "/prod/fhir/Patient", json!({"p": "Patient"})),
            "/prod/fhir",
            1,
        ),
        (
            "routes without a proxy",
            rest("/Patient/{id}", "/Patient/1", "/prod/Patient/1", json!({"id": "1"})),
            "/prod",
            2,
        ),
        ("format 1.0 of an HTTP API", rest("$default", "/prod/Patient/1", "/prod/Patient/1", Value::Null), "/prod", 2),
        (
            "a route of its own",
            http("POST /{type}/_search", "/dev/Patient/_search", "dev", json!({"type": "Patient"})),
            "/dev",
            2,
        ),
        ("no route known", http("$default", "/Patient/1", "$default", Value::Null), "", 2),
        ("default route, named stage", http("$default", "/dev/Patient/1", "dev", Value::Null), "/dev", 2),
        ("a type named as the stage", http("ANY /{proxy+}", "/dev/dev/1", "dev", proxy("dev/1")), "/dev", 2),
        (
            "decoded by API Gateway",
            http("ANY /{proxy+}", "/Patient/$validate", "$default", proxy("Patient/%24validate")),
            "",
            2,
        ),
        ("root", http("ANY /", "/", "$default", Value::Null), "", 0),
        ("slashes too many", http("$default", "//Patient//1/", "$default", Value::Null), "", 2),
    ];
    for (name, event, base, below) in table {
        let request = read(&event).request.unwrap();
        assert_eq!(request.base, format!("https://{HOST}{base}"), "{name}");
        assert_eq!(request.path.len(), below, "{name}: {:?}", request.path);
    }
}

#[test]
fn a_configured_base_is_the_base_and_is_taken_off_the_path() {
    let edge = Edge { base_url: Some("https://fhir.example.org/r4".to_owned()), cors_origin: None };
    for path in ["/r4/Patient/1", "/Patient/1"] {
        let request = Received::read(&v2("GET", path, "").to_string(), &edge).unwrap().request.unwrap();
        assert_eq!((request.base.as_str(), request.segments()), ("https://fhir.example.org/r4", vec!["Patient", "1"]));
    }
}

#[test]
fn a_host_ends_before_a_slash() {
    for (name, base) in [("x.example.org/", "https://x.example.org"), ("/", "https://localhost")] {
        let mut event = v2("GET", "/Patient/1", "");
        event["requestContext"]["domainName"] = json!(name);
        event["headers"] = json!({});
        let request = Received::read(&event.to_string(), &Edge::default()).unwrap().request.unwrap();
        assert_eq!((request.base.as_str(), request.segments()), (base, vec!["Patient", "1"]));
    }
}

#[test]
fn parameters_keep_their_order_and_repeats() {
    let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let encoded = v2("GET", "/Patient", "b=1&a=x%7Cy%2B&b=2&a:exact=%C3%A9&c");
    let wanted = [("b", "1"), ("a", "x|y+"), ("b", "2"), ("a:exact", "é"), ("c", "")].map(pair);
    assert_eq!(read(&encoded).request.unwrap().query, wanted);
    let rest = |name: &str, query: &str| {
        let event = json!({"httpMethod": "GET", "path": "/Patient", "requestContext": {}}).to_string();
        let event = event.replacen('{', &format!("{{\"{name}\":{query},"), 1); // json! sorts the names
        Received::read(&event, &Edge::default()).unwrap().request.unwrap().query
    };
    let decoded = rest("multiValueQueryStringParameters", r#"{"z": ["ge1", "lt%202"], "a": ["x|y+"]}"#);
    assert_eq!(decoded, [("z", "ge1"), ("z", "lt%202"), ("a", "x|y+")].map(pair));
    assert_eq!(rest("queryStringParameters", r#"{"z": "1", "a": "2"}"#), [("z", "1"), ("a", "2")].map(pair));
    assert_eq!(rest("queryStringParameters", "null"), []);
}

#[test]
fn a_body_is_unpacked_whatever_it_is_wrapped_in() {
    let text = r#"{"resourceType":"Patient","name":[{"family":"Müller \"x\""}]}"#;
    let fhir = "application/fhir+json";
    let base64 = |bytes: &[u8]| json!({"body": STANDARD.encode(bytes), "isBase64Encoded": true});
    let zipped = |encoding: &str, bytes: &[u8]| {
        let headers = json!({"headers": {"content-type": fhir, "content-encoding": encoding}});
        with(with(posted(fhir, ""), headers), base64(bytes))
    };
    let compressed = gzip(text.as_bytes());
    let plain =
        [posted(fhir, text), with(posted(fhir, ""), base64(text.as_bytes())), zipped("identity", text.as_bytes())];
    for event in plain {
        let request = read(&event).request.unwrap();
        assert_eq!((request.kind, request.body.as_slice()), (BodyKind::Fhir, text.as_bytes()));
        assert_eq!((request.original(), request.raw.is_none()), (text.as_bytes(), true));
    }
    let request = read(&zipped("GZIP", &compressed)).request.unwrap();
    assert_eq!((request.body.as_slice(), request.original()), (text.as_bytes(), compressed.as_slice()));
    for (event, status) in [
        (zipped("br", &compressed), 415),
        (zipped("gzip", text.as_bytes()), 400),
        (zipped("gzip", &compressed[..20]), 400),
        (zipped("gzip", &gzip(&vec![0; crate::http::request::MAX_BODY + 1])), 413),
        (with(posted(fhir, "not base64"), json!({"isBase64Encoded": true})), 400),
        (posted("application/fhir+xml", "<Patient/>"), 415),
    ] {
        assert_eq!(read(&event).request.unwrap_err().status(), status);
    }
}

#[test]
fn the_parameters_of_a_search_form_follow_those_of_its_url() {
    let mut event = with(v2("POST", "/Patient/_search", "_count=5"), json!({"body": "name=a+b&birthdate=ge1970%2D01"}));
    event["headers"] = json!({"content-type": "application/x-www-form-urlencoded; charset=UTF-8"});
    let request = read(&event).request.unwrap();
    let names: Vec<_> = request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(names, ["_count=5", "name=a b", "birthdate=ge1970-01"]);
    assert_eq!((request.kind, request.body.len()), (BodyKind::Form, 0));
    event["body"] = json!("_format=application/json&_pretty=true");
    let negotiated = read(&event).negotiated;
    assert_eq!((negotiated.media, negotiated.pretty), (Media::Json, true));
    event["body"] = json!("_format=xml");
    assert_eq!(read(&event).request.unwrap_err().status(), 406);
    event["rawPath"] = json!("/Patient");
    assert_eq!(read(&event).request.unwrap_err().status(), 415);
}

#[test]
fn what_is_wrong_is_answered_as_far_as_the_client_can_be_understood() {
    let mut event = posted("text/plain", "x");
    event["headers"]["accept"] = json!("application/json");
    event["headers"]["X-Request-Id"] = json!("theirs-1");
    let received = read(&event);
    let answer = received.request.unwrap_err().response().into_event(&received.negotiated);
    assert_eq!(
        (&answer["statusCode"], &answer["headers"]["Content-Type"]),
        (&json!(415), &json!("application/json; charset=utf-8"))
    );
    assert_eq!(
        (&answer["headers"]["X-Request-Id"], &answer["headers"]["X-Correlation-Id"]),
        (&json!("r"), &json!("theirs-1"))
    );
    event["headers"]["accept"] = json!("application/fhir+xml");
    assert_eq!(read(&event).request.unwrap_err().status(), 406);
}

#[test]
fn other_events_are_told_apart_and_nothing_of_them_is_said() {
    let secret = "Chalmers";
    for event in [
        json!({}),
        json!([]),
        json!({"Records": [{"body": secret}]}),
        json!({"source": "aws.events", "detail": {"name": secret}}),
        json!({"httpMethod": "GET", "path": "/", "requestContext": {"elb": {"targetGroupArn": "arn"}}}),
        json!({"version": "2.0", "rawPath": 7, "requestContext": {"http": {"method": secret}}}),
        json!({"requestContext": {"routeKey": "$connect", "eventType": "CONNECT"}}),
    ] {
        let error = Received::read(&event.to_string(), &Edge::default()).unwrap_err();
        assert!(!error.to_string().contains(secret), "{error}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}") {
        let _ = Received::read(&text, &Edge::default());
    }

    #[test]
    fn no_member_of_an_event_makes_it_panic(
        path in "\\PC{0,30}", query in "\\PC{0,30}", body in "\\PC{0,40}", header in "\\PC{0,30}", route in "[/{}a-z+ $]{0,12}",
        proxy in "\\PC{0,20}", base64: bool, rest: bool, encoding in "gzip|identity|\\PC{0,5}",
    ) {
        let edge = Edge { base_url: Some("https://x/a/b".to_owned()), cors_origin: Some("*".to_owned()) };
        let headers = json!({
            "accept": header, "accept-encoding": header, "content-type": header, "x-request-id": header,
            "content-encoding": encoding, "Content-Type": "application/json",
        });
        let mut event = with(v2("POST", &path, &query), json!({
            "headers": headers, "body": body, "routeKey": route, "pathParameters": {"a": proxy, "proxy": proxy},
            "isBase64Encoded": base64, "multiValueQueryStringParameters": {path.as_str(): [query]},
        }));
        if rest {
            event["httpMethod"] = json!("PUT");
            event["path"] = json!(path);
            event["requestContext"]["http"] = Value::Null;
        }
        for edge in [edge, Edge::default()] {
            let received = Received::read(&event.to_string(), &edge).unwrap();
            let answer = match received.request {
                Ok(_) => crate::http::response::Response::preflight(),
                Err(error) => error.response(),
            };
            prop_assert!(answer.into_event(&received.negotiated)["statusCode"].is_u64());
        }
    }

    #[test]
    fn a_path_comes_back_as_it_was_encoded(segments in prop::collection::vec("\\PC{1,8}", 0..5)) {
        let encode = |segment: &String| percent_encoding::percent_encode(segment.as_bytes(), percent_encoding::NON_ALPHANUMERIC).to_string();
        let path = segments.iter().map(encode).fold(String::new(), |path, segment| path + "/" + &segment);
        prop_assert_eq!(read(&v2("GET", &path, "")).request.unwrap().path, segments);
    }
}
