//! The four steps over a world in memory.

use std::collections::BTreeSet;
use std::time::SystemTime;

use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};

use super::*;
use crate::config::PreviousKey;
use crate::contract::{CURRENT, PENDING, PREVIOUS};
use crate::testing::{Fault, World, config};

const STEPS: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];

/// A version id of so many.
fn token(n: usize) -> String {
    format!("{n:0>32}")
}

async fn step(world: &World, config: &Config, step: &str, token: &str) -> Result<Value, String> {
    let handler = Handler::new(world, world, config.clone());
    let payload = json!({"Step": step, "SecretId": "s", "ClientRequestToken": token, "RotationToken": "r".repeat(36)});
    let mut context = Context::default();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    context.deadline = u64::try_from(now.as_millis()).unwrap() + 60_000;
    let answer = handler.handle(LambdaEvent::new(payload, context)).await;
    answer.map_err(|failure| {
        let diagnostic = lambda_runtime::Diagnostic::from(failure);
        format!("{}: {}", diagnostic.error_type, diagnostic.error_message)
    })
}

async fn rotate(world: &World, config: &Config, token: &str) {
    world.begin(token);
    for name in STEPS {
        step(world, config, name, token).await.unwrap();
    }
}

/// The lines on the nodes, less the foreign one.
fn ours(world: &World) -> BTreeSet<String> {
    world.lines().into_iter().filter(|line| line != "foreign").collect()
}

fn line(world: &World, label: &str) -> String {
    world.key(label).unwrap().text().to_owned()
}

#[tokio::test]
async fn a_rotation_makes_a_key_brings_it_proves_it_and_makes_it_current() {
    let world = World::new(3);
    world.begin(&token(1));
    step(&world, &config(), "createSecret", &token(1)).await.unwrap();
    assert_eq!(ours(&world), BTreeSet::new());
    step(&world, &config(), "setSecret", &token(1)).await.unwrap();
    assert_eq!(ours(&world), BTreeSet::from([line(&world, PENDING)]));
    step(&world, &config(), "testSecret", &token(1)).await.unwrap();
    assert_eq!(world.labels.borrow()[CURRENT], "first");
    step(&world, &config(), "finishSecret", &token(1)).await.unwrap();
    assert_eq!(world.labels.borrow()[CURRENT], token(1));
    assert_eq!(*world.published.borrow(), Some(line(&world, CURRENT)));
    assert!(world.values.borrow()[&token(1)].starts_with(r#"{"Name":"cluster","PublicKey":"ssh-ed25519 "#));
    assert!(world.rotation_tokens.borrow().iter().all(|token| token.as_deref() == Some(&"r".repeat(36))));
}

#[tokio::test]
async fn the_superseded_key_is_revoked_or_kept_until_the_next_rotation() {
    for (previous_key, kept) in [(PreviousKey::Revoke, 1), (PreviousKey::Keep, 2)] {
        let world = World::new(2);
        let config = Config { previous_key, ..config() };
        for n in 1..=3 {
            rotate(&world, &config, &token(n)).await;
        }
        let expected: BTreeSet<_> = [CURRENT, PREVIOUS].iter().take(kept).map(|label| line(&world, label)).collect();
        assert_eq!(ours(&world), expected);
    }
}

#[tokio::test]
async fn lines_of_an_abandoned_rotation_go_with_the_next_one() {
    let world = World::new(2);
    rotate(&world, &config(), &token(1)).await;
    world.begin(&token(2));
    step(&world, &config(), "createSecret", &token(2)).await.unwrap();
    step(&world, &config(), "setSecret", &token(2)).await.unwrap();
    rotate(&world, &config(), &token(3)).await;
    assert_eq!(ours(&world), BTreeSet::from([line(&world, CURRENT)]));
}

/// A rotation from `token(1)` to `token(2)` in which a call of one step fails and the step is taken again. Whether the
/// step had so many calls.
async fn rotation_with_a_fault(config: &Config, at: usize, call: usize, fault: Fault) -> (World, bool) {
    let world = World::new(2);
    rotate(&world, config, &token(1)).await;
    world.begin(&token(2));
    let mut came = false;
    for (index, name) in STEPS.iter().enumerate() {
        if index == at {
            world.fail(call, fault);
            let _ = step(&world, config, name, &token(2)).await;
            came = world.heal();
        }
        step(&world, config, name, &token(2)).await.unwrap();
    }
    (world, came)
}

#[tokio::test]
async fn whatever_call_fails_before_or_after_it_is_carried_out_the_same_step_again_converges() {
    let mut calls = [0; 4];
    for previous_key in [PreviousKey::Revoke, PreviousKey::Keep] {
        let config = Config { previous_key, ..config() };
        for fault in [Fault::Before, Fault::After] {
            for (at, name) in STEPS.iter().enumerate() {
                for call in 1.. {
                    let (world, came) = rotation_with_a_fault(&config, at, call, fault).await;
                    let versions = world.made.borrow().iter().filter(|id| id.starts_with('0')).count();
                    let expected: BTreeSet<_> = match previous_key {
                        PreviousKey::Revoke => [line(&world, CURRENT)].into(),
                        PreviousKey::Keep => [line(&world, CURRENT), line(&world, PREVIOUS)].into(),
                    };
                    let end = (versions, ours(&world), world.labels.borrow()[CURRENT].clone());
                    assert_eq!(end, (2, expected, token(2)), "{name}: call {call}, {fault:?}");
                    if !came {
                        break;
                    }
                    calls[at] = call;
                }
            }
        }
    }
    assert_eq!(calls, [4, 6, 5, 10], "calls of each step");
}

#[tokio::test]
async fn where_the_contract_is_not_kept_nothing_is_written() {
    for (rotation_disabled, pending, asked, error) in [
        (true, token(1), token(1), "RotationDisabled"),
        (false, token(1), token(2), "UnknownVersion"),
        (false, token(1), "0".repeat(31) + "first", "UnknownVersion"),
    ] {
        let world = World::new(1);
        world.begin(&pending);
        world.rotation_disabled.set(rotation_disabled);
        for name in STEPS {
            let failure = step(&world, &config(), name, &asked).await.unwrap_err();
            assert!(failure.starts_with(error), "{name}: {failure}");
        }
        assert_eq!(world.writes.get(), 0);
    }
}

#[tokio::test]
async fn a_version_that_is_neither_pending_nor_current_is_refused() {
    let world = World::new(1);
    rotate(&world, &config(), &token(1)).await;
    rotate(&world, &config(), &token(2)).await;
    let writes = world.writes.get();
    for name in STEPS {
        let failure = step(&world, &config(), name, &token(1)).await.unwrap_err();
        assert!(failure.starts_with("NotPending"), "{failure}");
    }
    assert_eq!(world.writes.get(), writes);
}

#[tokio::test]
async fn steps_of_a_finished_rotation_do_nothing_and_finish_clears_away_again() {
    let world = World::new(1);
    rotate(&world, &config(), &token(1)).await;
    let writes = world.writes.get();
    for name in &STEPS[..3] {
        assert_eq!(step(&world, &config(), name, &token(1)).await.unwrap()["did"], "nothing");
    }
    assert_eq!(world.writes.get(), writes);
    assert_eq!(step(&world, &config(), "finishSecret", &token(1)).await.unwrap()["did"], "changed");
    assert_eq!(ours(&world), BTreeSet::from([line(&world, CURRENT)]));
}

#[tokio::test]
async fn no_step_goes_on_without_the_one_before() {
    let world = World::new(1);
    world.begin(&token(1));
    for name in &STEPS[1..] {
        let failure = step(&world, &config(), name, &token(1)).await.unwrap_err();
        assert!(failure.starts_with("NoPendingValue"), "{name}: {failure}");
    }
    step(&world, &config(), "createSecret", &token(1)).await.unwrap();
    let failure = step(&world, &config(), "testSecret", &token(1)).await.unwrap_err();
    assert!(failure.starts_with("NodesFailed") && failure.contains("no host key on record"), "{failure}");
}

#[tokio::test]
async fn without_nodes_a_rotation_fails() {
    let world = World::new(0);
    world.begin(&token(1));
    step(&world, &config(), "createSecret", &token(1)).await.unwrap();
    for name in &STEPS[1..] {
        let failure = step(&world, &config(), name, &token(1)).await.unwrap_err();
        assert!(failure.starts_with("NoNodes") && failure.contains("RotateSSHKeys=True"), "{failure}");
    }
    assert_eq!(world.labels.borrow()[CURRENT], "first");
}

#[tokio::test]
async fn one_node_that_refuses_fails_the_step_by_name_and_the_next_try_goes_through() {
    let world = World::new(3);
    world.begin(&token(1));
    step(&world, &config(), "createSecret", &token(1)).await.unwrap();
    world.silent.borrow_mut().insert("i-2".into());
    let failure = step(&world, &config(), "setSecret", &token(1)).await.unwrap_err();
    assert_eq!(failure, "NodesFailed: setSecret: 1 of 3 node(s) failed: [i-2: Failed (ec2-user: no space left)]");
    world.silent.borrow_mut().clear();
    step(&world, &config(), "setSecret", &token(1)).await.unwrap();
    world.locked.borrow_mut().insert("i-3".into());
    let failure = step(&world, &config(), "testSecret", &token(1)).await.unwrap_err();
    assert_eq!(
        failure,
        "NodesFailed: testSecret: 1 of 3 node(s) failed: [i-3: ec2-user: sshd refuses the new key, ubuntu: sshd refuses the new key]"
    );
    world.locked.borrow_mut().clear();
    step(&world, &config(), "testSecret", &token(1)).await.unwrap();
}

#[tokio::test]
async fn if_removal_fails_the_key_is_current_and_the_retry_removes() {
    let world = World::new(2);
    rotate(&world, &config(), &token(1)).await;
    let old = line(&world, CURRENT);
    world.begin(&token(2));
    for name in &STEPS[..3] {
        step(&world, &config(), name, &token(2)).await.unwrap();
    }
    world.silent.borrow_mut().insert("i-1".into());
    assert!(step(&world, &config(), "finishSecret", &token(2)).await.is_err());
    assert_eq!(world.labels.borrow()[CURRENT], token(2));
    assert!(world.nodes.borrow()["i-1"].contains(&old));
    world.silent.borrow_mut().clear();
    for name in STEPS {
        step(&world, &config(), name, &token(2)).await.unwrap();
    }
    assert_eq!(ours(&world), BTreeSet::from([line(&world, CURRENT)]));
}

#[tokio::test]
async fn test_alone_on_a_secret_without_keypair_proves_nothing_and_writes_nothing() {
    let world = World::new(1);
    world.begin(&token(1));
    world.values.borrow_mut().insert(token(1), r#"{"Name":"cluster"}"#.into());
    let answer = step(&world, &config(), "testSecret", &token(1)).await.unwrap();
    assert_eq!(answer["did"], "nothing");
    for (name, error) in [("createSecret", "NotNew"), ("setSecret", "NoKeypair"), ("finishSecret", "NoKeypair")] {
        let failure = step(&world, &config(), name, &token(1)).await.unwrap_err();
        assert!(failure.starts_with(error), "{failure}");
    }
    assert_eq!(world.writes.get(), 0);
}

#[tokio::test]
async fn test_alone_on_a_copy_of_the_current_version_logs_in_and_writes_nothing() {
    let world = World::new(2);
    rotate(&world, &config(), &token(1)).await;
    let writes = world.writes.get();
    let copy = world.values.borrow()[&token(1)].clone();
    world.begin(&token(2));
    world.values.borrow_mut().insert(token(2), copy);
    assert_eq!(step(&world, &config(), "testSecret", &token(2)).await.unwrap()["nodes"], 2);
    world.locked.borrow_mut().insert("i-1".into());
    assert!(step(&world, &config(), "testSecret", &token(2)).await.is_err());
    assert_eq!(world.writes.get(), writes);
}

#[tokio::test]
async fn a_copy_of_the_current_version_is_no_new_version() {
    let world = World::new(1);
    rotate(&world, &config(), &token(1)).await;
    let copy = world.values.borrow()[&token(1)].clone();
    world.begin(&token(2));
    world.values.borrow_mut().insert(token(2), copy);
    assert!(step(&world, &config(), "createSecret", &token(2)).await.unwrap_err().starts_with("NotNew"));
}

#[tokio::test]
async fn test_alone_on_a_secret_that_has_a_keypair_of_another_program_proves_nothing_yet() {
    let world = World::new(0);
    let foreign = r#"{"PublicKey":"ssh-ed25519 AAAA other","PrivateKey":"other"}"#;
    world.values.borrow_mut().insert("first".into(), foreign.into());
    world.values.borrow_mut().insert(token(1), foreign.into());
    world.begin(&token(1));
    assert_eq!(step(&world, &config(), "testSecret", &token(1)).await.unwrap()["did"], "nothing");
}

#[tokio::test]
async fn a_pending_version_without_keypair_is_refused_where_the_current_one_has_one() {
    let world = World::new(1);
    rotate(&world, &config(), &token(1)).await;
    world.begin(&token(2));
    world.values.borrow_mut().insert(token(2), "{}".into());
    assert!(step(&world, &config(), "testSecret", &token(2)).await.unwrap_err().starts_with("NoKeypair"));
}

#[tokio::test]
async fn a_value_that_is_no_json_object_is_refused_and_not_quoted() {
    let world = World::new(1);
    world.values.borrow_mut().insert("first".into(), "hush".into());
    world.begin(&token(1));
    let failure = step(&world, &config(), "createSecret", &token(1)).await.unwrap_err();
    assert!(failure.starts_with("SecretNotJson: AWSCURRENT: ") && !failure.contains("hush"), "{failure}");
    assert_eq!(world.writes.get(), 0);
}

#[tokio::test]
async fn a_key_of_another_secret_never_reaches_a_node() {
    let world = World::new(1);
    world.begin(&token(1));
    step(&world, &config(), "createSecret", &token(1)).await.unwrap();
    let foreign = world.values.borrow()[&token(1)].replace("/dev/ssh", "/dev/other");
    world.values.borrow_mut().insert(token(1), foreign);
    let writes = world.writes.get();
    assert!(step(&world, &config(), "setSecret", &token(1)).await.unwrap_err().starts_with("ForeignKey"));
    assert!(step(&world, &config(), "finishSecret", &token(1)).await.unwrap_err().starts_with("ForeignKey"));
    assert_eq!(world.writes.get(), writes);
}

#[tokio::test]
async fn host_keys_are_recorded_once_and_again_only_when_they_change() {
    let world = World::new(2);
    rotate(&world, &config(), &token(1)).await;
    let recorded = world.labels.borrow()[crate::host_keys::LABEL].clone();
    rotate(&world, &config(), &token(2)).await;
    assert_eq!(world.labels.borrow()[crate::host_keys::LABEL], recorded);
    world.nodes.borrow_mut().insert("i-3".into(), BTreeSet::from(["foreign".to_owned()]));
    rotate(&world, &config(), &token(3)).await;
    assert_ne!(world.labels.borrow()[crate::host_keys::LABEL], recorded);
}
