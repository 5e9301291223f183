//! No peer is healthy: with a NAT gateway to fall back to, and without.

use e2e::Result;
use report::{Check, Fact};

use crate::nat::seen::Pair;
use crate::nat::world::{self, Mailbox};
use crate::stage::Stage;

pub(super) async fn play(stage: &mut Stage) -> Result<()> {
    with_gateway(stage).await?;
    without(stage).await
}

async fn with_gateway(stage: &mut Stage) -> Result<()> {
    let nat = stage.network(2, &[]).await?;
    world::ipv6_default(&nat, "a").await?;
    let gateway = nat.nat_gateway("b").await?;
    nat.set_fallback("a", &gateway).await?;
    nat.dies("b").await?;
    nat.dies("a").await?;
    let happened = "Both instances are dead. nat-a's group names a NAT gateway to fall back to; this is its alarm.";
    let scene = stage.open(&nat, "Nobody is healthy: the NAT gateway takes over", happened).await?;
    let seen = scene.send("sns-alarm", "a").await?;
    let pairs = seen.pairs();
    let to = |destination: &str| pairs.iter().find(|pair| pair.was_at("nat-a") && pair.was.destination == destination);
    let at_gateway = |pair: &Pair<'_>| pair.now.is_some_and(|now| now.target == gateway);
    let said = seen.invocation.json_logs().iter().any(|line| {
        let is = |name: &str, value: &str| line.get(name).and_then(|field| field.as_str()) == Some(value);
        is("level", "ERROR") && is("destination", "::/0")
    });
    let checks = vec![
        Check::new("The IPv4 default route goes to the NAT gateway", to("0.0.0.0/0").is_some_and(at_gateway)),
        Check::new(
            "The IPv6 route, which no NAT gateway can take, stays and is not lost",
            to("::/0").is_some_and(|pair| !pair.moved()),
        ),
        Check::new("The IPv6 route is reported as an error in the log", said),
        Check::new("The routes of nat-b, whose alarm this is not, stay", seen.others_stayed("nat-a")),
    ];
    stage.close(seen, checks).await;
    Ok(())
}

async fn without(stage: &mut Stage) -> Result<()> {
    let nat = stage.network(2, &[]).await?;
    let mailbox = Mailbox::open(&nat).await?;
    nat.dies("b").await?;
    nat.dies("a").await?;
    let happened = "Both instances are dead, and there is no NAT gateway. There is nowhere to go.";
    let scene = stage.open(&nat, "Nobody is healthy, and there is no way out", happened).await?;
    let mut seen = scene.send("sns-alarm", "a").await?;
    let messages = mailbox.messages().await?;
    let metric = seen.invocation.json_logs().iter().any(|line| line.get("NoHealthyPeer").is_some_and(|n| *n == 1));
    let error = seen.error("NoHealthyPeer").unwrap_or_default();
    let checks = vec![
        Check::new("Not a single route moves", seen.moved() == 0 && seen.invocation.calls.count("ReplaceRoute") == 0),
        Check::new(
            "It fails with the error NoHealthyPeer, so that Lambda tries again; the error names the group and the remedy",
            error.contains("nat-a") && error.contains("NAT gateway"),
        ),
        Check::new(
            "The metric NoHealthyPeer is 1, and the template has an alarm for it",
            metric && nat.stack.resource("NoHealthyPeerAlarm").is_ok(),
        ),
        Check::new(
            "The operators got a message that says so",
            messages.iter().any(|(subject, _)| subject.contains("no healthy peer for nat-a")),
        ),
    ];
    seen.more.extend(messages.first().map(|(subject, _)| Fact::new("message to the operators", subject)));
    stage.close(seen, checks).await;
    Ok(())
}
