//! EC2 and Systems Manager.

use std::net::IpAddr;
use std::time::Duration;

use aws_sdk_ec2::types::Filter;
use aws_sdk_ssm::types::{CommandInvocation, CommandStatus, ParameterType, Target};
use shared::aws::AwsError;

use super::Aws;
use crate::command::Invocation;
use crate::config::Tag;
use crate::key_line::KeyLine;
use crate::node::Node;
use crate::ports::{Fleet, Order};

impl Fleet for Aws {
    async fn nodes(&self, tag: &Tag) -> Result<Vec<Node>, AwsError> {
        let filter = |name: String, value: &str| Filter::builder().name(name).values(value).build();
        let call = self.ec2.describe_instances().max_results(1000);
        let call = call.filters(filter(format!("tag:{}", tag.key), &tag.value));
        let mut pages = call.filters(filter("instance-state-name".to_owned(), "running")).into_paginator().send();
        let mut nodes = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AwsError::new("DescribeInstances", error))?;
            let instances =
                page.reservations.unwrap_or_default().into_iter().flat_map(|r| r.instances.unwrap_or_default());
            nodes.extend(instances.filter_map(node));
        }
        nodes.sort();
        Ok(nodes)
    }

    async fn send(&self, order: Order<'_>) -> Result<String, AwsError> {
        let target = Target::builder().key(format!("tag:{}", order.target.key)).values(&order.target.value).build();
        let mut call = self
            .ssm
            .send_command()
            .document_name(order.document)
            .document_version("1") // the stack replaces a document that changes; a later version is not the stack's
            .targets(target)
            .max_concurrency(order.max_concurrency)
            .max_errors("100%") // by default the first node that fails keeps the others from being told
            .timeout_seconds(seconds(order.delivery));
        for (name, value) in order.command.parameters() {
            call = call.parameters(name, vec![value]);
        }
        let sent = call.send().await.map_err(|error| AwsError::new("SendCommand", error))?;
        Ok(sent.command.and_then(|command| command.command_id).unwrap_or_default())
    }

    async fn invocations(&self, command: &str) -> Result<Vec<Invocation>, AwsError> {
        const PER_PAGE: i32 = 50; // the most that SSM gives
        let call = self.ssm.list_command_invocations().command_id(command).details(true).max_results(PER_PAGE);
        let mut pages = call.into_paginator().send();
        let mut invocations = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AwsError::new("ListCommandInvocations", error))?;
            invocations.extend(page.command_invocations.unwrap_or_default().into_iter().filter_map(invocation));
        }
        Ok(invocations)
    }

    async fn ended(&self, command: &str) -> Result<bool, AwsError> {
        let answer = self.ssm.list_commands().command_id(command).send().await;
        let answer = answer.map_err(|error| AwsError::new("ListCommands", error))?;
        let status = answer.commands.unwrap_or_default().into_iter().find_map(|command| command.status);
        let open = [CommandStatus::Pending, CommandStatus::InProgress, CommandStatus::Cancelling];
        Ok(status.is_some_and(|status| !open.contains(&status)))
    }

    async fn publish(&self, parameter: &str, line: &KeyLine) -> Result<(), AwsError> {
        let call = self.ssm.put_parameter().name(parameter).value(line.text()).r#type(ParameterType::String);
        let sent = call.overwrite(true).send().await;
        sent.map(drop).map_err(|error| AwsError::new("PutParameter", error))
    }
}

fn node(instance: aws_sdk_ec2::types::Instance) -> Option<Node> {
    let address = |text: Option<String>| text.and_then(|text| text.parse::<IpAddr>().ok());
    let address = address(instance.private_ip_address).or_else(|| address(instance.ipv6_address));
    Some(Node { instance: instance.instance_id?, address })
}

fn invocation(invocation: CommandInvocation) -> Option<Invocation> {
    let plugins = invocation.command_plugins.unwrap_or_default();
    let output: Vec<_> = plugins.into_iter().filter_map(|plugin| plugin.output).collect();
    Some(Invocation {
        instance: invocation.instance_id?,
        status: invocation.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        details: invocation.status_details.unwrap_or_default(),
        output: output.join("\n"),
    })
}

fn seconds(time: Duration) -> i32 {
    i32::try_from(time.as_secs()).unwrap_or(i32::MAX)
}
