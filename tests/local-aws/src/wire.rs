//! Errors in each service's own form, so that SDKs retry and report them as they would AWS's.

use bytes::Bytes;
use hyper::Response;

use crate::call::Protocol;

/// An error that a service answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceError {
    /// The HTTP status.
    pub status: u16,
    /// The error code.
    pub code: String,
    /// The message.
    pub message: String,
}

impl ServiceError {
    /// An error as a service would answer it.
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into() }
    }

    /// What this service answers to a caller that calls too often.
    #[must_use]
    pub fn throttled(service: &str, protocol: Protocol) -> Self {
        match (service, protocol) {
            (_, Protocol::Ec2Query) => Self::new(503, "RequestLimitExceeded", "Request limit exceeded."),
            (_, Protocol::RestXml) => Self::new(503, "SlowDown", "Please reduce your request rate."),
            (_, Protocol::RestJson) => Self::new(429, "TooManyRequestsException", "Rate Exceeded."),
            (_, Protocol::Query | Protocol::Cbor) => Self::new(400, "Throttling", "Rate exceeded"),
            (_, Protocol::Json) => Self::new(400, "ThrottlingException", "Rate exceeded"),
        }
    }

    /// What this service answers to a caller whom no policy allows the action.
    #[must_use]
    pub fn denied(service: &str, protocol: Protocol, message: impl Into<String>) -> Self {
        match (service, protocol) {
            (_, Protocol::Ec2Query) => Self::new(403, "UnauthorizedOperation", message),
            ("sns", _) => Self::new(403, "AuthorizationError", message),
            (_, Protocol::Json) => Self::new(400, "AccessDeniedException", message),
            (_, Protocol::RestJson) => Self::new(403, "AccessDeniedException", message),
            (_, Protocol::Query | Protocol::RestXml | Protocol::Cbor) => Self::new(403, "AccessDenied", message),
        }
    }

    /// The answer on the wire.
    #[must_use]
    pub fn response(&self, protocol: Protocol) -> Response<Bytes> {
        let (kind, body) = match protocol {
            Protocol::Ec2Query => ("text/xml", self.ec2().into()),
            Protocol::Query => ("text/xml", self.query().into()),
            Protocol::RestXml => ("application/xml", self.rest_xml().into()),
            Protocol::Json => ("application/x-amz-json-1.1", self.json().into()),
            Protocol::RestJson => ("application/json", self.json().into()),
            Protocol::Cbor => ("application/cbor", self.cbor()),
        };
        let mut builder = Response::builder()
            .status(self.status)
            .header("content-type", kind)
            .header("x-amzn-requestid", REQUEST_ID)
            .header("x-amzn-errortype", &self.code);
        if protocol == Protocol::Cbor {
            builder = builder
                .header("smithy-protocol", "rpc-v2-cbor")
                .header("x-amzn-query-error", format!("{};{}", self.code, self.fault()));
        }
        builder.body(body).unwrap_or_default() // only a code that is no header value could make it fail
    }

    fn fault(&self) -> &'static str {
        if self.status < 500 { "Sender" } else { "Receiver" }
    }

    fn ec2(&self) -> String {
        let (code, message) = (escape(&self.code), escape(&self.message));
        format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
             <RequestID>{REQUEST_ID}</RequestID></Response>"
        )
    }

    fn query(&self) -> String {
        let (fault, code, message) = (self.fault(), escape(&self.code), escape(&self.message));
        format!(
            "<ErrorResponse><Error><Type>{fault}</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
        )
    }

    fn rest_xml(&self) -> String {
        let (code, message) = (escape(&self.code), escape(&self.message));
        format!("<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{REQUEST_ID}</RequestId></Error>")
    }

    fn json(&self) -> String {
        serde_json::json!({"__type": self.code, "message": self.message, "Message": self.message}).to_string()
    }

    fn cbor(&self) -> Bytes {
        let mut body = Vec::new();
        let members = serde_json::json!({"__type": self.code, "message": self.message});
        let _ = ciborium::into_writer(&members, &mut body); // writing to memory does not fail
        body.into()
    }
}

/// What a stand-in of the JSON protocol answers: its members, or the error.
pub(crate) fn json_response(outcome: Result<serde_json::Value, ServiceError>) -> Response<Bytes> {
    match outcome {
        Ok(members) => {
            let response = Response::builder().header("content-type", "application/x-amz-json-1.1");
            response.body(members.to_string().into()).unwrap_or_default() // these headers are valid
        }
        Err(error) => error.response(Protocol::Json),
    }
}

/// The error code of an answer that an emulator gave, for the record.
pub(crate) fn error_code(response: &Response<Bytes>) -> Option<String> {
    if response.status().as_u16() < 400 {
        return None;
    }
    let header = response.headers().get("x-amzn-errortype").and_then(|value| value.to_str().ok());
    let body = String::from_utf8_lossy(response.body());
    let code = header.map(str::to_owned).or_else(|| code_in_xml(&body)).or_else(|| code_in_json(&body));
    let cbor = || ciborium::from_reader::<ciborium::Value, _>(response.body().as_ref()).ok().and_then(type_in_cbor);
    code.or_else(cbor).map(|code| bare(&code)).or_else(|| Some(response.status().to_string()))
}

/// `com.amazonaws.cloudwatch#ResourceNotFound:http://...` without what is around it.
fn bare(code: &str) -> String {
    let code = code.split(':').next().unwrap_or(code);
    code.rsplit('#').next().unwrap_or(code).to_owned()
}

fn code_in_xml(body: &str) -> Option<String> {
    let (_, rest) = body.split_once("<Code>")?;
    Some(rest.split_once("</Code>")?.0.to_owned())
}

fn code_in_json(body: &str) -> Option<String> {
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    let code = ["__type", "code", "Code", "Type"].iter().find_map(|name| body.get(name)?.as_str())?;
    Some(code.to_owned())
}

fn type_in_cbor(body: ciborium::Value) -> Option<String> {
    let members = body.into_map().ok()?;
    let (_, code) = members.into_iter().find(|(name, _)| name.as_text() == Some("__type"))?;
    code.into_text().ok()
}

const REQUEST_ID: &str = "00000000-0000-4000-8000-000000000000";

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocols_error_can_be_read_back() {
        use Protocol::{Cbor, Ec2Query, Json, Query, RestJson, RestXml};
        for protocol in [Ec2Query, Query, Json, Cbor, RestXml, RestJson] {
            let error = ServiceError::new(400, "Some.Code", "a < b & c");
            let mut response = error.response(protocol);
            assert_eq!(error_code(&response).as_deref(), Some("Some.Code"), "{protocol:?}");
            response.headers_mut().remove("x-amzn-errortype");
            assert_eq!(error_code(&response).as_deref(), Some("Some.Code"), "{protocol:?}, from the body");
        }
    }

    #[test]
    fn throttling_is_each_services_own() {
        let table = [
            ("ec2", Protocol::Ec2Query, 503, "RequestLimitExceeded"),
            ("autoscaling", Protocol::Query, 400, "Throttling"),
            ("monitoring", Protocol::Cbor, 400, "Throttling"),
            ("ssm", Protocol::Json, 400, "ThrottlingException"),
            ("s3", Protocol::RestXml, 503, "SlowDown"),
        ];
        for (service, protocol, status, code) in table {
            let error = ServiceError::throttled(service, protocol);
            assert_eq!((error.status, error.code.as_str()), (status, code));
        }
    }
}
