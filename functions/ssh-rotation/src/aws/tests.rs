//! What goes over the wire, and what its answers become; by the SDK's own mocks.

use std::net::IpAddr;

use aws_sdk_ec2::operation::describe_instances::DescribeInstancesOutput;
use aws_sdk_ec2::types::{Instance, Reservation};
use aws_sdk_secretsmanager::operation::get_secret_value::{GetSecretValueError, GetSecretValueOutput};
use aws_sdk_secretsmanager::operation::put_secret_value::{PutSecretValueError, PutSecretValueOutput};
use aws_sdk_secretsmanager::operation::update_secret_version_stage::UpdateSecretVersionStageOutput;
use aws_sdk_secretsmanager::types::error::{ResourceExistsException, ResourceNotFoundException};
use aws_sdk_ssm::operation::list_command_invocations::ListCommandInvocationsOutput;
use aws_sdk_ssm::operation::list_commands::ListCommandsOutput;
use aws_sdk_ssm::operation::put_parameter::PutParameterOutput;
use aws_sdk_ssm::operation::send_command::SendCommandOutput;
use aws_sdk_ssm::types::{
    Command as SsmCommand, CommandInvocation, CommandInvocationStatus, CommandPlugin, CommandStatus,
};
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, create_mock_http_client, mock};
use aws_types::region::Region;
use shared::secret::{ExposeSecret, SecretString};

use super::*;
use crate::command::{Action, Command, Invocation};
use crate::config::Tag;
use crate::key_line::KeyLine;
use crate::node::Node;
use crate::ports::{Fleet, NewVersion, Order, Put, Secrets, Version};
use crate::testing::{ARN, HOST_KEY};

/// The adapter with its real retry settings; AWS answers by `rules`, one after another.
fn aws(rules: &[&Rule]) -> Aws {
    let credentials = aws_credential_types::Credentials::new("AKID", "secret", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(aws_sdk_ec2::config::BehaviorVersion::latest())
        .region(Region::from_static("eu-west-1"))
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(credentials))
        .http_client(create_mock_http_client())
        .retry_config(retries())
        .build();
    let answers = || {
        let none = MockResponseInterceptor::new().rule_mode(RuleMode::Sequential);
        rules.iter().fold(none, |all, rule| all.with_rule(rule))
    };
    let ec2 = aws_sdk_ec2::config::Builder::from(&config).interceptor(answers()).build();
    let secrets = aws_sdk_secretsmanager::config::Builder::from(&config).interceptor(answers()).build();
    let ssm = aws_sdk_ssm::config::Builder::from(&config).interceptor(answers()).build();
    Aws {
        ec2: aws_sdk_ec2::Client::from_conf(ec2),
        secrets: aws_sdk_secretsmanager::Client::from_conf(secrets),
        ssm: aws_sdk_ssm::Client::from_conf(ssm),
    }
}

fn line() -> KeyLine {
    KeyLine::read(&format!("{HOST_KEY} ssh-rotation:1716290000123:{ARN}"), ARN).unwrap()
}

#[tokio::test]
async fn a_version_is_asked_for_by_its_id_and_label_and_may_have_no_value() {
    let version = Version { label: "AWSPENDING", id: Some("v-1") };
    let asked = |call: &aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueInput| {
        (call.secret_id(), call.version_id(), call.version_stage()) == (Some("s"), Some("v-1"), Some("AWSPENDING"))
    };
    let there = mock!(aws_sdk_secretsmanager::Client::get_secret_value)
        .match_requests(asked)
        .then_output(|| GetSecretValueOutput::builder().secret_string("{}").build());
    assert_eq!(aws(&[&there]).value("s", version).await.unwrap().unwrap().expose_secret(), "{}");

    let empty = mock!(aws_sdk_secretsmanager::Client::get_secret_value).then_error(|| {
        GetSecretValueError::ResourceNotFoundException(ResourceNotFoundException::builder().message("no value").build())
    });
    assert!(aws(&[&empty]).value("s", version).await.unwrap().is_none());
}

#[tokio::test]
async fn a_value_goes_with_its_label_and_the_rotation_token() {
    let value = SecretString::from("{}");
    let token = SecretString::from("r");
    let new = NewVersion { id: Some("v-1"), label: "AWSPENDING", value: &value, rotation_token: Some(&token) };
    let stored = mock!(aws_sdk_secretsmanager::Client::put_secret_value)
        .match_requests(|call| {
            call.client_request_token() == Some("v-1")
                && call.version_stages() == ["AWSPENDING"]
                && call.secret_string() == Some("{}")
                && call.rotation_token() == Some("r")
        })
        .then_output(|| PutSecretValueOutput::builder().build());
    assert_eq!(aws(&[&stored]).put("s", new).await.unwrap(), Put::Stored);

    let exists = mock!(aws_sdk_secretsmanager::Client::put_secret_value).then_error(|| {
        PutSecretValueError::ResourceExistsException(ResourceExistsException::builder().message("other").build())
    });
    assert_eq!(aws(&[&exists]).put("s", new).await.unwrap(), Put::Exists);
}

#[tokio::test]
async fn promotion_names_the_version_that_it_takes_the_label_from() {
    let moved = mock!(aws_sdk_secretsmanager::Client::update_secret_version_stage)
        .match_requests(|call| {
            (call.version_stage(), call.move_to_version_id(), call.remove_from_version_id())
                == (Some("AWSCURRENT"), Some("new"), Some("old"))
        })
        .then_output(|| UpdateSecretVersionStageOutput::builder().build());
    aws(&[&moved]).promote("s", "new", Some("old")).await.unwrap();
    assert_eq!(moved.num_calls(), 1);
}

#[tokio::test]
async fn nodes_are_the_running_instances_with_the_tag_of_all_pages() {
    let page = |id: &str, ipv4: Option<&str>, ipv6: Option<&str>, next: Option<&str>| {
        let instance = Instance::builder()
            .instance_id(id)
            .set_private_ip_address(ipv4.map(str::to_owned))
            .set_ipv6_address(ipv6.map(str::to_owned))
            .build();
        let reservation = Reservation::builder().instances(instance).build();
        DescribeInstancesOutput::builder().reservations(reservation).set_next_token(next.map(str::to_owned)).build()
    };
    let first = mock!(aws_sdk_ec2::Client::describe_instances)
        .match_requests(|call| {
            let asked: Vec<_> = call.filters().iter().map(|f| (f.name().unwrap(), f.values().join(","))).collect();
            asked == [("tag:Rotate", "Yes".to_owned()), ("instance-state-name", "running".to_owned())]
        })
        .then_output(move || page("i-2", Some("10.0.0.2"), Some("fd00::2"), Some("more")));
    let second = mock!(aws_sdk_ec2::Client::describe_instances)
        .match_requests(|call| call.next_token() == Some("more"))
        .then_output(move || page("i-1", None, Some("fd00::1"), None));
    let nodes = aws(&[&first, &second]).nodes(&Tag { key: "Rotate".into(), value: "Yes".into() }).await.unwrap();
    let node = |id: &str, address: &str| Node { instance: id.into(), address: address.parse::<IpAddr>().ok() };
    assert_eq!(nodes, [node("i-1", "fd00::1"), node("i-2", "10.0.0.2")]);
}

#[tokio::test]
async fn a_command_goes_to_the_tag_with_all_parameters_and_no_node_stops_the_others() {
    let sent = mock!(aws_sdk_ssm::Client::send_command)
        .match_requests(|call| {
            let parameters: std::collections::BTreeMap<_, _> =
                call.parameters().unwrap().iter().map(|(name, values)| (name.as_str(), values.join("|"))).collect();
            let expected = [
                ("Action", "finish".to_owned()),
                ("KeepGeneration", "none".to_owned()),
                ("PublicKey", line().text().to_owned()),
                ("SupersededKey", "AAAA".to_owned()),
                ("Users", "ec2-user,ubuntu".to_owned()),
            ];
            parameters.into_iter().eq(expected)
                && call
                    .targets()
                    .iter()
                    .map(|t| (t.key().unwrap(), t.values()))
                    .eq([("tag:Rotate", &["Yes".to_owned()][..])])
                && (call.document_name(), call.document_version()) == (Some("document"), Some("1"))
                && (call.document_name(), call.max_concurrency(), call.max_errors(), call.timeout_seconds())
                    == (Some("document"), Some("10%"), Some("100%"), Some(42))
                && call.instance_ids().is_empty()
        })
        .then_output(|| SendCommandOutput::builder().command(SsmCommand::builder().command_id("c-1").build()).build());
    let action = Action::Finish { keep: None, superseded: Some("AAAA".into()) };
    let command = Command { action, users: vec!["ec2-user".into(), "ubuntu".into()], line: line() };
    let target = Tag { key: "Rotate".into(), value: "Yes".into() };
    let order = Order {
        command: &command,
        document: "document",
        target: &target,
        max_concurrency: "10%",
        delivery: Duration::from_millis(42_900),
    };
    assert_eq!(aws(&[&sent]).send(order).await.unwrap(), "c-1");
}

#[tokio::test]
async fn invocations_of_all_pages_come_with_their_output() {
    let page = |id: &str, next: Option<&str>| {
        let plugin = CommandPlugin::builder().output("host-key").build();
        let invocation = CommandInvocation::builder()
            .instance_id(id)
            .status(CommandInvocationStatus::TimedOut)
            .status_details("DeliveryTimedOut")
            .command_plugins(plugin)
            .build();
        let answer = ListCommandInvocationsOutput::builder().command_invocations(invocation);
        answer.set_next_token(next.map(str::to_owned)).build()
    };
    let first = mock!(aws_sdk_ssm::Client::list_command_invocations)
        .match_requests(|call| (call.command_id(), call.details()) == (Some("c-1"), Some(true)))
        .then_output(move || page("i-1", Some("more")));
    let second = mock!(aws_sdk_ssm::Client::list_command_invocations)
        .match_requests(|call| call.next_token() == Some("more"))
        .then_output(move || page("i-2", None));
    let invocation = |id: &str| Invocation {
        instance: id.into(),
        status: "TimedOut".into(),
        details: "DeliveryTimedOut".into(),
        output: "host-key".into(),
    };
    assert_eq!(aws(&[&first, &second]).invocations("c-1").await.unwrap(), [invocation("i-1"), invocation("i-2")]);
}

#[tokio::test]
async fn a_command_has_ended_when_its_status_is_final() {
    for (status, ended) in [
        (Some(CommandStatus::Pending), false),
        (Some(CommandStatus::InProgress), false),
        (Some(CommandStatus::Cancelling), false),
        (Some(CommandStatus::Success), true),
        (Some(CommandStatus::Failed), true),
        (Some(CommandStatus::TimedOut), true),
        (Some(CommandStatus::Cancelled), true),
        (None, false),
    ] {
        let expected = status.clone();
        let listed = mock!(aws_sdk_ssm::Client::list_commands).then_output(move || {
            let command = SsmCommand::builder().set_status(status.clone()).build();
            ListCommandsOutput::builder().commands(command).build()
        });
        assert_eq!(aws(&[&listed]).ended("c-1").await.unwrap(), ended, "{expected:?}");
    }
}

#[tokio::test]
async fn the_current_key_replaces_the_one_before() {
    let put = mock!(aws_sdk_ssm::Client::put_parameter)
        .match_requests(|call| {
            (call.name(), call.value(), call.overwrite()) == (Some("/p"), Some(line().text()), Some(true))
        })
        .then_output(|| PutParameterOutput::builder().build());
    aws(&[&put]).publish("/p", &line()).await.unwrap();
    assert_eq!(put.num_calls(), 1);
}
