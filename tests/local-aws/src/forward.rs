//! Sending a call to its emulator, in the caller's account.

use bytes::Bytes;
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING};
use hyper::{Method, Request, Response};

use crate::call::ApiCall;
use crate::error::{Error, Result};
use crate::http;
use crate::routes::{Answerer, answerer};
use crate::world::{AccountState, World};

/// Sends the call to the emulator of its service.
pub(crate) async fn forward(
    world: &World,
    account: &AccountState,
    call: &ApiCall,
    mut request: Request<Bytes>,
) -> Result<Response<Bytes>> {
    let head = request.method() == Method::HEAD;
    let to = match answerer(&call.service) {
        Answerer::Moto => {
            let id = HeaderValue::from_str(&account.id).map_err(|error| Error::malformed("an account id", error))?;
            request.headers_mut().insert("x-moto-account-id", id);
            world.emulators.moto
        }
        Answerer::Ministack => {
            in_account(&mut request, &call.access_key, &account.id)?;
            world.emulators.ministack
        }
        Answerer::Dynamodb => account.dynamodb().await?,
    };
    // The whole body is here, however it came.
    let length = request.body().len();
    let headers = request.headers_mut();
    headers.remove(TRANSFER_ENCODING);
    headers.remove(CONNECTION);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    let mut response = http::send(to, request).await?;
    response.headers_mut().remove(TRANSFER_ENCODING);
    response.headers_mut().remove(CONNECTION);
    if !head {
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    Ok(response)
}

/// ministack takes a 12-digit access key as the account, and checks no signature.
fn in_account(request: &mut Request<Bytes>, access_key: &str, account: &str) -> Result<()> {
    let malformed = |error: &dyn std::fmt::Display| Error::malformed("a credential", error);
    if let Some(header) = request.headers().get(AUTHORIZATION).and_then(|header| header.to_str().ok()) {
        let header = header.replace(access_key, account);
        let header = HeaderValue::from_str(&header).map_err(|error| malformed(&error))?;
        request.headers_mut().insert(AUTHORIZATION, header);
    } else {
        let uri = request.uri().to_string().replace(access_key, account);
        *request.uri_mut() = uri.parse().map_err(|error| malformed(&error))?;
    }
    request.headers_mut().remove("x-amz-security-token");
    Ok(())
}
