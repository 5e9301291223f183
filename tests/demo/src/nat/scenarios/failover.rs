//! An instance dies, the event is repeated, the replacement comes: one network's day.

use e2e::Result;
use e2e::nat::Nat;
use report::{Check, Fact};

use crate::nat::seen::{Pair, Seen};
use crate::nat::world::{self, Mailbox};
use crate::stage::Stage;

pub(super) async fn play(stage: &mut Stage) -> Result<()> {
    let nat = stage.network(2, &[]).await?;
    stage.prepare("adding IPv6, a prefix list, a peering, an edge table and one of nobody", furnish(&nat)).await?;
    let mailbox = Mailbox::open(&nat).await?;
    nat.dies("a").await?;
    dies(stage, &nat, &mailbox).await?;
    again(stage, &nat, &mailbox).await?;
    nat.recovers("a").await?;
    comes_back(stage, &nat).await
}

/// All kinds of routes through nat-a, and one through a peering that must stay.
async fn furnish(nat: &Nat) -> Result<()> {
    world::ipv6_default(nat, "a").await?;
    world::prefix_list(nat, "a").await?;
    world::peering(nat, "a").await?;
    let batch = world::table_of_nobody(nat, "batch", "10.0.40.0/24", "b").await?;
    world::route(nat, &batch, "0.0.0.0/0", "a").await?;
    let edge = world::edge_table(nat, "from-internet").await?;
    world::route(nat, &edge, "10.0.1.0/24", "a").await
}

async fn dies(stage: &mut Stage, nat: &Nat, mailbox: &Mailbox<'_>) -> Result<()> {
    let happened = "The NAT instance of zone a died. Its health alarm went to ALARM, and SNS brings the news to the \
                    function. Everything that left through this instance is cut off: the blackholes below.";
    let scene = stage.open(nat, "A NAT instance dies", happened).await?;
    let mut seen = scene.send("sns-alarm", "a").await?;
    let messages = mailbox.messages().await?;
    let told = matches!(messages.as_slice(), [(subject, text)] if subject.contains("nat-a") && text.contains("nat-b"));
    let (_, now) = seen.instances("nat-a");
    let checks = vec![
        Check::new(
            "Every route through the failed instance goes through nat-b now: IPv4, IPv6 and prefix list, of its own \
             table, of one that is home to no group, and of one at the internet gateway's edge",
            seen.all_moved("nat-a", "nat-b") && kinds(&seen) == 5,
        ),
        Check::new("No other route was touched: the peering stays", seen.others_stayed("nat-a")),
        Check::new(
            "The failed instance is marked unhealthy, so that its group replaces it",
            now.iter().all(|instance| instance.health == "Unhealthy") && !now.is_empty(),
        ),
        Check::new("The last route was on its way after at most 3 calls one after another", seen.routes_sent_within(3)),
        Check::new("The operators got one message that says what moved and where to", told),
    ];
    seen.more.extend(messages.first().map(|(subject, _)| Fact::new("message to the operators", subject)));
    stage.close(seen, checks).await;
    Ok(())
}

/// How many of the five kinds of routes moved: table and destination tell them apart.
fn kinds(seen: &Seen<'_>) -> usize {
    let pairs = seen.pairs();
    let moved = |kind: &dyn Fn(&Pair<'_>) -> bool| usize::from(pairs.iter().any(|pair| pair.moved() && kind(pair)));
    moved(&|pair| pair.table.home_of.is_some() && pair.was.destination == "0.0.0.0/0")
        + moved(&|pair| pair.was.destination == "::/0")
        + moved(&|pair| pair.was.destination.starts_with("pl-"))
        + moved(&|pair| pair.table.home_of.is_none() && !pair.table.edge)
        + moved(&|pair| pair.table.edge)
}

async fn again(stage: &mut Stage, nat: &Nat, mailbox: &Mailbox<'_>) -> Result<()> {
    let happened = "SNS delivers at least once. Here the same ALARM comes a second time.";
    let scene = stage.open(nat, "The same event again", happened).await?;
    let seen = scene.send("sns-alarm", "a").await?;
    let checks = vec![
        Check::new("A replay makes no call that changes anything", seen.invocation.calls.mutating().is_empty()),
        Check::new("It is no error, so that nobody retries it", seen.succeeded()),
        Check::new("Every route is where it was", seen.moved() == 0),
        Check::new("The operators are not told twice", mailbox.messages().await?.is_empty()),
    ];
    stage.close(seen, checks).await;
    Ok(())
}

async fn comes_back(stage: &mut Stage, nat: &Nat) -> Result<()> {
    let happened = "Auto Scaling replaced the dead instance. The new one waits in its launch hook until its own \
                    health alarm is OK; now it is.";
    let scene = stage.open(nat, "The replacement is healthy, and the routes come home", happened).await?;
    let seen = scene.send("sns-ok", "a").await?;
    let (was, now) = seen.instances("nat-a");
    let pairs = seen.pairs();
    let home = |pair: &&Pair<'_>| pair.table.home_of.as_deref() == Some("nat-a") && pair.was_at("nat-b");
    let checks = vec![
        Check::new(
            "The launch action is completed: the instance waited, and is in service",
            was.iter().any(|i| i.lifecycle == "Pending:Wait") && now.iter().all(|i| i.lifecycle == "InService"),
        ),
        Check::new(
            "Every route of nat-a's home table that nat-b carried goes through the new instance",
            pairs.iter().any(|pair| home(&pair)) && pairs.iter().filter(home).all(|pair| pair.now_at("nat-a")),
        ),
        Check::new(
            "Routes of tables that are not its home stay where they are, and so does the peering",
            pairs.iter().filter(|pair| !home(pair)).all(|pair| !pair.moved()),
        ),
    ];
    stage.close(seen, checks).await;
    Ok(())
}
