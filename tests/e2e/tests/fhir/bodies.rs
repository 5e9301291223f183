//! What is too large for the table, and what is kept as it came.

use std::io::Write as _;

use e2e::Result;
use e2e::fhir::{FHIR_JSON, Fhir, make};
use flate2::Compression;
use flate2::write::GzEncoder;
use local_aws::{Fault, LakeObject};
use serde_json::json;

use super::{json as read, of_location, within};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

#[test]
fn a_body_too_large_for_the_table_goes_to_s3_and_comes_back() {
    within(&[], async |fhir| {
        let document = make::document(500_000);
        let created = fhir.send("POST", "Binary", &document).await?;
        assert_eq!(created.status(), 201);
        let path = of_location(fhir, &created);
        assert_eq!(fhir.get(&path).await?["data"], document["data"]);
        let objects = fhir.objects("BodiesBucket").await?;
        assert!(objects.len() == 1 && objects[0].key.starts_with(&format!("bodies/{path}/")), "{:?}", objects[0].key);
        assert!(objects[0].body.len() > 400_000 && objects[0].body.len() < 560_000, "{}", objects[0].body.len());
        // An older version is still there, a small one is not in S3.
        let id = path.trim_start_matches("Binary/");
        let small = fhir.send("PUT", &path, &make::with_id(make::document(1000), id)).await?;
        assert_eq!(small.status(), 200);
        assert_eq!(fhir.objects("BodiesBucket").await?.len(), 1);
        assert_eq!(fhir.get(&format!("{path}/_history/1")).await?["data"], document["data"]);
        Ok(())
    });
}

/// All of them.
pub(super) async fn lose_bodies(fhir: &Fhir) -> Result<()> {
    for object in fhir.objects("BodiesBucket").await? {
        fhir.account.remove_object(fhir.stack.output("BodiesBucket")?, &object.key).await?;
    }
    Ok(())
}

#[test]
fn a_document_whose_body_is_lost_can_be_replaced_and_deleted() {
    within(&[], async |fhir| {
        let put = async |size| fhir.send("PUT", "Binary/d", &make::with_id(make::document(size), "d")).await;
        assert_eq!(put(500_000).await?.status(), 201);
        lose_bodies(fhir).await?;
        assert_eq!(fhir.account.send(fhir.request("GET", "Binary/d")).await?.status(), 500);
        assert_eq!(put(400_000).await?.status(), 200);
        lose_bodies(fhir).await?;
        assert_eq!(fhir.account.send(fhir.request("DELETE", "Binary/d")).await?.status(), 204);
        Ok(())
    });
}

#[test]
fn a_posted_message_is_archived_byte_for_byte() {
    within(&[("Archive", "true")], async |fhir| {
        let bundle = make::visit(1, 3).to_string().replacen("\"entry\":", " \"entry\"\n:\t", 1);
        let broken = "{\"resourceType\": \"Patient\", \"birthDate\": \"never\"}  ";
        let answer = fhir.account.send(fhir.request("POST", "").body(FHIR_JSON, bundle.clone())).await?;
        read(&answer, 200);
        let packed = gzip(make::patient(2).to_string().as_bytes());
        let request = fhir.request("POST", "Patient").header("content-encoding", "gzip").body(FHIR_JSON, packed);
        assert_eq!(fhir.account.send(request).await?.status(), 201);
        let answer = fhir.account.send(fhir.request("POST", "Patient").body(FHIR_JSON, broken)).await?;
        assert_eq!(answer.status(), 422);
        fhir.get("Patient?family=quitte1").await?;
        let form = fhir.request("POST", "Patient/_search").body("application/x-www-form-urlencoded", "family=quitte1");
        assert_eq!(fhir.account.send(form).await?.status(), 200);

        let mut kept: Vec<String> = fhir.objects("ArchiveBucket").await?.iter().map(LakeObject::text).collect();
        let mut sent = vec![bundle, make::patient(2).to_string(), broken.to_owned()];
        kept.sort();
        sent.sort();
        assert_eq!(kept, sent, "what brings something, and no search");
        Ok(())
    });
}

#[test]
fn who_is_answered_with_success_is_archived() {
    within(&[("Archive", "true")], async |fhir| {
        fhir.account.inject(Fault::error(503, "SlowDown", "Please reduce your request rate.").action("s3:PutObject"));
        let put = make::with_id(make::patient(1), "p");
        let answer = fhir.send("PUT", "Patient/p", &put).await?;
        assert_eq!((answer.status(), answer.header("retry-after")), (503, Some("1")));
        fhir.account.clear_faults();
        assert!([200, 201].contains(&fhir.send("PUT", "Patient/p", &put).await?.status()));
        assert_eq!(fhir.objects("ArchiveBucket").await?.len(), 1);
        assert_eq!(fhir.get("Patient/p").await?["name"], json!(put["name"]));
        Ok(())
    });
}
