//! The call budget, asserted through the handler: how many round trips one after another an interaction takes.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "these are tests")]

mod common;
#[path = "common/trace.rs"]
mod trace;

use common::Server;
use fhir::handler::Handler;
use serde_json::{Value, json};
use trace::{Calls, Trace};

const LOINC: &str = "http://loinc.org";

/// A server whose calls are counted, and whose clock goes on when the test says so.
struct Counted {
    server: Server,
    trace: Trace,
    over: Vec<String>,
}

fn written() -> i64 {
    1_800_000_000_000
}

/// Two minutes later: no response can have begun before the transactions of then were committed.
fn later() -> i64 {
    written() + 120_000
}

impl Counted {
    async fn start() -> Self {
        let mut counted = Self { server: Server::start().await, trace: Trace::default(), over: Vec::new() };
        counted.at(written);
        counted
    }

    fn at(&mut self, clock: fn() -> i64) {
        let client = self.trace.of(&self.server.cloud.dynamodb);
        self.server.handler = Handler::new(client, self.server.cloud.s3.clone(), Server::config()).with_clock(clock);
    }

    /// Sends a request that must be answered with that status, and counts its calls.
    async fn send(&self, what: &str, headers: &[(&str, &str)], body: &Value, status: u16) -> (Value, Calls) {
        let mut all = vec![("content-type", "application/fhir+json"), ("prefer", "return=representation")];
        all.extend_from_slice(headers);
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.trace.take();
        let answer = self.server.send(what, &all, &body).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
        let calls = self.trace.take();
        assert!(!calls.has("Scan"), "{what}: {calls}");
        (if answer.text.is_empty() { Value::Null } else { answer.json() }, calls)
    }

    /// The same, within so many rounds. What takes more is told at the end, with all of its calls.
    async fn within(
        &mut self,
        budget: usize,
        what: &str,
        headers: &[(&str, &str)],
        body: &Value,
        status: u16,
    ) -> Value {
        let (answer, calls) = self.send(what, headers, body, status).await;
        println!("{what}: {calls}");
        if calls.rounds > budget {
            self.over.push(format!("{what}: at most {budget} rounds, but {calls}"));
        }
        answer
    }

    /// A search that finds so many, within so many rounds.
    async fn search(&mut self, budget: usize, what: &str, found: usize) {
        let page = self.within(budget, &format!("GET /{what}"), &[], &Value::Null, 200).await;
        assert_eq!(page["entry"].as_array().map_or(0, Vec::len), found, "{what}");
    }

    fn finish(self) {
        assert!(self.over.is_empty(), "{}", self.over.join("\n"));
    }
}

fn observation(patient: &str, number: usize) -> Value {
    let code = if number.is_multiple_of(3) { "8867-4" } else { "85354-9" };
    json!({
        "resourceType": "Observation", "status": if number.is_multiple_of(2) { "final" } else { "amended" },
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}],
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": format!("Patient/{patient}")},
        "encounter": {"reference": format!("Encounter/e{}", number % 5)},
        "effectiveDateTime": format!("20{:02}-{:02}-{:02}T08:00:00Z", 10 + number / 300, 1 + number / 28 % 12, 1 + number % 28),
        "valueQuantity": {"value": 60 + number % 40, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
    })
}

fn transaction(entries: impl IntoIterator<Item = Value>) -> Value {
    json!({"resourceType": "Bundle", "type": "transaction", "entry": entries.into_iter().collect::<Vec<_>>()})
}

fn put(id: &str, mut resource: Value) -> Value {
    resource["id"] = json!(id);
    let url = format!("{}/{id}", resource["resourceType"].as_str().unwrap());
    json!({"fullUrl": format!("{}/{url}", common::BASE), "resource": resource, "request": {"method": "PUT", "url": url}})
}

fn post(resource: &Value) -> Value {
    let url = resource["resourceType"].as_str().unwrap();
    json!({"fullUrl": format!("urn:uuid:{}", uuid::Uuid::new_v4()), "resource": resource, "request": {"method": "POST", "url": url}})
}

#[tokio::test]
async fn one_resource_takes_as_many_rounds_as_the_design_says() {
    let mut server = Counted::start().await;
    let created = server.within(2, "POST /Observation", &[], &observation("p1", 1), 201).await;
    let url = format!("Observation/{}", created["id"].as_str().unwrap());
    server.within(1, &format!("GET /{url}"), &[], &Value::Null, 200).await;
    server.within(1, &format!("GET /{url}"), &[("if-none-match", "W/\"1\"")], &Value::Null, 304).await;
    server.within(1, "GET /Observation/nobody", &[], &Value::Null, 404).await;
    server.within(1, &format!("GET /{url}/_history/1"), &[], &Value::Null, 200).await;

    let mut changed = observation("p2", 6); // another patient, code, status, date and value: many rows are dropped
    changed["id"] = created["id"].clone();
    server.within(3, &format!("PUT /{url}"), &[], &changed, 200).await;
    changed["status"] = json!("entered-in-error");
    server.within(3, &format!("PUT /{url}"), &[("if-match", "W/\"2\"")], &changed, 200).await;
    let patch = json!([{"op": "replace", "path": "/status", "value": "final"}]);
    let as_patch = [("content-type", "application/json-patch+json")];
    server.within(3, &format!("PATCH /{url}"), &as_patch, &patch, 200).await;
    server.within(2, &format!("GET /{url}/_history"), &[], &Value::Null, 200).await;
    server.within(3, &format!("DELETE /{url}"), &[], &Value::Null, 204).await;
    server.within(1, &format!("GET /{url}"), &[], &Value::Null, 410).await;
    let mut chosen = observation("p1", 2);
    chosen["id"] = json!("chosen");
    server.within(3, "PUT /Observation/chosen", &[], &chosen, 201).await;
    server.finish();
}

/// The claim is read, what matches is searched (rows, then heads where there are rows), then it is written.
#[tokio::test]
async fn conditional_interactions_take_a_search_more() {
    let mut server = Counted::start().await;
    let patient = json!({"resourceType": "Patient", "identifier": [{"system": "urn:mrn", "value": "1"}]});
    let condition = [("if-none-exist", "identifier=urn:mrn|1")];
    server.within(4, "POST /Patient", &condition, &patient, 201).await;
    server.within(3, "POST /Patient", &condition, &patient, 200).await;
    let changed =
        json!({"resourceType": "Patient", "identifier": [{"system": "urn:mrn", "value": "1"}], "active": true});
    server.within(6, "PUT /Patient?identifier=urn:mrn|1", &[], &changed, 200).await;
    server.within(5, "DELETE /Patient?identifier=urn:mrn|1", &[], &Value::Null, 204).await;
    server.finish();
}

#[tokio::test]
async fn a_search_page_takes_two_rounds_or_three() {
    let mut server = Counted::start().await;
    for part in 0..6 {
        let entries = (0..100).map(|at| {
            let number = part * 100 + at;
            put(&format!("o{number}"), observation(&format!("p{}", number % 4), number))
        });
        server.send("POST /", &[], &transaction(entries), 200).await;
    }
    let patient = json!({
        "resourceType": "Patient", "name": [{"family": "Chalmers", "given": ["Peter"]}], "gender": "male",
        "identifier": [{"system": "urn:mrn", "value": "1"}], "birthDate": "1970-01-01",
    });
    server.send("POST /", &[], &transaction([put("p1", patient)]), 200).await;
    server.at(later);

    // One equality parameter: the rows, and the heads.
    server.search(2, "Patient?identifier=urn:mrn|1", 1).await;
    server.search(2, "Patient?identifier=urn:mrn|2", 0).await;
    server.search(1, "Patient?_id=p1", 1).await;
    server.search(2, "Patient?name=chalmers", 1).await;
    server.search(2, "Patient?birthdate=1970-01-01", 1).await;
    server.search(2, "Observation?patient=p1", 50).await;
    server.search(2, "Observation?patient=Patient/p1&_count=100", 100).await;
    server.search(2, "Observation?code=8867-4&_count=100", 100).await;
    server.search(2, &format!("Observation?code={LOINC}|8867-4&_count=20"), 20).await;
    server.search(2, "Observation?encounter=Encounter/e1&_count=100", 100).await;
    server.search(2, "Observation?_sort=-date&_count=20", 20).await;
    server.search(2, "Observation?_sort=date&_count=100", 100).await;
    // Several: lists are intersected before any resource is fetched.
    server.search(2, "Observation?patient=p1&code=8867-4&_sort=-date&_count=20", 20).await;
    server.search(2, "Observation?patient=p1&code=8867-4&_sort=-date&_count=100", 50).await;
    server.search(2, &format!("Observation?patient=p1&code={LOINC}|85354-9&_count=100"), 100).await;
    server.search(2, "Observation?patient=p1&code=8867-4,85354-9&_count=100", 100).await;
    server.search(2, "Observation?patient=p1&category=vital-signs&_sort=-date&_count=20", 20).await;
    server.search(3, "Observation?patient=p1&category=vital-signs&code=8867-4&status=amended&_count=100", 50).await;
    server.search(3, "Observation?encounter=Encounter/e1&code=8867-4&_count=100", 40).await;
    server.search(3, "Observation?code=8867-4&status=final&_count=100", 100).await;
    server.search(3, "Observation?patient=p1&code=85354-9&date=ge2010-06-01&_sort=-date&_count=20", 20).await;
    // With what they are about: a round more.
    server.search(3, "Observation?patient=p1&code=8867-4&_include=Observation:patient&_count=20", 21).await;
    // The next page costs what the first did.
    let first =
        server.send("GET /Observation?patient=p1&code=85354-9&_sort=-date&_count=20", &[], &Value::Null, 200).await.0;
    let links = first["link"].as_array().unwrap();
    let next = links.iter().find(|link| link["relation"] == "next").unwrap()["url"].as_str().unwrap();
    let next = next.strip_prefix(common::BASE).unwrap().trim_start_matches('/').to_owned();
    server.search(2, &next, 20).await;
    server.finish();
}

/// A response that meets what a transaction of the last minute wrote is made twice, so that it can't show half of it.
#[tokio::test]
async fn just_after_a_transaction_a_response_is_made_twice() {
    let mut server = Counted::start().await;
    let entries = (0..40).map(|number| put(&format!("o{number}"), observation("p1", number)));
    server.send("POST /", &[], &transaction(entries), 200).await;
    server.within(2, "GET /Observation/o1", &[], &Value::Null, 200).await;
    let (_, soon) = server.send("GET /Observation?patient=p1&_sort=-date&_count=20", &[], &Value::Null, 200).await;
    server.at(later);
    let (_, later) = server.send("GET /Observation?patient=p1&_sort=-date&_count=20", &[], &Value::Null, 200).await;
    assert_eq!((soon.rounds, later.rounds), (4, 2), "{soon}\n{later}");
    // What has been written alone is read once, right after.
    let created = server.send("POST /Observation", &[], &observation("p9", 1), 201).await.0;
    server.within(1, &format!("GET /Observation/{}", created["id"].as_str().unwrap()), &[], &Value::Null, 200).await;
    server.search(2, "Observation?patient=p9", 1).await;
    server.finish();
}

#[tokio::test]
async fn a_transaction_of_a_hundred_takes_four_rounds() {
    let mut server = Counted::start().await;
    let created = transaction((0..100).map(|number| post(&observation("p1", number))));
    server.within(4, "POST /", &[], &created, 200).await;
    let chosen = || (0..100).map(|number| put(&format!("o{number}"), observation("p1", number)));
    server.within(4, "POST /", &[], &transaction(chosen()), 200).await;
    // Updates, with rows that are dropped.
    let changed = (0..100).map(|number| put(&format!("o{number}"), observation("p2", number + 1)));
    server.within(4, "POST /", &[], &transaction(changed), 200).await;
    let deleted =
        (0..100).map(|number| json!({"request": {"method": "DELETE", "url": format!("Observation/o{number}")}}));
    server.within(4, "POST /", &[], &transaction(deleted), 200).await;
    // A patient by criteria that all others refer to.
    let patient = json!({"resourceType": "Patient", "identifier": [{"system": "urn:mrn", "value": "7"}]});
    let mut first = post(&patient);
    first["request"]["ifNoneExist"] = json!("identifier=urn:mrn|7");
    let whose = first["fullUrl"].clone();
    let others = (0..98).map(|number| {
        let mut observation = observation("p1", number);
        observation["subject"]["reference"] = whose.clone();
        post(&observation)
    });
    let conditional = transaction([first].into_iter().chain(others));
    server.within(4, "POST /", &[], &conditional, 200).await;
    // The second time there is one that matches, whose head is read. (Within a minute of its transaction, twice.)
    server.at(later);
    server.within(5, "POST /", &[], &conditional, 200).await;
    server.finish();
}
