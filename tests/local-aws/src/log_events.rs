//! Log events, as a service writes them: what subscriptions of log groups are about.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::account::Account;
use crate::error::{Error, Result};

impl Account {
    /// Makes a log group, unless it is there.
    pub async fn create_log_group(&self, group: &str) -> Result<()> {
        self.unless_there("CreateLogGroup", json!({"logGroupName": group})).await
    }

    /// Writes log events into a group, at once and all now. The group is made unless it is there.
    pub async fn put_log_events(&self, group: &str, messages: &[impl AsRef<str>]) -> Result<()> {
        let stream = "local-aws";
        self.create_log_group(group).await?;
        self.unless_there("CreateLogStream", json!({"logGroupName": group, "logStreamName": stream})).await?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let event = |message: &str| json!({"timestamp": u64::try_from(now).unwrap_or_default(), "message": message});
        let events: Vec<Value> = messages.iter().map(|message| event(message.as_ref())).collect();
        let body = json!({"logGroupName": group, "logStreamName": stream, "logEvents": events});
        self.control_json("logs", "Logs_20140328.PutLogEvents", &body).await.map(drop)
    }

    async fn unless_there(&self, action: &str, body: Value) -> Result<()> {
        match self.control_json("logs", &format!("Logs_20140328.{action}"), &body).await {
            Err(Error::Control { code, .. }) if code == "ResourceAlreadyExistsException" => Ok(()),
            other => other.map(drop),
        }
    }
}
