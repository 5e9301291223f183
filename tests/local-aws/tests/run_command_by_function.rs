//! Run Command as functions call it: authorized, recorded, disturbed; stored parameters and associations.

#[path = "common/ssh.rs"]
mod ssh;
#[path = "common/ssm.rs"]
mod ssm_calls;

use std::time::Duration;

use local_aws::{Agent, Fault, NodeOptions};
use serde_json::{Value, json};
use ssm_calls::{TestResult, command, deploy_in, deployed, sent, ssm};

fn node(cluster: &str) -> NodeOptions {
    NodeOptions::new().user("ec2-user").tag("cluster", cluster)
}

fn call(operation: &str, parameters: &Value) -> Value {
    json!({"service": "ssm", "target": format!("AmazonSSM.{operation}"), "parameters": parameters})
}

fn targets(cluster: &str) -> Value {
    json!({"Targets": [{"Key": "tag:cluster", "Values": [cluster]}]})
}

#[tokio::test]
async fn sending_needs_the_right_to_the_document_and_to_every_node() -> TestResult {
    let (account, stack) = deployed().await?;
    let allowed = account.start_node(node("allowed")).await?;
    let forbidden = account.start_node(node("forbidden")).await?;
    let by_id = |ids: &[&str]| json!({"InstanceIds": ids});
    let install = json!({"DocumentName": stack.resource("InstallKey")?.physical_id, "Parameters": {"Key": ["x"]}});
    #[rustfmt::skip]
    let table = [
        (command(&stack, "true", &targets("allowed")), 200),
        (command(&stack, "true", &targets("forbidden")), 400),
        (command(&stack, "true", &by_id(&[allowed.instance_id()])), 200),
        (command(&stack, "true", &by_id(&[allowed.instance_id(), forbidden.instance_id()])), 400),
        (command(&stack, "true", &install), 400),
    ];
    for (input, status) in table {
        let invocation = stack.function("Caller")?.invoke(&json!({"steps": [[call("SendCommand", &input)]]})).await?;
        let answer = &invocation.result.as_ref().unwrap()["answers"][0];
        assert_eq!(answer["status"], status, "{input}: {answer}");
        if status == 400 {
            assert_eq!(answer["code"], "AccessDeniedException");
        }
    }
    let resources = account.calls().resources();
    let of =
        |node: &local_aws::Node| format!("arn:aws:ec2:eu-central-1:{}:instance/{}", account.id(), node.instance_id());
    assert!(resources.contains(&of(&allowed)) && resources.contains(&of(&forbidden)), "{resources:?}");
    Ok(())
}

#[tokio::test]
async fn faults_and_records_are_as_for_all_other_calls() -> TestResult {
    let (account, stack) = deployed().await?;
    let node = account.start_node(node("allowed")).await?;
    account.inject(Fault::throttle().action("ssm:SendCommand").nth(1));
    account.inject(Fault::cut_after().action("ssm:SendCommand").nth(2));
    account.inject(Fault::throttle().action("ssm:ListCommandInvocations").nth(1));
    let send = vec![call("SendCommand", &command(&stack, "echo x >> /run/times", &targets("allowed")))];
    let list = vec![call("ListCommandInvocations", &json!({}))];
    let invocation = stack.function("Caller")?.invoke(&json!({"steps": [send, send, list, list]})).await?;
    let codes: Vec<_> = invocation.calls.iter().map(|call| (call.status, call.error_code.as_deref())).collect();
    let throttled = (400, Some("ThrottlingException"));
    assert_eq!(codes, [throttled, (0, Some("ConnectionCut")), throttled, (200, None)], "{}", invocation.calls.story());
    // The second was carried out, though nobody was told.
    for _ in 0..100 {
        if node.run("cat /run/times").await?.stdout == "x\n" {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it was not carried out");
}

#[tokio::test]
async fn parameters_are_one_store_for_stacks_functions_and_commands() -> TestResult {
    let (account, stack) = deployed().await?;
    let node = account.start_node(node("allowed")).await?;
    let name = &stack.resource("Key")?.physical_id;
    let put = call("PutParameter", &json!({"Name": name, "Value": "second", "Overwrite": true}));
    let get = call("GetParameter", &json!({"Name": name}));
    let other = call("PutParameter", &json!({"Name": "/other", "Value": "x", "Type": "String"}));
    let event = json!({"steps": [[get], [put], [get], [other]]});
    let answers = stack.function("Caller")?.invoke(&event).await?.result.unwrap()["answers"].clone();
    assert_eq!(answers[0]["json"]["Parameter"]["Value"], "none yet", "{answers:#}");
    assert_eq!(answers[2]["json"]["Parameter"]["Value"], "second");
    assert_eq!(answers[3]["code"], "AccessDeniedException");
    let mut input = command(&stack, &format!("echo '{{{{ssm:{name}}}}}'"), &json!({}));
    input["Targets"] = targets("allowed")["Targets"].clone();
    let command = sent(&account, &input).await?;
    assert_eq!((command.status().0, command.count("Success"), command.id.len()), ("Success", 1, 36));
    assert_eq!(command.of(&node)["CommandPlugins"][0]["Output"], "second\n");
    Ok(())
}

#[tokio::test]
async fn an_association_is_applied_when_a_node_first_comes_online() -> TestResult {
    let (account, stack) = deployed().await?;
    let key = ssh::SshKey::new()?;
    let name = &stack.resource("Key")?.physical_id;
    let value = json!({"Name": name, "Value": key.public, "Overwrite": true});
    ssm(&account, "PutParameter", &value).await?;
    let new = account.start_node(node("associated").agent(Agent::Offline)).await?;
    let other = account.start_node(node("other")).await?;
    assert_eq!(new.association_runs(), []);
    new.set_agent(Agent::Online);
    let runs = new.wait_for_associations(1, Duration::from_secs(10)).await?;
    assert_eq!(
        (runs[0].status.as_str(), runs[0].exit_code, runs[0].stdout.as_str()),
        ("Success", Some(0), "installed\n")
    );
    assert!(key.run(&new, "ec2-user", "true").await?.is_some());
    new.set_agent(Agent::Offline);
    new.set_agent(Agent::Online);
    assert_eq!((new.association_runs().len(), other.association_runs().len()), (1, 0));

    let value = json!({"Name": name, "Value": "what the pattern does not allow", "Overwrite": true});
    ssm(&account, "PutParameter", &value).await?;
    let runs = account.apply_associations().await?;
    assert_eq!((runs.len(), runs[0].status.as_str(), runs[0].exit_code), (1, "Failed", None));
    assert!(runs[0].stderr.contains("allowedPattern"), "{}", runs[0].stderr);
    Ok(())
}

#[tokio::test]
async fn an_association_is_applied_to_the_nodes_that_are_there() -> TestResult {
    let account = local_aws::LocalAws::shared().await?.account();
    let node = account.start_node(node("associated")).await?;
    deploy_in(&account).await?;
    let runs = node.wait_for_associations(1, Duration::from_secs(10)).await?;
    assert_eq!(runs[0].status, "Failed", "its parameter has no key yet");
    Ok(())
}
