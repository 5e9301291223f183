//! A device's certificate, its key, and what its policy allows.

use serde_json::{Value, json};

use crate::REGION;
use crate::account::Account;
use crate::error::{Error, Result};

/// An active certificate of the account, with its private key.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) id: String,
    pub(super) pem: String,
    pub(super) private_key: String,
    arn: String,
}

impl Certificate {
    /// `CreateKeysAndCertificate`.
    pub(super) async fn create(account: &Account) -> Result<Self> {
        let answer = account.control_rest("iot", "POST", "/keys-and-certificate?setAsActive=true", "").await?.json()?;
        let text = |path: &str| {
            let text = answer.pointer(path).and_then(Value::as_str).map(str::to_owned);
            text.ok_or_else(|| Error::malformed("CreateKeysAndCertificate's answer", format!("it has no {path}")))
        };
        Ok(Self {
            id: text("/certificateId")?,
            pem: text("/certificatePem")?,
            private_key: text("/keyPair/PrivateKey")?,
            arn: text("/certificateArn")?,
        })
    }

    /// Attaches a policy: connect as this client, publish to these topics.
    pub(super) async fn allow(&self, account: &Account, client_id: &str, topics: &[String]) -> Result<()> {
        let arn = |resource: String| format!("arn:aws:iot:{REGION}:{}:{resource}", account.id());
        let topics: Vec<String> = topics.iter().map(|topic| arn(format!("topic/{topic}"))).collect();
        let document = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "iot:Connect", "Resource": arn(format!("client/{client_id}"))},
            {"Effect": "Allow", "Action": "iot:Publish", "Resource": topics},
        ]});
        let policy = format!("device-{}", self.id);
        let body = json!({"policyDocument": document.to_string()}).to_string();
        account.control_rest("iot", "POST", &format!("/policies/{policy}"), body).await?;
        let body = json!({"target": self.arn}).to_string();
        account.control_rest("iot", "PUT", &format!("/target-policies/{policy}"), body).await?;
        Ok(())
    }
}
