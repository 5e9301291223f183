//! Neither a private key nor the rotation token is logged at any level, put on a disk, or left in memory.

use local_aws::RotationStep;

use super::{answer, within};

/// The parts of a PEM file by which it would be recognized.
fn parts(key: &str) -> Vec<&str> {
    key.lines().filter(|line| !line.starts_with("-----")).collect()
}

#[test]
fn at_trace_no_line_holds_a_private_key_or_the_rotation_token() {
    within(2, &[], async |ssh| {
        let chatty = ssh.function.with_env(&[
            ("AWS_LAMBDA_LOG_LEVEL", "TRACE"),
            ("RUST_LOG", "trace"),
            ("RUST_BACKTRACE", "full"),
        ]);
        let token = format!("rotation-token-{}", "7".repeat(30));
        let mut lines = Vec::new();
        for _ in 0..2 {
            let rotation = ssh.account.rotation(&chatty, &ssh.secret).rotation_token(&token).run().await?;
            assert!(rotation.succeeded, "{:?}", rotation.error());
            lines.extend(rotation.steps.into_iter().flat_map(|run| run.invocation.logs));
        }
        let keys = [ssh.private_key("AWSCURRENT").await?, ssh.private_key("AWSPREVIOUS").await?];
        assert!(lines.len() > 20);
        for line in &lines {
            assert!(!line.contains(&token), "{line}");
            for part in keys.iter().flat_map(|key| parts(key)) {
                assert!(!line.contains(part), "{line}");
            }
        }
        Ok(())
    });
}

/// What a core dump or a neighbour in the same environment would find: nothing of the key, neither its text nor its
/// 32 bytes, a moment after the step that handled it.
#[test]
fn after_each_step_the_process_holds_nothing_of_the_private_key() {
    within(1, &[], async |ssh| {
        let rotation = ssh.begin().await?;
        for step in RotationStep::ALL {
            answer(&rotation.run_step(step).await?);
            let label = if step == RotationStep::Finish { "AWSCURRENT" } else { "AWSPENDING" };
            let key = ssh.private_key(label).await?;
            let memory = ssh.function.memory().await?;
            assert!(memory.len() > 1_000_000, "that is no process's memory");
            let copies = |of: &[u8]| memory.windows(of.len()).filter(|window| *window == of).count();
            for part in parts(&key).into_iter().filter(|part| part.len() > 16) {
                assert_eq!(copies(part.as_bytes()), 0, "{step:?}: {part}");
            }
            let key = ssh_key::PrivateKey::from_openssh(&key)?;
            let seed = key.key_data().ed25519().ok_or("not ed25519")?.private.to_bytes();
            assert_eq!(copies(&seed), 0, "{step:?}: the key's own bytes");
        }
        Ok(())
    });
}
