//! What is said about patients stays with the client and the store: the function's log lines have ids, types and statuses.

use e2e::Result;
use e2e::fhir::{FHIR_JSON, Fhir, make};
use local_aws::{ClientRequest, Fault, Invocation};
use serde_json::{Value, json};

use super::within;

/// Words of the patient's, and of what was asked for.
const WORDS: [&str; 7] = ["quitte", "zwetschge", "mirabelle", "holunder", "quince-", "1974-12", "visit-"];

fn requests(fhir: &Fhir) -> Vec<ClientRequest> {
    let send = |method: &str, path: &str, body: &Value| fhir.request(method, path).body(FHIR_JSON, body.to_string());
    let patient = make::with_id(make::patient(1), "p");
    let changed = |at: &str, value: Value| {
        let mut patient = patient.clone();
        *patient.pointer_mut(at).unwrap() = value;
        patient
    };
    let mut quoted = make::visit(1, 3);
    quoted["entry"][1]["request"]["url"] = json!("Observation?identifier=quince-1");
    let mut named = patient.clone();
    named["zwetschgeQuitte"] = json!("Mirabelle");
    let condition = format!("identifier={}|quince-1", make::MRN);
    vec![
        send("POST", "", &make::visit(1, 4)),
        send("POST", "", &quoted),
        send("PUT", "Patient/p", &patient),
        send("POST", "Patient", &patient).header("if-none-exist", &condition),
        send("POST", "Patient", &patient).header("if-none-exist", "quitte=Zwetschge"),
        send("PUT", &format!("Patient?{condition}"), &patient),
        send("POST", "Patient", &changed("/birthDate", json!("1974-12-25 Quitte"))),
        send("POST", "Patient", &changed("/gender", json!("zwetschge"))),
        send("POST", "Patient", &changed("/name/0", json!("Quitte"))),
        send("POST", "Patient", &changed("/resourceType", json!("Quitte"))),
        send("POST", "Patient", &named),
        send("POST", "Patient", &json!({"resourceType": "Observation", "valueString": "Quitte"})),
        fhir.request("POST", "Patient").body(FHIR_JSON, "{\"name\": \"Zwetschge Quitte\", \"name\""),
        fhir.request("POST", "Patient").body(FHIR_JSON, "Zwetschge \u{7} Quitte"),
        fhir.request("POST", "Patient").body("text/quitte", "Zwetschge"),
        fhir.request("PATCH", "Patient/p")
            .body("application/json-patch+json", r#"[{"op": "test", "path": "/quitte", "value": "Zwetschge"}]"#),
        fhir.request("GET", "Patient?family=Quitte1&given=Zwetschge&birthdate=1974-12-25"),
        fhir.request("GET", "Patient?quitte=Zwetschge"),
        fhir.request("GET", "Patient?birthdate=Quitte"),
        fhir.request("GET", "Patient?identifier:quitte=quince-1"),
        fhir.request("GET", "Patient?_sort=quitte&_count=zwetschge"),
        fhir.request("GET", "Observation?patient.family=Quitte1&patient.identifier=quince-1"),
        fhir.request("GET", "Patient?family=Quitte1&_cursor=quitte"),
        fhir.request("GET", "Patient?family=%FFQuitte"),
        fhir.request("GET", "Zwetschge/Quitte?family=Mirabelle"),
        fhir.request("GET", "Patient/p?_format=quitte"),
        fhir.request("GET", "Patient/p").header("if-none-match", "Quitte").header("x-request-id", "r-1"),
        fhir.request("POST", "Patient/_search").body("application/x-www-form-urlencoded", "family=Quitte1&zwetschge=1"),
        fhir.request("DELETE", &format!("Patient?{condition}")),
    ]
}

fn tells_nothing(invocation: &Invocation) {
    for line in invocation.logs.iter().chain(&invocation.report) {
        let lower = line.to_lowercase();
        assert_eq!(WORDS.into_iter().find(|word| lower.contains(word)), None, "{line}");
    }
    if let Err(error) = &invocation.result {
        let lower = error.to_string().to_lowercase();
        assert_eq!(WORDS.into_iter().find(|word| lower.contains(word)), None, "{lower}");
    }
}

#[test]
fn no_log_line_holds_what_was_sent_or_asked() {
    within(&[("LogLevel", "DEBUG"), ("Archive", "true")], async |fhir| {
        let quoting = |code: &str| Fault::error(400, code, "i#Patient#family#QUITTE: Zwetschge, quince-1, 1974-12-25");
        let rounds = [
            vec![],
            vec![quoting("ValidationException").action("dynamodb:*")],
            vec![quoting("ValidationException").action("dynamodb:*").from(3)],
            vec![quoting("InvalidRequest").action("s3:*")],
        ];
        for faults in rounds {
            fhir.account.clear_faults();
            for fault in faults {
                fhir.account.inject(fault);
            }
            for request in requests(fhir) {
                answered(fhir, request).await?;
            }
        }
        let invocations = fhir.account.invocations();
        invocations.iter().for_each(tells_nothing);
        assert!(invocations.iter().all(|one| one.result.is_ok()), "none of it crashed the function");
        let lines = invocations.iter().map(|invocation| invocation.logs.len()).sum::<usize>();
        assert!(lines > 200, "{lines} lines were looked through");
        Ok(())
    });
}

async fn answered(fhir: &Fhir, request: ClientRequest) -> Result<()> {
    let told = format!("{request:?}");
    let answer = fhir.account.send(request).await?;
    assert!((200..=501).contains(&answer.status()) || answer.status() == 503, "{} {told}", answer.status());
    Ok(())
}
