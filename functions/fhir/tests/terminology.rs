//! `:in`, `:not-in`, `:above` and `:below` of tokens, over value sets and code systems that clients have stored.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod common;

use common::Server;
use serde_json::{Value, json};

const SYSTEM: &str = "http://example.org/animals";
const SETS: &str = "http://example.org/sets";

/// Animals: a mammal is a cat or a dog; a poodle says by a property that it is a dog; a carp stands alone.
fn animals() -> Value {
    json!({
        "resourceType": "CodeSystem", "id": "animals", "url": SYSTEM, "status": "active", "content": "complete",
        "property": [
            {"code": "isA", "uri": "http://hl7.org/fhir/concept-properties#parent", "type": "code"},
            {"code": "legs", "type": "integer"},
        ],
        "concept": [
            {"code": "mammal", "concept": [
                {"code": "cat", "property": [{"code": "legs", "valueInteger": 4}]},
                {"code": "dog", "property": [{"code": "legs", "valueInteger": 4}]},
            ]},
            {"code": "poodle", "property": [{"code": "isA", "valueCode": "dog"}]},
            {"code": "carp", "property": [{"code": "legs", "valueInteger": 0}]},
        ],
    })
}

fn set(id: &str, more: &Value) -> Value {
    let mut set = json!({"resourceType": "ValueSet", "id": id, "url": format!("{SETS}/{id}"), "status": "active"});
    set.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    set
}

fn compose(id: &str, include: &Value) -> Value {
    set(id, &json!({"compose": {"include": include}}))
}

fn only(filter: &Value) -> Value {
    json!([{"system": SYSTEM, "filter": filter}])
}

async fn store(server: &Server, resource: &Value) {
    let to = format!("PUT /{}/{}", resource["resourceType"].as_str().unwrap(), resource["id"].as_str().unwrap());
    let stored = server.post(&to, resource).await;
    assert!(matches!(stored.status, 200 | 201), "{to}: {}", stored.text);
}

/// A server with an Observation of each animal, and one of another system.
async fn zoo() -> Server {
    let server = Server::start().await;
    store(&server, &animals()).await;
    let codes = ["mammal", "cat", "dog", "poodle", "carp"].map(|code| (code, SYSTEM));
    for (code, system) in codes.into_iter().chain([("stone", "http://example.org/minerals")]) {
        let observation = json!({
            "resourceType": "Observation", "id": code, "status": "final",
            "code": {"coding": [{"system": system, "code": code}]},
        });
        store(&server, &observation).await;
    }
    server
}

async fn found(server: &Server, query: &str) -> String {
    let answer = server.get(&format!("GET /{query}")).await;
    if answer.status != 200 {
        let issue = &answer.json()["issue"][0];
        return format!("{} {}", answer.status, issue["code"].as_str().unwrap());
    }
    let bundle = answer.json();
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    let mut ids: Vec<_> = entries.iter().map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids.join(" ")
}

#[tokio::test]
async fn a_value_set_is_what_its_compose_says() {
    let server = zoo().await;
    let concepts = |codes: &[&str]| json!(codes.iter().map(|code| json!({"code": code})).collect::<Vec<_>>());
    let filter = |property: &str, op: &str, value: &str| json!({"property": property, "op": op, "value": value});
    let url = |id: &str| format!("{SETS}/{id}");
    let pets = json!([{"system": SYSTEM, "concept": concepts(&["cat", "dog"])}]);
    let table = [
        (compose("pets", &pets), "cat dog"),
        (compose("all", &json!([{"system": SYSTEM}])), "carp cat dog mammal poodle"),
        (compose("minerals", &json!([{"system": "http://example.org/minerals"}])), "stone"),
        (compose("is-a", &only(&json!([filter("concept", "is-a", "dog")]))), "dog poodle"),
        (compose("below", &only(&json!([filter("concept", "descendent-of", "mammal")]))), "cat dog poodle"),
        (compose("up", &only(&json!([filter("concept", "generalizes", "poodle")]))), "dog mammal poodle"),
        (compose("not-a", &only(&json!([filter("concept", "is-not-a", "mammal")]))), "carp"),
        (compose("one", &only(&json!([filter("concept", "=", "carp")]))), "carp"),
        (compose("some", &only(&json!([filter("concept", "in", "carp,cat,unicorn")]))), "carp cat"),
        (compose("legs", &only(&json!([filter("legs", "=", "4")]))), "cat dog"),
        (compose("parent", &only(&json!([filter("isA", "=", "mammal")]))), "cat dog"),
        (compose("both", &only(&json!([filter("legs", "=", "4"), filter("concept", "is-a", "cat")]))), "cat"),
        (compose("import", &json!([{"valueSet": [url("pets")]}, {"valueSet": [url("minerals")]}])), "cat dog stone"),
        (compose("within", &json!([{"valueSet": [url("pets"), url("is-a")]}])), "dog"),
        (compose("of-system", &json!([{"system": SYSTEM, "valueSet": [url("is-a")]}])), "dog poodle"),
        (
            set(
                "but",
                &json!({"compose": {"include": pets, "exclude": only(&json!([filter("concept", "is-a", "dog")]))}}),
            ),
            "cat",
        ),
        (compose("loop", &json!([{"valueSet": [url("loop")]}])), "400 not-supported"),
        (compose("missing", &json!([{"valueSet": [url("nowhere")]}])), "400 invalid"),
        (compose("regex", &only(&json!([filter("concept", "regex", "c.*")]))), "400 not-supported"),
        (compose("undeclared", &only(&json!([filter("wings", "=", "2")]))), "400 not-supported"),
        (
            compose(
                "not-held",
                &json!([{"system": "http://example.org/minerals", "filter": [filter("concept", "is-a", "x")]}]),
            ),
            "400 not-supported",
        ),
        (set("nothing", &json!({})), "400 not-supported"),
    ];
    for (set, _) in &table {
        store(&server, set).await;
    }
    for (set, expected) in &table {
        let id = set["id"].as_str().unwrap();
        assert_eq!(found(&server, &format!("Observation?code:in={}", url(id))).await, *expected, "{id}");
    }
}

#[tokio::test]
async fn an_expansion_is_believed_if_it_is_whole() {
    let server = zoo().await;
    let contains = json!([
        {"system": SYSTEM, "code": "mammal", "abstract": true, "contains": [{"system": SYSTEM, "code": "cat"}]},
        {"system": SYSTEM, "code": "carp"},
    ]);
    let expansion = |more: Value| {
        let mut expansion = json!({"timestamp": "2020-01-01", "contains": contains});
        expansion.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"expansion": expansion, "compose": {"include": [{"system": SYSTEM, "concept": [{"code": "dog"}]}]}})
    };
    for (id, more, expected) in [
        ("whole", json!({}), "carp cat"),
        ("counted", json!({"total": 3}), "carp cat"),
        ("page", json!({"total": 30}), "dog"),
        ("second-page", json!({"offset": 3}), "dog"),
        ("by-text", json!({"parameter": [{"name": "filter", "valueString": "ca"}]}), "dog"),
        ("empty", json!({"contains": null, "total": 0}), ""),
    ] {
        let mut resource = set(id, &expansion(more));
        let expansion = resource["expansion"].as_object_mut().unwrap();
        expansion.retain(|_, value| !value.is_null());
        store(&server, &resource).await;
        assert_eq!(found(&server, &format!("Observation?code:in={SETS}/{id}")).await, expected, "{id}");
    }
}

#[tokio::test]
async fn a_value_set_is_found_by_url_version_and_address_as_soon_as_it_is_stored() {
    let server = zoo().await;
    assert_eq!(found(&server, &format!("Observation?code:in={SETS}/pets")).await, "400 invalid");
    assert_eq!(found(&server, "Observation?code:not-in=ValueSet/pets").await, "400 invalid");
    for (id, version, code) in [("old", "1", "cat"), ("new", "2", "dog")] {
        let mut pets = compose(id, &json!([{"system": SYSTEM, "concept": [{"code": code}]}]));
        pets["url"] = json!(format!("{SETS}/pets"));
        pets["version"] = json!(version);
        store(&server, &pets).await;
    }
    for (name, expected) in [
        (format!("{SETS}/pets"), "dog"),
        (format!("{SETS}/pets|1"), "cat"),
        (format!("{SETS}/pets|3"), "400 invalid"),
        ("ValueSet/old".to_owned(), "cat"),
        (format!("{}/ValueSet/old", common::BASE), "cat"),
        ("ValueSet/old,ValueSet/new".to_owned(), "cat dog"),
    ] {
        assert_eq!(found(&server, &format!("Observation?code:in={name}")).await, expected, "{name}");
    }
    let others = found(&server, "Observation?code:not-in=ValueSet/old,ValueSet/new").await;
    assert_eq!(others, "carp mammal poodle stone");
    let chained = json!({
        "resourceType": "DiagnosticReport", "id": "r", "status": "final", "code": {"text": "x"},
        "result": [{"reference": "Observation/cat"}],
    });
    store(&server, &chained).await;
    assert_eq!(found(&server, "DiagnosticReport?result.code:in=ValueSet/old").await, "r");
    assert_eq!(found(&server, "DiagnosticReport?result.code:in=ValueSet/new").await, "");
}

#[tokio::test]
async fn a_version_of_a_code_system_is_that_one_or_an_error() {
    let server = zoo().await;
    for (id, version, codes) in [("animals", "1", ["cat", "dog"]), ("animals-2", "2", ["dog", "carp"])] {
        let mut system = animals();
        system["id"] = json!(id);
        system["version"] = json!(version);
        system["concept"] = json!(codes.map(|code| json!({"code": code})));
        store(&server, &system).await;
    }
    let dogs = json!([{"property": "concept", "op": "is-a", "value": "dog"}]);
    let minerals = "http://example.org/minerals";
    for (id, include, expected) in [
        ("first", json!({"system": SYSTEM, "version": "1"}), "cat dog"),
        ("second", json!({"system": SYSTEM, "version": "2"}), "carp dog"),
        ("latest", json!({"system": SYSTEM}), "carp dog"),
        ("ninth", json!({"system": SYSTEM, "version": "9"}), "400 not-supported"),
        ("filtered", json!({"system": SYSTEM, "version": "9", "filter": dogs}), "400 not-supported"),
        ("listed", json!({"system": SYSTEM, "version": "9", "concept": [{"code": "dog"}]}), "dog"),
        ("not-held", json!({"system": minerals, "version": "1"}), "400 not-supported"),
        ("any-version", json!({"system": minerals}), "stone"),
    ] {
        store(&server, &compose(id, &json!([include]))).await;
        assert_eq!(found(&server, &format!("Observation?code:in={SETS}/{id}")).await, expected, "{id}");
    }
    for (version, expected) in [("1", "carp"), ("2", "cat"), ("9", "400 not-supported")] {
        let include = json!([{"system": SYSTEM, "concept": [{"code": "cat"}, {"code": "carp"}]}]);
        let exclude = json!([{"system": SYSTEM, "version": version}]);
        store(&server, &set("but", &json!({"compose": {"include": include, "exclude": exclude}}))).await;
        assert_eq!(found(&server, &format!("Observation?code:in={SETS}/but")).await, expected, "{version}");
    }
}

#[tokio::test]
async fn below_and_above_follow_the_code_system() {
    let server = zoo().await;
    for (query, expected) in [
        (format!("code:below={SYSTEM}|mammal"), "cat dog mammal poodle"),
        (format!("code:below={SYSTEM}|dog,{SYSTEM}|carp"), "carp dog poodle"),
        (format!("code:above={SYSTEM}|poodle"), "dog mammal poodle"),
        (format!("code:below={SYSTEM}|unicorn"), ""),
        ("code:below=dog".to_owned(), "400 invalid"),
        ("code:below=|dog".to_owned(), "400 invalid"),
        (format!("code:below={SYSTEM}|"), "400 invalid"),
        ("code:below=http://example.org/minerals|stone".to_owned(), "400 not-supported"),
    ] {
        assert_eq!(found(&server, &format!("Observation?{query}")).await, expected, "{query}");
    }
    let mut fragment = animals();
    fragment["content"] = json!("fragment");
    store(&server, &fragment).await;
    let refused = found(&server, &format!("Observation?code:below={SYSTEM}|dog")).await;
    assert_eq!(refused, "400 not-supported", "a part of a code system does not say what is missing");
}

#[tokio::test]
async fn codes_without_systems_of_their_own_are_in_value_sets_too() {
    let server = Server::start().await;
    for (id, gender) in [("f", "female"), ("m", "male"), ("o", "other")] {
        store(&server, &json!({"resourceType": "Patient", "id": id, "gender": gender})).await;
    }
    let genders = "http://hl7.org/fhir/administrative-gender";
    store(&server, &compose("sexes", &json!([{"system": genders, "concept": [{"code": "female"}, {"code": "male"}]}])))
        .await;
    store(&server, &compose("foreign", &json!([{"system": "http://example.org", "concept": [{"code": "male"}]}])))
        .await;
    store(&server, &compose("genders", &json!([{"system": genders}]))).await;
    for (query, expected) in [
        ("gender:in=ValueSet/sexes", "f m"),
        ("gender:not-in=ValueSet/sexes", "o"),
        ("gender:in=ValueSet/foreign", ""),
        ("gender:in=ValueSet/genders", "f m o"),
        ("gender:in=http://hl7.org/fhir/ValueSet/administrative-gender", "f m o"),
        ("gender:not-in=http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1", ""),
        ("gender:in=http://hl7.org/fhir/ValueSet/administrative-gender|9", "400 invalid"),
        ("gender:not-in=http://hl7.org/fhir/ValueSet/administrative-gender|", "400 invalid"),
        ("gender:below=female", "400 not-supported"),
    ] {
        assert_eq!(found(&server, &format!("Patient?{query}")).await, expected, "{query}");
    }
    let confidential = "http://terminology.hl7.org/ValueSet/v3-ConfidentialityClassification";
    for (version, expected) in [("", ""), ("|2014-03-26", ""), ("|4.0.1", "400 invalid")] {
        assert_eq!(found(&server, &format!("Composition?confidentiality:in={confidential}{version}")).await, expected);
    }
    // Document types: the element is a code, and its binding names no one system.
    let types = |id: &str, kind: &str| {
        json!({
            "resourceType": "DocumentReference", "id": id, "status": "current",
            "content": [{"attachment": {"contentType": kind}}],
        })
    };
    store(&server, &types("pdf", "application/pdf")).await;
    store(&server, &types("png", "image/png")).await;
    let mime = "urn:ietf:bcp:13";
    store(&server, &compose("images", &json!([{"system": mime, "concept": [{"code": "image/png"}]}]))).await;
    store(&server, &compose("any", &json!([{"system": mime}]))).await;
    assert_eq!(found(&server, "DocumentReference?contenttype:in=ValueSet/images").await, "png");
    assert_eq!(found(&server, "DocumentReference?contenttype:not-in=ValueSet/images").await, "pdf");
    assert_eq!(found(&server, "DocumentReference?contenttype:in=ValueSet/any").await, "400 not-supported");
}
