//! From an HTTP request to what it asks: the caller's key, the service, the action and its parameters.

use std::collections::BTreeMap;

use bytes::Bytes;
use hyper::Request;
use hyper::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::rest;

/// How a service writes its requests and, above all, its errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// EC2's variant of the query protocol.
    Ec2Query,
    /// The query protocol: a form, answered in XML.
    Query,
    /// JSON with the operation in `X-Amz-Target`.
    Json,
    /// Smithy RPC v2 CBOR, with the operation in the path.
    Cbor,
    /// REST answered in XML: S3.
    RestXml,
    /// REST answered in JSON: Lambda.
    RestJson,
}

/// An API request, understood.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiCall {
    /// The access key that signed it.
    pub access_key: String,
    /// The signing name of the service: `ec2`, `autoscaling`, `monitoring`, `sns`.
    pub service: String,
    /// The region of the credential scope.
    pub region: String,
    /// The operation: `ReplaceRoute`.
    pub action: String,
    /// The form of request and answer.
    pub protocol: Protocol,
    /// The request's parameters. Query: the form's fields as they are (`Filter.1.Name`); JSON and CBOR: the top
    /// level's members, what is not a string as JSON; REST: labels of the path, query string and the body's members.
    pub parameters: BTreeMap<String, String>,
}

/// Why a request is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotUnderstood {
    /// No AWS Signature Version 4 on it.
    #[error("the request is not signed with AWS Signature Version 4")]
    Unsigned,
    /// None of the protocols' places names an operation.
    #[error("no operation is named: {0}")]
    NoAction(String),
    /// The body is not what its protocol says.
    #[error("the body is not {0}")]
    Body(&'static str),
}

impl ApiCall {
    /// Understands a request.
    pub fn parse(request: &Request<Bytes>) -> Result<Self, NotUnderstood> {
        let scope = Scope::of(request).ok_or(NotUnderstood::Unsigned)?;
        let (protocol, action, parameters) = operation(request, &scope.service)?;
        Ok(Self {
            access_key: scope.access_key,
            service: scope.service,
            region: scope.region,
            action,
            protocol,
            parameters,
        })
    }

    /// A parameter, or nothing.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// The action as IAM writes it: `ec2:ReplaceRoute`, `cloudwatch:DescribeAlarms`.
    #[must_use]
    pub fn qualified(&self) -> String {
        format!("{}:{}", iam_prefix(&self.service), self.action)
    }
}

/// IAM's prefix of a service, which is not always its signing name.
pub(crate) fn iam_prefix(service: &str) -> &str {
    match service {
        "monitoring" => "cloudwatch",
        other => other,
    }
}

/// The credential scope: `KEY/20261121/eu-central-1/ec2/aws4_request`.
struct Scope {
    access_key: String,
    region: String,
    service: String,
}

impl Scope {
    fn of(request: &Request<Bytes>) -> Option<Self> {
        let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        let credential = match header {
            Some(header) => header.split("Credential=").nth(1)?.split(',').next()?.to_owned(),
            None => presigned(request.uri().query()?)?,
        };
        let mut parts = credential.trim().split('/');
        let access_key = parts.next()?.to_owned();
        let _date = parts.next()?;
        Some(Self { access_key, region: parts.next()?.to_owned(), service: parts.next()?.to_owned() })
    }
}

fn presigned(query: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "X-Amz-Credential")
        .map(|(_, value)| value.into_owned())
}

type Operation = (Protocol, String, BTreeMap<String, String>);

fn operation(request: &Request<Bytes>, service: &str) -> Result<Operation, NotUnderstood> {
    if let Some(target) = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok()) {
        let action = target.rsplit('.').next().unwrap_or(target).to_owned();
        return Ok((Protocol::Json, action, json_members(request.body())?));
    }
    if let Some(action) = rpc_operation(request.uri().path()) {
        return Ok((Protocol::Cbor, action, cbor_members(request.body())?));
    }
    if let Some(protocol) = rest::protocol(service) {
        return Ok(rest_operation(request, service, protocol));
    }
    let mut parameters: BTreeMap<String, String> = form(request.body());
    parameters.extend(form(request.uri().query().unwrap_or_default().as_bytes()));
    parameters.remove("Version");
    let Some(action) = parameters.remove("Action") else {
        return Err(NotUnderstood::NoAction(format!("{} {}", request.method(), request.uri())));
    };
    Ok((if service == "ec2" { Protocol::Ec2Query } else { Protocol::Query }, action, parameters))
}

fn rpc_operation(path: &str) -> Option<String> {
    let (_, rest) = path.split_once("/service/")?;
    let (_, operation) = rest.split_once("/operation/")?;
    Some(operation.to_owned())
}

fn rest_operation(request: &Request<Bytes>, service: &str, protocol: Protocol) -> Operation {
    let Parts { method, uri, .. } = request.clone().into_parts().0;
    let query = form(uri.query().unwrap_or_default().as_bytes());
    let path = percent_decode_str(uri.path()).decode_utf8_lossy();
    let (action, labels) = rest::operation(service, method.as_str(), &path, &query);
    let mut parameters = query;
    if protocol == Protocol::RestJson {
        parameters.extend(json_members(request.body()).unwrap_or_default()); // a payload need not be JSON
    }
    parameters.extend(labels);
    (protocol, action, parameters)
}

fn form(body: &[u8]) -> BTreeMap<String, String> {
    form_urlencoded::parse(body).into_owned().collect()
}

fn json_members(body: &[u8]) -> Result<BTreeMap<String, String>, NotUnderstood> {
    if body.is_empty() {
        return Ok(BTreeMap::new());
    }
    serde_json::from_slice(body).map(members).map_err(|_| NotUnderstood::Body("JSON"))
}

fn cbor_members(body: &[u8]) -> Result<BTreeMap<String, String>, NotUnderstood> {
    if body.is_empty() {
        return Ok(BTreeMap::new());
    }
    let value: ciborium::Value = ciborium::from_reader(body).map_err(|_| NotUnderstood::Body("CBOR"))?;
    Ok(members(plain(value)))
}

/// The top level's members; strings as they are, the rest as JSON.
fn members(value: Value) -> BTreeMap<String, String> {
    let Value::Object(object) = value else { return BTreeMap::new() };
    object
        .into_iter()
        .map(|(name, value)| match value {
            Value::String(text) => (name, text),
            other => (name, other.to_string()),
        })
        .collect()
}

/// CBOR as JSON, for the record only: bytes become text, tags (times) what they enclose.
fn plain(value: ciborium::Value) -> Value {
    match value {
        ciborium::Value::Text(text) => text.into(),
        ciborium::Value::Bool(flag) => flag.into(),
        ciborium::Value::Float(number) => number.into(),
        ciborium::Value::Integer(number) => i64::try_from(number).map_or(Value::Null, Value::from),
        ciborium::Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into(),
        ciborium::Value::Tag(_, inner) => plain(*inner),
        ciborium::Value::Array(items) => items.into_iter().map(plain).collect(),
        ciborium::Value::Map(entries) => entries
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_text().ok()?, plain(value))))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(service: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Request<Bytes> {
        let credential = format!(
            "AWS4-HMAC-SHA256 Credential=ASIAKEY/20261121/eu-central-1/{service}/aws4_request, SignedHeaders=host"
        );
        let mut builder = Request::builder().method(method).uri(path).header("authorization", credential);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(Bytes::copy_from_slice(body)).unwrap()
    }

    #[test]
    fn reads_each_protocol() {
        let mut cbor = Vec::new();
        ciborium::into_writer(&serde_json::json!({"AlarmNames": ["a"], "MaxRecords": 100}), &mut cbor).unwrap();
        let query = b"Action=ReplaceRoute&Version=2016-11-15&RouteTableId=rtb-1&DestinationCidrBlock=0.0.0.0%2F0";
        let target = [("x-amz-target", "AWSEvents.PutEvents")];
        let rpc = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms";
        #[rustfmt::skip]
        let table = [
            (signed("ec2", "POST", "/", &[], query), Protocol::Ec2Query, "ec2:ReplaceRoute", ("DestinationCidrBlock", "0.0.0.0/0")),
            (signed("sns", "POST", "/", &[], b"Action=Publish&TopicArn=arn"), Protocol::Query, "sns:Publish", ("TopicArn", "arn")),
            (signed("events", "POST", "/", &target, br#"{"Entries":[1]}"#), Protocol::Json, "events:PutEvents", ("Entries", "[1]")),
            (signed("monitoring", "POST", rpc, &[], &cbor), Protocol::Cbor, "cloudwatch:DescribeAlarms", ("AlarmNames", r#"["a"]"#)),
            (signed("s3", "GET", "/bucket/a%20b?x-id=GetObject", &[], b""), Protocol::RestXml, "s3:GetObject", ("Key", "a b")),
            (signed("lambda", "POST", "/2015-03-31/functions/f/invocations", &[], b"{}"), Protocol::RestJson, "lambda:Invoke", ("FunctionName", "f")),
        ];
        for (request, protocol, action, (name, value)) in table {
            let call = ApiCall::parse(&request).unwrap();
            assert_eq!((call.protocol, call.qualified().as_str()), (protocol, action));
            assert_eq!(call.parameter(name), Some(value), "{action}");
            assert_eq!((call.access_key.as_str(), call.region.as_str()), ("ASIAKEY", "eu-central-1"));
        }
    }

    #[test]
    fn says_why_it_does_not_understand() {
        let unsigned = Request::builder().uri("/").body(Bytes::new()).unwrap();
        assert_eq!(ApiCall::parse(&unsigned), Err(NotUnderstood::Unsigned));
        let nameless = ApiCall::parse(&signed("ec2", "POST", "/", &[], b"RouteTableId=rtb-1"));
        assert!(matches!(nameless, Err(NotUnderstood::NoAction(_))));
        let broken = signed("events", "POST", "/", &[("x-amz-target", "AWSEvents.PutEvents")], b"{");
        assert_eq!(ApiCall::parse(&broken), Err(NotUnderstood::Body("JSON")));
    }

    #[test]
    fn reads_presigned_urls() {
        let path = "/b/k?X-Amz-Credential=ASIAKEY%2F20261121%2Feu-central-1%2Fs3%2Faws4_request&X-Amz-Signature=x";
        let request = Request::builder().uri(path).body(Bytes::new()).unwrap();
        assert_eq!(ApiCall::parse(&request).unwrap().access_key, "ASIAKEY");
    }
}
