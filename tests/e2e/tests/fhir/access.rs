//! Who may: tokens of the stack's own pool, with their scopes.

use e2e::fhir::{FHIR_JSON, make};

use super::{json, within};

#[test]
fn without_a_token_there_is_the_capability_statement_and_nothing_else() {
    within(&[], async |fhir| {
        let statement = json(&fhir.account.send(fhir.anonymous("GET", "metadata")).await?, 200);
        assert_eq!(
            (&statement["resourceType"], &statement["fhirVersion"]),
            (&"CapabilityStatement".into(), &"4.0.1".into())
        );
        let asked = fhir.account.invocations().len();
        for (method, path) in [
            ("GET", "Patient/1"),
            ("GET", "Patient?name=a"),
            ("POST", "Patient"),
            ("POST", ""),
            ("DELETE", "Patient/1"),
        ] {
            let request = fhir.anonymous(method, path).body(FHIR_JSON, make::patient(1).to_string());
            assert_eq!(fhir.account.send(request).await?.status(), 401, "{method} {path}");
        }
        assert_eq!(fhir.account.invocations().len(), asked, "the function has seen none of it");
        Ok(())
    });
}

#[test]
fn a_token_lets_do_what_its_scope_says() {
    within(&[], async |fhir| {
        let (reads, writes) = (fhir.token(&["fhir/read"]).await?, fhir.token(&["fhir/write"]).await?);
        let patient = make::with_id(make::patient(1), "p").to_string();
        let ask = async |method: &str, path: &str, token: &str| -> e2e::Result<u16> {
            let request = fhir.anonymous(method, path).token(token).body(FHIR_JSON, patient.clone());
            Ok(fhir.account.send(request).await?.status())
        };
        // Method, path, status with a scope to read, with one to write; those to write first, so that there is something to read.
        for (method, path, by_reader, by_writer) in [
            ("PUT", "Patient/p", 403, 201),
            ("POST", "Patient", 403, 201),
            ("GET", "Patient/p", 200, 403),
            ("GET", "Patient?gender=female", 200, 403),
            ("GET", "Patient/p/_history", 200, 403),
            ("DELETE", "Patient/p", 403, 204),
        ] {
            assert_eq!(ask(method, path, &reads).await?, by_reader, "{method} {path}");
            assert_eq!(ask(method, path, &writes).await?, by_writer, "{method} {path}");
        }
        assert_eq!(ask("GET", "Patient/p", "no.token.atall").await?, 401);
        Ok(())
    });
}
