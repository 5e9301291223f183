//! Resources and Bundles, with names by which they are known wherever they turn up.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The identifiers' system.
pub const MRN: &str = "urn:oid:2.16.840.1.113883.19.5";

/// A patient with an identifier of its own, `quince-7`.
#[must_use]
pub fn patient(number: usize) -> Value {
    json!({
        "resourceType": "Patient",
        "identifier": [{"system": MRN, "value": format!("quince-{number}")}],
        "name": [{"family": format!("Quitte{number}"), "given": ["Zwetschge"]}],
        "gender": "female",
        "birthDate": "1974-12-25",
        "address": [{"line": ["Mirabellenweg 4"], "city": "Holunderstadt"}],
    })
}

/// A weight of somebody: `Patient/1`, or what is a name for it in a Bundle.
#[must_use]
pub fn observation(subject: &str, number: usize) -> Value {
    json!({
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7", "display": "Body weight"}]},
        "subject": {"reference": subject},
        "effectiveDateTime": format!("2026-03-{:02}T{:02}:00:00Z", 1 + number / 24 % 28, number % 24),
        "valueQuantity": {
            "value": 60 + number % 40, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg",
        },
    })
}

/// A document with so many bytes that no compression makes less.
#[must_use]
pub fn document(bytes: usize) -> Value {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let noise = std::iter::repeat_with(|| {
        // xorshift64: looks like noise to gzip, and is the same each time.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    let noise: Vec<u8> = noise.flatten().take(bytes).collect();
    json!({"resourceType": "Binary", "contentType": "application/pdf", "data": STANDARD.encode(noise)})
}

/// The same resource under an id.
#[must_use]
pub fn with_id(mut resource: Value, id: &str) -> Value {
    if let Some(resource) = resource.as_object_mut() {
        resource.insert("id".to_owned(), id.into());
    }
    resource
}

/// An entry that creates a resource. What is in the Bundle refers to it by `urn:uuid:...`, of that number.
#[must_use]
pub fn post(resource: &Value, number: usize) -> Value {
    let kind = resource.get("resourceType");
    json!({"fullUrl": urn(number), "resource": resource, "request": {"method": "POST", "url": kind}})
}

/// An entry that puts a resource under its id.
#[must_use]
pub fn put(resource: &Value) -> Value {
    let text = |name: &str| resource.get(name).and_then(Value::as_str).unwrap_or_default();
    let url = format!("{}/{}", text("resourceType"), text("id"));
    json!({"resource": resource, "request": {"method": "PUT", "url": url}})
}

/// The name of an entry in a Bundle.
#[must_use]
pub fn urn(number: usize) -> String {
    format!("urn:uuid:00000000-0000-4000-8000-{number:012}")
}

/// A transaction of these entries.
#[must_use]
pub fn transaction(entries: impl IntoIterator<Item = Value>) -> Value {
    json!({"resourceType": "Bundle", "type": "transaction", "entry": entries.into_iter().collect::<Vec<_>>()})
}

/// A transaction of a patient and all but one of so many resources that are about her, by a name that only the Bundle knows.
/// Who sends it again finds the patient, and makes the others once more: their identifier is `visit-7`.
#[must_use]
pub fn visit(patient: usize, resources: usize) -> Value {
    let mut first = post(&self::patient(patient), 0);
    if let Some(request) = first.get_mut("request").and_then(Value::as_object_mut) {
        request.insert("ifNoneExist".to_owned(), format!("identifier={MRN}|quince-{patient}").into());
    }
    let of_visit = |number| {
        let mut observation = observation(&urn(0), number);
        if let Some(observation) = observation.as_object_mut() {
            let identifier = json!([{"system": MRN, "value": format!("visit-{patient}")}]);
            observation.insert("identifier".to_owned(), identifier);
        }
        post(&observation, number)
    };
    transaction(std::iter::once(first).chain((1..resources).map(of_visit)))
}
