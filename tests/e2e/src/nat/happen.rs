//! What happens in the world: instances die, are replaced and leave, alarms change.

use aws_sdk_cloudwatch::types::StateValue;
use serde_json::{Value, json};

use super::Nat;
use crate::Result;

impl Nat {
    /// Sets the health alarm of a group.
    pub async fn set_alarm(&self, letter: &str, state: &str) -> Result<()> {
        let call = self.cloudwatch.set_alarm_state().alarm_name(&self.group(letter).alarm);
        call.state_value(StateValue::from(state)).state_reason("the test says so").send().await?;
        Ok(())
    }

    /// Names what the health alarm of a group invokes on every change: a topic or a function.
    pub async fn set_alarm_action(&self, letter: &str, arn: &str) -> Result<()> {
        self.health_alarm(self.group(letter), Some(arn)).await
    }

    /// A group's instance dies at once, and the alarm notices.
    pub async fn dies(&self, letter: &str) -> Result<()> {
        let instance = self.only_instance(&self.group(letter).name).await?;
        self.account.moto_plus("fail-instance", &json!({"instance_id": instance, "how": "stop"})).await?;
        self.set_alarm(letter, "ALARM").await
    }

    /// Auto Scaling replaces a group's instance; the new one waits in the launch hook. Its id and its interface.
    pub async fn is_replaced(&self, letter: &str) -> Result<(String, String)> {
        let group = json!({"group": self.group(letter).name});
        let answer = self.account.moto_plus("replace-instance", &group).await?;
        Ok((text(&answer, "instance_id")?, text(&answer, "network_interface_id")?))
    }

    /// The same, and the new instance's alarm turns OK.
    pub async fn recovers(&self, letter: &str) -> Result<(String, String)> {
        let fresh = self.is_replaced(letter).await?;
        self.set_alarm(letter, "OK").await?;
        Ok(fresh)
    }

    /// Auto Scaling is about to terminate a group's instance, and the hook holds it. The EventBridge event of it.
    pub async fn is_leaving(&self, letter: &str) -> Result<Value> {
        let instance = self.only_instance(&self.group(letter).name).await?;
        self.account.moto_plus("terminate-with-hook", &json!({"instance_id": instance})).await?;
        let mut event = self.event("eventbridge-terminating", letter)?;
        if let Some(id) = event.pointer_mut("/detail/EC2InstanceId") {
            *id = json!(instance);
        }
        Ok(event)
    }
}

fn text(answer: &Value, key: &str) -> Result<String> {
    let found = answer.get(key).and_then(Value::as_str);
    Ok(found.ok_or_else(|| format!("no {key} in {answer}"))?.to_owned())
}
