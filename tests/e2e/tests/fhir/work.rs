//! A client's ordinary work, from its token to the history of what it deleted.

use e2e::fhir::{FHIR_JSON, make};
use serde_json::json;

use super::{base, json as read, of_location, resources, within};

#[test]
fn a_client_creates_reads_searches_updates_patches_and_deletes() {
    within(&[], async |fhir| {
        let created = fhir.send("POST", "Patient", &make::patient(1)).await?;
        assert_eq!((created.status(), created.header("etag")), (201, Some("W/\"1\"")));
        let path = of_location(fhir, &created);
        let found = fhir.get(&path).await?;
        assert_eq!((&found["name"][0]["family"], &found["meta"]["versionId"]), (&json!("Quitte1"), &json!("1")));
        for search in
            ["Patient?family=quitte1", "Patient?birthdate=1974-12&gender=female", "Patient?address-city=HOLUNDER"]
        {
            assert_eq!(resources(&fhir.get(search).await?), [&found], "{search}");
        }
        let form = fhir.request("POST", "Patient/_search");
        let form = form.body("application/x-www-form-urlencoded", "family=Quitte1&given=Zwetschge");
        assert_eq!(resources(&read(&fhir.account.send(form).await?, 200)), [&found]);

        let mut changed = found.clone();
        changed["name"][0]["family"] = json!("Birne");
        let updated = fhir.send("PUT", &path, &changed).await?;
        assert_eq!((updated.status(), updated.header("etag")), (200, Some("W/\"2\"")));
        assert_eq!((fhir.count("Patient?family=quitte1").await?, fhir.count("Patient?family=birne").await?), (0, 1));
        let operations = json!([{"op": "replace", "path": "/gender", "value": "other"}]).to_string();
        let operations = fhir.request("PATCH", &path).body("application/json-patch+json", operations);
        assert_eq!(read(&fhir.account.send(operations).await?, 200)["gender"], "other");
        assert_eq!(fhir.count("Patient?gender=other").await?, 1);
        let stale = fhir.request("PUT", &path).header("if-match", "W/\"2\"").body(FHIR_JSON, changed.to_string());
        assert_eq!(fhir.account.send(stale).await?.status(), 412);

        let history = fhir.get(&format!("{path}/_history")).await?;
        let versions: Vec<_> = resources(&history).iter().map(|one| one["meta"]["versionId"].clone()).collect();
        assert_eq!(versions, ["3", "2", "1"]);
        assert_eq!(fhir.get(&format!("{path}/_history/1")).await?, found);

        assert_eq!(fhir.account.send(fhir.request("DELETE", &path)).await?.status(), 204);
        assert_eq!(fhir.account.send(fhir.request("GET", &path)).await?.status(), 410);
        assert_eq!(fhir.count("Patient?gender=other").await?, 0);
        assert_eq!(fhir.get(&format!("{path}/_history")).await?["entry"].as_array().map(Vec::len), Some(4));
        Ok(())
    });
}

#[test]
fn a_transaction_goes_in_whole_and_its_references_are_resolved() {
    within(&[], async |fhir| {
        let answer = read(&fhir.send("POST", "", &make::visit(1, 30)).await?, 200);
        let entries = answer["entry"].as_array().unwrap();
        assert!(
            entries.iter().all(|entry| entry["response"]["status"].as_str().unwrap().starts_with("201")),
            "{answer}"
        );
        let location = entries[0]["response"]["location"].as_str().unwrap();
        let patient =
            location.trim_start_matches(&base(fhir)).trim_start_matches('/').split("/_history").next().unwrap();
        let page = fhir.get(&format!("Observation?subject={patient}&_sort=-date&_count=10")).await?;
        assert_eq!(resources(&page).len(), 10);
        assert!(resources(&page).iter().all(|one| one["subject"]["reference"] == patient), "{page}");
        assert_eq!(fhir.count(&format!("Observation?patient={patient}&code=http://loinc.org|29463-7")).await?, 29);
        // The next page, by the link that the client was given.
        let links = page["link"].as_array().unwrap();
        let next = links.iter().find(|link| link["relation"] == "next").unwrap()["url"].as_str().unwrap();
        let next = fhir.get(next.trim_start_matches(&base(fhir)).trim_start_matches('/')).await?;
        assert_eq!(resources(&next).len(), 10);
        assert!(resources(&next).iter().all(|one| !resources(&page).contains(one)));
        Ok(())
    });
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_nothing_is_stored() {
    within(&[], async |fhir| {
        let mut bundle = make::visit(1, 3);
        bundle["entry"][0]["resource"]["birthDate"] = json!("25.12.1974");
        bundle["entry"][2]["resource"]["status"] = json!("done");
        let outcome = read(&fhir.send("POST", "", &bundle).await?, 422);
        let places: Vec<_> = outcome["issue"].as_array().unwrap().iter().map(|issue| &issue["expression"][0]).collect();
        let at = ["Bundle.entry[0].resource.birthDate", "Bundle.entry[2].resource.status"];
        assert_eq!(places, at, "{outcome}");
        assert_eq!(fhir.items().await?.len(), 0);
        Ok(())
    });
}
