//! New users of a directory: the log group that their events come to, and the workflows, WorkSpaces and Connect users that
//! onboarding makes of them.
//!
//! ```no_run
//! # async fn example(aws: &local_aws::LocalAws) -> e2e::Result<()> {
//! use e2e::onboarding::{Onboarding, User};
//! let onboarding = Onboarding::new(aws, &[]).await?; // or &[("IdentityManagement", "CONNECT_MANAGED")]
//! let anna = User::new(1104, "amueller").display_name("Anna Müller").upn("anna.mueller@corp.example.com");
//! onboarding.replicate(&[&anna]).await?; // WorkSpaces finds her
//! onboarding.put_events(&[anna.event()]).await?;
//! let executions = onboarding.ended(1).await?;
//! println!("{:?} {:?}", executions[0].status, executions[0].entered());
//! println!("{:?} {:?}", onboarding.workspaces().await?, onboarding.connect_users());
//! # Ok(())
//! # }
//! ```

pub mod make;

use std::time::Duration;

use local_aws::{Account, ConnectInstance, ConnectUser, Deploy, Execution, Function, LocalAws, Stack};
use serde_json::{Value, json};

use crate::Result;

pub use make::User;

/// The directory's log group.
pub const LOG_GROUP: &str = "/aws/directoryservice/d-906734e325";
/// The directory, as WorkSpaces knows it.
pub const DIRECTORY: &str = "d-906734e325";
/// The directory's DNS name. Its `NetBIOS` name is `CORP`.
pub const DOMAIN: &str = "corp.example.com";
/// What WorkSpaces are made of.
pub const BUNDLE: &str = "wsb-0zsvgp8fc";
/// The Connect instance.
pub const INSTANCE: &str = "11111111-1111-1111-1111-111111111111";
/// The routing profile of new Connect users.
pub const ROUTING_PROFILE: &str = "22222222-2222-2222-2222-222222222222";
/// The security profile of new Connect users.
pub const SECURITY_PROFILE: &str = "33333333-3333-3333-3333-333333333333";

/// How much faster the workflow's waits pass.
const SPEED: f64 = 200.0;
const WITHIN: Duration = Duration::from_mins(1);
const QUEUE: &str = "told";

/// The world: an account with the deployed stack, and what was there before it.
pub struct Onboarding {
    /// The account.
    pub account: Account,
    /// The deployed template.
    pub stack: Stack,
    /// onboarding-trigger.
    pub trigger: Function,
    /// onboarding-provision.
    pub provision: Function,
    queue: String,
}

/// A WorkSpace, as read back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkSpace {
    /// Whose it is.
    pub user: String,
    /// Its id.
    pub id: String,
}

impl Onboarding {
    /// The stack deployed from its shipped template with `parameters`, in a world with the directory's log group and a
    /// Connect instance. The workflow's waits pass 200 times faster, and calls of Connect are not spread.
    pub async fn new(aws: &LocalAws, parameters: &[(&str, &str)]) -> Result<Self> {
        let account = aws.account();
        account.set_states_clock(SPEED);
        account.create_log_group(LOG_GROUP).await?;
        let identity = parameters.iter().find(|(name, _)| *name == "IdentityManagement").map(|(_, value)| *value);
        account.connect_instance(instance(identity));
        account.moto_plus("directory-users", &json!({"directory_id": DIRECTORY, "users": []})).await?;
        let template = Deploy::template("functions/onboarding/template.yaml");
        let known = [("ConnectPauseMilliseconds", "0")].iter().chain(&PARAMETERS).chain(parameters);
        let stack = account.deploy(known.fold(template, |deploy, (name, value)| deploy.parameter(name, value))).await?;
        let [trigger, provision] = ["OnboardingTriggerFunction", "OnboardingProvisionFunction"];
        let (trigger, provision) = (stack.function(trigger)?.clone(), stack.function(provision)?.clone());
        let queue = subscribe(&account, stack.output("NotificationTopicArn")?).await?;
        Ok(Self { account, stack, trigger, provision, queue })
    }

    /// Writes events into the directory's log group; the subscription takes them to the trigger.
    pub async fn put_events(&self, events: &[impl AsRef<str>]) -> Result<()> {
        Ok(self.account.put_log_events(LOG_GROUP, events).await?)
    }

    /// Lets WorkSpaces find users in the directory.
    pub async fn replicate(&self, users: &[&User]) -> Result<()> {
        self.replicate_after(users, 0).await
    }

    /// Lets WorkSpaces find users in the directory, but not for so many requests yet.
    pub async fn replicate_after(&self, users: &[&User], requests: usize) -> Result<()> {
        let names: Vec<&str> = users.iter().map(|user| user.name()).collect();
        let declared = json!({"directory_id": DIRECTORY, "users": names, "unseen_requests": requests});
        self.account.moto_plus("directory-users", &declared).await?;
        Ok(())
    }

    /// The workflow's ARN.
    pub fn workflow(&self) -> Result<&str> {
        Ok(self.stack.output("StateMachineArn")?)
    }

    /// The executions so far, the oldest first.
    pub async fn executions(&self) -> Result<Vec<Execution>> {
        Ok(self.account.executions(self.workflow()?).await?)
    }

    /// The executions as soon as so many have ended, or an error after a minute.
    pub async fn ended(&self, count: usize) -> Result<Vec<Execution>> {
        Ok(self.account.wait_for_ended_executions(self.workflow()?, count, WITHIN).await?)
    }

    /// Gives a user a WorkSpace, as an administrator would: its id.
    pub async fn give_workspace(&self, user: &User) -> Result<String> {
        let request = json!({"DirectoryId": DIRECTORY, "BundleId": BUNDLE, "UserName": user.name()});
        let answer = self.workspaces_call("CreateWorkspaces", &json!({"Workspaces": [request]})).await?;
        let id = answer.pointer("/PendingRequests/0/WorkspaceId").and_then(Value::as_str);
        Ok(id.ok_or_else(|| format!("no WorkSpace: {answer}"))?.to_owned())
    }

    /// The WorkSpaces, by the names of their users.
    pub async fn workspaces(&self) -> Result<Vec<WorkSpace>> {
        let answer = self.workspaces_call("DescribeWorkspaces", &json!({})).await?;
        let listed = answer.get("Workspaces").and_then(Value::as_array).cloned().unwrap_or_default();
        let text = |one: &Value, name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let read = |one| WorkSpace { user: text(one, "UserName"), id: text(one, "WorkspaceId") };
        let mut workspaces: Vec<WorkSpace> = listed.iter().map(read).collect();
        workspaces.sort();
        Ok(workspaces)
    }

    /// The Connect users, in the order in which they were made.
    #[must_use]
    pub fn connect_users(&self) -> Vec<ConnectUser> {
        self.account.connect_users(INSTANCE)
    }

    /// What the notification topic was told since the last time.
    pub async fn told(&self) -> Result<Vec<String>> {
        received(&self.account, &self.queue).await
    }

    /// What lies in the trigger's dead-letter queue, taken out of it.
    pub async fn dead_letters(&self) -> Result<Vec<String>> {
        received(&self.account, self.stack.output("DeadLetterQueueUrl")?).await
    }

    async fn workspaces_call(&self, action: &str, body: &Value) -> Result<Value> {
        let target = format!("WorkspacesService.{action}");
        Ok(self.account.control_json("workspaces", &target, body).await?.json()?)
    }
}

const PARAMETERS: [(&str, &str); 7] = [
    ("LogGroupName", LOG_GROUP),
    ("DomainName", DOMAIN),
    ("DirectoryId", DIRECTORY),
    ("BundleId", BUNDLE),
    ("ConnectInstanceId", INSTANCE),
    ("RoutingProfileId", ROUTING_PROFILE),
    ("SecurityProfileId", SECURITY_PROFILE),
];

fn instance(identity: Option<&str>) -> ConnectInstance {
    let instance = match identity {
        Some("CONNECT_MANAGED") => ConnectInstance::connect_managed(INSTANCE),
        Some("EXISTING_DIRECTORY") => ConnectInstance::existing_directory(INSTANCE),
        _ => ConnectInstance::saml(INSTANCE),
    };
    instance.routing_profile(ROUTING_PROFILE).security_profile(SECURITY_PROFILE)
}

/// A queue that gets what a topic is told: its URL.
async fn subscribe(account: &Account, topic: &str) -> Result<String> {
    let made = account.control_json("sqs", "AmazonSQS.CreateQueue", &json!({"QueueName": QUEUE})).await?.json()?;
    let url = made.get("QueueUrl").and_then(Value::as_str).ok_or("CreateQueue answers no URL")?;
    let arn = format!("arn:aws:sqs:{}:{}:{QUEUE}", account.region(), account.id());
    let raw = ("Attributes.entry.1.key", "RawMessageDelivery");
    let subscription =
        [("TopicArn", topic), ("Protocol", "sqs"), ("Endpoint", &arn), raw, ("Attributes.entry.1.value", "true")];
    account.control("sns", "Subscribe", &subscription).await?;
    Ok(url.to_owned())
}

/// The bodies of a queue's messages, which are deleted.
async fn received(account: &Account, queue: &str) -> Result<Vec<String>> {
    let mut bodies = Vec::new();
    loop {
        let take = json!({"QueueUrl": queue, "MaxNumberOfMessages": 10});
        let answer = account.control_json("sqs", "AmazonSQS.ReceiveMessage", &take).await?.json()?;
        let messages = answer.get("Messages").and_then(Value::as_array).cloned().unwrap_or_default();
        if messages.is_empty() {
            return Ok(bodies);
        }
        for message in messages {
            bodies.extend(message.get("Body").and_then(Value::as_str).map(str::to_owned));
            let delete = json!({"QueueUrl": queue, "ReceiptHandle": message.get("ReceiptHandle")});
            account.control_json("sqs", "AmazonSQS.DeleteMessage", &delete).await?;
        }
    }
}
