//! The peer that stood in fails as well.

use e2e::Result;
use report::Check;

use crate::nat::seen::Pair;
use crate::stage::Stage;

pub(super) async fn play(stage: &mut Stage) -> Result<()> {
    let nat = stage.network(3, &[]).await?;
    nat.dies("a").await?;
    stage.prepare("nat-a fails first, and its routes go to nat-b", super::earlier(&nat, "sns-alarm", "a")).await?;
    nat.dies("b").await?;
    let happened = "nat-a failed a while ago and nat-b carries its routes beside its own. Before nat-a is replaced, \
                    nat-b dies too.";
    let scene = stage.open(&nat, "One failure after another", happened).await?;
    let seen = scene.send("direct-alarm", "b").await?;
    let pairs = seen.pairs();
    let at_c = |home: &str| {
        let mut of_table = pairs.iter().filter(|pair: &&Pair<'_>| pair.table.home_of.as_deref() == Some(home));
        of_table.any(|pair| pair.was_at("nat-b") && pair.now_at("nat-c"))
    };
    let checks = vec![
        Check::new("The routes of nat-a's table, which nat-b only stood in for, go on to nat-c", at_c("nat-a")),
        Check::new("nat-b's own routes go to nat-c", at_c("nat-b")),
        Check::new("No route points at nat-a, which is still down", !pairs.iter().any(|pair| pair.now_at("nat-a"))),
        Check::new("No other route was touched", seen.others_stayed("nat-b")),
    ];
    stage.close(seen, checks).await;
    Ok(())
}
