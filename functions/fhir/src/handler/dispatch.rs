//! From a route to its interaction.

use fhir_definitions::resource_type;
use fhir_model::subset::Subset;

use crate::bundle::bundle;
use crate::capabilities;
use crate::config::Config;
use crate::error::Error;
use crate::http::negotiate::{Conditions, Prefer};
use crate::http::request::Request;
use crate::http::response::{Body, Response};
use crate::interaction::{Answer, Server, create, delete, history, patch, read, update, validate};
use crate::outcome::Outcome;
use crate::route::{Route, Scope};
use crate::search;
use crate::search::query::{Context, Limits, Unknown};

/// Carries out the interaction.
pub(super) async fn dispatch(server: &Server<'_>, route: &Route, request: &Request) -> Result<Response, Error> {
    match route {
        Route::Bundle => bundle(server, request, &|request| Box::pin(get(server, request))).await,
        route => single(server, route, request).await,
    }
}

/// A read inside a Bundle.
async fn get(server: &Server<'_>, request: Request) -> Response {
    let answered = async { single(server, &super::find(&request)?, &request).await };
    answered.await.unwrap_or_else(|error| error.response())
}

async fn single(server: &Server<'_>, route: &Route, request: &Request) -> Result<Response, Error> {
    let prefer = Prefer::read(&request.headers);
    route.check_query(&request.query, prefer.lenient)?;
    let subset = if reads(route) { subset(request)? } else { None };
    let answer = match route {
        Route::Preflight => return Ok(Response::preflight()),
        Route::Capabilities => return capabilities::response(server, request, subset.as_ref()),
        Route::Home => home(server),
        Route::Bundle => return Err(Error::Malformed("a Bundle can't hold a batch or transaction".to_owned())),
        Route::Search(scope) => {
            let page = searched(server, scope, &request.query, prefer.lenient).await?;
            return Ok(Response::new(200, Body::Json(page)));
        }
        Route::History(scope) => {
            let page = history::history(server, scope, &request.query, prefer.lenient).await?;
            return Ok(Response::new(200, Body::Json(page)));
        }
        Route::Validate(kind, id) => validate::validate(kind, id.as_deref(), &request.query, &request.body)?,
        route => one(server, route, request, &Conditions::read(&request.headers)?).await?,
    };
    answer.response(server, prefer.returns, subset.as_ref()).await
}

/// Interactions with one resource.
async fn one(server: &Server<'_>, route: &Route, request: &Request, conditions: &Conditions) -> Result<Answer, Error> {
    let Request { body, query, kind, .. } = request;
    let query = &criteria(query);
    match route {
        Route::Read(key) => read::read(server, key, conditions).await,
        Route::Vread(key, number) => read::vread(server, key, *number, conditions).await,
        Route::Create(name) => create::create(server, name, query, body, conditions).await,
        Route::Update(key) => update::update(server, key, body, conditions).await,
        Route::ConditionalUpdate(name) => update::conditional(server, name, query, body, conditions).await,
        Route::Patch(key) => patch::patch(server, key, &patch::read(*kind, body)?, conditions).await,
        Route::ConditionalPatch(name) => {
            patch::conditional(server, name, query, &patch::read(*kind, body)?, conditions).await
        }
        Route::Delete(key) => delete::delete(server, key, conditions).await,
        Route::ConditionalDelete(name) => delete::conditional(server, name, query, conditions).await,
        _ => Err(Error::internal("a route has no interaction")),
    }
}

async fn searched(
    server: &Server<'_>,
    scope: &Scope,
    parameters: &[(String, String)],
    lenient: bool,
) -> Result<Vec<u8>, Error> {
    let (kind, compartment, path) = match scope {
        Scope::Compartment(key, kind) => (*kind, Some(key), format!("{key}/{}", kind.unwrap_or("*"))),
        Scope::Type(kind) => (Some(*kind), None, (*kind).to_owned()),
        Scope::System | Scope::Instance(_) => (None, None, String::new()),
    };
    let Config { page_size, max_page_size, .. } = *server.config;
    let limits = Limits { page_size, max_page_size };
    let unknown = if lenient { Unknown::LeftOut } else { Unknown::Refused };
    let asked = search::Asked {
        resource_type: kind.and_then(resource_type),
        compartment: compartment.map(|key| (key.resource_type, key.id.clone())),
        parameters,
        path: &path,
        context: Context { base: server.base, now: server.store.now(), unknown, limits },
    };
    search::search(&server.store, &asked).await
}

/// The query without what is about the answer's format.
fn criteria(query: &[(String, String)]) -> Vec<(String, String)> {
    query.iter().filter(|(name, _)| !matches!(name.as_str(), "_format" | "_pretty")).cloned().collect()
}

fn reads(route: &Route) -> bool {
    matches!(route, Route::Read(_) | Route::Vread(..) | Route::Capabilities)
}

/// Which part of the resource is wanted.
fn subset(request: &Request) -> Result<Option<Subset>, Error> {
    let elements = request.parameter("_elements").filter(|names| !names.is_empty());
    match (request.parameter("_summary").filter(|kind| !kind.is_empty()), elements) {
        (None | Some("false"), None) => Ok(None),
        (None | Some("false"), Some(names)) => {
            Ok(Some(Subset::Elements(names.split(',').map(|name| name.trim().to_owned()).collect())))
        }
        (Some(_), Some(_)) => Err(Error::Parameter("_summary and _elements exclude each other".to_owned())),
        (Some("true"), None) => Ok(Some(Subset::Summary)),
        (Some("text"), None) => Ok(Some(Subset::Text)),
        (Some("data"), None) => Ok(Some(Subset::Data)),
        (Some(_), None) => Err(Error::Parameter("_summary is true, text, data or false here".to_owned())),
    }
}

fn home(server: &Server<'_>) -> Answer {
    let base = server.base;
    Answer::json(200, Outcome::information(format!("a FHIR R4 server; {base}/metadata tells what it does")).json())
}
