//! Memory, as the kernel counts it: the most that the process ever took.

use e2e::onboarding::User;
use e2e::onboarding::make::{bomb, payload};
use local_aws::Fault;

use super::{answer, error, within};

#[test]
fn a_thousand_users_take_less_than_20_mb_and_a_bomb_less_than_16() {
    within(&[], async |onboarding| {
        let there = Fault::error(400, "ExecutionAlreadyExists", "there already").action("states:StartExecution");
        onboarding.account.inject(there); // a thousand workflows are not this test's
        let users = (0..1000).map(|number| User::new(2000 + number, &format!("user{number}")).event());
        let invocation = onboarding.trigger.invoke(&payload(users)?).await?;
        assert_eq!(answer(&invocation)["alreadyStarted"], 1000);
        assert_eq!(invocation.calls.count("states:StartExecution"), 1000);
        let peak = onboarding.trigger.rss().await.unwrap();
        assert!(peak < 20_000_000, "{peak} bytes");
        for lie in [None, Some(1000), Some(8 * 1024 * 1024)] {
            let bomb = bomb(100, lie)?;
            onboarding.trigger.restart().await;
            for _ in 0..4 {
                let invocation = onboarding.trigger.invoke(&bomb).await?;
                assert_eq!(error(&invocation).error_type, "PayloadUnreadable");
            }
            let peak = onboarding.trigger.rss().await.unwrap();
            assert!(peak < 16_000_000, "{peak} bytes");
        }
        Ok(())
    });
}
