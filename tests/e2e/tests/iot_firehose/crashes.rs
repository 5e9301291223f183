//! Connections that are cut and processes that are killed, at every place: what may have been done is done again, under
//! the same ids, by which readers drop duplicates.

use e2e::iot::make::{message_id, reading, sqs};
use e2e::iot::{TOPIC, ids};
use local_aws::Fault;

use super::{given_back, within};

const PUT: &str = "firehose:PutRecordBatch";

#[test]
fn a_call_that_was_carried_out_unseen_leaves_its_lines_twice_under_the_same_ids() {
    within(&[], async |iot| {
        iot.account.inject(Fault::cut_after().action(PUT).nth(1));
        let invocation = iot.function.invoke(&sqs((0..5).map(reading))?).await?;
        assert_eq!(given_back(&invocation), [""; 0]);
        assert_eq!(invocation.calls.count(PUT), 2);
        let lake = iot.lake().await?;
        let expected: Vec<_> = (0..5).chain(0..5).map(message_id).collect();
        assert_eq!(lake.iter().map(|line| line.id().to_owned()).collect::<Vec<_>>(), expected);
        Ok(())
    });
}

#[test]
fn a_call_that_was_cut_off_before_is_made_again() {
    within(&[], async |iot| {
        iot.account.inject(Fault::cut_before().action(PUT).nth(1));
        let invocation = iot.function.invoke(&sqs((0..5).map(reading))?).await?;
        assert_eq!(given_back(&invocation), [""; 0]);
        assert_eq!(iot.lake().await?.len(), 5);
        Ok(())
    });
}

#[test]
fn an_object_of_the_quarantine_that_was_stored_unseen_is_there_once() {
    within(&[], async |iot| {
        iot.account.inject(Fault::cut_after().action("s3:PutObject").nth(1));
        let invocation = iot.function.invoke(&sqs(["{".to_owned(), reading(1)])?).await?;
        assert_eq!(given_back(&invocation), [""; 0]);
        assert_eq!(invocation.calls.count("s3:PutObject"), 2, "{}", invocation.calls.story());
        assert_eq!(iot.quarantined().await?.len(), 1);
        Ok(())
    });
}

#[test]
fn what_a_killed_function_had_in_hand_comes_again_by_the_queue_under_the_same_ids() {
    within(&[], async |iot| {
        iot.set_visibility_timeout(2).await?;
        iot.account.inject(Fault::kill_after().action(PUT).nth(1));
        let device = iot.device("sensor-1").await?;
        device.publish_all(TOPIC, (0..20).map(reading)).await?;
        iot.wait_for_lake(20).await?;
        iot.wait_for_empty_queue().await?;
        let lake = iot.lake().await?;
        assert_eq!(ids(&lake).len(), 20, "none lost, and each retry has the ids of the first");
        let killed = iot.account.invocations().into_iter().find(|invocation| invocation.result.is_err()).unwrap();
        let twice = killed.event["Records"].as_array().unwrap().len();
        assert_eq!(lake.len(), 20 + twice, "what the killed call had put is there twice");
        Ok(())
    });
}

#[test]
fn a_direct_message_of_a_killed_function_comes_again_under_the_same_id() {
    within(&[("Delivery", "direct")], async |iot| {
        iot.account.inject(Fault::kill_after().action(PUT).nth(1));
        iot.device("sensor-1").await?.publish(TOPIC, reading(7)).await?;
        let twice = |invocation: &local_aws::Invocation| invocation.result.is_ok();
        iot.account.wait_for_invocation("again", std::time::Duration::from_mins(1), twice).await?;
        let lake = iot.lake().await?;
        assert_eq!((lake.len(), ids(&lake).len()), (2, 1), "{lake:?}");
        Ok(())
    });
}
