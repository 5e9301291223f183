//! The Bundle that history answers with. Resources go into it as they are stored: nothing is parsed.

use fhir_model::json::{Json, Object};
use fhir_model::time;

use super::parameters::{Parameters, Place};
use super::{BYTES, Page};
use crate::error::Error;
use crate::http::response::etag;
use crate::interaction::Server;
use crate::route::Scope;
use crate::store::table::in_parallel;
use crate::store::{Method, Version};

/// Versions whose JSON is fetched at once: it may have to come from S3.
const AT_ONCE: usize = 8;

pub(super) async fn bundle(
    server: &Server<'_>,
    scope: &Scope,
    asked: &Parameters,
    mut page: Page,
) -> Result<Vec<u8>, Error> {
    let mut entries = Vec::new();
    let mut last: Option<&Version> = None;
    'page: for versions in page.versions.chunks(AT_ONCE) {
        let bodies = in_parallel(versions.iter().map(async |version| server.store.json(version).await)).await?;
        for (version, body) in versions.iter().zip(bodies) {
            let size = entries.len() + body.as_ref().map_or(0, Vec::len);
            if let Some(last) = last.filter(|_| size > BYTES) {
                page.next = Some(Place::of(last));
                break 'page;
            }
            entries.extend_from_slice(if last.is_some() { b"," } else { b"" });
            entry(server, version, body.as_deref(), &mut entries);
            last = Some(version);
        }
    }
    let mut links = vec![link("self", url(server, scope, asked, asked.after.as_ref()))];
    links.extend(page.next.as_ref().map(|next| link("next", url(server, scope, asked, Some(next)))));
    let mut out = br#"{"resourceType":"Bundle","type":"history","link":"#.to_vec();
    Json::Array(links).write(&mut out);
    if !entries.is_empty() {
        out.extend_from_slice(br#","entry":["#);
        out.append(&mut entries);
        out.push(b']');
    }
    out.push(b'}');
    Ok(out)
}

fn entry(server: &Server<'_>, version: &Version, body: Option<&[u8]>, out: &mut Vec<u8>) {
    let key = &version.key;
    let url = match version.method {
        Method::Post => key.resource_type.to_owned(),
        _ => key.to_string(),
    };
    let request = [("method", Json::string(version.method.as_str())), ("url", Json::string(url))];
    let response = [
        ("status", Json::string(status(version.method))),
        ("etag", Json::string(etag(version.number))),
        ("lastModified", Json::string(time::instant(version.updated))),
    ];
    let mut member = |name: &str, value: Json<'_>| {
        out.extend_from_slice(name.as_bytes());
        value.write(out);
    };
    member(r#"{"fullUrl":"#, Json::string(format!("{}/{key}", server.base)));
    member(r#","request":"#, Object::from_iter(request).into());
    member(r#","response":"#, Object::from_iter(response).into());
    if let Some(body) = body {
        out.extend_from_slice(br#","resource":"#);
        out.extend_from_slice(body);
    }
    out.push(b'}');
}

/// What was answered when the version was written.
fn status(method: Method) -> &'static str {
    match method {
        Method::Post | Method::Create => "201",
        Method::Put | Method::Patch => "200",
        Method::Delete => "204",
    }
}

fn url(server: &Server<'_>, scope: &Scope, asked: &Parameters, after: Option<&Place>) -> String {
    let path = match scope {
        Scope::System => String::new(),
        Scope::Type(kind) => format!("/{kind}"),
        Scope::Instance(key) | Scope::Compartment(key, _) => format!("/{key}"),
    };
    let mut url = format!("{}{path}/_history", server.base);
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(&asked.used).extend_pairs(after.map(|after| ("_cursor", after.cursor())));
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
