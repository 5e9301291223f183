//! How long the local AWS takes: start, deploy, first and second invocation, a call.
//! `cargo run -p local-aws --example figures`

use std::time::Instant;

use local_aws::{Deploy, LocalAws, Result};
use serde_json::json;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "it is what it is for")]
async fn main() -> Result<()> {
    let begun = Instant::now();
    let mut last = begun;
    let mut lap = |what: &str| {
        println!("{:>6} ms  {what}", last.elapsed().as_millis());
        last = Instant::now();
    };
    let aws = LocalAws::start().await?;
    lap("start of the gateway and the emulators");
    for stack in ["first", "second"] {
        let account = aws.account();
        let deploy = Deploy::template("tests/local-aws/tests/fixtures/template.yaml").parameter("Pool", "main");
        let stack_of = account.deploy(deploy.bootstrap("Caller", "tests/local-aws/tests/fixtures/caller")).await?;
        lap(&format!("{stack} stack"));
        let function = stack_of.function("Caller")?;
        function.invoke(&json!({})).await?;
        lap("first invocation");
        let reads = json!({"service": "ec2", "action": "DescribeRouteTables"});
        let invocation = function.invoke(&json!({"steps": vec![[&reads]; 20]})).await?;
        lap("an invocation with 20 calls one after another");
        let slowest = invocation.calls.iter().map(local_aws::Call::duration).max().unwrap_or_default();
        println!(
            "           slowest call {} ms, start-up {} ms",
            slowest.as_millis(),
            function.startup_time().await?.as_millis()
        );
        lap("start-up time measured");
    }
    Ok(())
}
