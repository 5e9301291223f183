//! The Bundle that history answers with.

use fhir_model::json::{Json, Object};
use fhir_model::time;

use super::Page;
use super::parameters::Parameters;
use crate::error::Error;
use crate::http::response::etag;
use crate::interaction::Server;
use crate::route::Scope;
use crate::store::table::in_parallel;
use crate::store::{Method, Version};

pub(super) async fn bundle(
    server: &Server<'_>,
    scope: &Scope,
    asked: &Parameters,
    page: Page,
) -> Result<Json<'static>, Error> {
    let mut links = vec![link("self", url(server, scope, asked, asked.after.as_ref().map(super::Place::cursor)))];
    if let Some(next) = &page.next {
        links.push(link("next", url(server, scope, asked, Some(next.cursor()))));
    }
    let mut bundle = Object::from_iter([
        ("resourceType", Json::string("Bundle")),
        ("type", Json::string("history")),
        ("link", Json::Array(links)),
    ]);
    let entries = in_parallel(page.versions.iter().map(async |version| entry(server, version).await)).await?;
    if !entries.is_empty() {
        bundle.set("entry", Json::Array(entries));
    }
    Ok(bundle.into())
}

async fn entry(server: &Server<'_>, version: &Version) -> Result<Json<'static>, Error> {
    let key = &version.key;
    let mut entry = Object::from_iter([("fullUrl", Json::string(format!("{}/{key}", server.base)))]);
    if let Some(json) = server.store.json(version).await? {
        entry.set("resource", Json::parse(&json).map_err(Error::internal)?.into_owned());
    }
    let url = match version.method {
        Method::Post => key.resource_type.to_owned(),
        _ => key.to_string(),
    };
    let request = [("method", Json::string(version.method.as_str())), ("url", Json::string(url))];
    entry.set("request", Object::from_iter(request).into());
    let response = [
        ("status", Json::string(status(version))),
        ("etag", Json::string(etag(version.number))),
        ("lastModified", Json::string(time::instant(version.updated))),
    ];
    entry.set("response", Object::from_iter(response).into());
    Ok(entry.into())
}

/// What was answered when the version was written, as far as it tells.
fn status(version: &Version) -> &'static str {
    match version.method {
        Method::Post => "201",
        Method::Put if version.number == 1 => "201",
        Method::Put | Method::Patch => "200",
        Method::Delete => "204",
    }
}

fn url(server: &Server<'_>, scope: &Scope, asked: &Parameters, cursor: Option<String>) -> String {
    let path = match scope {
        Scope::System => String::new(),
        Scope::Type(kind) => format!("/{kind}"),
        Scope::Instance(key) | Scope::Compartment(key, _) => format!("/{key}"),
    };
    let mut url = format!("{}{path}/_history", server.base);
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(&asked.used).extend_pairs(cursor.map(|cursor| ("_cursor", cursor)));
    let query = query.finish();
    if !query.is_empty() {
        url.push('?');
        url.push_str(&query);
    }
    url
}

fn link(relation: &'static str, url: String) -> Json<'static> {
    Object::from_iter([("relation", Json::string(relation)), ("url", Json::string(url))]).into()
}
