use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;

use super::*;
use crate::http::negotiate::Media;

fn patient(length: usize) -> Vec<u8> {
    format!(r#"{{"resourceType":"Patient","id":"{}"}}"#, "x".repeat(length)).into_bytes()
}

/// JSON that does not compress and has nothing to escape but its quotes.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'0' + u8::try_from(state % 75).unwrap())
    };
    let text: String = (0..length).map(|_| next()).map(|c| if c == '\\' { 'a' } else { c }).collect();
    serde_json::to_vec(&text).unwrap()
}

fn answered(answer: &Value) -> Vec<u8> {
    let body = answer["body"].as_str().unwrap();
    if answer["isBase64Encoded"] != json!(true) {
        return body.as_bytes().to_vec();
    }
    Body::Gzip(STANDARD.decode(body).unwrap()).into_json().unwrap()
}

fn client(gzip: bool) -> Negotiated {
    Negotiated { gzip, request_id: "r".to_owned(), ..Negotiated::default() }
}

#[test]
fn each_source_gets_headers_in_the_form_that_it_reads() {
    let time = UNIX_EPOCH + Duration::from_millis(784_111_777_123);
    let response = || {
        Response::new(201, Body::Json(patient(1))).etag(3).last_modified(time).location("https://a/r4", "Patient/x", 3)
    };
    let v2 = response().into_event(&client(false));
    let v1 = response().into_event(&Negotiated { shape: Shape::V1, ..client(false) });
    for (name, value) in [
        ("Content-Type", "application/fhir+json; charset=utf-8"),
        ("ETag", "W/\"3\""),
        ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("Location", "https://a/r4/Patient/x/_history/3"),
        ("Cache-Control", "no-store"),
        ("Vary", "Accept, Accept-Encoding"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Request-Id", "r"),
    ] {
        assert_eq!(v2["headers"][name], json!(value));
        assert_eq!(v1["multiValueHeaders"][name], json!([value]));
    }
    assert_eq!((&v1["statusCode"], v1.get("headers"), v2.get("multiValueHeaders")), (&json!(201), None, None));
    assert_eq!(answered(&v2), patient(1));
}

#[test]
fn a_body_is_compressed_for_who_takes_it_and_only_if_it_is_worth_it() {
    let stored = |length| Body::Gzip(compress(&patient(length)).unwrap());
    let table = [
        (Body::Json(patient(5000)), true, false, true),
        (Body::Json(patient(5000)), false, false, false),
        (Body::Json(patient(50)), true, false, false),
        (stored(5000), true, false, true),
        (stored(50), true, false, true), // as it is stored
        (stored(5000), false, false, false),
        (stored(50), true, true, false), // pretty: not as it is stored
    ];
    for (body, gzip, pretty, compressed) in table {
        let plain = body.clone().into_json().unwrap();
        let answer = Response::new(200, body).into_event(&Negotiated { pretty, ..client(gzip) });
        assert_eq!(answer["isBase64Encoded"], json!(compressed));
        assert_eq!(answer["headers"].get("Content-Encoding"), compressed.then(|| json!("gzip")).as_ref());
        let got = answered(&answer);
        assert_eq!(got.starts_with(b"{\n  \""), pretty);
        assert_eq!(Json::parse(&got).unwrap(), Json::parse(&plain).unwrap());
    }
}

#[test]
fn an_answer_to_head_has_the_headers_and_no_body() {
    let head = Negotiated { head: true, ..client(true) };
    let answer = Response::new(200, Body::Json(patient(9000))).etag(1).into_event(&head);
    assert_eq!((&answer["body"], &answer["headers"]["ETag"]), (&json!(""), &json!("W/\"1\"")));
    assert!(answer["headers"]["Content-Type"].is_string());
    let empty = Response::empty(304).into_event(&client(true));
    assert_eq!((&empty["body"], empty["headers"].get("Content-Type")), (&json!(""), None));
}

#[test]
fn what_lambda_would_not_carry_is_refused_with_advice() {
    let fits = MAX_ANSWER - 2000;
    let outcome = |answer: &Value| String::from_utf8(answered(answer)).unwrap();
    for (length, gzip, good) in [
        (fits, false, true),
        (MAX_ANSWER, false, false),
        (MAX_ANSWER / 2, true, true),
        (MAX_ANSWER, true, false), // noise in base64 is larger than it was
    ] {
        let answer = Response::new(200, Body::Json(noise(length))).into_event(&client(gzip));
        assert_eq!(answer["statusCode"] == json!(200), good, "{length} {gzip}");
        assert!(answer.to_string().len() <= MAX_ANSWER, "{length} {gzip}");
        if !good {
            assert_eq!(outcome(&answer).contains("Accept-Encoding: gzip"), !gzip);
            assert!(outcome(&answer).contains("too-costly"));
        }
    }
    let large = Response::new(200, Body::Json(patient(MAX_ANSWER))).into_event(&client(true));
    assert_eq!((&large["statusCode"], large["isBase64Encoded"] == json!(true)), (&json!(200), true));
}

#[test]
fn a_client_that_asks_for_json_gets_it_by_that_name() {
    let answer =
        Response::new(200, Body::Json(patient(1))).into_event(&Negotiated { media: Media::Json, ..client(false) });
    assert_eq!(answer["headers"]["Content-Type"], json!("application/json; charset=utf-8"));
}

#[test]
fn pages_of_the_configured_origin_may_call() {
    let negotiated = Negotiated { cors_origin: Some("https://app.example.org".to_owned()), ..client(false) };
    let answer = Response::preflight().into_event(&negotiated);
    assert_eq!(
        (&answer["statusCode"], answer["headers"]["Access-Control-Allow-Origin"].as_str()),
        (&json!(204), negotiated.cors_origin.as_deref())
    );
    assert_eq!(Response::empty(200).into_event(&client(false))["headers"].get("Access-Control-Allow-Origin"), None);
}

#[test]
fn a_stored_body_that_is_broken_is_an_internal_error_that_says_nothing() {
    let answer = Response::new(200, Body::Gzip(b"Chalmers".to_vec())).into_event(&client(false));
    assert_eq!(answer["statusCode"], json!(500));
    assert!(!answer.to_string().contains("Chalmers") && !answer.to_string().contains("gzip"));
}

proptest! {
    #[test]
    fn a_texts_size_in_json_is_known_without_writing_it(text in "(?s).{0,60}") {
        prop_assert_eq!(escaped(&text) + 2, serde_json::to_string(&text).unwrap().len());
    }

    #[test]
    fn whatever_the_body_is_it_comes_back(text in "(?s).{0,2000}", gzip: bool) {
        let json = Json::string(text).to_vec();
        let answer = Response::new(200, Body::Json(json.clone())).into_event(&client(gzip));
        prop_assert_eq!(answered(&answer), json);
    }
}
