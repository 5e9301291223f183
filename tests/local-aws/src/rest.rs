//! The operations of REST services, which are told by method and path. A table, to be extended when a function calls more.

use std::collections::BTreeMap;

use crate::call::Protocol;

/// The protocol of a REST service, or nothing if it is none.
pub(crate) fn protocol(service: &str) -> Option<Protocol> {
    match service {
        "s3" => Some(Protocol::RestXml),
        "apigateway" | "lambda" | "connect" | "iot" => Some(Protocol::RestJson),
        _ => None,
    }
}

type Row = (&'static str, &'static str, &'static str, &'static str);

/// Service, method, path, operation. The last label takes the rest of the path.
const OPERATIONS: &[Row] = &[
    ("lambda", "POST", "/2015-03-31/functions/{FunctionName}/invocations", "Invoke"),
    ("lambda", "GET", "/2015-03-31/functions/{FunctionName}/configuration", "GetFunctionConfiguration"),
    ("lambda", "GET", "/2015-03-31/functions/{FunctionName}", "GetFunction"),
    ("connect", "PUT", "/users/{InstanceId}", "CreateUser"),
    ("s3", "GET", "/{Bucket}/{Key}", "GetObject"),
    ("s3", "HEAD", "/{Bucket}/{Key}", "HeadObject"),
    ("s3", "PUT", "/{Bucket}/{Key}", "PutObject"),
    ("s3", "DELETE", "/{Bucket}/{Key}", "DeleteObject"),
    ("s3", "GET", "/{Bucket}", "ListObjectsV2"),
    ("s3", "HEAD", "/{Bucket}", "HeadBucket"),
];

/// The operation and the path's labels. What is not in the table is named by method and path, which no policy allows.
pub(crate) fn operation(
    service: &str,
    method: &str,
    path: &str,
    query: &BTreeMap<String, String>,
) -> (String, BTreeMap<String, String>) {
    // S3 tells sub-resources (?acl, ?tagging, ?uploads) by a query name without a value.
    let sub_resource = service == "s3" && query.iter().any(|(name, value)| value.is_empty() && name != "prefix");
    let found = OPERATIONS
        .iter()
        .filter(|(of, with, ..)| *of == service && *with == method && !sub_resource)
        .find_map(|(_, _, pattern, name)| Some(((*name).to_owned(), labels(pattern, path)?)));
    found.unwrap_or_else(|| (format!("{method} {path}"), BTreeMap::new()))
}

fn labels(pattern: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let pattern: Vec<&str> = pattern.trim_matches('/').split('/').collect();
    let mut rest = path.trim_start_matches('/').trim_end_matches('/');
    let mut labels = BTreeMap::new();
    for (at, part) in pattern.iter().enumerate() {
        let last = at + 1 == pattern.len();
        let greedy = last && *part == "{Key}";
        let (value, after) = if greedy { (rest, "") } else { rest.split_once('/').unwrap_or((rest, "")) };
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(label) if !value.is_empty() => drop(labels.insert(label.to_owned(), value.to_owned())),
            None if *part == value => {}
            _ => return None,
        }
        rest = after;
    }
    rest.is_empty().then_some(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_operations_by_method_and_path() {
        let none = BTreeMap::new();
        let acl = BTreeMap::from([("acl".to_owned(), String::new())]);
        #[rustfmt::skip]
        let table = [
            ("s3", "GET", "/b/some/key", &none, "GetObject", "Key=some/key Bucket=b"),
            ("s3", "GET", "/b/", &none, "ListObjectsV2", "Bucket=b"),
            ("s3", "PUT", "/b/k", &acl, "PUT /b/k", ""),
            ("lambda", "POST", "/2015-03-31/functions/f/invocations", &none, "Invoke", "FunctionName=f"),
            ("lambda", "GET", "/2015-03-31/functions/f", &none, "GetFunction", "FunctionName=f"),
            ("lambda", "DELETE", "/2015-03-31/functions/f", &none, "DELETE /2015-03-31/functions/f", ""),
        ];
        for (service, method, path, query, action, expected) in table {
            let (name, labels) = operation(service, method, path, query);
            assert_eq!(name, action);
            for (label, value) in expected.split_whitespace().filter_map(|pair| pair.split_once('=')) {
                assert_eq!(labels.get(label).map(String::as_str), Some(value));
            }
        }
    }
}
