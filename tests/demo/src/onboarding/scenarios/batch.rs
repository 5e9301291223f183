//! New users of every sort in one batch, and what else a domain controller logs.

use std::collections::BTreeSet;

use e2e::Result;
use e2e::onboarding::{Onboarding, User};
use report::{Check, LaneOutcome, Status};

use super::again;
use crate::onboarding::people::{Logged, Person, anna, carla, deja, fatima, john};
use crate::onboarding::scene::Scene;
use crate::stage::Stage;

/// Requests for which WorkSpaces does not find the user who is not replicated yet.
const UNSEEN: usize = 3;
/// How much faster the workflow's waits pass: slow enough that a task's time is short beside them.
const SPEED: f64 = 50.0;

const HAPPENED: &str = "The directory's log group gets a batch: five accounts were created, and one of them is logged by a second domain \
    controller, too. jdoe has a WorkSpace already; fhaddad is not replicated to where WorkSpaces looks yet; Connect takes no \
    user principal name like dėja.žukauskaitė@corp.example.com. The others are a printer's machine account, an account of one \
    machine only, and an event whose SID is missing. Two tasks run at a time: whom Lambda throttles, the workflow tries again. (Its waits pass 50 times faster \
    here.)";

/// Gives the scenario that follows.
pub(super) async fn play<'o>(stage: &mut Stage, onboarding: &'o Onboarding) -> Result<Scene<'o>> {
    let people = vec![anna(), carla(), john(), fatima(), deja()];
    onboarding.account.set_states_clock(SPEED);
    onboarding.replicate(&people.iter().map(|person| &person.user).collect::<Vec<_>>()).await?;
    onboarding.replicate_after(&[&fatima().user], UNSEEN).await?;
    let had = onboarding.give_workspace(&john().user).await?;
    let mut scene = Scene::new(onboarding, "A batch of new users", HAPPENED, (people.clone(), events())).await?;
    stage.announce_users(&scene);
    scene.log().await?;
    scene.next_batch("").await?;
    scene.look(people.len()).await?;
    let next = again::after(&scene);
    let checks = [started(&scene, &people), made(&scene), special(&scene, &had), failed(&scene)].concat();
    stage.close_users(scene, checks).await?;
    Ok(next)
}

/// The log's, in their order.
fn events() -> Vec<Logged> {
    let printer = User::new(1201, "PRINTER-7$");
    let local = User::new(1002, "backup").of("IP-C6130256");
    let malformed = User::new(1109, "gberg");
    vec![
        anna().logged(),
        Logged::new(&printer, printer.event()),
        carla().logged(),
        anna().copy(),
        john().logged(),
        Logged::new(&malformed, malformed.event().replace("TargetSid", "Sid")),
        fatima().logged(),
        Logged::new(&local, local.event()),
        deja().logged(),
    ]
}

fn started(scene: &Scene<'_>, people: &[Person]) -> Vec<Check> {
    let executions = &scene.seen.executions;
    let names: BTreeSet<_> = executions.iter().map(|execution| execution.name.clone()).collect();
    let one_each = executions.len() == people.len() && names == people.iter().map(|person| person.user.sid()).collect();
    let totals = scene.after.totals();
    vec![
        Check::new("Each of the five new accounts has one execution, which is named by its SID", one_each),
        Check::new(
            "The second controller's copy, the machine, the local account and the event without a SID started nothing, and \
             held nobody up",
            (totals.started, totals.skipped, totals.malformed, totals.events) == (5, 3, 1, 9) && one_each,
        ),
        Check::new(
            "Neither log lines nor answers nor errors of the functions have anybody's name",
            !scene.tells_a_name(),
        ),
    ]
}

fn made(scene: &Scene<'_>) -> Vec<Check> {
    let seen = &scene.seen;
    let has_both = |person: Person| seen.workspaces_of(&person) == 1 && seen.connect_users_of(&person) == 1;
    let all = [anna(), carla(), john(), fatima()].into_iter().all(has_both);
    let nothing_else = seen.workspaces.len() == 5 && seen.connect.len() == 4;
    vec![Check::new(
        "amueller, carla.de.nowak, jdoe and fhaddad have one WorkSpace and one Connect user each; first and last names are \
         Anna | Maria Müller, carla | de.nowak (of the user name), John | Doe (of \"Doe, John\"), Fatima | Haddad",
        all && nothing_else,
    )]
}

fn special(scene: &Scene<'_>, had: &str) -> Vec<Check> {
    let kept = scene.seen.workspaces.iter().any(|one| one.id == had && one.user == john().who());
    let already = ended(scene, &john()) == Some((Status::Succeeded, LaneOutcome::AlreadyThere, LaneOutcome::Created));
    let in_the_end = ended(scene, &fatima()) == Some((Status::Succeeded, LaneOutcome::Created, LaneOutcome::Created));
    let execution = scene.seen.execution(&fatima().user.sid());
    let refused = execution.is_some_and(|one| {
        one.errors("CreateWorkSpace").iter().filter(|error| **error == "UserNotReplicated").count() == UNSEEN
    });
    let place = |state: &str| execution?.entered().iter().position(|entered| *entered == state);
    let waits_not = place("ConnectUserCreated").is_some() && place("ConnectUserCreated") < place("WorkSpaceCreated");
    vec![
        Check::new("jdoe keeps the WorkSpace that was there, which is a success", kept && already),
        Check::new(
            "fhaddad's WorkSpace was tried again until WorkSpaces found the user, and the Connect user did not wait for it",
            refused && in_the_end && waits_not,
        ),
    ]
}

/// How a person's execution ended, and its branches: WorkSpaces, Connect.
fn ended(scene: &Scene<'_>, person: &Person) -> Option<(Status, LaneOutcome, LaneOutcome)> {
    let user = scene.after.users.iter().find(|user| user.who == person.who())?;
    let execution = user.executions.first()?;
    let [workspaces, connect] = execution.lanes.as_slice() else { return None };
    Some((execution.status, workspaces.outcome.clone(), connect.outcome.clone()))
}

fn failed(scene: &Scene<'_>) -> Vec<Check> {
    let (seen, sid) = (&scene.seen, deja().user.sid());
    let refused = LaneOutcome::Failed("InvalidUsername".to_owned());
    let failed = ended(scene, &deja()) == Some((Status::Failed, LaneOutcome::Created, refused));
    let words = crate::onboarding::people::words(&[deja()], &scene.logged);
    let once = match seen.told.as_slice() {
        [told] => {
            let nameless = !words.iter().any(|word| told.to_lowercase().contains(word));
            told.contains(&sid) && told.contains("InvalidUsername") && nameless
        }
        _ => false,
    };
    vec![
        Check::new(
            "dzukauskaite's execution failed, as Connect takes no such name, but the WorkSpace was made all the same",
            failed && seen.workspaces_of(&deja()) == 1,
        ),
        Check::new("The topic was told of it once: the SID, the service and the error, without a name", once),
    ]
}
