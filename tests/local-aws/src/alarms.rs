//! Stand-in: what CloudWatch does when an alarm changes its state. moto keeps alarms right but performs no actions;
//! ministack performs the SNS ones only, with dimensions in the wrong case. Here: SNS, Lambda and EventBridge.
//!
//! Metric alarms on one metric and composite alarms; a metric-math alarm's message has no metrics.

use std::sync::Arc;

use bytes::Bytes;
use hyper::{Request, Response};
use roxmltree::Node;
use serde_json::{Map, Value, json};

use crate::call::{ApiCall, Protocol};
use crate::control::{Answer, child_text, items, query_request};
use crate::error::Result;
use crate::wire::ServiceError;
use crate::world::{AccountState, World};
use crate::{REGION, forward, http};

/// `SetAlarmState`: forwarded, then the actions of the state that the alarm came to, if it is another.
pub(crate) async fn set_state(
    world: &Arc<World>,
    account: &Arc<AccountState>,
    call: &ApiCall,
    request: Request<Bytes>,
) -> Response<Bytes> {
    let outcome = async {
        let name = call.parameter("AlarmName").unwrap_or_default();
        let before = Alarm::read(world, account, name).await?;
        let response = forward::forward(world, account, call, request).await?;
        let after = Alarm::read(world, account, name).await?;
        if let (Some(before), Some(after)) = (before, after)
            && before.state != after.state
        {
            after.act(world, account, &before).await?;
        }
        Ok::<_, crate::Error>(response)
    };
    outcome.await.unwrap_or_else(|error| {
        let message = format!("the alarm's actions failed: {error:?}");
        ServiceError::new(500, "InternalServiceFault", message).response(call.protocol)
    })
}

/// An alarm as `DescribeAlarms` gives it.
#[derive(Debug, Clone, PartialEq)]
struct Alarm {
    name: String,
    arn: String,
    description: Option<String>,
    state: String,
    reason: String,
    changed: String,
    enabled: bool,
    actions: [Vec<String>; 3],
    metric: Option<Metric>,
}

#[derive(Debug, Clone, PartialEq)]
struct Metric {
    namespace: String,
    name: String,
    dimensions: Vec<(String, String)>,
    statistic: String,
    period: f64,
    evaluation_periods: f64,
    threshold: f64,
    comparison: String,
    missing: String,
}

impl Alarm {
    async fn read(world: &World, account: &AccountState, name: &str) -> Result<Option<Self>> {
        let kinds = [("AlarmTypes.member.1", "MetricAlarm"), ("AlarmTypes.member.2", "CompositeAlarm")];
        let parameters = [("AlarmNames.member.1", name), kinds[0], kinds[1]];
        let answer = ask(world, account, "monitoring", "DescribeAlarms", &parameters).await?;
        let mut alarms = Vec::new();
        for list in ["MetricAlarms", "CompositeAlarms"] {
            alarms.extend(answer.each(list, |list| {
                list.children()
                    .filter(|node| node.tag_name().name() == "member")
                    .filter_map(Self::parse)
                    .collect::<Vec<_>>()
            })?);
        }
        Ok(alarms.into_iter().flatten().next())
    }

    fn parse(node: Node<'_, '_>) -> Option<Self> {
        let text = |name: &str| child_text(node, name);
        let list = |name: &str| items(node, name).filter_map(|item| item.text().map(str::to_owned)).collect();
        Some(Self {
            name: text("AlarmName")?,
            arn: text("AlarmArn")?,
            description: text("AlarmDescription"),
            state: text("StateValue")?,
            reason: text("StateReason").unwrap_or_default(),
            changed: text("StateUpdatedTimestamp").unwrap_or_default(),
            enabled: text("ActionsEnabled").is_none_or(|enabled| enabled == "true"),
            actions: [list("AlarmActions"), list("OKActions"), list("InsufficientDataActions")],
            metric: Metric::parse(node),
        })
    }

    async fn act(&self, world: &World, account: &AccountState, before: &Self) -> Result<()> {
        let [alarm, ok, insufficient] = &self.actions;
        let actions = match self.state.as_str() {
            _ if !self.enabled => &Vec::new(),
            "ALARM" => alarm,
            "OK" => ok,
            _ => insufficient,
        };
        for action in actions {
            if action.contains(":sns:") {
                let subject = format!("{}: \"{}\" in {REGION}", self.state, self.name);
                let message = self.message(account, before).to_string();
                let parameters = [("TopicArn", action.as_str()), ("Subject", &subject), ("Message", &message)];
                ask(world, account, "sns", "Publish", &parameters).await?;
            } else if action.contains(":lambda:") {
                invoke(world, account, action, &self.direct(account, before)).await?;
            }
        }
        self.put_event(world, account, before).await
    }

    /// What comes by SNS.
    fn message(&self, account: &AccountState, before: &Self) -> Value {
        json!({
            "AlarmName": self.name, "AlarmDescription": self.description, "AWSAccountId": account.id,
            "AlarmConfigurationUpdatedTimestamp": self.time("+0000"),
            "NewStateValue": self.state, "NewStateReason": self.reason, "StateChangeTime": self.time("+0000"),
            "Region": "EU (Frankfurt)", "AlarmArn": self.arn, "OldStateValue": before.state,
            "OKActions": self.actions[1], "AlarmActions": self.actions[0], "InsufficientDataActions": self.actions[2],
            "Trigger": self.metric.as_ref().map(Metric::trigger),
        })
    }

    /// What comes to a Lambda function directly.
    fn direct(&self, account: &AccountState, before: &Self) -> Value {
        json!({
            "source": "aws.cloudwatch", "alarmArn": self.arn, "accountId": account.id, "time": self.time("+0000"),
            "region": REGION, "alarmData": self.data(before, "+0000"),
        })
    }

    fn data(&self, before: &Self, zone: &str) -> Value {
        let state = |of: &Self| json!({"value": of.state, "reason": of.reason, "timestamp": of.time(zone)});
        let metrics = self.metric.iter().map(Metric::configuration).collect::<Vec<_>>();
        json!({
            "alarmName": self.name, "state": state(self), "previousState": state(before),
            "configuration": {"description": self.description, "metrics": metrics},
        })
    }

    async fn put_event(&self, world: &World, account: &AccountState, before: &Self) -> Result<()> {
        let entry = json!({
            "Source": "aws.cloudwatch", "DetailType": "CloudWatch Alarm State Change", "Resources": [self.arn],
            "Detail": self.data(before, "+0000").to_string(),
        });
        let credential = format!("AWS4-HMAC-SHA256 Credential={}/20260101/{REGION}/events/aws4_request", account.id);
        let headers = [
            ("authorization", credential.as_str()),
            ("x-amz-target", "AWSEvents.PutEvents"),
            ("content-type", "application/x-amz-json-1.1"),
        ];
        let request = http::request("POST", "/", &headers, json!({"Entries": [entry]}).to_string())?;
        let response = http::send(world.emulators.ministack, request).await?;
        Answer::from(response).successful("events", "PutEvents").map(drop)
    }

    /// The time of the change as CloudWatch writes it: milliseconds, and the zone without a colon.
    fn time(&self, zone: &str) -> String {
        let (seconds, fraction) = self.changed.trim_end_matches('Z').split_once('.').unwrap_or((&self.changed, "0"));
        let seconds = seconds.trim_end_matches('Z');
        let digits: String = fraction.chars().take_while(char::is_ascii_digit).chain("000".chars()).take(3).collect();
        format!("{seconds}.{digits}{zone}")
    }
}

impl Metric {
    fn parse(node: Node<'_, '_>) -> Option<Self> {
        let text = |name: &str| child_text(node, name);
        let number = |name: &str| text(name).and_then(|number| number.parse().ok()).unwrap_or_default();
        let dimension = |item| Some((child_text(item, "Name")?, child_text(item, "Value")?));
        Some(Self {
            namespace: text("Namespace").filter(|namespace| !namespace.is_empty())?,
            name: text("MetricName")?,
            dimensions: items(node, "Dimensions").filter_map(dimension).collect(),
            statistic: text("Statistic").unwrap_or_default(),
            period: number("Period"),
            evaluation_periods: number("EvaluationPeriods"),
            threshold: number("Threshold"),
            comparison: text("ComparisonOperator").unwrap_or_default(),
            missing: text("TreatMissingData").unwrap_or_else(|| "missing".to_owned()),
        })
    }

    /// As in an SNS message: dimensions as a list, in lower case.
    fn trigger(&self) -> Value {
        let dimensions = self.dimensions.iter().map(|(name, value)| json!({"value": value, "name": name}));
        json!({
            "MetricName": self.name, "Namespace": self.namespace, "StatisticType": "Statistic",
            "Statistic": self.statistic.to_uppercase(), "Unit": null, "Dimensions": dimensions.collect::<Vec<_>>(),
            "Period": self.period, "EvaluationPeriods": self.evaluation_periods, "Threshold": self.threshold,
            "ComparisonOperator": self.comparison, "TreatMissingData": self.missing, "EvaluateLowSampleCountPercentile": "",
        })
    }

    /// As in a direct event or on EventBridge: dimensions as a map.
    fn configuration(&self) -> Value {
        let dimensions: Map<_, _> =
            self.dimensions.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        let metric = json!({"namespace": self.namespace, "name": self.name, "dimensions": dimensions});
        let metric_stat = json!({"metric": metric, "period": self.period, "stat": self.statistic});
        json!({"id": "m1", "metricStat": metric_stat, "returnData": true})
    }
}

/// A query-protocol call in an account's name, to the emulator of the service.
async fn ask(
    world: &World,
    account: &AccountState,
    service: &str,
    action: &str,
    parameters: &[(&str, &str)],
) -> Result<Answer> {
    let key = account.control_key();
    let request = query_request(&key, service, action, parameters)?;
    let call = ApiCall {
        access_key: key,
        service: service.to_owned(),
        region: REGION.to_owned(),
        action: action.to_owned(),
        protocol: Protocol::Query,
        parameters: std::collections::BTreeMap::new(),
    };
    let response = forward::forward(world, account, &call, request).await?;
    Answer::from(response).successful(service, action)
}

/// An asynchronous invocation, as CloudWatch's: ministack retries it and knows its dead-letter queue.
async fn invoke(world: &World, account: &AccountState, arn: &str, event: &Value) -> Result<()> {
    let name = arn.split(':').nth(6).unwrap_or_default();
    let credential = format!("AWS4-HMAC-SHA256 Credential={}/20260101/{REGION}/lambda/aws4_request", account.id);
    let headers = [("authorization", credential.as_str()), ("x-amz-invocation-type", "Event")];
    let path = format!("/2015-03-31/functions/{name}/invocations");
    let response =
        http::send(world.emulators.ministack, http::request("POST", &path, &headers, event.to_string())?).await?;
    Answer::from(response).successful("lambda", "Invoke").map(drop)
}
