//! What goes over the wire, and what its answers become; by the SDK's own mocks.

use aws_sdk_autoscaling::operation::complete_lifecycle_action::{
    CompleteLifecycleActionError, CompleteLifecycleActionOutput,
};
use aws_sdk_autoscaling::operation::describe_lifecycle_hooks::DescribeLifecycleHooksOutput;
use aws_sdk_autoscaling::operation::set_instance_health::SetInstanceHealthOutput;
use aws_sdk_autoscaling::types::LifecycleHook;
use aws_sdk_ec2::operation::create_route::CreateRouteError;
use aws_sdk_ec2::operation::replace_route::ReplaceRouteOutput;
use aws_sdk_ec2::types::RouteTable;
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, create_mock_http_client, mock};
use aws_smithy_types::error::ErrorMetadata;
use aws_types::SdkConfig;
use aws_types::region::Region;

use super::*;
use crate::plan::{Change, Completion, NewTarget};
use crate::ports::{Act, Observe};
use crate::testing::{destination_of, to};

fn sdk_config() -> SdkConfig {
    let credentials = aws_credential_types::Credentials::new("AKID", "secret", None, None, "test");
    SdkConfig::builder()
        .behavior_version(aws_sdk_ec2::config::BehaviorVersion::latest())
        .region(Region::from_static("eu-west-1"))
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(credentials))
        .http_client(create_mock_http_client())
        .build()
}

/// The adapter with its real retry settings; EC2 and Auto Scaling answer by `rules`.
fn aws(rules: &[&Rule]) -> Aws {
    let config = sdk_config().to_builder().retry_config(until_the_deadline()).build();
    let answers = || {
        let none = MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny);
        rules.iter().fold(none, |all, rule| all.with_rule(rule))
    };
    let ec2 = ec2(&config).to_builder().interceptor(answers()).build();
    let autoscaling = aws_sdk_autoscaling::config::Builder::from(&config).interceptor(answers()).build();
    Aws {
        ec2: aws_sdk_ec2::Client::from_conf(ec2),
        autoscaling: aws_sdk_autoscaling::Client::from_conf(autoscaling),
        ..Aws::new(&config)
    }
}

fn change(destination: &str, to: NewTarget) -> Change {
    Change {
        table: "rtb-1".to_owned(),
        destination: destination_of(destination),
        from: Some(crate::testing::to("i-a")),
        to,
    }
}

fn interface() -> NewTarget {
    NewTarget::Interface { interface: "eni-b".to_owned(), instance: "i-b".to_owned(), group: "b".to_owned() }
}

#[tokio::test]
async fn each_destination_and_target_goes_into_the_parameter_of_its_kind() {
    type Sent = [Option<&'static str>; 5];
    let cases: [(&str, NewTarget, Sent); 4] = [
        ("0.0.0.0/0", interface(), [Some("0.0.0.0/0"), None, None, Some("eni-b"), None]),
        ("::/0", interface(), [None, Some("::/0"), None, Some("eni-b"), None]),
        ("pl-1", interface(), [None, None, Some("pl-1"), Some("eni-b"), None]),
        ("0.0.0.0/0", NewTarget::NatGateway("nat-1".to_owned()), [Some("0.0.0.0/0"), None, None, None, Some("nat-1")]),
    ];
    for (destination, target, sent) in cases {
        let replace = mock!(aws_sdk_ec2::Client::replace_route)
            .match_requests(move |call| {
                call.route_table_id() == Some("rtb-1")
                    && call.instance_id().is_none()
                    && sent
                        == [
                            call.destination_cidr_block(),
                            call.destination_ipv6_cidr_block(),
                            call.destination_prefix_list_id(),
                            call.network_interface_id(),
                            call.nat_gateway_id(),
                        ]
            })
            .then_output(|| ReplaceRouteOutput::builder().build());
        aws(&[&replace]).change_route(&change(destination, target)).await.unwrap();
        assert_eq!(replace.num_calls(), 1, "{destination}");
    }
}

#[tokio::test]
async fn a_throttled_change_is_sent_again_and_a_refused_one_is_not() {
    let throttled = mock!(aws_sdk_ec2::Client::replace_route)
        .sequence()
        .http_status(503, Some(error_body("RequestLimitExceeded")))
        .output(|| ReplaceRouteOutput::builder().build())
        .build();
    aws(&[&throttled]).change_route(&change("0.0.0.0/0", interface())).await.unwrap();
    assert_eq!(throttled.num_calls(), 2);

    let refused = mock!(aws_sdk_ec2::Client::replace_route)
        .sequence()
        .http_status(400, Some(error_body("InvalidNetworkInterfaceID.NotFound")))
        .build();
    let error = aws(&[&refused]).change_route(&change("0.0.0.0/0", interface())).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.retryable), ("InvalidNetworkInterfaceID.NotFound", false));
    assert_eq!(refused.num_calls(), 1);
}

fn error_body(code: &str) -> String {
    format!("<Response><Errors><Error><Code>{code}</Code><Message>no</Message></Error></Errors></Response>")
}

#[tokio::test]
async fn a_route_that_somebody_created_meanwhile_is_an_error_so_that_the_next_try_looks_anew() {
    let exists = mock!(aws_sdk_ec2::Client::create_route)
        .then_error(|| CreateRouteError::generic(ErrorMetadata::builder().code("RouteAlreadyExists").build()));
    let created = aws(&[&exists]).change_route(&Change { from: None, ..change("0.0.0.0/0", interface()) }).await;
    assert_eq!(created.unwrap_err().code, "RouteAlreadyExists");
}

#[tokio::test]
async fn an_instance_is_marked_without_regard_to_the_grace_period() {
    let mark = mock!(aws_sdk_autoscaling::Client::set_instance_health)
        .match_requests(|call| {
            call.instance_id() == Some("i-a")
                && call.health_status() == Some("Unhealthy")
                && call.should_respect_grace_period() == Some(false)
        })
        .then_output(|| SetInstanceHealthOutput::builder().build());
    aws(&[&mark]).mark_unhealthy("i-a").await.unwrap();
    assert_eq!(mark.num_calls(), 1);
}

#[tokio::test]
async fn a_lifecycle_action_completed_already_is_a_success_and_another_error_is_not() {
    let completion = Completion { group: "a".to_owned(), hook: "launch".to_owned(), instance: "i-a".to_owned() };
    let validation = |text: &'static str| {
        mock!(aws_sdk_autoscaling::Client::complete_lifecycle_action).then_error(move || {
            let error = ErrorMetadata::builder().code("ValidationError").message(text).build();
            CompleteLifecycleActionError::generic(error)
        })
    };
    let over = validation("No active Lifecycle Action found with instance ID i-a");
    aws(&[&over]).complete(&completion).await.unwrap();
    let wrong = validation("Group name not found");
    assert_eq!(aws(&[&wrong]).complete(&completion).await.unwrap_err().code, "ValidationError");

    let done = mock!(aws_sdk_autoscaling::Client::complete_lifecycle_action)
        .match_requests(|call| {
            call.lifecycle_action_result() == Some("CONTINUE")
                && call.instance_id() == Some("i-a")
                && call.lifecycle_hook_name() == Some("launch")
                && call.auto_scaling_group_name() == Some("a")
        })
        .then_output(|| CompleteLifecycleActionOutput::builder().build());
    aws(&[&done]).complete(&completion).await.unwrap();
}

#[tokio::test]
async fn only_launch_hooks_count() {
    let hook = |name: &str, transition: &str| {
        LifecycleHook::builder().lifecycle_hook_name(name).lifecycle_transition(transition).build()
    };
    let hooks = mock!(aws_sdk_autoscaling::Client::describe_lifecycle_hooks).then_output(move || {
        DescribeLifecycleHooksOutput::builder()
            .lifecycle_hooks(hook("launch", "autoscaling:EC2_INSTANCE_LAUNCHING"))
            .lifecycle_hooks(hook("terminate", "autoscaling:EC2_INSTANCE_TERMINATING"))
            .build()
    });
    assert_eq!(aws(&[&hooks]).launch_hooks("a").await.unwrap(), ["launch"]);
}

#[tokio::test]
async fn every_page_of_route_tables_is_read_and_none_is_asked_for_by_size() {
    use aws_sdk_ec2::operation::describe_route_tables::DescribeRouteTablesOutput as Page;
    let table = |id: &str| RouteTable::builder().route_table_id(id).vpc_id("vpc-1").build();
    let first = mock!(aws_sdk_ec2::Client::describe_route_tables)
        .match_requests(|call| call.next_token().is_none() && call.max_results().is_none())
        .then_output(move || Page::builder().route_tables(table("rtb-1")).next_token("2").build());
    let second = mock!(aws_sdk_ec2::Client::describe_route_tables)
        .match_requests(|call| call.next_token() == Some("2"))
        .then_output(move || Page::builder().route_tables(table("rtb-2")).build());
    let tables = aws(&[&first, &second]).route_tables(Some("vpc-1")).await.unwrap();
    assert_eq!(tables.iter().map(|table| table.id.as_str()).collect::<Vec<_>>(), ["rtb-1", "rtb-2"]);
}

#[test]
fn the_target_of_a_route_is_read_by_what_aws_left_of_it() {
    use crate::cloud::Target;
    let route = aws_sdk_ec2::types::Route::builder;
    let nat = |instance: Option<&str>, interface: Option<&str>| Target::Nat {
        instance: instance.map(str::to_owned),
        interface: interface.map(str::to_owned),
    };
    for (route, target) in [
        (route().instance_id("i-a").network_interface_id("eni-a"), to("i-a")),
        (route().network_interface_id("eni-a"), nat(None, Some("eni-a"))),
        (route().nat_gateway_id("nat-1"), Target::NatGateway("nat-1".to_owned())),
        (route().gateway_id("local"), Target::Other("local".to_owned())),
        (route().transit_gateway_id("tgw-1"), Target::Other("tgw-1".to_owned())),
        (route().core_network_arn("arn:x"), Target::Other("another kind of target".to_owned())),
    ] {
        assert_eq!(look::target(&route.build()), target);
    }
}

#[test]
fn whom_an_alarm_watches_is_read_from_its_metric_or_from_its_metrics() {
    use aws_sdk_cloudwatch::primitives::DateTime;
    use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricAlarm, MetricDataQuery, MetricStat, StateValue};
    let dimension = |name: &str| Dimension::builder().name(name).value("nat-a").build();
    let alarm = || {
        let updated = DateTime::from_millis(7_000);
        MetricAlarm::builder().alarm_name("h").state_value(StateValue::Alarm).state_updated_timestamp(updated)
    };
    let plain = look::alarm(&alarm().dimensions(dimension("AutoScalingGroupName")).build()).unwrap();
    assert_eq!((plain.group.as_deref(), plain.since), (Some("nat-a"), Some(7_000)));

    let metric = Metric::builder().dimensions(dimension("InstanceId")).build();
    let query = MetricDataQuery::builder().id("m1").metric_stat(MetricStat::builder().metric(metric).build()).build();
    let math = alarm().metrics(MetricDataQuery::builder().id("e1").expression("m1").build()).metrics(query);
    let math = look::alarm(&math.state_transitioned_timestamp(DateTime::from_millis(5_000)).build()).unwrap();
    assert_eq!((math.group, math.instance.as_deref(), math.since), (None, Some("nat-a"), Some(5_000)));

    let metric = |group: &str| {
        let of_group = Dimension::builder().name("AutoScalingGroupName").value(group).build();
        let stat = MetricStat::builder().metric(Metric::builder().dimensions(of_group).build()).build();
        MetricDataQuery::builder().id("m").metric_stat(stat).build()
    };
    let over_two = look::alarm(&alarm().metrics(metric("nat-a")).metrics(metric("nat-b")).build()).unwrap();
    assert_eq!(over_two.group, None, "it says of neither that it is failed");
}

#[test]
fn a_table_at_a_gateways_edge_is_told_by_its_association() {
    use aws_sdk_ec2::types::RouteTableAssociation;
    let table = |association: RouteTableAssociation| {
        look::route_table(&RouteTable::builder().route_table_id("rtb-1").associations(association).build()).unwrap()
    };
    assert!(table(RouteTableAssociation::builder().gateway_id("igw-1").build()).edge);
    assert!(!table(RouteTableAssociation::builder().subnet_id("subnet-1").build()).edge);
}
