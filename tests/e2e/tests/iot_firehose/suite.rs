//! The root template, which composes the systems.

use local_aws::{Deploy, LocalAws};

use super::runtime;

#[test]
fn it_is_deployed_by_a_switch_of_its_own_or_not_at_all() {
    runtime().block_on(async {
        let aws = LocalAws::shared().await.unwrap();
        for (switch, functions) in [("true", 1), ("false", 0)] {
            let suite =
                Deploy::template("template.yaml").parameter("NatFailover", "false").parameter("IotFirehose", switch);
            let stack = aws.account().deploy(suite).await.unwrap();
            assert_eq!(stack.functions.len(), functions, "IotFirehose={switch}: {:?}", stack.resources);
            assert_eq!(stack.output("IotFirehoseLakeBucket").is_ok(), functions == 1, "{:?}", stack.outputs);
        }
    });
}
