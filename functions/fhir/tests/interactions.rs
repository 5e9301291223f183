//! The interactions, each through the handler.

mod common;

use common::Server;
use fhir::store::{Base, Content, Draft, Key, Method};
use fhir_model::json::Json;

#[tokio::test]
async fn what_is_committed_is_read() {
    let server = Server::start().await;
    let store = server.store();
    let key = Key::new("Patient", "1");
    let content = Content::Json(Json::parse(br#"{"resourceType":"Patient"}"#).unwrap());
    let draft = Draft { key: key.clone(), base: Base::default(), method: Method::Post, content };
    store.commit(vec![draft], &[]).await.unwrap();
    let base = store.base(&[key]).await.unwrap();
    assert_eq!(base[0].current.as_ref().unwrap().number, 1);
}
