//! Run Command: scripts really run on nodes, and end as AWS says.

#[path = "common/ssh.rs"]
mod ssh;
#[path = "common/ssm.rs"]
mod ssm_calls;

use std::time::Instant;

use local_aws::{Agent, NodeOptions};
use serde_json::json;
use ssm_calls::{TestResult, command, deployed, ended, invocations, sent, ssm};

fn node() -> NodeOptions {
    NodeOptions::new().user("ec2-user").tag("cluster", "main")
}

#[tokio::test]
async fn a_script_changes_authorized_keys_and_the_login_works() -> TestResult {
    let (account, stack) = deployed().await?;
    let node = account.start_node(node()).await?;
    let key = ssh::SshKey::new()?;
    assert_eq!(key.run(&node, "ec2-user", "true").await?, None);
    let input = json!({
        "DocumentName": stack.resource("InstallKey")?.physical_id,
        "Parameters": {"Key": [key.public]}, "InstanceIds": [node.instance_id()],
    });
    let command = sent(&account, &input).await?;
    assert_eq!(command.status(), ("Success", "Success"), "{:#}", command.of(&node));
    assert_eq!(command.of(&node)["CommandPlugins"][0]["Output"], "installed\n");
    assert_eq!(key.run(&node, "ec2-user", "id -un").await?.as_deref(), Some("ec2-user\n"));
    Ok(())
}

#[tokio::test]
async fn targets_are_found_by_tag_and_unknown_at_first() -> TestResult {
    let (account, stack) = deployed().await?;
    let nodes = account.start_nodes(2, &node()).await?;
    let other = account.start_node(NodeOptions::new().tag("cluster", "other")).await?;
    let unknown = account.start_node(node().agent(Agent::Unknown)).await?;
    let answer = ssm(&account, "SendCommand", &command(&stack, "echo $AWS_SSM_INSTANCE_ID", &json!({}))).await?;
    let id = answer["Command"]["CommandId"].as_str().unwrap().to_owned();
    assert_eq!(answer["Command"]["Status"], "Pending");
    assert_eq!(invocations(&account, &id).await?.len(), 0, "not resolved yet");
    let command = ended(&account, id).await?;
    assert_eq!(command.count("Success"), 2);
    for node in &nodes {
        assert_eq!(command.of(node)["CommandPlugins"][0]["Output"], format!("{}\n", node.instance_id()));
    }
    let nobody = json!({"Targets": [{"Key": "tag:cluster", "Values": ["nobody"]}]});
    let nobody = sent(&account, &ssm_calls::command(&stack, "true", &nobody)).await?;
    assert_eq!((nobody.status(), nobody.invocations.len()), (("Success", "NoInstancesInTag"), 0));
    drop((other, unknown));
    Ok(())
}

#[tokio::test]
async fn failures_stop_the_rest_when_max_errors_is_exceeded() -> TestResult {
    let (account, stack) = deployed().await?;
    let nodes = account.start_nodes(4, &node()).await?;
    let one_by_one = json!({"MaxConcurrency": "1"});
    let command_failed = sent(&account, &command(&stack, "echo no >&2; exit 5", &one_by_one)).await?;
    assert_eq!(command_failed.status(), ("Failed", "Failed"));
    assert_eq!((command_failed.count("Failed"), command_failed.count("Terminated")), (1, 3));
    let failed = command_failed.invocations.iter().find(|one| one["Status"] == "Failed").unwrap();
    assert_eq!(failed["CommandPlugins"][0]["ResponseCode"], 5);
    assert!(failed["CommandPlugins"][0]["Output"].as_str().unwrap().contains("no"));

    let tolerant = json!({"MaxConcurrency": "1", "MaxErrors": "1"});
    let tolerant = sent(&account, &command(&stack, "exit 5", &tolerant)).await?;
    assert_eq!((tolerant.count("Failed"), tolerant.count("Terminated")), (2, 2));

    let bad = nodes[0].instance_id();
    let script = format!("test $AWS_SSM_INSTANCE_ID != {bad}");
    let all = sent(&account, &command(&stack, &script, &json!({"MaxErrors": "100%"}))).await?;
    assert_eq!((all.count("Success"), all.count("Failed")), (3, 1));
    assert_eq!(all.status(), ("Failed", "Incomplete"));
    Ok(())
}

#[tokio::test]
async fn max_concurrency_really_limits() -> TestResult {
    let (account, stack) = deployed().await?;
    let _nodes = account.start_nodes(4, &node()).await?;
    for (width, allowed) in [("1", 1), ("50%", 2), ("4", 4)] {
        let script = "date +%s.%N; sleep 0.3; date +%s.%N";
        let command = sent(&account, &command(&stack, script, &json!({"MaxConcurrency": width}))).await?;
        assert_eq!(command.count("Success"), 4);
        let spans: Vec<(f64, f64)> = command.invocations.iter().map(span).collect();
        // A span begins while others run, itself among them.
        let at = |moment: f64| spans.iter().filter(|(from, to)| (*from..*to).contains(&moment)).count();
        let most = spans.iter().map(|(from, _)| at(*from)).max().unwrap_or_default();
        assert!((1..=allowed).contains(&most) && (allowed == 1 || most > 1), "{width}: {most} at once");
    }
    Ok(())
}

/// The two times that a script printed.
fn span(invocation: &serde_json::Value) -> (f64, f64) {
    let output = invocation.pointer("/CommandPlugins/0/Output").and_then(serde_json::Value::as_str).unwrap_or_default();
    let mut times = output.lines().filter_map(|line| line.parse().ok());
    (times.next().unwrap_or_default(), times.next().unwrap_or_default())
}

#[tokio::test]
async fn an_offline_agent_keeps_the_command_until_it_expires() -> TestResult {
    let (account, stack) = deployed().await?;
    account.set_ssm_clock(60.0);
    let online = account.start_node(node()).await?;
    let offline = account.start_node(node().agent(Agent::Offline)).await?;
    let stopped = account.start_node(node().agent(Agent::Offline)).await?;
    account.control("ec2", "StopInstances", &[("InstanceId.1", stopped.instance_id())]).await?;
    let input = command(&stack, "true", &json!({"TimeoutSeconds": 30, "MaxErrors": "100%"}));
    let begun = Instant::now();
    let command = sent(&account, &input).await?;
    assert!(begun.elapsed().as_secs_f64() > 0.9, "30 s to start and 30 s to run, 60 times faster");
    assert_eq!(command.of(&online)["Status"], "Success");
    assert_eq!(
        (command.of(&offline)["Status"].as_str(), command.of(&offline)["StatusDetails"].as_str()),
        (Some("TimedOut"), Some("DeliveryTimedOut"))
    );
    assert_eq!(
        (command.of(&stopped)["Status"].as_str(), command.of(&stopped)["StatusDetails"].as_str()),
        (Some("Failed"), Some("Undeliverable"))
    );
    assert_eq!(command.of(&offline)["CommandPlugins"][0]["ResponseCode"], -1);
    Ok(())
}

#[tokio::test]
async fn an_agent_that_comes_back_in_time_runs_the_command() -> TestResult {
    let (account, stack) = deployed().await?;
    let node = account.start_node(node().agent(Agent::Offline)).await?;
    let answer = ssm(&account, "SendCommand", &command(&stack, "echo late", &json!({}))).await?;
    let id = answer["Command"]["CommandId"].as_str().unwrap().to_owned();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(invocations(&account, &id).await?[0]["Status"], "InProgress");
    node.set_agent(Agent::Online);
    assert_eq!(ended(&account, id).await?.of(&node)["CommandPlugins"][0]["Output"], "late\n");
    Ok(())
}

#[tokio::test]
async fn undeliverable_hides_behind_the_commands_success() -> TestResult {
    let (account, stack) = deployed().await?;
    account.set_ssm_clock(100.0);
    let online = account.start_node(node()).await?;
    let stopped = account.start_node(node().agent(Agent::Offline)).await?;
    account.control("ec2", "StopInstances", &[("InstanceId.1", stopped.instance_id())]).await?;
    let command = sent(&account, &command(&stack, "true", &json!({"TimeoutSeconds": 30}))).await?;
    assert_eq!(command.status(), ("Success", "Success"));
    assert_eq!(command.of(&stopped)["StatusDetails"], "Undeliverable");
    drop(online);
    Ok(())
}

#[tokio::test]
async fn a_script_that_takes_too_long_is_killed() -> TestResult {
    let (account, stack) = deployed().await?;
    let node = account.start_node(node()).await?;
    let input = json!({"Parameters": {"Script": ["echo begun; sleep 60; touch /run/survived"], "Seconds": ["1"]}});
    let command = sent(&account, &command(&stack, "", &input)).await?;
    assert_eq!(command.status(), ("TimedOut", "ExecutionTimedOut"));
    assert_eq!(command.of(&node)["CommandPlugins"][0]["Output"], "begun\n");
    assert_eq!(node.run("pgrep -x sleep -a | grep -c ' 60$'").await?.stdout, "0\n");
    Ok(())
}

#[tokio::test]
async fn a_cancelled_command_ends() -> TestResult {
    let (account, stack) = deployed().await?;
    let nodes = account.start_nodes(2, &node()).await?;
    let input = command(&stack, "sleep 60", &json!({"MaxConcurrency": "1"}));
    let answer = ssm(&account, "SendCommand", &input).await?;
    let id = answer["Command"]["CommandId"].as_str().unwrap().to_owned();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    ssm(&account, "CancelCommand", &json!({"CommandId": id})).await?;
    let command = ended(&account, id).await?;
    assert_eq!((command.status(), command.count("Cancelled")), (("Cancelled", "Cancelled"), nodes.len()));
    Ok(())
}

#[tokio::test]
async fn what_aws_refuses_is_refused() -> TestResult {
    let (account, stack) = deployed().await?;
    let known = account.start_node(node()).await?;
    let unknown = account.start_node(node().agent(Agent::Unknown)).await?;
    let id = known.instance_id();
    let many: Vec<String> = (0..51).map(|n| format!("i-{n:017}")).collect();
    #[rustfmt::skip]
    let table = [
        (json!({"DocumentName": "no-such-document"}), "InvalidDocument"),
        (json!({"DocumentVersion": "7"}), "InvalidDocumentVersion"),
        (json!({"InstanceIds": [id, "i-00000000000000000"]}), "InvalidInstanceId"),
        (json!({"InstanceIds": [id, unknown.instance_id()]}), "InvalidInstanceId"),
        (json!({"InstanceIds": [id, id]}), "DuplicateInstanceId"),
        (json!({"InstanceIds": many}), "ValidationException"),
        (json!({"Targets": []}), "ValidationException"),
        (json!({"TimeoutSeconds": 29}), "ValidationException"),
        (json!({"MaxConcurrency": "0"}), "ValidationException"),
        (json!({"MaxErrors": "101%"}), "ValidationException"),
        (json!({"Parameters": {}}), "InvalidParameters"),
        (json!({"Parameters": {"Script": ["true"], "Other": ["x"]}}), "InvalidParameters"),
        (json!({"Parameters": {"Script": ["true"], "Seconds": ["1; reboot"]}}), "InvalidParameters"),
        (json!({"Parameters": {"Script": ["true"], "Operation": ["drop"]}}), "InvalidParameters"),
        (json!({"Parameters": {"Script": ["true", "false"]}}), "InvalidParameters"),
        (json!({"Parameters": {"Script": ["{{ssm:/no/such/parameter}}"]}}), "InvalidParameters"),
    ];
    for (more, code) in table {
        assert_eq!(refusal(&account, "SendCommand", &command(&stack, "true", &more)).await, code, "{more}");
    }
    let commands = ssm(&account, "ListCommands", &json!({})).await?;
    assert_eq!(commands["Commands"], json!([]), "nothing of it was sent");
    Ok(())
}

#[tokio::test]
async fn documents_are_found_by_arn_and_awss_own_is_there() -> TestResult {
    let (account, stack) = deployed().await?;
    let node = account.start_node(node()).await?;
    let name = &stack.resource("Shell")?.physical_id;
    let arn = format!("arn:aws:ssm:eu-central-1:{}:document/{name}", account.id());
    let by_arn = sent(&account, &command(&stack, "true", &json!({"DocumentName": arn}))).await?;
    assert_eq!((by_arn.status().0, by_arn.command["DocumentName"].as_str()), ("Success", Some(name.as_str())));
    let own = json!({"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["cd /run", "pwd"]}});
    let own = sent(&account, &command(&stack, "", &own)).await?;
    assert_eq!(own.of(&node)["CommandPlugins"][0]["Output"], "/run\n");
    Ok(())
}

#[tokio::test]
async fn lists_come_in_pages_and_output_is_cut() -> TestResult {
    let (account, stack) = deployed().await?;
    let nodes = account.start_nodes(5, &node()).await?;
    let command = sent(&account, &command(&stack, "head -c 30000 /dev/zero | tr '\\0' x", &json!({}))).await?;
    let mut seen = std::collections::BTreeSet::new();
    let mut input = json!({"CommandId": command.id, "MaxResults": 2});
    let mut pages = 0;
    loop {
        let page = ssm(&account, "ListCommandInvocations", &input).await?;
        pages += 1;
        for invocation in page["CommandInvocations"].as_array().unwrap() {
            assert_eq!(invocation["CommandPlugins"], json!([]), "only with Details");
            assert!(seen.insert(invocation["InstanceId"].as_str().unwrap().to_owned()));
        }
        if page["NextToken"].is_null() {
            break;
        }
        input["NextToken"] = page["NextToken"].clone();
    }
    assert_eq!((pages, seen.len()), (3, 5));
    let output = |value: &serde_json::Value| value.as_str().unwrap().len();
    assert_eq!(output(&command.of(&nodes[0])["CommandPlugins"][0]["Output"]), 2500);
    let one = json!({"CommandId": command.id, "InstanceId": nodes[0].instance_id()});
    let one = ssm(&account, "GetCommandInvocation", &one).await?;
    assert_eq!(output(&one["StandardOutputContent"]), 24_000);
    for (operation, input, code) in [
        ("ListCommandInvocations", json!({"MaxResults": 51}), "ValidationException"),
        ("ListCommandInvocations", json!({"NextToken": "3"}), "InvalidNextToken"),
        ("ListCommandInvocations", json!({"CommandId": "short"}), "InvalidCommandId"),
        ("GetCommandInvocation", json!({"CommandId": command.id, "InstanceId": "i-1"}), "InvocationDoesNotExist"),
    ] {
        assert_eq!(refusal(&account, operation, &input).await, code, "{operation} {input}");
    }
    Ok(())
}

#[tokio::test]
async fn managed_nodes_are_listed_with_their_agents_state() -> TestResult {
    let (account, _) = deployed().await?;
    let online = account.start_node(node()).await?;
    let offline = account.start_node(node().agent(Agent::Offline)).await?;
    let unknown = account.start_node(node().agent(Agent::Unknown)).await?;
    let list = ssm(&account, "DescribeInstanceInformation", &json!({})).await?;
    let ping = |id: &str| {
        let all = list["InstanceInformationList"].as_array().unwrap().iter();
        all.clone().find(|item| item["InstanceId"] == id).map(|item| item["PingStatus"].as_str().unwrap().to_owned())
    };
    assert_eq!(ping(online.instance_id()).as_deref(), Some("Online"));
    assert_eq!(ping(offline.instance_id()).as_deref(), Some("ConnectionLost"));
    assert_eq!(ping(unknown.instance_id()), None);
    Ok(())
}

#[tokio::test]
async fn fifty_nodes_run_a_command_at_once() -> TestResult {
    let (account, stack) = deployed().await?;
    let nodes = account.start_nodes(50, &node()).await?;
    let begun = Instant::now();
    let command = sent(&account, &command(&stack, "echo hello > /run/greeting", &json!({}))).await?;
    assert!(begun.elapsed().as_secs() < 20, "{:?}, on a busy machine", begun.elapsed());
    assert_eq!(command.count("Success"), nodes.len());
    Ok(())
}

/// The error code with which a call is refused.
async fn refusal(account: &local_aws::Account, operation: &str, input: &serde_json::Value) -> String {
    match ssm(account, operation, input).await {
        Err(local_aws::Error::Control { code, .. }) => code,
        other => format!("not refused: {other:?}"),
    }
}
