//! Payloads that are none: a typed error, and no call.

use e2e::Result;
use e2e::events::sample;
use e2e::onboarding::User;
use e2e::onboarding::make::{bomb, gzip, packed, payload, unpacked};
use serde_json::{Value, json};

use super::{answer, error, within};

/// What can't be read, and a part of what is said of it.
fn unreadable() -> Result<Vec<(Value, &'static str)>> {
    let good = unpacked(&payload([User::new(1104, "amueller").event()])?)?;
    let altered = |place: usize| {
        let mut bytes = good.clone();
        let place = bytes.len() - place;
        bytes[place] ^= 1;
        packed(&bytes)
    };
    let batch = |text: &str| gzip(text.as_bytes()).map(|bytes| packed(&bytes));
    Ok(vec![
        (json!({}), "invoke the function by a CloudWatch Logs subscription"),
        (json!({"awslogs": {"data": 7}}), "invoke the function by a CloudWatch Logs subscription"),
        (json!({"awslogs": {"data": "H4sI*"}}), "is not base64"),
        (packed(b"no gzip at all, really not"), ""),
        (packed(&[]), "is not gzip"),
        (packed(&good[..good.len() / 2]), ""),
        (altered(8), "is not gzip, or was altered"), // the CRC
        (altered(100), ""),
        (packed(&[&good[..], &[0; 4]].concat()), ""),
        (packed(&[&good[..], &good[..]].concat()), "byte(s) follow the gzip data"),
        (bomb(100, None)?, "longer than"),
        (bomb(100, Some(1000))?, "longer than"),
        (bomb(100, Some(8 * 1024 * 1024))?, "longer than"),
        (packed(&gzip(b"\xff\xfe")?), "is not UTF-8"),
        (batch("{")?, "is no batch of log events"),
        (batch(r#"{"messageType":"DATA_MESSAGE"}"#)?, "is no batch of log events"),
        (batch(r#"{"messageType":"OTHER","logEvents":[]}"#)?, "messageType"),
    ])
}

#[test]
fn what_can_not_be_read_is_a_typed_error_and_no_call() {
    within(&[], async |onboarding| {
        for (number, (event, why)) in unreadable()?.into_iter().enumerate() {
            let invocation = onboarding.trigger.invoke(&event).await?;
            let error = error(&invocation);
            assert_eq!(error.error_type, "PayloadUnreadable", "{number}");
            assert!(error.error_message.contains(why), "{number}: {}", error.error_message);
            assert_eq!(invocation.calls.len(), 0, "{number}");
        }
        assert_eq!(onboarding.executions().await?, []);
        Ok(())
    });
}

#[test]
fn a_control_message_is_a_success_without_a_call() {
    within(&[], async |onboarding| {
        let event = sample("onboarding/trigger-control-message", &[])?;
        let invocation = onboarding.trigger.invoke(&event).await?;
        assert_eq!(*answer(&invocation), json!({"control": true}));
        assert_eq!(invocation.calls.len(), 0);
        Ok(())
    });
}

#[test]
fn a_batch_without_events_is_a_success_without_a_call() {
    within(&[], async |onboarding| {
        let invocation = onboarding.trigger.invoke(&payload([""; 0])?).await?;
        assert_eq!(*answer(&invocation), json!({"started": 0, "alreadyStarted": 0, "skipped": {}, "malformed": 0}));
        assert_eq!(invocation.calls.len(), 0);
        Ok(())
    });
}
