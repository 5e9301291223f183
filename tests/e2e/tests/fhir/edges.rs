//! The ways in: an HTTP API, a REST API, a function URL. What clients see is the same.

use std::io::{Read as _, Write as _};

use e2e::Result;
use e2e::fhir::{FHIR_JSON, Fhir, make};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::within;

const WAYS: [&str; 3] = ["http-api", "rest-api", "function-url"];

fn packed(resource: &Value) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(resource.to_string().as_bytes()).unwrap();
    out.finish().unwrap()
}

fn unpacked(bytes: &[u8]) -> Value {
    assert!(bytes.starts_with(&[0x1f, 0x8b]), "{:?}", String::from_utf8_lossy(bytes));
    let mut text = String::new();
    GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn bodies_are_compressed_both_ways() {
    for way in WAYS {
        within(&[("Endpoint", way)], async |fhir| {
            let patient = make::with_id(make::patient(1), "p");
            let request = fhir.request("PUT", "Patient/p").header("content-encoding", "gzip");
            let answer = fhir.account.send(request.body(FHIR_JSON, packed(&patient))).await?;
            assert_eq!(answer.status(), 201, "{way}: {}", String::from_utf8_lossy(answer.body()));
            for number in 0..20 {
                let observation = make::with_id(make::observation("Patient/p", number), &format!("o{number}"));
                fhir.send("PUT", &format!("Observation/o{number}"), &observation).await?;
            }
            // A REST API unpacks the function's base64 for clients that say what they accept, as nearly all do.
            let search = fhir.request("GET", "Observation?patient=p&_count=100").header("accept", FHIR_JSON);
            let plain = fhir.account.send(search.clone()).await?;
            let small = fhir.account.send(search.header("accept-encoding", "gzip")).await?;
            assert_eq!(
                (plain.header("content-encoding"), small.header("content-encoding")),
                (None, Some("gzip")),
                "{way}"
            );
            assert!(
                small.body().len() * 5 < plain.body().len(),
                "{way}: {} of {}",
                small.body().len(),
                plain.body().len()
            );
            assert_eq!(entries(&unpacked(small.body())), entries(&plain.json()?), "{way}");
            assert_eq!(entries(&plain.json()?).as_array().map(Vec::len), Some(20), "{way}");
            Ok(())
        });
    }
}

fn entries(page: &Value) -> Value {
    page["entry"].clone()
}

/// What a client sees, without times and with the server's URL, as the first answer has it, as `[base]`.
async fn seen(fhir: &Fhir) -> Result<Vec<Value>> {
    let patient = make::with_id(make::patient(1), "p");
    let wrong = json!({"resourceType": "Patient", "birthDate": "never"});
    let (null, patch) = (Value::Null, json!([{"op": "add", "path": "/active", "value": true}]));
    let table = [
        ("PUT", "Patient/p", FHIR_JSON, &patient),
        ("GET", "Patient/p", FHIR_JSON, &null),
        ("HEAD", "Patient/p", FHIR_JSON, &null),
        ("PATCH", "Patient/p", "application/json-patch+json", &patch),
        ("GET", "Patient?family=quitte1&_count=1", FHIR_JSON, &null),
        ("GET", "Patient?family=QUITTE1,%C3%84pfel%2CBirne&birthdate=ge1970&birthdate=lt1980", FHIR_JSON, &null),
        ("GET", "Patient/p/_history", FHIR_JSON, &null),
        ("GET", "Patient/nobody", FHIR_JSON, &null),
        ("GET", "Patient?shoe-size=43", FHIR_JSON, &null),
        ("POST", "Patient", FHIR_JSON, &wrong),
        ("POST", "Patient", "application/fhir+xml", &wrong),
        ("DELETE", "Patient/p", FHIR_JSON, &null),
        ("GET", "Patient/p", FHIR_JSON, &null),
    ];
    let (mut seen, mut base) = (Vec::new(), None);
    for (method, path, kind, body) in table {
        let request = fhir.request(method, path);
        let request = if body.is_null() { request } else { request.body(kind, body.to_string()) };
        let answer = fhir.account.send(request).await?;
        let mut all = json!({"asked": format!("{method} {path}"), "status": answer.status(), "body": answer.json().unwrap_or_default()});
        for header in ["content-type", "etag", "location"] {
            all[header] = answer.header(header).into();
        }
        let location = all["location"].as_str().and_then(|at| at.strip_suffix("/Patient/p/_history/1"));
        let base = base.get_or_insert_with(|| location.expect("the first answer has a location").to_owned());
        let mut all: Value = serde_json::from_str(&all.to_string().replace(base.as_str(), "[base]"))?;
        without_times(&mut all);
        seen.push(all);
    }
    Ok(seen)
}

fn without_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !["lastUpdated", "lastModified", "timestamp"].contains(&name.as_str()));
            if fields.get("resourceType") == Some(&json!("Bundle")) {
                fields.remove("id");
            }
            fields.values_mut().for_each(without_times);
        }
        Value::Array(items) => items.iter_mut().for_each(without_times),
        _ => {}
    }
}

#[test]
fn each_way_in_answers_the_same() {
    let mut all = Vec::new();
    for way in WAYS {
        within(&[("Endpoint", way)], async |fhir| {
            all.push(seen(fhir).await?);
            Ok(())
        });
    }
    let statuses: Vec<_> = all[0].iter().map(|answer| answer["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 200, 200, 200, 200, 200, 200, 404, 400, 422, 415, 204, 410], "{:#?}", all[0]);
    for (way, seen) in WAYS.iter().zip(&all) {
        for (one, first) in seen.iter().zip(&all[0]) {
            assert_eq!(one, first, "{way}");
        }
    }
}
