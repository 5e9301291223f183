//! The `CapabilityStatement`: <https://hl7.org/fhir/R4/capabilitystatement.html>.
//!
//! It is a megabyte, most of it the search parameters of the tables, and says the same each time: it is made when it is
//! first asked for, and kept compressed.

mod statement;

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError};

use fhir_model::json::Json;
use fhir_model::subset::Subset;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::error::Error;
use crate::http::request::Request;
use crate::http::response::{Body, Response};
use crate::interaction::Server;

/// A process has one address, two where a custom domain stands before it; a client that invents more finds nothing kept.
const KEPT: usize = 4;

/// The statement, gzipped, by the server's own address.
static STATEMENTS: Mutex<Option<HashMap<String, Vec<u8>>>> = Mutex::new(None);

/// Answers `GET /metadata`. Of its modes, `full` is the statement; `terminology` and `normative` it answers with the same.
pub fn response(server: &Server<'_>, request: &Request, subset: Option<&Subset>) -> Result<Response, Error> {
    if let Some(mode) = request.parameter("mode")
        && !matches!(mode, "full" | "normative" | "terminology")
    {
        return Err(Error::Parameter("mode is full, normative or terminology".to_owned()));
    }
    let statement = kept(server.base)?;
    let body = match subset {
        None => Body::Gzip(statement),
        Some(subset) => {
            let json = Body::Gzip(statement).into_json()?;
            let json = Json::parse(&json).map_err(Error::internal)?;
            Body::Json(subset.apply(&json).to_vec())
        }
    };
    Ok(Response::new(200, body))
}

fn kept(base: &str) -> Result<Vec<u8>, Error> {
    let mut all = STATEMENTS.lock().unwrap_or_else(PoisonError::into_inner); // nothing panics while it is held
    let all = all.get_or_insert_default();
    if let Some(statement) = all.get(base) {
        return Ok(statement.clone());
    }
    let statement = gzip(&statement::statement(base).to_vec()).map_err(Error::internal)?;
    if all.len() < KEPT {
        all.insert(base.to_owned(), statement.clone());
    }
    Ok(statement)
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 8), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}
