//! The root template, which composes the systems.

use local_aws::{Deploy, LocalAws};

use super::runtime;

#[test]
fn each_system_has_a_switch_and_is_deployed_alone_or_not_at_all() {
    runtime().block_on(async {
        let aws = LocalAws::shared().await.unwrap();
        for (switch, functions) in [("true", 1), ("false", 0)] {
            let suite = Deploy::template("template.yaml").parameter("NatFailover", switch);
            let stack = aws.account().deploy(suite).await.unwrap();
            assert_eq!(stack.functions.len(), functions, "NatFailover={switch}: {:?}", stack.resources);
            assert_eq!(stack.output("NatFailoverAlarmTopicArn").is_ok(), functions == 1, "{:?}", stack.outputs);
        }
    });
}
