use fhir::config::Edge;
use fhir::http::event::Received;

use super::*;

fn parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(uri).header("host", "localhost:8080");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn read(event: &Value) -> Received {
    Received::read(&event.to_string(), &Edge::default()).unwrap()
}

#[test]
fn a_request_is_the_same_behind_the_event() {
    let headers = [("accept", "application/json"), ("if-match", "W/\"1\""), ("if-match", "W/\"2\"")];
    let event = event(&parts("PUT", "/Patient/a%2Db?x=1%7C2&x=3", &headers), "{\"a\":\"é\"}".as_bytes(), "id-1");
    let request = read(&event).request.unwrap();
    assert_eq!((request.base.as_str(), request.segments()), ("http://localhost:8080", vec!["Patient", "a-b"]));
    assert_eq!(request.query, [("x".to_owned(), "1|2".to_owned()), ("x".to_owned(), "3".to_owned())]);
    assert_eq!((request.body.as_slice(), request.id.as_str()), ("{\"a\":\"é\"}".as_bytes(), "id-1"));
    assert_eq!(request.headers.get("if-match"), Some("W/\"1\",W/\"2\""));
}

#[test]
fn what_is_no_text_goes_as_base64() {
    for (headers, body) in [(vec![], &b"\xff\xfe"[..]), (vec![("content-encoding", "identity")], b"{}")] {
        let event = event(&parts("POST", "/Patient", &headers), body, "id-1");
        assert_eq!((&event["isBase64Encoded"], &event["body"]), (&json!(true), &json!(STANDARD.encode(body))));
        assert_eq!(read(&event).request.unwrap().body, body);
    }
}

#[test]
fn an_answer_that_is_none_is_no_response() {
    let good = json!({"statusCode": 200, "headers": {"ETag": "W/\"1\""}, "body": "e30=", "isBase64Encoded": true});
    assert_eq!(response(good.clone()).unwrap().headers().get("etag").unwrap(), "W/\"1\"");
    for (name, value) in [
        ("statusCode", json!("200")),
        ("statusCode", json!(20_000)),
        ("headers", Value::Null),
        ("headers", json!({"a b": "c"})),
        ("headers", json!({"a": "b\nc"})),
        ("body", json!("no base64")),
    ] {
        let mut answer = good.clone();
        answer[name] = value;
        assert!(response(answer.clone()).is_none(), "{answer}");
    }
}
