//! Step Functions that does not take every start.

use std::time::{Duration, Instant};

use e2e::onboarding::User;
use e2e::onboarding::make::payload;
use local_aws::Fault;
use serde_json::{Value, json};

use super::{answer, error, within};

const START: &str = "states:StartExecution";

fn users() -> [User; 3] {
    [User::new(1104, "amueller"), User::new(1105, "JDoe"), User::new(1106, "b.c.d")]
}

#[test]
fn what_is_throttled_for_a_moment_is_started_by_the_same_invocation() {
    within(&[], async |onboarding| {
        onboarding.account.inject(Fault::throttle().action(START).first(4));
        let invocation = onboarding.trigger.invoke(&payload(users().each_ref().map(User::event))?).await?;
        assert_eq!(answer(&invocation)["started"], 3);
        assert_eq!(invocation.calls.count(START), 7);
        Ok(())
    });
}

#[test]
fn one_users_throttling_stops_no_other_and_the_retry_starts_the_missing_one_alone() {
    within(&[], async |onboarding| {
        onboarding.replicate(&users().each_ref()).await?;
        onboarding.account.inject(Fault::throttle().action(START).parameter("name", &users()[1].sid()));
        let event = payload(users().each_ref().map(User::event))?;
        let short = onboarding.trigger.with_timeout(Duration::from_secs(4));
        let invocation = short.invoke(&event).await?;
        assert_eq!(error(&invocation).error_type, "ExecutionsNotStarted");
        let message = &error(&invocation).error_message;
        assert!(message.contains("1 of 3 execution(s) not started"), "{message}");
        let executions = onboarding.ended(2).await?;
        assert!(executions.iter().all(|one| one.name != users()[1].sid()), "{executions:#?}");

        onboarding.account.clear_faults();
        let invocation = onboarding.trigger.invoke(&event).await?;
        assert_eq!(*answer(&invocation), json!({"started": 1, "alreadyStarted": 2, "skipped": {}, "malformed": 0}));
        assert_eq!(onboarding.ended(3).await?.len(), 3);
        assert_eq!(onboarding.account.calls().count("connect:CreateUser"), 3);
        Ok(())
    });
}

#[test]
fn what_is_denied_is_not_tried_by_the_same_invocation_and_ends_as_a_dead_letter() {
    within(&[], async |onboarding| {
        onboarding.account.inject(Fault::error(400, "AccessDeniedException", "no").action(START));
        onboarding.put_events(&[users()[0].event()]).await?;
        let end = Instant::now() + Duration::from_mins(1);
        let mut letters = Vec::new();
        while letters.is_empty() && Instant::now() < end {
            letters = onboarding.dead_letters().await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(letters.len(), 1);
        let letter: Value = serde_json::from_str(&letters[0])?;
        assert!(letter.pointer("/requestPayload/awslogs/data").is_some(), "{letter}");
        let invocations = onboarding.account.invocations();
        assert_eq!(invocations.len(), 3, "Lambda tries twice more");
        for invocation in &invocations {
            assert_eq!(error(invocation).error_type, "ExecutionsNotStarted");
            assert_eq!(invocation.calls.count(START), 1, "{}", invocation.calls.story());
        }
        assert_eq!(onboarding.executions().await?, []);
        Ok(())
    });
}
