//! The server as others embed it.
#![expect(clippy::unwrap_used, reason = "a step that fails ends the test")]

use std::path::Path;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use fhir_local::cloud::{ARCHIVE_BUCKET, BUCKET, Cloud, TABLE};
use fhir_local::{Options, Server, StartError};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

async fn send(server: &Server, request: Request<Full<Bytes>>) -> Response<Bytes> {
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

fn request(method: &str, path: &str, body: Bytes) -> Request<Full<Bytes>> {
    let request = Request::builder().method(method).uri(path).header("host", "127.0.0.1");
    request.header("content-type", "application/fhir+json").body(Full::new(body)).unwrap()
}

async fn keep(cloud: &Cloud, body: Vec<u8>) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let put = cloud.dynamodb.put_item().table_name(TABLE).item("pk", text("h#Patient/1")).item("sk", text("h"));
    put.send().await.unwrap();
    let put = cloud.s3.put_object().bucket(BUCKET).key("Patient/1/1-é~").body(ByteStream::from(body));
    put.send().await.unwrap();
}

async fn kept(cloud: &Cloud) -> Option<Vec<u8>> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let get = cloud.dynamodb.get_item().table_name(TABLE).key("pk", text("h#Patient/1")).key("sk", text("h"));
    get.send().await.unwrap().item?;
    let object = cloud.s3.get_object().bucket(BUCKET).key("Patient/1/1-é~").send().await.unwrap();
    Some(object.body.collect().await.unwrap().to_vec())
}

fn with_file(folder: &Path) -> Options {
    Options { db: Some(folder.join("fhir.db")), archive: true, ..Options::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_file_keeps_is_there_when_the_server_starts_again() {
    let folder = std::env::temp_dir().join(format!("fhir-local-test-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&folder).unwrap();
    let body = vec![7; 7_000_000];
    let server = Server::start(with_file(&folder)).await.unwrap();
    assert_eq!(kept(server.cloud()).await, None);
    keep(server.cloud(), body.clone()).await;
    server.stop().await;
    let server = Server::start(with_file(&folder)).await.unwrap();
    assert!(kept(server.cloud()).await == Some(body));
    let archive = server.cloud().s3.head_bucket().bucket(ARCHIVE_BUCKET).send().await;
    assert!(archive.is_ok(), "{archive:?}");
    server.cloud().s3.delete_object().bucket(BUCKET).key("Patient/1/1-é~").send().await.unwrap();
    server.stop().await;
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_in_memory_know_nothing_of_each_other_and_leave_nothing() {
    let (one, other) =
        (Server::start(Options::default()).await.unwrap(), Server::start(Options::default()).await.unwrap());
    keep(one.cloud(), b"{}".to_vec()).await;
    assert_eq!(kept(other.cloud()).await, None);
    let folders = [one.cloud().folder.clone(), other.cloud().folder.clone()];
    one.stop().await;
    drop(other);
    assert!(!folders.iter().any(|folder| folder.exists()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_named() {
    let server = Server::start(Options::default()).await.unwrap();
    let port = server.address().port();
    let error = Server::start(Options { port, ..Options::default() }).await.err().unwrap();
    assert!(matches!(error, StartError::PortTaken(taken) if taken == port), "{error}");
    assert!(error.to_string().contains("PORT="));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_answered_by_the_function() {
    let server = Server::start(Options::default()).await.unwrap();
    let refused = send(&server, request("GET", "/Patient/1?_format=xml", Bytes::new())).await;
    assert_eq!((refused.status().as_u16(), refused.headers().contains_key("x-request-id")), (406, true));
    assert!(refused.body().starts_with(b"{\"resourceType\":\"OperationOutcome\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lambda_would_not_take_is_too_large_here_too() {
    let server = Server::start(Options::default()).await.unwrap();
    for body in [vec![b'x'; 6 * 1024 * 1024 + 1], vec![b'"'; 4 * 1024 * 1024], vec![0xff; 5 * 1024 * 1024]] {
        assert_eq!(send(&server, request("POST", "/Patient", Bytes::from(body))).await.status().as_u16(), 413);
    }
}
