//! The archive of what was posted.

use crate::common::Server;
use crate::{JSON, patient};

#[tokio::test]
async fn a_posted_message_is_archived_as_it_came_even_if_it_is_refused() {
    let server = Server::start().await;
    server.send("POST /Patient", &[JSON], b"{ \"resourceType\" : \"Patient\" }").await;
    server.send("POST /Patient", &[JSON], b"{").await;
    server.send("POST /Patient/$validate", &[JSON], b"{}").await;
    let archived = server.cloud.s3.list_objects_v2().bucket(fhir_local::cloud::ARCHIVE_BUCKET).send().await.unwrap();
    let mut sizes: Vec<_> = archived.contents().iter().filter_map(aws_sdk_s3::types::Object::size).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 30]);
}

#[tokio::test]
async fn what_can_not_be_archived_is_not_answered_as_if_it_were() {
    let mut server = Server::start().await;
    let config = fhir::config::Config { archive_bucket: Some("no bucket".to_owned()), ..Server::config() };
    server.handler = fhir::handler::Handler::new(server.cloud.dynamodb.clone(), server.cloud.s3.clone(), config);
    let answer = server.post("POST /Patient", &patient("F")).await;
    assert_eq!((answer.status, answer.header("Retry-After")), (503, "1"), "{}", answer.text);
    assert_eq!(server.get("GET /Patient/1").await.status, 404, "reads need no archive");
}
