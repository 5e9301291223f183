//! A FHIR server as clients find it: the API, its tokens, and what the table and the buckets hold.
//!
//! ```no_run
//! # async fn example(aws: &local_aws::LocalAws) -> e2e::Result<()> {
//! use e2e::fhir::{Fhir, make};
//! let fhir = Fhir::new(aws, &[]).await?; // or &[("Endpoint", "rest-api")]
//! let created = fhir.send("POST", "Patient", &make::patient(1)).await?;
//! let location = created.header("location").unwrap_or_default().to_owned();
//! let (found, invocation) = fhir.traced(fhir.request("GET", "Patient?family=Quitte1")).await?;
//! println!("{location} {} {}", found.json()?, invocation.calls.story());
//! # Ok(())
//! # }
//! ```

pub mod make;

use std::collections::BTreeMap;
use std::time::Duration;

use local_aws::{Account, Answer, ClientRequest, Deploy, Function, Invocation, LakeObject, LocalAws, Stack};
use serde_json::{Value, json};

use crate::Result;

/// FHIR's JSON.
pub const FHIR_JSON: &str = "application/fhir+json";
const WITHIN: Duration = Duration::from_secs(10);

/// The world: an account with the deployed stack, and a client of it.
pub struct Fhir {
    /// The account.
    pub account: Account,
    /// The deployed template.
    pub stack: Stack,
    /// The function.
    pub function: Function,
    /// The server's URL, as the stack puts it out.
    pub base: String,
    /// A token to read and write; none where callers sign.
    token: Option<String>,
}

impl Fhir {
    /// The stack deployed from its shipped template with `parameters`, and a client that may read and write.
    pub async fn new(aws: &LocalAws, parameters: &[(&str, &str)]) -> Result<Self> {
        let account = aws.account();
        let template = Deploy::template("functions/fhir/template.yaml");
        let deploy = parameters.iter().fold(template, |deploy, (name, value)| deploy.parameter(name, value));
        let stack = account.deploy(deploy).await?;
        let function = stack.function("FhirFunction")?.clone();
        let base = stack.output("FhirUrl")?.trim_end_matches('/').to_owned();
        let mut fhir = Self { account, stack, function, base, token: None };
        if fhir.stack.output("TokenUrl").is_ok() {
            fhir.token = Some(fhir.token(&["fhir/read", "fhir/write"]).await?);
        }
        Ok(fhir)
    }

    /// A token with these scopes, fetched by the stack's own client.
    pub async fn token(&self, scopes: &[&str]) -> Result<String> {
        let [url, pool, client] = ["TokenUrl", "UserPoolId", "ClientId"].map(|output| self.stack.output(output));
        Ok(self.account.access_token(url?, pool?, client?, scopes).await?)
    }

    /// A request of a client that may read and write. The path is below the server's URL: `Patient/1`, or nothing.
    #[must_use]
    pub fn request(&self, method: &str, path: &str) -> ClientRequest {
        match &self.token {
            Some(token) => self.anonymous(method, path).token(token),
            None => self.anonymous(method, path).signed(),
        }
    }

    /// A request of anyone.
    #[must_use]
    pub fn anonymous(&self, method: &str, path: &str) -> ClientRequest {
        ClientRequest::new(method, format!("{}/{path}", self.base))
    }

    /// Sends a resource; its answer, whatever the status.
    pub async fn send(&self, method: &str, path: &str, resource: &Value) -> Result<Answer> {
        Ok(self.account.send(self.request(method, path).body(FHIR_JSON, resource.to_string())).await?)
    }

    /// Reads or searches: the JSON of an answer of success.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let answer = self.account.send(self.request("GET", path)).await?;
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        if answer.status() == 200 {
            Ok(answer.json()?)
        } else {
            Err(format!("{path}: {} {text}", answer.status()).into())
        }
    }

    /// How many resources match, as a search counts them.
    pub async fn count(&self, search: &str) -> Result<u64> {
        let and = if search.contains('?') { '&' } else { '?' };
        let page = self.get(&format!("{search}{and}_summary=count")).await?;
        Ok(page.get("total").and_then(Value::as_u64).ok_or_else(|| format!("no total: {page}"))?)
    }

    /// Sends a request: the answer, and the invocation that made it. No other may be under way.
    pub async fn traced(&self, request: ClientRequest) -> Result<(Answer, Invocation)> {
        let last = self.account.invocations().iter().map(|invocation| invocation.id).max();
        let answer = self.account.send(request).await?;
        let later = |invocation: &Invocation| Some(invocation.id) > last;
        Ok((answer, self.account.wait_for_invocation("the request's invocation", WITHIN, later).await?))
    }

    /// The table's items, read by the test itself.
    pub async fn items(&self) -> Result<Vec<Value>> {
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let mut scan = json!({"TableName": self.stack.output("TableName")?, "ConsistentRead": true});
            if let (Some(start), Some(scan)) = (start, scan.as_object_mut()) {
                scan.insert("ExclusiveStartKey".to_owned(), start);
            }
            let mut page = self.account.control_json("dynamodb", "DynamoDB_20120810.Scan", &scan).await?.json()?;
            items.extend(page.get_mut("Items").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default());
            start = page.get_mut("LastEvaluatedKey").map(Value::take);
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    /// How many items there are of each kind, by the first letter of their partition keys: docs/fhir-store.md.
    pub async fn kinds(&self) -> Result<BTreeMap<char, usize>> {
        let mut kinds = BTreeMap::new();
        for item in self.items().await? {
            let kind = item.pointer("/pk/S").and_then(Value::as_str).and_then(|pk| pk.chars().next());
            *kinds.entry(kind.unwrap_or('?')).or_default() += 1;
        }
        Ok(kinds)
    }

    /// How many patients and other resources of [`make::visit`] are there.
    pub async fn visited(&self, patient: usize) -> Result<(u64, u64)> {
        let by = |kind: &str, value: &str| format!("{kind}?identifier={}|{value}-{patient}", make::MRN);
        Ok((self.count(&by("Patient", "quince")).await?, self.count(&by("Observation", "visit")).await?))
    }

    /// Lets transactions that are still pending expire, as they do a minute after their function died.
    pub async fn expire_transactions(&self) -> Result<()> {
        let pending = |item: &Value| item.pointer("/s/S").and_then(Value::as_str) == Some("P");
        for item in self.items().await?.iter().filter(|item| pending(item)) {
            let update = json!({
                "TableName": self.stack.output("TableName")?,
                "Key": {"pk": item.get("pk"), "sk": item.get("sk")},
                "UpdateExpression": "SET e = :past",
                "ExpressionAttributeValues": {":past": {"N": "0"}},
            });
            self.account.control_json("dynamodb", "DynamoDB_20120810.UpdateItem", &update).await?;
        }
        Ok(())
    }

    /// The objects of the bucket that an output names: `BodiesBucket`, `ArchiveBucket`.
    pub async fn objects(&self, bucket: &str) -> Result<Vec<LakeObject>> {
        Ok(self.account.objects(self.stack.output(bucket)?, "").await?)
    }
}
