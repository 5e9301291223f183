//! A scenario of SSH rotation: steps of the function, looks at the cluster in between, and what is kept of both.

use e2e::Result;
use e2e::ssh::Ssh;
use local_aws::{Invocation, OpenRotation, RotationStep};
use report::{Check, Cluster, Fact, Figure, Login, Moment, Outcome, Scenario};
use serde_json::Value;

use super::look::{self, Key, names, node_name};
use crate::names::Names;
use crate::stage::Stage;
use crate::{logs, measure, steps};

/// The message with which each step begins: how it ended says more.
const BEGINS: &str = "rotating";

/// A scenario under way.
pub(crate) struct Scene {
    title: String,
    happened: String,
    /// In the order of the figure's rows.
    pub(crate) keys: Vec<Key>,
    pub(crate) moments: Vec<Moment>,
    /// What the function was called for, and what came of it.
    pub(crate) ran: Vec<(RotationStep, Invocation)>,
    /// The node whose `authorized_keys` is shown, by its place.
    file_of: usize,
    /// Key numbers beside the usual ones.
    pub(crate) more: Vec<Fact>,
}

impl Stage {
    /// Announces a scenario with AWSCURRENT's key, if there is one, as the old one.
    pub(crate) async fn scene(&mut self, ssh: &Ssh, file_of: usize, title: &str, happened: &str) -> Result<Scene> {
        let old = Key::of(ssh, "AWSCURRENT", "old key").await;
        self.scene_with(ssh, file_of, old.into_iter().collect(), (title, happened)).await
    }

    /// Announces a scenario with keys that are known already.
    pub(crate) async fn scene_with(
        &mut self,
        ssh: &Ssh,
        file_of: usize,
        keys: Vec<Key>,
        (title, happened): (&str, &str),
    ) -> Result<Scene> {
        let scene = Scene::begin(ssh, file_of, keys, (title, happened)).await?;
        self.announce_scene(ssh, &scene);
        Ok(scene)
    }

    /// Announces a scenario that has begun, or that was played in the background.
    pub(crate) fn announce_scene(&mut self, ssh: &Ssh, scene: &Scene) {
        self.announce(&scene.title, &scene.happened, &Figure::Cluster(scene.figure(ssh, 1)));
    }

    /// Tells how the scenario ended and keeps it for the page.
    pub(crate) async fn close_scene(&mut self, ssh: &Ssh, scene: Scene, checks: Vec<Check>) {
        let names = names(ssh).and(scene.versions());
        let parts: Vec<_> = scene.ran.iter().map(|(step, invocation)| (step.name(), invocation)).collect();
        let log = parts.iter().flat_map(|(_, invocation)| invocation.json_logs());
        let log: Vec<_> = log.filter(|line| line.get("message").is_none_or(|message| message != BEGINS)).collect();
        self.tell(Scenario {
            event: scene.ran.iter().map(|(_, invocation)| shown(&invocation.event)).collect(),
            did: steps::of_parts(&parts, &names),
            log: logs::worth_reading(&log).iter().map(|line| names.put_in(line)).collect(),
            outcome: scene.outcome(&names),
            before: Figure::Cluster(scene.figure(ssh, 1)),
            after: Figure::Cluster(scene.figure(ssh, scene.moments.len())),
            figures: scene.figures(ssh).await,
            title: scene.title,
            happened: scene.happened,
            checks,
        });
    }
}

/// The event without its rotation token, which is a secret.
fn shown(event: &Value) -> Value {
    let mut event = event.clone();
    if let Some(token) = event.get_mut("RotationToken") {
        *token = "(not shown)".into();
    }
    event
}

impl Scene {
    /// With a first look.
    pub(crate) async fn begin(
        ssh: &Ssh,
        file_of: usize,
        keys: Vec<Key>,
        (title, happened): (&str, &str),
    ) -> Result<Self> {
        let (title, happened) = (title.to_owned(), happened.to_owned());
        let (moments, ran, more) = (Vec::new(), Vec::new(), Vec::new());
        let mut scene = Self { title, happened, keys, moments, ran, file_of, more };
        scene.look(ssh, "before").await?;
        Ok(scene)
    }

    /// Tries every key at every node.
    pub(crate) async fn look(&mut self, ssh: &Ssh, name: &str) -> Result<&mut Moment> {
        let moment = look::moment(ssh, name, &self.keys, ssh.nodes.get(self.file_of)).await?;
        self.moments.push(moment);
        Ok(self.moments.last_mut().ok_or("it was pushed")?)
    }

    /// The rotation's step, without a look. The new key is known from createSecret on.
    pub(crate) async fn run(&mut self, ssh: &Ssh, rotation: &OpenRotation, step: RotationStep) -> Result<&Invocation> {
        let invocation = rotation.run_step(step).await?;
        if step == RotationStep::Create {
            let new = Key::of(ssh, "AWSPENDING", "new key").await;
            self.keys.extend(new.filter(|new| self.keys.iter().all(|key| key.public != new.public)));
        }
        self.ran.push((step, invocation));
        Ok(self.ran.last().map(|(_, invocation)| invocation).ok_or("it was pushed")?)
    }

    /// Several steps, until one fails.
    pub(crate) async fn run_all(&mut self, ssh: &Ssh, rotation: &OpenRotation, steps: &[RotationStep]) -> Result<()> {
        for step in steps {
            if self.run(ssh, rotation, *step).await?.result.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Whether a key, by its place, came to the same end at every node at a moment, by its place.
    pub(crate) fn everywhere(&self, moment: usize, key: usize, end: Login) -> bool {
        let logins = self.moments.get(moment).and_then(|moment| moment.logins.get(key));
        logins.is_some_and(|logins| !logins.is_empty() && logins.iter().all(|login| *login == end))
    }

    /// The same, at the last moment.
    pub(crate) fn at_last(&self, key: usize, end: Login) -> bool {
        self.everywhere(self.moments.len() - 1, key, end)
    }

    /// Whether AWSCURRENT is the key of this name now.
    pub(crate) fn current_is(&self, name: &str) -> bool {
        self.moments.last().is_some_and(|moment| moment.current.as_deref() == Some(name))
    }

    /// The error that the last step raised, if it was of this type.
    pub(crate) fn error(&self, error_type: &str) -> Option<&str> {
        let error = self.ran.last()?.1.result.as_ref().err()?;
        (error.error_type == error_type).then_some(error.error_message.as_str())
    }

    pub(crate) fn succeeded(&self) -> bool {
        self.ran.iter().all(|(_, invocation)| invocation.result.is_ok())
    }

    fn figure(&self, ssh: &Ssh, moments: usize) -> Cluster {
        let moments: Vec<_> = self.moments.iter().take(moments).cloned().collect();
        // Keys and nodes that are still to come are in nobody's way before.
        let keys = moments.iter().map(|moment| moment.logins.len()).max().unwrap_or_default();
        let nodes = moments.iter().flat_map(|moment| &moment.logins).map(Vec::len).max();
        Cluster {
            nodes: (0..nodes.unwrap_or(ssh.nodes.len())).map(node_name).collect(),
            keys: self.keys.iter().take(keys).map(|key| key.name.to_owned()).collect(),
            file_of: node_name(self.file_of),
            moments,
        }
    }

    /// Versions by the beginnings of their ids.
    fn versions(&self) -> impl Iterator<Item = (String, String)> {
        let token =
            |(_, invocation): &(_, Invocation)| Some(invocation.event.get("ClientRequestToken")?.as_str()?.to_owned());
        self.ran.iter().filter_map(token).map(|id| (id.clone(), id.chars().take(8).chain(['…']).collect()))
    }

    fn outcome(&self, names: &Names) -> Outcome {
        let failed = self.ran.iter().find_map(|(step, invocation)| Some((step, invocation.result.as_ref().err()?)));
        match failed {
            Some((step, error)) => Outcome::Failed(names.put_in(&format!("{}: {error}", step.name()))),
            None if self.ran.is_empty() => Outcome::Ok("nothing to do, for nobody called it".into()),
            None => Outcome::Ok(self.ran.iter().filter_map(did).collect::<Vec<_>>().join("; ")),
        }
    }

    async fn figures(&self, ssh: &Ssh) -> Vec<Fact> {
        let whole: u128 = self.ran.iter().map(|(_, invocation)| measure::own_time(invocation).as_millis()).sum();
        let mut facts = Vec::new();
        if !self.ran.is_empty() {
            facts.push(Fact::new("steps run", self.ran.len()));
            facts.push(Fact::new("duration of them all", format!("{whole} ms")));
            facts.extend(measure::peak_memory(&ssh.function).await);
        }
        facts.extend(self.more.iter().cloned());
        facts
    }
}

/// What a step answered, in a few words.
fn did((step, invocation): &(RotationStep, Invocation)) -> Option<String> {
    let answer = invocation.result.as_ref().ok()?;
    let word = answer.get("did").and_then(Value::as_str).unwrap_or_default();
    let nodes = answer.get("nodes").and_then(Value::as_u64);
    let told = match (step, nodes) {
        (_, None) if word == "nothing" => format!("nothing ({})", answer.get("why").and_then(Value::as_str)?),
        (RotationStep::Create, _) => "a keypair was made".to_owned(),
        (RotationStep::Test, Some(nodes)) => format!("logged in to {nodes} nodes"),
        (_, nodes) => format!("{} nodes changed", nodes?),
    };
    Some(format!("{}: {told}", step.name()))
}
