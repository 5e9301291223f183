//! A function that is configured wrongly says so at its start, all at once.

use super::within;

#[test]
fn all_mistakes_are_told_to_the_invoker_at_once() {
    within(0, &[], async |ssh| {
        let wrong = ssh.function.with_env(&[
            ("KEY_ALGORITHM", "ed25519"),
            ("PRIVATE_KEY_FORMAT", "pkcs1"),
            ("SSH_PORT", "ssh"),
        ]);
        let invocation = wrong.without_env(&["COMMAND_DOCUMENT"]).invoke(&serde_json::json!({})).await?;
        let told = format!("{:?}\n{}", invocation.result, invocation.logs.join("\n"));
        for name in ["COMMAND_DOCUMENT is missing", "PRIVATE_KEY_FORMAT=pkcs1", "SSH_PORT="] {
            assert!(told.contains(name), "{name}: {told}");
        }
        assert!(invocation.result.is_err());
        Ok(())
    });
}
