//! The process is killed after each of its calls in turn, in each step; the same step comes again, as Secrets Manager's
//! retry of the rotation brings it.

use e2e::ssh::LoggedIn::{Everywhere, Nowhere};
use e2e::ssh::Ssh;
use local_aws::{Fault, RotationStep};

use super::{answer, within};

/// Kills the function after call `n` of `step`, then runs the step again to its end. Whether there was such a call.
async fn killed_and_again(
    ssh: &Ssh,
    rotation: &local_aws::OpenRotation,
    step: RotationStep,
    n: u32,
) -> e2e::Result<bool> {
    ssh.account.inject(Fault::kill_after().nth(n));
    let killed = rotation.run_step(step).await?;
    ssh.account.clear_faults();
    let was_killed = killed.calls.len() >= usize::try_from(n)?;
    assert_eq!(killed.result.is_err(), was_killed, "{step:?} {n}: {}", killed.calls.story());
    answer(&rotation.run_step(step).await?);
    Ok(was_killed)
}

fn killed_after_any_call_of(step: RotationStep, calls: u32) {
    within(2, &[], async |ssh| {
        ssh.rotated().await?;
        for n in 1.. {
            let old = ssh.private_key("AWSCURRENT").await?;
            let rotation = ssh.begin().await?;
            let mut was_killed = false;
            for each in RotationStep::ALL {
                if each == step {
                    was_killed = killed_and_again(ssh, &rotation, step, n).await?;
                    if each != RotationStep::Finish {
                        assert_eq!(ssh.private_key("AWSCURRENT").await?, old);
                    }
                } else {
                    answer(&rotation.run_step(each).await?);
                }
            }
            let new = ssh.private_key("AWSCURRENT").await?;
            assert_ne!(new, old);
            assert_eq!(ssh.who_lets_in("ec2-user", &new).await?, Everywhere, "{step:?} {n}");
            assert_eq!(ssh.who_lets_in("ec2-user", &old).await?, Nowhere, "{step:?} {n}");
            for node in &ssh.nodes {
                assert_eq!(ssh.lines(node, "ec2-user").await?.len(), 1, "{step:?} {n}");
            }
            if !was_killed {
                assert!(n > calls, "{step:?} has {n} calls or fewer, which kills too little");
                return Ok(());
            }
        }
        Ok(())
    });
}

#[test]
fn create_secret_converges() {
    killed_after_any_call_of(RotationStep::Create, 4);
}

#[test]
fn set_secret_converges() {
    killed_after_any_call_of(RotationStep::Set, 6);
}

#[test]
fn test_secret_converges() {
    killed_after_any_call_of(RotationStep::Test, 5);
}

#[test]
fn finish_secret_converges() {
    killed_after_any_call_of(RotationStep::Finish, 10);
}

#[test]
fn lost_answers_and_throttling_do_not_fail_a_rotation() {
    within(1, &[], async |ssh| {
        for action in ["secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage", "ssm:SendCommand"] {
            ssh.account.inject(Fault::cut_after().action(action).nth(1));
        }
        for action in
            ["secretsmanager:DescribeSecret", "ssm:ListCommandInvocations", "ec2:DescribeInstances", "ssm:PutParameter"]
        {
            ssh.account.inject(Fault::throttle().action(action).nth(1));
        }
        let rotation = ssh.rotate().await?;
        assert!(rotation.succeeded, "{:?}", rotation.error());
        Ok(())
    });
}

#[test]
fn if_promotion_fails_both_keys_work_and_the_retry_goes_through() {
    within(2, &[], async |ssh| {
        ssh.rotated().await?;
        let old = ssh.private_key("AWSCURRENT").await?;
        ssh.account
            .inject(Fault::error(500, "InternalServiceError", "no").action("secretsmanager:UpdateSecretVersionStage"));
        let failed = ssh.rotate().await?;
        assert!(!failed.succeeded);
        ssh.account.clear_faults();
        let new = ssh.private_key("AWSPENDING").await?;
        assert_eq!(ssh.private_key("AWSCURRENT").await?, old);
        assert_eq!(
            (ssh.who_lets_in("ec2-user", &old).await?, ssh.who_lets_in("ec2-user", &new).await?),
            (Everywhere, Everywhere)
        );
        let again = ssh.account.rotation(&ssh.function, &ssh.secret).version_id(&failed.version_id).run().await?;
        assert!(again.succeeded, "{:?}", again.error());
        assert_eq!(
            (ssh.who_lets_in("ec2-user", &old).await?, ssh.who_lets_in("ec2-user", &new).await?),
            (Nowhere, Everywhere)
        );
        Ok(())
    });
}
