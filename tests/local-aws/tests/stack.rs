//! A stack like nat-failover's, deployed, invoked, disturbed and watched.

mod common;

use std::time::Duration;

use common::{Table, answer, call, deployed, network};
use local_aws::{Deploy, Fault, LocalAws, Result, Trigger};
use serde_json::json;

type TestResult = Result<(), local_aws::Error>;

#[tokio::test]
async fn the_template_is_deployed_as_it_ships() -> TestResult {
    let (account, stack) = deployed(&[("Vpc", "vpc-1")]).await?;
    let configuration = stack.function("Caller")?.configuration();
    assert_eq!(configuration.environment.get("NAT_POOL").map(String::as_str), Some("main"));
    assert!(!configuration.environment.contains_key("NOTIFICATION_TOPIC_ARN"));
    assert_eq!((configuration.timeout, configuration.memory_size), (Duration::from_secs(5), 128));
    assert_eq!(configuration.reserved_concurrency, Some(1));
    assert!(configuration.dead_letter_target.as_deref().is_some_and(|arn| arn.contains(":sqs:")));
    let policies = format!("{:?}", configuration.policies);
    assert!(policies.contains("vpc/vpc-1") && policies.contains(account.id()), "{policies}");
    assert!(!policies.contains("sns:Publish"), "{policies}");
    assert!(stack.output("TopicArn")?.contains(account.id()));
    Ok(())
}

#[tokio::test]
async fn nested_applications_are_deployed_where_their_condition_holds() -> TestResult {
    let (_, stack) = deployed(&[("WithNested", "true")]).await?;
    let echo = stack.function("Inner.Echo")?;
    assert_eq!(echo.configuration().environment.get("NAT_POOL").map(String::as_str), Some("main-inner"));
    assert_eq!(stack.output("InnerArn")?, echo.arn());
    assert!(echo.invoke(&json!({})).await?.result.is_ok());
    let (_, without) = deployed(&[]).await?;
    assert!(without.function("Echo").is_err());
    Ok(())
}

#[tokio::test]
async fn a_function_runs_as_lambda_runs_it() -> TestResult {
    let (account, stack) = deployed(&[]).await?;
    let function = stack.function("Caller")?;
    let environment = function.invoke(&json!({"env": true})).await?;
    let payload = environment.result.as_ref().unwrap();
    assert_eq!(payload["NAT_POOL"], "main");
    assert_eq!(payload["AWS_ENDPOINT_URL"], account.sdk_endpoint());
    assert_eq!(payload["AWS_LAMBDA_FUNCTION_NAME"], function.name());
    assert!(payload.get("HOME").is_none(), "the test's own environment does not leak");
    assert_eq!(environment.json_logs()[0]["event"], json!({"env": true}));
    assert!(environment.report.is_some() && function.rss().await.is_some_and(|bytes| bytes > 1_000_000));

    let overridden = function.with_env(&[("NAT_POOL", "other")]).invoke(&json!({"env": true})).await?;
    assert_eq!(overridden.result.unwrap()["NAT_POOL"], "other");

    let failed = |event| async move {
        function.invoke(&event).await.map(|invocation| invocation.result.unwrap_err().error_type)
    };
    assert_eq!(failed(json!({"error": "NoHealthyPeer"})).await?, "NoHealthyPeer");
    assert_eq!(failed(json!({"exit": 3})).await?, "Runtime.ExitError");
    assert!(function.invoke(&json!({})).await?.result.is_ok(), "it starts again after a crash");
    let hasty = function.with_timeout(Duration::from_secs(1));
    assert_eq!(hasty.invoke(&json!({"sleep": 3})).await?.result.unwrap_err().error_type, "Sandbox.Timedout");
    let slow = json!({"sleep": 1});
    let (one, two) = tokio::join!(function.invoke(&slow), function.invoke(&slow));
    assert!(one?.result.is_ok() && two?.result.is_ok(), "each its own environment");
    Ok(())
}

#[tokio::test]
async fn calls_are_recorded_with_their_depth() -> TestResult {
    let (account, stack) = deployed(&[]).await?;
    let tables = network(&account, &[("nat-failover:pool", "main")], 2).await?;
    let function = stack.function("Caller")?;
    let reads =
        [call("ec2", "DescribeRouteTables", &json!({})), call("autoscaling", "DescribeAutoScalingGroups", &json!({}))];
    let writes: Vec<_> = tables.iter().map(Table::replace).collect();
    let invocation = function.invoke(&json!({"steps": [reads, writes]})).await?;
    let log = &invocation.calls;
    assert_eq!((log.len(), log.count("ec2:ReplaceRoute"), log.mutating().len()), (4, 2, 2), "{}", log.story());
    assert_eq!((log.depth(), log.depth_of_last("ReplaceRoute")), (2, Some(2)), "{}", log.story());
    assert!(log.iter().all(|call| call.succeeded() && call.function == function.name()), "{}", log.story());
    let arn = format!("arn:aws:ec2:eu-central-1:{}:route-table/{}", account.id(), tables[0].id);
    assert!(log.resources().contains(&arn));
    let other = LocalAws::shared().await?.account();
    assert!(other.calls().is_empty() && account.calls().len() == 4);
    account.clear_calls();
    assert!(account.calls().is_empty());
    Ok(())
}

#[tokio::test]
async fn faults_are_done_to_the_calls_that_they_name() -> TestResult {
    let (account, stack) = deployed(&[]).await?;
    let tables = network(&account, &[("nat-failover:pool", "main")], 1).await?;
    let function = stack.function("Caller")?;
    let step = vec![tables[0].replace()];
    account.inject(Fault::throttle().action("ec2:ReplaceRoute").nth(1));
    account.inject(Fault::error(400, "InvalidParameterValue", "no").action("ReplaceRoute").nth(2));
    account.inject(Fault::cut_before().function("Caller").nth(3));
    account.inject(Fault::delay(Duration::from_millis(200)).nth(4));
    let invocation = function.invoke(&json!({"steps": [step, step, step, step]})).await?;
    let codes: Vec<_> = invocation.calls.iter().map(|call| (call.status, call.error_code.as_deref())).collect();
    let expected = [
        (503, Some("RequestLimitExceeded")),
        (400, Some("InvalidParameterValue")),
        (0, Some("ConnectionCut")),
        (200, None),
    ];
    assert_eq!(codes, expected, "{:?}", invocation.result);
    assert!(invocation.calls.iter().last().is_some_and(|call| call.duration() >= Duration::from_millis(200)));

    account.clear_faults();
    account.inject(Fault::kill_after().action("ReplaceRoute").nth(1));
    let killed = function.invoke(&json!({"steps": [step, step]})).await?;
    assert_eq!(killed.result.unwrap_err().error_type, "Runtime.ExitError");
    assert_eq!((killed.calls.len(), killed.calls.iter().next().unwrap().faults.clone()), (1, vec!["kill-after"]));
    assert!(function.invoke(&json!({"steps": [step]})).await?.result.is_ok());
    Ok(())
}

#[tokio::test]
async fn a_role_is_enforced() -> TestResult {
    let (account, stack) = deployed(&[]).await?;
    let function = stack.function("Caller")?;
    let allowed = network(&account, &[("nat-failover:pool", "main")], 1).await?.remove(0);
    let foreign = network(&account, &[("nat-failover:pool", "other")], 1).await?.remove(0);
    let invoke =
        |call| async move { function.invoke(&json!({"steps": [[call]]})).await.map(|invocation| answer(&invocation)) };
    assert_eq!(invoke(allowed.replace()).await?["status"], 200);
    let denied = invoke(foreign.replace()).await?;
    assert_eq!((denied["status"].as_u64(), denied["code"].as_str()), (Some(403), Some("UnauthorizedOperation")));
    assert!(denied["message"].as_str().unwrap().contains("ec2:ReplaceRoute"), "{denied}");
    let publish = call("sns", "Publish", &json!({"TopicArn": "arn:aws:sns:x:1:t"}));
    let unknown = call("ec2", "RunInstances", &json!({}));
    assert_eq!(invoke(publish).await?["code"], "AuthorizationError");
    assert!(invoke(unknown).await?["message"].as_str().unwrap().contains("not in the table"));
    let unused = account.policy_coverage().unused_actions();
    assert!(unused.contains(&"caller may autoscaling:SetInstanceHealth".to_owned()), "{unused:?}");
    assert!(!unused.contains(&"caller may ec2:ReplaceRoute".to_owned()), "{unused:?}");
    Ok(())
}

#[tokio::test]
async fn a_vpc_condition_is_enforced() -> TestResult {
    let account = LocalAws::shared().await?.account();
    let allowed = network(&account, &[], 1).await?.remove(0);
    let foreign = network(&account, &[], 1).await?.remove(0);
    let stack = common::deploy_in(&account, &[("Vpc", &allowed.vpc)]).await?;
    let function = stack.function("Caller")?;
    let invocation = function.invoke(&json!({"steps": [[allowed.replace()], [foreign.replace()]]})).await?;
    let statuses: Vec<_> = invocation.calls.iter().map(|call| call.status).collect();
    assert_eq!(statuses, [200, 403], "{}", invocation.calls.story());
    Ok(())
}

#[tokio::test]
async fn events_reach_the_function_through_the_stack() -> TestResult {
    let (account, stack) = deployed(&[]).await?;
    let within = Duration::from_secs(20);
    account.control("sns", "Publish", &[("TopicArn", stack.output("TopicArn")?), ("Message", "hello")]).await?;
    let by_topic = account
        .wait_for_invocation("the topic's message", within, |invocation| invocation.event.get("Records").is_some())
        .await?;
    assert_eq!(
        (by_topic.event["Records"][0]["Sns"]["Message"].as_str(), by_topic.trigger),
        (Some("hello"), Trigger::Event)
    );

    let steps = json!({"steps": [[call("ec2", "DescribeRouteTables", &json!({}))]]}).to_string();
    account.control("sns", "Publish", &[("TopicArn", stack.output("TopicArn")?), ("Message", &steps)]).await?;
    let calls = account.wait_for_calls("a read", within, |calls| calls.count("ec2:DescribeRouteTables") == 1).await?;
    assert_eq!(calls.by_function(stack.function("Caller")?.name()).len(), 1);

    account.clear_calls();
    let detail = json!({"AutoScalingGroupName": "a"});
    account.put_event("aws.autoscaling", "EC2 Instance-terminate Lifecycle Action", &[], &detail).await?;
    let by_rule = account
        .wait_for_invocation("the rule's event", within, |invocation| invocation.event.get("detail").is_some())
        .await?;
    assert_eq!(by_rule.event["detail"], detail);
    Ok(())
}

#[tokio::test]
async fn an_alarm_performs_its_actions() -> TestResult {
    let (account, stack) = deployed(&[]).await?;
    let (function, topic) = (stack.function("Caller")?, stack.output("TopicArn")?);
    let alarm = [
        ("AlarmName", "nat-a"),
        ("Namespace", "NAT"),
        ("MetricName", "procstat"),
        ("Statistic", "Minimum"),
        ("Period", "10"),
        ("EvaluationPeriods", "1"),
        ("Threshold", "1"),
        ("ComparisonOperator", "LessThanThreshold"),
        ("Dimensions.member.1.Name", "AutoScalingGroupName"),
        ("Dimensions.member.1.Value", "nat-a"),
        ("AlarmActions.member.1", topic),
        ("AlarmActions.member.2", function.arn()),
    ];
    account.control("monitoring", "PutMetricAlarm", &alarm).await?;
    let state = [("AlarmName", "nat-a"), ("StateValue", "ALARM"), ("StateReason", "no data")];
    account.control("monitoring", "SetAlarmState", &state).await?;
    let within = Duration::from_secs(20);
    let by_topic =
        account.wait_for_invocation("SNS", within, |invocation| invocation.event.get("Records").is_some()).await?;
    let message: serde_json::Value =
        serde_json::from_str(by_topic.event["Records"][0]["Sns"]["Message"].as_str().unwrap()).unwrap();
    assert_eq!((message["AlarmName"].as_str(), message["NewStateValue"].as_str()), (Some("nat-a"), Some("ALARM")));
    assert_eq!(message["Trigger"]["Dimensions"][0], json!({"name": "AutoScalingGroupName", "value": "nat-a"}));
    let direct =
        account.wait_for_invocation("direct", within, |invocation| invocation.event.get("alarmData").is_some()).await?;
    assert_eq!(direct.event["alarmData"]["state"]["value"], "ALARM");
    Ok(())
}

#[tokio::test]
async fn what_fails_for_good_ends_in_the_dead_letter_queue() -> TestResult {
    let (account, stack) = deployed(&[]).await?;
    let message = [("TopicArn", stack.output("TopicArn")?), ("Message", r#"{"error": "Boom"}"#)];
    account.control("sns", "Publish", &message).await?;
    let receive = [("QueueUrl", stack.output("QueueUrl")?), ("WaitTimeSeconds", "20")];
    let received = account.control("sqs", "ReceiveMessage", &receive).await?;
    assert!(received.text("Body")?.contains("Boom"));
    let types: Vec<_> =
        account.invocations().into_iter().map(|invocation| invocation.result.unwrap_err().error_type).collect();
    assert_eq!(types, ["Boom"; 3]);
    Ok(())
}

#[tokio::test]
async fn reserved_concurrency_holds_events_back_and_loses_none() -> TestResult {
    let (account, stack) = deployed(&[]).await?;
    for _ in 0..3 {
        let message = [("TopicArn", stack.output("TopicArn")?), ("Message", r#"{"sleep": 0.5}"#)];
        account.control("sns", "Publish", &message).await?;
    }
    account.wait_for_invocation("the third", Duration::from_secs(20), |invocation| invocation.id == 3).await?;
    // One after another in one execution environment: the second and third had no initialization to wait for.
    assert_eq!(account.invocations().iter().filter(|invocation| invocation.result.is_ok()).count(), 3);
    Ok(())
}

#[tokio::test]
async fn a_call_in_flight_at_the_deadline_is_recorded() -> TestResult {
    let (account, stack) = deployed(&[]).await?;
    account.inject(Fault::delay(Duration::from_secs(2)));
    let function = stack.function("Caller")?.with_timeout(Duration::from_secs(1));
    let event = json!({"steps": [[call("ec2", "DescribeRouteTables", &json!({}))]]});
    assert_eq!(function.invoke(&event).await?.result.unwrap_err().error_type, "Sandbox.Timedout");
    account.wait_for_calls("the call", Duration::from_secs(10), |calls| calls.len() == 1).await?;
    Ok(())
}

#[tokio::test]
async fn nothing_is_left_when_it_is_dropped() -> TestResult {
    let aws = LocalAws::start().await?;
    let address = aws.endpoint().trim_start_matches("http://").to_owned();
    let account = aws.account();
    account.control("ec2", "DescribeVpcs", &[]).await?;
    drop((aws, account));
    let gone = || std::net::TcpStream::connect(&address).is_err();
    for _ in 0..100 {
        if gone() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the gateway still answers");
}

#[cfg(feature = "dynamodb")]
#[tokio::test]
async fn each_account_has_tables_of_its_own() -> TestResult {
    let target = |operation: &str| format!("DynamoDB_20120810.{operation}");
    let (one, two) = (LocalAws::shared().await?.account(), LocalAws::shared().await?.account());
    let table = json!({
        "TableName": "table", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    });
    one.control_json("dynamodb", &target("CreateTable"), &table).await?;
    for (account, names) in [(&one, json!(["table"])), (&two, json!([]))] {
        let answer = account.control_json("dynamodb", &target("ListTables"), &json!({})).await?.json()?;
        assert_eq!(answer["TableNames"], names);
    }
    Ok(())
}

#[tokio::test]
async fn a_missing_binary_is_named() -> TestResult {
    let account = LocalAws::shared().await?.account();
    let deploy = Deploy::template("tests/local-aws/tests/fixtures/template.yaml").parameter("Pool", "main");
    let error = account.deploy(deploy.bootstrap("Caller", "no/such/file")).await.unwrap_err();
    assert!(error.to_string().contains("no/such/file"), "{error}");
    Ok(())
}
