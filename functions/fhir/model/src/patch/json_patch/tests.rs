//! RFC 6902's appendix A, and what it leaves to section 4.

use crate::json::Json;
use crate::patch::{Patch, PatchError};

fn json(text: &str) -> Json<'static> {
    Json::parse(text.as_bytes()).unwrap().into_owned()
}

fn apply(document: &str, patch: &str) -> Result<String, PatchError> {
    let patched = Patch::json_patch(&json(patch))?.apply(json(document))?;
    Ok(String::from_utf8(patched.to_vec()).unwrap())
}

/// Operations, the document before, and after.
const DONE: &[(&str, &str, &str, &str)] = &[
    ("A.1", r#"[{"op":"add","path":"/baz","value":"qux"}]"#, r#"{"foo":"bar"}"#, r#"{"foo":"bar","baz":"qux"}"#),
    (
        "A.2",
        r#"[{"op":"add","path":"/foo/1","value":"qux"}]"#,
        r#"{"foo":["bar","baz"]}"#,
        r#"{"foo":["bar","qux","baz"]}"#,
    ),
    ("A.3", r#"[{"op":"remove","path":"/baz"}]"#, r#"{"baz":"qux","foo":"bar"}"#, r#"{"foo":"bar"}"#),
    ("A.4", r#"[{"op":"remove","path":"/foo/1"}]"#, r#"{"foo":["bar","qux","baz"]}"#, r#"{"foo":["bar","baz"]}"#),
    (
        "A.5",
        r#"[{"op":"replace","path":"/baz","value":"boo"}]"#,
        r#"{"baz":"qux","foo":"bar"}"#,
        r#"{"baz":"boo","foo":"bar"}"#,
    ),
    (
        "A.6",
        r#"[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]"#,
        r#"{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}"#,
        r#"{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}"#,
    ),
    (
        "A.7",
        r#"[{"op":"move","from":"/foo/1","path":"/foo/3"}]"#,
        r#"{"foo":["all","grass","cows","eat"]}"#,
        r#"{"foo":["all","cows","eat","grass"]}"#,
    ),
    (
        "A.8",
        r#"[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]"#,
        r#"{"baz":"qux","foo":["a",2,"c"]}"#,
        r#"{"baz":"qux","foo":["a",2,"c"]}"#,
    ),
    (
        "A.10",
        r#"[{"op":"add","path":"/child","value":{"grandchild":{}}}]"#,
        r#"{"foo":"bar"}"#,
        r#"{"foo":"bar","child":{"grandchild":{}}}"#,
    ),
    (
        "A.11",
        r#"[{"op":"add","path":"/baz","value":"qux","xyz":123}]"#,
        r#"{"foo":"bar"}"#,
        r#"{"foo":"bar","baz":"qux"}"#,
    ),
    ("A.14", r#"[{"op":"test","path":"/~01","value":10}]"#, r#"{"/":9,"~1":10}"#, r#"{"/":9,"~1":10}"#),
    (
        "A.16",
        r#"[{"op":"add","path":"/foo/-","value":["abc","def"]}]"#,
        r#"{"foo":["bar"]}"#,
        r#"{"foo":["bar",["abc","def"]]}"#,
    ),
    ("a / in a name", r#"[{"op":"remove","path":"/a~1b"}]"#, r#"{"a/b":1,"c":2}"#, r#"{"c":2}"#),
    ("a copy", r#"[{"op":"copy","from":"/a","path":"/b/0"}]"#, r#"{"a":1.00,"b":[2]}"#, r#"{"a":1.00,"b":[1.00,2]}"#),
    ("a move to where it is", r#"[{"op":"move","from":"/a","path":"/a"}]"#, r#"{"a":1,"b":2}"#, r#"{"a":1,"b":2}"#),
    ("an add that replaces", r#"[{"op":"add","path":"/a","value":null}]"#, r#"{"a":1,"b":2}"#, r#"{"a":null,"b":2}"#),
    ("the whole document", r#"[{"op":"replace","path":"","value":{"b":1e2}}]"#, r#"{"a":1}"#, r#"{"b":1e2}"#),
    (
        "members in any order",
        r#"[{"op":"test","path":"","value":{"b":[1.0],"a":{}}}]"#,
        r#"{"a":{},"b":[10e-1]}"#,
        r#"{"a":{},"b":[10e-1]}"#,
    ),
];

#[test]
fn what_the_rfc_does_is_done() {
    for (name, patch, before, after) in DONE {
        assert_eq!(apply(before, patch).as_deref(), Ok(*after), "{name}");
    }
}

#[test]
fn a_test_that_finds_something_else_fails() {
    for (name, document, value, path) in [
        ("A.9", r#"{"baz":"qux"}"#, r#""bar""#, "/baz"),
        ("A.15", r#"{"/":9,"~1":10}"#, r#""10""#, "/~01"),
        ("null is no absence", r#"{"a":0}"#, "null", "/a"),
        ("an object with more members", r#"{"a":{"b":1,"c":2}}"#, r#"{"b":1}"#, "/a"),
        ("other names", r#"{"a":{"b":1}}"#, r#"{"c":1}"#, "/a"),
    ] {
        let patch = format!(r#"[{{"op":"test","path":"{path}","value":{value}}}]"#);
        assert_eq!(apply(document, &patch), Err(PatchError::TestFailed { operation: 0 }), "{name}");
    }
}

#[test]
fn what_leads_nowhere_is_not_applied() {
    for operation in [
        r#"{"op":"add","path":"/baz/bat","value":"qux"}"#, // A.12
        r#"{"op":"add","path":"/list/3","value":1}"#,
        r#"{"op":"add","path":"/list/01","value":1}"#,
        r#"{"op":"add","path":"/list/+1","value":1}"#,
        r#"{"op":"add","path":"/list/99999999999999999999","value":1}"#,
        r#"{"op":"add","path":"/foo/a","value":1}"#,
        r#"{"op":"remove","path":"/baz"}"#,
        r#"{"op":"remove","path":"/list/2"}"#,
        r#"{"op":"remove","path":"/list/-"}"#,
        r#"{"op":"remove","path":""}"#,
        r#"{"op":"replace","path":"/baz","value":1}"#,
        r#"{"op":"replace","path":"/list/-","value":1}"#,
        r#"{"op":"move","from":"/baz","path":"/foo"}"#,
        r#"{"op":"move","from":"/list","path":"/list/0"}"#,
        r#"{"op":"move","from":"/baz","path":"/baz"}"#,
        r#"{"op":"copy","from":"/baz","path":"/foo"}"#,
        r#"{"op":"test","path":"/baz","value":1}"#,
    ] {
        let patch = format!(r#"[{{"op":"add","path":"/new","value":1}},{operation}]"#);
        let error = apply(r#"{"foo":"bar","list":[1,2]}"#, &patch).unwrap_err();
        assert!(matches!(error, PatchError::Inapplicable { operation: 1, .. }), "{operation}: {error}");
    }
}

#[test]
fn what_is_no_json_patch_is_malformed() {
    for patch in ["{}", "1"] {
        assert!(matches!(apply("{}", patch), Err(PatchError::Malformed(_))), "{patch}");
    }
    for operation in [
        "1",
        "{}",
        r#"{"op":"add","path":"/a"}"#,
        r#"{"op":"add","value":1}"#,
        r#"{"op":"ADD","path":"/a","value":1}"#,
        r#"{"op":"add","path":"a","value":1}"#,
        r#"{"op":"add","path":"/~2","value":1}"#,
        r#"{"op":"add","path":"/~","value":1}"#,
        r#"{"op":"move","path":"/a"}"#,
        r#"{"op":"copy","path":"/a","from":1}"#,
    ] {
        let error = apply("{}", &format!("[{operation}]")).unwrap_err();
        assert!(matches!(error, PatchError::MalformedOperation { operation: 0, .. }), "{operation}: {error}");
    }
}

#[test]
fn id_and_type_cannot_change() {
    let document = r#"{"resourceType":"Patient","id":"1","active":true}"#;
    for (operation, what) in [
        (r#"{"op":"replace","path":"/id","value":"2"}"#, "id"),
        (r#"{"op":"remove","path":"/id"}"#, "id"),
        (r#"{"op":"replace","path":"/resourceType","value":"Group"}"#, "resourceType"),
        (r#"{"op":"replace","path":"","value":[]}"#, "resourceType"),
        (r#"{"op":"move","from":"/active","path":""}"#, "resourceType"),
    ] {
        assert_eq!(apply(document, &format!("[{operation}]")), Err(PatchError::Identity(what)), "{operation}");
    }
}

#[test]
fn copies_that_double_the_resource_come_to_an_end() {
    let deeper = vec![r#"{"op":"copy","from":"/a","path":"/a/b"}"#; 500].join(",");
    let error = apply(r#"{"a":{}}"#, &format!("[{deeper}]")).unwrap_err();
    assert!(error.to_string().contains("deeper"), "{error}");

    let wider = vec![r#"{"op":"copy","from":"/a","path":"/b/-"},{"op":"copy","from":"/b","path":"/a"}"#; 500].join(",");
    let error = apply(r#"{"a":"0123456789","b":[]}"#, &format!("[{wider}]")).unwrap_err();
    assert!(error.to_string().contains("deeper") || error.to_string().contains("too much"), "{error}");
    let wider = (0..1000).map(|n| format!(r#"{{"op":"copy","from":"","path":"/n{n}"}}"#)).collect::<Vec<_>>().join(",");
    let error = apply(r#"{"a":"0123456789"}"#, &format!("[{wider}]")).unwrap_err();
    assert!(error.to_string().contains("deeper") || error.to_string().contains("too much"), "{error}");
}
