//! What a review found in searches, over HTTP: no match is lost, none found twice, and what costs too much is refused.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod common;

use common::Server;
use fhir::index;
use fhir::store::Key;
use fhir_local::cloud::TABLE;
use serde_json::{Value, json};

async fn put(server: &Server, resource: &Value) {
    let what = format!("PUT /{}/{}", resource["resourceType"].as_str().unwrap(), resource["id"].as_str().unwrap());
    let stored = server.post(&what, resource).await;
    assert!(matches!(stored.status, 200 | 201), "{}", stored.text);
}

fn ids(bundle: &Value) -> Vec<String> {
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    entries.iter().map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned()).collect()
}

async fn found(server: &Server, query: &str) -> Vec<String> {
    let answer = server.get(&format!("GET /{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    ids(&answer.json())
}

/// All pages.
async fn paged(server: &Server, query: &str) -> Vec<String> {
    let (mut all, mut next) = (Vec::new(), Some(query.to_owned()));
    while let Some(query) = next {
        let answer = server.get(&format!("GET /{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text);
        let page = answer.json();
        all.extend(ids(&page));
        let links = page["link"].as_array().unwrap();
        let link = links.iter().find(|link| link["relation"] == "next").and_then(|link| link["url"].as_str());
        next = link.map(|url| url.strip_prefix(common::BASE).unwrap().trim_start_matches('/').to_owned());
        assert!(all.len() < 100, "the pages have no end");
    }
    all
}

fn encounter(id: &str, period: &Value) -> Value {
    let mut encounter = json!({
        "resourceType": "Encounter", "id": id, "status": "finished", "class": {"code": "AMB"},
        "subject": {"reference": "Patient/p"},
    });
    if !period.is_null() {
        encounter["period"] = period.clone();
    }
    encounter
}

#[tokio::test]
async fn a_date_without_a_beginning_is_found_and_sorted_the_same_on_every_way() {
    let server = Server::start().await;
    for (id, period) in [
        ("e1", json!({"start": "2010", "end": "2024"})),
        ("e2", json!({"start": "2015-03-01", "end": "2015-03-02"})),
        ("e3", Value::Null),
        ("e4", json!({"end": "2025"})),
    ] {
        put(&server, &encounter(id, &period)).await;
    }
    for query in ["date=lt2012", "date=le2012", "date=ap2012"] {
        let by_list = found(&server, &format!("Encounter?subject=Patient/p&{query}&_sort=_id")).await;
        assert_eq!(by_list, found(&server, &format!("Encounter?_id=e1,e2,e3,e4&{query}&_sort=_id")).await, "{query}");
        assert!(by_list.contains(&"e4".to_owned()), "{query}");
    }
    for (sort, expected) in [("date", ["e4", "e1", "e2", "e3"]), ("-date", ["e2", "e1", "e4", "e3"])] {
        for query in ["", "subject=Patient/p&", "_id=e1,e2,e3,e4&", "status=finished&"] {
            assert_eq!(paged(&server, &format!("Encounter?{query}_sort={sort}&_count=1")).await, expected, "{query}");
            assert_eq!(found(&server, &format!("Encounter?{query}_sort={sort}")).await, expected, "{query}{sort}");
            assert_eq!(found(&server, &format!("Encounter?{query}_sort={sort},_id")).await, expected, "{query}{sort}");
        }
    }
}

#[tokio::test]
async fn pages_of_several_types_have_all_that_share_an_id() {
    let server = Server::start().await;
    for kind in ["Organization", "Location", "Endpoint"] {
        let mut resource = json!({"resourceType": kind, "id": "same", "name": "x", "meta": {"tag": [{"system": "urn:rev", "code": "x"}]}});
        if kind == "Endpoint" {
            resource["status"] = json!("active");
            resource["connectionType"] = json!({"code": "x"});
            resource["payloadType"] = json!([{"text": "x"}]);
            resource["address"] = json!("https://a.example");
        }
        put(&server, &resource).await;
    }
    for query in ["_tag=urn:rev|x", "_id=same", "_lastUpdated=gt2000"] {
        let all = paged(&server, &format!("?_type=Organization,Location,Endpoint,Location&{query}&_count=1")).await;
        assert_eq!(all.len(), 3, "{query}: {all:?}");
    }
}

#[tokio::test]
async fn a_row_of_the_log_that_a_losing_writer_left_finds_nothing_twice() {
    let server = Server::start().await;
    put(&server, &json!({"resourceType": "Patient", "id": "p", "gender": "male"})).await;
    for time in [1_700_000_000_000, 1_700_000_001_000] {
        for row in index::log(&Key::new("Patient", "p"), 1, time) {
            let text = aws_sdk_dynamodb::types::AttributeValue::S;
            let put =
                server.cloud.dynamodb.put_item().table_name(TABLE).item("pk", text(row.pk)).item("sk", text(row.sk));
            put.item("v", aws_sdk_dynamodb::types::AttributeValue::N("1".to_owned())).send().await.unwrap();
        }
    }
    assert_eq!(found(&server, "Patient?_lastUpdated=gt2020&_sort=-_lastUpdated").await, ["p"]);
    assert_eq!(found(&server, "Patient?_lastUpdated=gt2020").await, ["p"]);
}

#[tokio::test]
async fn what_is_too_much_is_refused_with_a_reason() {
    let server = Server::start().await;
    let long = "x".repeat(2_100);
    assert_eq!(server.get(&format!("GET /Patient?_id={long}")).await.status, 200);
    for (query, status) in [
        (format!("Patient?_list={long}"), 400),
        ("Library?depends-on.depends-on.depends-on.depends-on.url=x".to_owned(), 400),
        (format!("Patient?_cursor={}", "x".repeat(5_000)), 400),
        (format!("Patient?{}", "name=x&".repeat(201)), 400),
    ] {
        assert_eq!(server.get(&format!("GET /{query}")).await.status, status, "{}", query.get(..40).unwrap());
    }
    let many = |kind: &str| (0..100).map(|n| format!("{kind}{n}")).collect::<Vec<_>>();
    let appointment = json!({
        "resourceType": "Appointment", "id": "a", "status": "booked",
        "participant": many("Patient/").iter().map(|of| json!({"status": "accepted", "actor": {"reference": of}})).collect::<Vec<_>>(),
        "serviceType": many("c").iter().map(|code| json!({"coding": [{"system": "urn:s", "code": code}]})).collect::<Vec<_>>(),
    });
    let refused = server.post("PUT /Appointment/a", &appointment).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    let bundle = json!({
        "resourceType": "Bundle", "type": "transaction",
        "entry": [{"resource": appointment, "request": {"method": "PUT", "url": "Appointment/a"}}],
    });
    let refused = server.post("POST /", &bundle).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
}

#[tokio::test]
async fn few_that_a_name_finds_are_sorted_in_memory_and_many_are_walked() {
    let server = Server::start().await;
    for n in 0..12 {
        let name = if n % 3 == 0 { "Rare" } else { "Common" };
        put(
            &server,
            &json!({
                "resourceType": "Patient", "id": format!("p{n:02}"), "name": [{"family": name}],
                "birthDate": format!("19{:02}-01-01", 99 - n),
            }),
        )
        .await;
    }
    let ascending = ["p09", "p06", "p03", "p00"];
    assert_eq!(paged(&server, "Patient?name=rare&_sort=birthdate&_count=1").await, ascending);
    assert_eq!(paged(&server, "Patient?name=rare&_sort=-birthdate&_count=3").await, ["p00", "p03", "p06", "p09"]);
    assert_eq!(paged(&server, "Patient?name=rare&_sort=-_lastUpdated&_count=3").await, ascending);
}

#[tokio::test]
async fn chains_and_missing_know_what_is_inside_a_resource() {
    let server = Server::start().await;
    put(&server, &json!({
        "resourceType": "MedicationRequest", "id": "mr", "status": "active", "intent": "order", "subject": {"reference": "Patient/p"},
        "contained": [{"resourceType": "Medication", "id": "m", "code": {"coding": [{"system": "urn:s", "code": "c7"}]},
            "manufacturer": {"reference": "#o"}}, {"resourceType": "Organization", "id": "o", "name": "Acme"}],
        "medicationReference": {"reference": "#m"},
    }))
    .await;
    put(&server, &json!({
        "resourceType": "Observation", "id": "oct", "status": "final", "code": {"coding": [{"system": "urn:s", "code": "x"}]},
        "contained": [{"resourceType": "Patient", "id": "cp", "name": [{"family": "Taylor"}]}], "subject": {"reference": "#cp"},
    }))
    .await;
    for (query, expected) in [
        ("MedicationRequest?medication.code=c7", vec!["mr"]),
        ("MedicationRequest?medication.code=c8", vec![]),
        ("MedicationRequest?medication:Medication.manufacturer.name=acme", vec!["mr"]),
        ("MedicationRequest?medication._id=m", vec![]),
        ("Observation?subject.name=Taylor", vec!["oct"]),
        ("Observation?patient.name=Taylor&code=x", vec!["oct"]),
        ("Observation?subject:Patient.name=Taylor&code=urn:s|x", vec!["oct"]),
        ("Observation?subject:Patient.name=Tailor&code=urn:s|x", vec![]),
        ("Observation?subject:missing=true", vec![]),
        ("Observation?subject:missing=false", vec!["oct"]),
    ] {
        assert_eq!(found(&server, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn canonicals_are_followed_like_references() {
    let server = Server::start().await;
    for (id, version) in [("q1", "1.0"), ("q2", "2.0")] {
        put(&server, &json!({"resourceType": "Questionnaire", "id": id, "status": "active", "url": "http://ex.org/q", "version": version})).await;
    }
    for (id, canonical) in
        [("r1", "http://ex.org/q|1.0"), ("r", "http://ex.org/q"), ("rq", "Questionnaire/q2"), ("x", "http://ex.org/x")]
    {
        put(&server, &json!({"resourceType": "QuestionnaireResponse", "id": id, "status": "completed", "questionnaire": canonical})).await;
    }
    for (query, expected) in [
        ("QuestionnaireResponse?_id=r1&_include=QuestionnaireResponse:questionnaire", vec!["r1", "q1"]),
        ("QuestionnaireResponse?_id=r&_include=*", vec!["r", "q1", "q2"]),
        ("QuestionnaireResponse?_id=rq&_include=*", vec!["rq", "q2"]),
        ("QuestionnaireResponse?questionnaire.url=http://ex.org/q&_sort=_id", vec!["r", "r1", "rq"]),
        ("QuestionnaireResponse?questionnaire.version=2.0&_sort=_id", vec!["r", "rq"]),
        ("Questionnaire?_id=q2&_revinclude=QuestionnaireResponse:questionnaire", vec!["q2", "r", "rq"]),
        ("Questionnaire?_has:QuestionnaireResponse:questionnaire:_id=r1", vec!["q1"]),
        ("Questionnaire?_has:QuestionnaireResponse:questionnaire:_id=rq,r1&_sort=_id", vec!["q1", "q2"]),
    ] {
        assert_eq!(found(&server, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_patients_compartment_has_those_that_are_linked_to_them() {
    let server = Server::start().await;
    put(&server, &json!({"resourceType": "Patient", "id": "s2"})).await;
    put(&server, &json!({"resourceType": "Patient", "id": "s1", "link": [{"other": {"reference": "Patient/s2"}, "type": "refer"}]})).await;
    put(&server, &json!({"resourceType": "Patient", "id": "s3"})).await;
    assert_eq!(found(&server, "Patient/s2/Patient").await, ["s1", "s2"]);
    assert_eq!(found(&server, "Patient/s1/Patient").await, ["s1"]);
}

/// Resources of several types about two patients.
async fn clinic(server: &Server) {
    let code = |code: &str| json!({"coding": [{"system": "urn:s", "code": code}]});
    let of = |id: &str| json!({"reference": format!("Patient/{id}")});
    for id in ["p", "q"] {
        put(server, &json!({"resourceType": "Patient", "id": id, "name": [{"family": format!("Name{id}")}]})).await;
        for resource in [
            json!({"resourceType": "Observation", "id": format!("o{id}"), "status": "final", "subject": of(id), "code": code("x"),
                "effectiveDateTime": if id == "p" { "2020" } else { "2021" }}),
            json!({"resourceType": "Condition", "id": format!("c{id}"), "subject": of(id), "code": code("x"), "recordedDate": "2020"}),
            json!({"resourceType": "AllergyIntolerance", "id": format!("a{id}"), "patient": of(id), "code": code("x"),
                "recordedDate": if id == "p" { "2022" } else { "2019" }}),
            json!({"resourceType": "Coverage", "id": format!("v{id}"), "status": "active", "beneficiary": of(id), "payor": [of(id)]}),
        ] {
            put(server, &resource).await;
        }
    }
}

#[tokio::test]
async fn a_search_of_several_types_takes_what_each_of_them_defines_in_its_own_way() {
    let server = Server::start().await;
    clinic(&server).await;
    for (query, expected) in [
        ("_type=Observation,Condition&subject=Patient/p", vec!["cp", "op"]),
        ("_type=Observation,Condition&subject:Patient=q&_count=1", vec!["cq", "oq"]),
        ("_type=Observation,AllergyIntolerance,Coverage&patient=Patient/p", vec!["ap", "op", "vp"]),
        ("_type=AllergyIntolerance,Observation&patient=p&code=urn:s|x", vec!["ap", "op"]),
        ("_type=AllergyIntolerance,Observation&patient=p&code=urn:s|y", vec![]),
        ("_type=AllergyIntolerance,Coverage&patient.name=Namep", vec!["ap", "vp"]),
        ("_type=Observation,Condition&subject:Patient.name=Nameq", vec!["cq", "oq"]),
        ("_type=Observation,Condition&subject:missing=true", vec![]),
        ("_type=AllergyIntolerance,Observation&date=2020", vec!["op"]),
        ("_type=AllergyIntolerance,Observation&date=ge2021", vec!["ap", "oq"]),
    ] {
        let mut all = paged(&server, &format!("?{query}")).await;
        all.sort();
        assert_eq!(all, expected, "{query}");
    }
    let by_date = found(&server, "?_type=AllergyIntolerance,Observation&_sort=-date").await;
    assert_eq!(by_date, ["ap", "oq", "op", "aq"], "each by its own element");
}

#[tokio::test]
async fn what_not_all_types_have_alike_is_no_filter_to_leave_out() {
    let server = Server::start().await;
    clinic(&server).await;
    let lenient = [("prefer", "handling=lenient")];
    for (query, status) in [
        ("_type=Observation,Patient&code=x", 400),
        ("_type=Observation,Patient&subject.name=Namep", 400),
        ("name=Namep", 400),
        ("_type=Observation,Condition&subject:Device=d", 400),
        ("_type=DiagnosticReport,Task&performer=Patient/p", 400), // a reference and a token
        ("_type=Patient,Procedure&_id=p&nothing-of-the-kind=1", 200),
        ("_type=Observation,Condition&_text=x&subject=Patient/p", 200),
    ] {
        let answer = server.send(&format!("GET /?{query}"), &lenient, b"").await;
        assert_eq!(answer.status, status, "{query}: {}", answer.text);
    }
    for query in ["_type=Observation,Patient&code=x", "_type=Patient,Procedure&nothing-of-the-kind=1"] {
        assert_eq!(server.get(&format!("GET /?{query}")).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn several_types_are_sorted_by_when_they_were_updated() {
    let server = Server::start().await;
    for (n, kind) in ["Patient", "Organization", "Patient", "Location", "Organization"].into_iter().enumerate() {
        put(&server, &json!({"resourceType": kind, "id": format!("r{n}")})).await;
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    put(&server, &json!({"resourceType": "Patient", "id": "r0", "active": true})).await;
    for (query, mut expected) in [
        ("", vec!["r1", "r2", "r3", "r4", "r0"]),
        ("_lastUpdated=gt2020&", vec!["r1", "r2", "r3", "r4", "r0"]),
        ("_type=Patient,Organization&", vec!["r1", "r2", "r4", "r0"]),
        ("_type=Patient,Location&_lastUpdated=gt2020&", vec!["r2", "r3", "r0"]),
        ("_type=Patient,Location&_id=r0,r3&", vec!["r3", "r0"]),
    ] {
        for count in [1, 2, 50] {
            assert_eq!(
                paged(&server, &format!("?{query}_sort=_lastUpdated&_count={count}")).await,
                expected,
                "{query}"
            );
        }
        expected.reverse();
        for count in [1, 2, 50] {
            assert_eq!(
                paged(&server, &format!("?{query}_sort=-_lastUpdated&_count={count}")).await,
                expected,
                "{query}"
            );
        }
    }
}

#[tokio::test]
async fn several_lists_are_one_or_the_other() {
    let server = Server::start().await;
    for id in ["a", "b", "c", "d"] {
        put(&server, &json!({"resourceType": "Patient", "id": id})).await;
    }
    for (id, items) in [("l1", ["a", "b"]), ("l2", ["b", "c"])] {
        let entries = items.map(|item| json!({"item": {"reference": format!("Patient/{item}")}}));
        put(
            &server,
            &json!({"resourceType": "List", "id": id, "status": "current", "mode": "working", "entry": entries}),
        )
        .await;
    }
    for (query, expected) in [
        ("_list=l1,l2", vec!["a", "b", "c"]),
        ("_list=List/l2,l1", vec!["a", "b", "c"]),
        ("_list=l1&_list=l2", vec!["b"]),
        ("_list=l2", vec!["b", "c"]),
    ] {
        assert_eq!(found(&server, &format!("Patient?{query}&_sort=_id")).await, expected, "{query}");
    }
    let many = vec!["l1"; 21].join(",");
    for query in ["l1,none", "l1,", "l1,$current-problems", many.as_str()] {
        assert_eq!(server.get(&format!("GET /Patient?_list={query}")).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn a_chain_leads_as_far_as_the_references_do() {
    const LEVELS: usize = 100; // 150 searches in all
    let server = Server::start().await;
    for at in 0..=LEVELS {
        let mut organization =
            json!({"resourceType": "Organization", "id": format!("o{at}"), "name": format!("n{at}")});
        if at > 0 {
            organization["partOf"] = json!({"reference": format!("Organization/o{}", at - 1)});
        }
        put(&server, &organization).await;
    }
    let up = "partof.".repeat(LEVELS);
    assert_eq!(found(&server, &format!("Organization?{up}name:exact=n0")).await, [format!("o{LEVELS}")]);
    assert!(found(&server, &format!("Organization?{up}name:exact=n1")).await.is_empty());
    let down = "_has:Organization:partof:".repeat(LEVELS);
    assert_eq!(found(&server, &format!("Organization?{down}name:exact=n{LEVELS}")).await, ["o0"]);
    let deeper = server.get(&format!("GET /Organization?{up}{up}name=n0")).await;
    assert_eq!((deeper.status, &deeper.json()["issue"][0]["code"]), (400, &json!("too-costly")), "{}", deeper.text);
}

#[tokio::test]
async fn resources_inside_that_refer_to_each_other_in_circles_hold_up_no_chain() {
    let server = Server::start().await;
    let inside = |id: &str| {
        json!({"resourceType": "Observation", "id": id, "status": "final", "code": {"text": "x"},
               "hasMember": [{"reference": "#a"}, {"reference": "#b"}]})
    };
    let mut observation = inside("x");
    observation["contained"] = json!([inside("a"), inside("b")]);
    put(&server, &observation).await;
    for links in [1, 40, 140] {
        let chain = "has-member:Observation.".repeat(links);
        assert!(found(&server, &format!("Observation?{chain}status=amended")).await.is_empty());
        assert_eq!(found(&server, &format!("Observation?{chain}status=final")).await, ["x"], "{links}");
    }
}
