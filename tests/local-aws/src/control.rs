//! The test's own calls, without an SDK.

use bytes::Bytes;
use hyper::{Request, Response};
use serde_json::Value;

use crate::account::Account;
use crate::call::ApiCall;
use crate::error::{Error, Result};
use crate::wire::error_code;
use crate::world::{AccountState, World};
use crate::{REGION, forward, http};

/// A service's answer to a control call.
#[derive(Debug, Clone)]
pub struct Answer {
    response: Response<Bytes>,
}

impl From<Response<Bytes>> for Answer {
    fn from(response: Response<Bytes>) -> Self {
        Self { response }
    }
}

impl Answer {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// A header, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as it came.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.response.body()
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(self.body()).map_err(|error| Error::malformed("an answer in JSON", error))
    }

    /// The text of the first XML element of this name.
    pub fn text(&self, element: &str) -> Result<String> {
        let first = self.texts(element)?.into_iter().next();
        first.ok_or_else(|| Error::malformed("an answer in XML", format!("it has no {element}: {}", self.lossy())))
    }

    /// The texts of all XML elements of this name, in order.
    pub fn texts(&self, element: &str) -> Result<Vec<String>> {
        self.each(element, |node| node.text().unwrap_or_default().to_owned())
    }

    /// What `read` makes of each XML element of this name.
    pub(crate) fn each<T>(&self, element: &str, read: impl Fn(roxmltree::Node<'_, '_>) -> T) -> Result<Vec<T>> {
        let text = self.lossy();
        let document =
            roxmltree::Document::parse(&text).map_err(|error| Error::malformed("an answer in XML", error))?;
        let named = document.descendants().filter(|node| node.tag_name().name() == element);
        Ok(named.map(read).collect())
    }

    fn lossy(&self) -> String {
        String::from_utf8_lossy(self.body()).into_owned()
    }

    /// Itself, or the error that the service answered.
    pub(crate) fn successful(self, service: &str, action: &str) -> Result<Self> {
        let Some(code) = error_code(&self.response) else { return Ok(self) };
        let message = self.texts("Message").ok().and_then(|texts| texts.into_iter().next());
        let message = message.unwrap_or_else(|| self.lossy());
        Err(Error::Control {
            service: service.to_owned(),
            action: action.to_owned(),
            status: self.status(),
            code,
            message,
        })
    }
}

/// A child element's text.
pub(crate) fn child_text(node: roxmltree::Node<'_, '_>, name: &str) -> Option<String> {
    let child = node.children().find(|child| child.tag_name().name() == name)?;
    Some(child.text().unwrap_or_default().to_owned())
}

/// The elements of a list, EC2's `<item>` or the query protocol's `<member>`.
pub(crate) fn items<'a, 'input>(
    node: roxmltree::Node<'a, 'input>,
    list: &'a str,
) -> impl Iterator<Item = roxmltree::Node<'a, 'input>> {
    let lists = node.children().filter(move |child| child.tag_name().name() == list);
    lists.flat_map(|list| list.children()).filter(roxmltree::Node::is_element)
}

/// A signed-looking `Authorization`; nothing here checks signatures.
pub(crate) fn authorization(access_key: &str, service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={access_key}/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

fn api_version(service: &str) -> &'static str {
    match service {
        "ec2" => "2016-11-15",
        "autoscaling" => "2011-01-01",
        "monitoring" => "2010-08-01",
        "sns" => "2010-03-31",
        "sqs" => "2012-11-05",
        "iam" => "2010-05-08",
        "sts" => "2011-06-15",
        _ => "2010-05-15", // CloudFormation's
    }
}

/// A request of the query protocol.
pub(crate) fn query_request(
    access_key: &str,
    service: &str,
    action: &str,
    parameters: &[(&str, &str)],
) -> Result<Request<Bytes>> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", action).append_pair("Version", api_version(service)).extend_pairs(parameters);
    let authorization = authorization(access_key, service);
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    http::request("POST", "/", &headers, form.finish())
}

pub(crate) async fn query(
    world: &World,
    access_key: &str,
    service: &str,
    action: &str,
    parameters: &[(&str, &str)],
) -> Result<Answer> {
    let request = query_request(access_key, service, action, parameters)?;
    Answer::from(http::send(world.gateway, request).await?).successful(service, action)
}

/// A request of the JSON protocol.
pub(crate) fn json_request(access_key: &str, service: &str, target: &str, body: &Value) -> Result<Request<Bytes>> {
    let authorization = authorization(access_key, service);
    let version = if service == "dynamodb" { "1.0" } else { "1.1" };
    let kind = format!("application/x-amz-json-{version}");
    let headers = [
        ("authorization", authorization.as_str()),
        ("x-amz-date", "20260101T000000Z"), // dynoxide wants one
        ("x-amz-target", target),
        ("content-type", &kind),
    ];
    http::request("POST", "/", &headers, body.to_string())
}

pub(crate) async fn json(world: &World, access_key: &str, service: &str, target: &str, body: &Value) -> Result<Answer> {
    let request = json_request(access_key, service, target, body)?;
    Answer::from(http::send(world.gateway, request).await?).successful(service, target)
}

/// A call of the query protocol straight to the emulator, past the stand-ins.
pub(crate) async fn query_to_emulator(
    world: &World,
    account: &AccountState,
    service: &str,
    action: &str,
    parameters: &[(&str, &str)],
) -> Result<Answer> {
    let request = query_request(&account.control_key(), service, action, parameters)?;
    let call = ApiCall::parse(&request).map_err(|error| Error::malformed(action, error))?;
    let response = forward::forward(world, account, &call, request).await?;
    Answer::from(response).successful(service, action)
}

/// The same straight to the emulator, past the stand-ins.
pub(crate) async fn json_to_emulator(account: &Account, service: &str, target: &str, body: &Value) -> Result<Answer> {
    let request = json_request(&account.access_key_id(), service, target, body)?;
    let call = ApiCall::parse(&request).map_err(|error| Error::malformed(target, error))?;
    let response = forward::forward(&account.world, &account.state, &call, request).await?;
    Answer::from(response).successful(service, target)
}

pub(crate) async fn rest(
    world: &World,
    access_key: &str,
    service: &str,
    method: &str,
    path: &str,
    body: Bytes,
) -> Result<Answer> {
    let authorization = authorization(access_key, service);
    let request = http::request(method, path, &[("authorization", &authorization)], body)?;
    Answer::from(http::send(world.gateway, request).await?).successful(service, &format!("{method} {path}"))
}
