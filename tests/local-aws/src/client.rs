//! Requests as clients send them to what a stack has on the internet: its APIs, its function URLs, its user pools' domains.

use base64::Engine as _;
use bytes::Bytes;
use serde_json::json;

use crate::account::Account;
use crate::control::{Answer, authorization};
use crate::error::{Error, Result};
use crate::http;

/// A request by HTTP.
#[derive(Debug, Clone)]
pub struct ClientRequest {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    signed: bool,
}

impl ClientRequest {
    /// Of an URL as AWS has it and stacks put it out: `https://{id}.execute-api.{region}.amazonaws.com/...`,
    /// `https://{id}.lambda-url.{region}.on.aws/...`, `https://{domain}.auth.{region}.amazoncognito.com/...`.
    pub fn new(method: &str, url: impl Into<String>) -> Self {
        Self { method: method.to_owned(), url: url.into(), headers: Vec::new(), body: Bytes::new(), signed: false }
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With an access token.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Signed as an AWS principal of the account. That there is a signature is looked at, whose it is not.
    #[must_use]
    pub fn signed(mut self) -> Self {
        self.signed = true;
        self
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header("content-type", content_type)
    }
}

impl Account {
    /// Sends a request as a client does. An answer is an answer, whatever its status.
    pub async fn send(&self, request: ClientRequest) -> Result<Answer> {
        let path = local_path(&request.url).ok_or_else(|| Error::malformed("an URL of AWS", &request.url))?;
        let signature = request.signed.then(|| ("authorization".to_owned(), authorization(self.id(), "execute-api")));
        let headers: Vec<_> =
            request.headers.iter().chain(&signature).map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let to = http::request(&request.method, &path, &headers, request.body)?;
        http::send(self.world.emulators.ministack, to).await.map(Answer::from)
    }

    /// An access token of an app client that has a secret: OAuth's `client_credentials`, fetched as a program would.
    pub async fn access_token(&self, token_url: &str, pool: &str, client: &str, scopes: &[&str]) -> Result<String> {
        let target = "AWSCognitoIdentityProviderService.DescribeUserPoolClient";
        let ids = json!({"UserPoolId": pool, "ClientId": client});
        let described = self.control_json("cognito-idp", target, &ids).await?.json()?;
        let secret = described.pointer("/UserPoolClient/ClientSecret").and_then(|secret| secret.as_str());
        let secret = secret.ok_or_else(|| Error::malformed("an app client", "it has no secret"))?;
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("{client}:{secret}"));
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("scope", &scopes.join(" "))
            .finish();
        let request = ClientRequest::new("POST", token_url)
            .header("authorization", &format!("Basic {basic}"))
            .body("application/x-www-form-urlencoded", form);
        let answer = self.send(request).await?.json()?;
        let token = answer.get("access_token").and_then(|token| token.as_str());
        token.map(str::to_owned).ok_or_else(|| Error::malformed("a token", answer))
    }
}

/// Where ministack answers for an URL of AWS.
fn local_path(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at_checked(at)?;
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let (id, domain) = host.split_once('.')?;
    match domain.split('.').next()? {
        service @ ("execute-api" | "lambda-url") => Some(format!("/_aws/{service}/{id}{path}")),
        "auth" if domain.ends_with(".amazoncognito.com") => Some(path),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_url_of_aws_has_its_place_here() {
        let table = [
            ("https://a1.execute-api.eu-central-1.amazonaws.com", Some("/_aws/execute-api/a1/")),
            ("https://a1.execute-api.eu-central-1.amazonaws.com?_count=1", Some("/_aws/execute-api/a1/?_count=1")),
            ("https://a1.execute-api.localhost/r4/Patient/1", Some("/_aws/execute-api/a1/r4/Patient/1")),
            ("https://b2.lambda-url.eu-central-1.on.aws/", Some("/_aws/lambda-url/b2/")),
            ("https://c3.auth.eu-central-1.amazoncognito.com/oauth2/token", Some("/oauth2/token")),
            ("https://fhir.example.org/Patient", None),
            ("Patient/1", None),
        ];
        for (url, path) in table {
            assert_eq!(local_path(url).as_deref(), path, "{url}");
        }
    }
}
