//! The trigger's process dies between two starts.

use e2e::Result;
use e2e::onboarding::Onboarding;
use local_aws::Fault;
use report::Check;

use crate::onboarding::answer::number;
use crate::onboarding::people::{Person, anna, carla, fatima, john};
use crate::onboarding::scene::Scene;
use crate::stage::Stage;

const START: &str = "states:StartExecution";

pub(super) async fn play(stage: &mut Stage, onboarding: &Onboarding) -> Result<()> {
    let people = [anna(), carla(), john(), fatima()];
    onboarding.replicate(&people.each_ref().map(|person| &person.user)).await?;
    let happened = "Four accounts were created. Step Functions starts the first execution and throttles the other calls; before \
                    the trigger has its answer, its process is killed. Lambda hands the batch to the trigger once more.";
    let cast = (people.to_vec(), people.each_ref().map(Person::logged).into());
    let mut scene = Scene::new(onboarding, "Killed between two starts", happened, cast).await?;
    stage.announce_users(&scene);
    let others = people.iter().skip(1).map(|person| person.user.sid());
    for sid in others {
        onboarding.account.inject(Fault::throttle().action(START).parameter("name", &sid));
    }
    onboarding.account.inject(Fault::kill_after().action(START).parameter("name", &anna().user.sid()).nth(1));
    scene.log().await?;
    scene.next_batch("killed").await?;
    onboarding.account.clear_faults();
    scene.next_batch("again").await?;
    scene.look(people.len()).await?;
    let checks = checks(&scene, &people);
    stage.close_users(scene, checks).await
}

fn checks(scene: &Scene<'_>, people: &[Person]) -> Vec<Check> {
    let (answer, seen, all) = (scene.answer(), &scene.seen, people.len());
    let killed = scene.ran.first().is_some_and(|(_, ran)| ran.result.is_err());
    let counts = (number(&answer, "started"), number(&answer, "alreadyStarted"));
    let one_each = people.iter().all(|person| seen.execution(&person.user.sid()).is_some());
    let has_both = |person: &Person| seen.workspaces_of(person) == 1 && seen.connect_users_of(person) == 1;
    let once = scene.calls("workspaces:CreateWorkspaces") == all && scene.calls("connect:CreateUser") == all;
    vec![
        Check::new(
            "The second time the trigger finds amueller started, and starts the missing three",
            killed && counts == (3, 1),
        ),
        Check::new("Each of the four has one execution, and it succeeded", {
            one_each && seen.executions.len() == all && scene.after.totals().succeeded == all
        }),
        Check::new(
            "Each has one WorkSpace and one Connect user, which were asked for once",
            people.iter().all(has_both) && once,
        ),
        Check::new("Nobody's name is in the functions' logs", !scene.tells_a_name()),
    ]
}
