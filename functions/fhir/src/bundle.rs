//! Batches and transactions: <https://hl7.org/fhir/R4/http.html#transaction>.
//!
//! A transaction is planned as a whole and committed as a whole: what its entries ask for ([`entry`]), what the store has
//! ([`facts`]), what is therefore written and what names become ([`plan`], [`names`], [`links`]). R4's order (deletions,
//! creations, updates, reads) shows in two places only: nothing matches what the same transaction deletes, and reads come
//! after the commit. A batch's entries are each such a plan of their own.

mod entry;
mod facts;
mod links;
mod names;
mod plan;
mod reply;

use std::cell::Cell;
use std::collections::HashSet;

use fhir_model::json::Json;
use fhir_model::validate::{Issue, validate};
use futures_util::future::LocalBoxFuture;
use futures_util::{StreamExt as _, stream};

use crate::error::Error;
use crate::http::negotiate::{Prefer, Return};
use crate::http::request::{Method, Request};
use crate::http::response::{Body, Response};
use crate::interaction::{Server, again, resource};
use entry::{Action, Entry, Fault, Reader};
use plan::{Done, of_entry, plan};

/// Entries of a batch, and reads of a transaction, that are worked on at once.
const PARALLEL: usize = 10;
/// More issues than these help nobody.
const MOST_ISSUES: usize = 100;
/// What reads may add to an answer: Lambda's 6 MB, compressed about tenfold. Further ones are refused.
const LARGEST: usize = 48 << 20;

/// Answers a GET or HEAD as if it had come by itself; an error has its own response.
pub type Read<'g> = dyn Fn(Request) -> LocalBoxFuture<'g, Response> + 'g;

/// Carries out a Bundle. `read` answers the GETs inside it.
pub async fn bundle(server: &Server<'_>, request: &Request, read: &Read<'_>) -> Result<Response, Error> {
    if request.body.is_empty() {
        return Err(Error::Malformed("the request has no body; it must be a Bundle".to_owned()));
    }
    let bundle = Json::parse(&request.body)?;
    if bundle.text("resourceType") != Some("Bundle") {
        let message = "what is posted to the base must be a Bundle; other resources go to [base]/[type]";
        return Err(Error::Malformed(message.to_owned()));
    }
    let reader = Reader { server, request };
    let prefer = Prefer::read(&request.headers);
    match bundle.text("type") {
        Some("transaction") => transaction(reader, bundle, read, prefer).await,
        Some("batch") => batch(reader, bundle, read, prefer).await,
        _ => Err(Error::Malformed(
            "Bundle.type must be transaction or batch; to keep another Bundle as it is, post it to [base]/Bundle"
                .to_owned(),
        )),
    }
}

async fn transaction(reader: Reader<'_>, bundle: Json<'_>, read: &Read<'_>, prefer: Prefer) -> Result<Response, Error> {
    let server = reader.server;
    if bundle.get("entry").is_some_and(|entry| matches!(entry, Json::Array(items) if items.is_empty())) {
        return answer("transaction-response", stream::empty(), &Cell::new(0)).await; // as an empty batch
    }
    let mut first = Some((validate(&bundle), bundle));
    let done = again(async || {
        let (issues, bundle) = match first.take() {
            Some(first) => first,
            None => (Vec::new(), Json::parse(&reader.request.body)?), // after a conflict: a plan uses its entries up
        };
        let entries = all(reader, bundle, issues)?;
        plan(server, entries, true).await?.commit(server).await
    })
    .await?;
    let sent = Cell::new(0);
    let texts = stream::iter(done).map(async |done| match done {
        Done::Answer(answer) => {
            let returns = returns(prefer, &sent);
            (false, reply::written(server, answer, returns).await.unwrap_or_else(|error| reply::failed(&error)))
        }
        Done::Get(request) => (true, get(server, *request, read).await),
    });
    answer("transaction-response", texts.buffered(PARALLEL), &sent).await
}

/// All entries, or everything that is wrong; after the first hundred issues no more of it.
fn all<'a>(reader: Reader<'_>, bundle: Json<'a>, mut issues: Vec<Issue>) -> Result<Vec<Entry<'a>>, Error> {
    let mut told: HashSet<String> = issues.iter().map(|issue| issue.expression.clone()).collect();
    let mut full_urls = HashSet::new();
    let mut entries = Vec::new();
    for (index, json) in items(bundle).into_iter().enumerate() {
        if issues.len() >= MOST_ISSUES {
            break;
        }
        let issue = match reader.entry(index, json) {
            Err(fault) => fault.issue(),
            Ok(entry) => {
                let fresh = entry.full_url.as_ref().is_none_or(|full_url| full_urls.insert(full_url.clone()));
                entries.push(entry);
                if fresh {
                    continue;
                }
                let expression = format!("Bundle.entry[{index}].fullUrl");
                Issue { code: "duplicate", expression, message: "another entry has it, too (bdl-7)".to_owned() }
            }
        };
        if told.insert(issue.expression.clone()) {
            issues.push(issue);
        }
    }
    if issues.is_empty() { Ok(entries) } else { Err(Error::Validation(issues)) }
}

fn items(mut bundle: Json<'_>) -> Vec<Json<'_>> {
    match bundle.as_object_mut().and_then(|bundle| bundle.remove("entry")) {
        Some(Json::Array(items)) => items,
        _ => Vec::new(),
    }
}

async fn batch(reader: Reader<'_>, bundle: Json<'_>, read: &Read<'_>, prefer: Prefer) -> Result<Response, Error> {
    if bundle.get("entry").is_some_and(|entry| !matches!(entry, Json::Array(_))) {
        return Err(Error::Malformed("Bundle.entry must be an array".to_owned()));
    }
    let sent = Cell::new(0);
    let texts = stream::iter(items(bundle)).enumerate().map(async |(index, json)| {
        match one(reader, index, json, read, prefer, &sent).await {
            Ok(done) => done,
            Err(error) => {
                error.log();
                (false, reply::failed(&error))
            }
        }
    });
    answer("batch-response", texts.buffered(PARALLEL), &sent).await
}

/// An entry of a batch. Its references stay as they are: nothing in a batch depends on something else in it.
async fn one(
    reader: Reader<'_>,
    index: usize,
    json: Json<'_>,
    read: &Read<'_>,
    prefer: Prefer,
    sent: &Cell<usize>,
) -> Result<(bool, Vec<u8>), Error> {
    let server = reader.server;
    let entry = |json| reader.entry(index, json).map_err(Fault::into_error);
    let mut first = Some(entry(json.clone())?);
    match first.take_if(|entry| matches!(entry.action, Action::Get(_))) {
        Some(Entry { action: Action::Get(request), .. }) => return Ok((true, get(server, *request, read).await)),
        _ => valid(index, first.as_ref())?,
    }
    let mut done = again(async || {
        let entry = first.take().map_or_else(|| entry(json.clone()), Ok)?;
        plan(server, vec![entry], false).await?.commit(server).await
    })
    .await?;
    match done.pop() {
        Some(Done::Answer(answer)) => Ok((false, reply::written(server, answer, returns(prefer, sent)).await?)),
        _ => Err(Error::internal("an entry was planned that has no answer")),
    }
}

/// Says what is wrong with an entry's resource, in the Bundle's terms.
fn valid(index: usize, entry: Option<&Entry<'_>>) -> Result<(), Error> {
    let Some(Action::Create(_, _, json) | Action::Update(_, json)) = entry.map(|entry| &entry.action) else {
        return Ok(());
    };
    let kind = json.text("resourceType").unwrap_or_default();
    resource::check(kind, json).map_err(|error| match error {
        Error::Validation(issues) => {
            Error::Validation(issues.into_iter().map(|issue| of_resource(index, kind, issue)).collect())
        }
        error => of_entry(index)(error),
    })
}

/// An issue of an entry's resource, in the Bundle's terms.
fn of_resource(index: usize, kind: &str, issue: Issue) -> Issue {
    let below = issue.expression.strip_prefix(kind).unwrap_or_default();
    Issue { expression: format!("Bundle.entry[{index}].resource{below}"), ..issue }
}

async fn get(server: &Server<'_>, request: Request, read: &Read<'_>) -> Vec<u8> {
    let head = request.method == Method::Head;
    let mut response = read(request).await;
    if head && response.status < 400 {
        response.body = Body::Empty;
    }
    reply::read(server, response).unwrap_or_else(|error| reply::failed(&error))
}

/// What comes back of what was written: what the client prefers, as long as there is room for it.
fn returns(prefer: Prefer, sent: &Cell<usize>) -> Option<Return> {
    if sent.get() > LARGEST { Some(Return::Minimal) } else { prefer.returns }
}

/// The answer's Bundle, of the texts of its entries: whether each is something that was read, and what it is. `sent` tells how
/// much it is so far.
async fn answer(
    kind: &str,
    texts: impl stream::Stream<Item = (bool, Vec<u8>)>,
    sent: &Cell<usize>,
) -> Result<Response, Error> {
    let mut out = format!(r#"{{"resourceType":"Bundle","type":"{kind}""#).into_bytes();
    let mut texts = std::pin::pin!(texts);
    let mut between: &[u8] = b",\"entry\":[";
    let start = out.len();
    while let Some((was_read, text)) = texts.next().await {
        out.extend_from_slice(between);
        between = b",";
        if was_read && out.len() + text.len() > LARGEST {
            let error =
                Error::TooCostly("the answer to the whole Bundle would be too large; read this by itself".to_owned());
            out.extend_from_slice(&reply::failed(&error));
        } else {
            out.extend_from_slice(&text);
        }
        sent.set(out.len());
    }
    out.extend_from_slice(if out.len() > start { b"]}" } else { b"}" });
    Ok(Response::new(200, Body::Json(out)))
}

#[cfg(test)]
mod tests;
