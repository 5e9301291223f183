use std::time::Duration;

use serde_json::json;

use super::{did, error, within};

const LONG_ENOUGH: Duration = Duration::from_secs(20);

/// One sample of each kind, against a healthy pool, where none of them has anything to change.
#[test]
fn every_sample_event_is_answered() {
    within(2, &[], async |nat| {
        let folder = format!("{}/../../events/nat-failover", env!("CARGO_MANIFEST_DIR"));
        for file in std::fs::read_dir(folder)? {
            let name = file?.path().file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let invocation = nat.send(&name, "a").await?;
            assert_eq!(did(&invocation)["did"], "nothing", "{name}");
        }
        assert_eq!(nat.account.calls().mutating().len(), 0);
        Ok(())
    });
}

#[test]
fn something_else_altogether_is_a_clear_error_and_makes_no_call() {
    within(1, &[], async |nat| {
        let invocation = nat.function.invoke(&json!({"Records": [{"eventSource": "aws:s3"}]})).await?;
        assert_eq!(error(&invocation).error_type, "UnknownEvent");
        assert!(error(&invocation).error_message.contains("\"aws:s3\""), "{:?}", error(&invocation));
        assert_eq!(invocation.calls.len(), 0);
        Ok(())
    });
}

/// The template's own wiring: the alarm's action is the stack's topic, which invokes the function.
#[test]
fn the_alarm_itself_reaches_the_function_by_the_topic() {
    within(2, &[], async |nat| {
        let topic = nat.stack.output("AlarmTopicArn")?.to_owned();
        nat.set_alarm_action("a", &topic).await?;
        nat.dies("a").await?;
        nat.account.wait_for_invocation("the function", LONG_ENOUGH, |_| true).await?;
        assert_eq!(nat.defaults().await?[0], Some(nat.group("b").interface.clone()));
        Ok(())
    });
}

#[test]
fn the_alarm_itself_reaches_the_function_directly() {
    within(2, &[], async |nat| {
        let function = nat.stack.output("FunctionArn")?.to_owned();
        nat.set_alarm_action("a", &function).await?;
        nat.dies("a").await?;
        nat.account.wait_for_invocation("the function", LONG_ENOUGH, |_| true).await?;
        assert_eq!(nat.defaults().await?[0], Some(nat.group("b").interface.clone()));
        Ok(())
    });
}

#[test]
fn a_terminating_action_reaches_the_function_by_the_rule() {
    within(2, &[], async |nat| {
        let event = nat.is_leaving("a").await?;
        nat.account
            .put_event("aws.autoscaling", "EC2 Instance-terminate Lifecycle Action", &[], &event["detail"])
            .await?;
        nat.account.wait_for_invocation("the function", LONG_ENOUGH, |_| true).await?;
        assert!(nat.members("nat-a").await?.is_empty());
        Ok(())
    });
}
