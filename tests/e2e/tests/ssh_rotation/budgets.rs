//! The budget: how many calls wait for one another; counted, not timed. The polls of Run Command come on top.

use local_aws::RotationStep;

use super::within;

#[test]
fn each_step_keeps_its_budget_of_calls_and_of_calls_in_a_row() {
    within(3, &[], async |ssh| {
        ssh.rotated().await?;
        let rotation = ssh.rotated().await?;
        for (step, calls, in_a_row) in [
            (RotationStep::Create, 4, 3), // describe; pending and current; put
            (RotationStep::Set, 5, 4),    // describe; pending and nodes; send; host keys
            (RotationStep::Test, 5, 2),   // describe; pending, current, host keys and nodes
            (RotationStep::Finish, 9, 6), // describe; three versions and nodes; promote; publish; nodes; send
        ] {
            let made = &rotation.invocation(step).unwrap().calls;
            let polls = made.count("ssm:ListCommandInvocations") + made.count("ssm:ListCommands");
            assert_eq!(made.len() - polls, calls, "{step:?}: {}", made.story());
            assert_eq!(made.depth() - polls, in_a_row, "{step:?}: {}", made.story());
            assert!(polls <= 12, "{step:?}: {}", made.story());
        }
        Ok(())
    });
}
