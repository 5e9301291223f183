use fhir_model::json::Json;

use super::*;
use crate::bundle::entry::{Fault, Reader};
use crate::bundle::tests::{config, server};

/// Plans entries over an empty store: the statuses, or what is wrong.
async fn planned(entries: &[&str]) -> Result<Vec<u16>, String> {
    let config = config();
    let server = server(&config);
    let request = Request::default();
    let reader = Reader { server: &server, request: &request };
    let entries = entries.iter().enumerate();
    let entries: Vec<Entry<'_>> = entries
        .map(|(at, text)| reader.entry(at, Json::parse(text.as_bytes()).unwrap()).map_err(Fault::into_error))
        .collect::<Result<_, _>>()
        .unwrap();
    let facts = Facts::default();
    let mut planner = Planner::new(&server, &facts, &entries);
    for entry in entries {
        let index = entry.index;
        planner.entry(entry).map_err(|error| of_entry(index)(error).to_string())?;
    }
    let all = planner.finish(&server, true).await.map_err(|error| error.to_string())?;
    let status = |step: &Step| match step {
        Step::Write { status, .. } => *status,
        Step::Done(answer) => answer.status,
        Step::Get(_) => 0,
    };
    Ok(all.steps.iter().map(status).collect())
}

const POST: &str = r#"{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}}"#;
const PUT: &str = r#"{"resource":{"resourceType":"Patient","id":"1"},"request":{"method":"PUT","url":"Patient/1"}}"#;
const DELETE: &str = r#"{"request":{"method":"DELETE","url":"Patient/1"}}"#;
const GET: &str = r#"{"request":{"method":"GET","url":"Patient/1"}}"#;
const IF_NONE: &str = r#"{"resource":{"resourceType":"Patient"},
    "request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=a"}}"#;
const PUT_IF: &str =
    r#"{"resource":{"resourceType":"Patient"},"request":{"method":"PUT","url":"Patient?identifier=a"}}"#;
const PUT_IF_ID: &str = r#"{"resource":{"resourceType":"Patient","id":"1"},
    "request":{"method":"PUT","url":"Patient?identifier=b"}}"#;
const PATCH: &str =
    r#"{"resource":{"resourceType":"Parameters","parameter":[]},"request":{"method":"PATCH","url":"Patient/1"}}"#;
const IF_MATCH: &str = r#"{"resource":{"resourceType":"Patient","id":"2"},
    "request":{"method":"PUT","url":"Patient/2","ifMatch":"W/\"1\""}}"#;

#[tokio::test]
async fn the_answers_stand_in_the_order_of_the_entries() {
    assert_eq!(planned(&[GET, PUT, POST, POST]).await, Ok(vec![0, 201, 201, 201]));
    assert_eq!(
        planned(&[DELETE, IF_NONE, PUT_IF_ID.replace("\"1\"", "\"7\"").as_str()]).await,
        Ok(vec![204, 201, 201])
    );
}

#[tokio::test]
async fn a_transaction_writes_a_resource_once() {
    for (entries, at) in
        [([PUT, PUT], 1), ([PUT, DELETE], 1), ([DELETE, DELETE], 1), ([PUT, PUT_IF_ID], 1), ([PUT, PATCH], 1)]
    {
        let error = planned(&entries).await.unwrap_err();
        assert!(error.contains(&format!("entry {at} ")) && error.contains("as entry 0"), "{error}");
    }
    for entries in [[IF_NONE, IF_NONE], [IF_NONE, PUT_IF]] {
        let error = planned(&entries).await.unwrap_err();
        assert!(error.contains("entry 1 ") && error.contains("same criteria"), "{error}");
    }
}

#[tokio::test]
async fn a_condition_that_does_not_hold_fails_all() {
    let error = planned(&[POST, IF_MATCH]).await.unwrap_err();
    assert!(error.starts_with("entry 1 ") && error.contains("If-Match"), "{error}");
    assert!(planned(&[POST, PATCH]).await.unwrap_err().contains("not known"));
}
