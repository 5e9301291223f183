//! IAM: may this function's role do that? Asked at every call of a function, as AWS would.
//!
//! The crate iam-rs 0.8 was tried and does not do: it knows neither `Resource: "*"` requests nor ARNs with a `*`,
//! compares `ArnEquals` literally, and leaves policy variables in conditions alone.

mod actions;
mod condition;
mod coverage;
mod dynamodb;
mod lookup;
mod pattern;
mod policy;
mod ssm;
mod users;

pub use coverage::PolicyCoverage;
pub(crate) use lookup::Lookups;
pub(crate) use policy::Policies;

use std::collections::BTreeMap;

use crate::call::ApiCall;
use crate::environment::Environment;
use crate::world::{AccountState, World};
use crate::{REGION, lock};

/// The condition keys of a request with their values. Keys are compared without regard to case: here in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Context {
    values: BTreeMap<String, Vec<String>>,
}

impl Context {
    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.add(key, value);
        self
    }

    pub(crate) fn add(&mut self, key: &str, value: &str) {
        self.values.entry(key.to_lowercase()).or_default().push(value.to_owned());
    }

    pub(crate) fn get(&self, key: &str) -> Option<&[String]> {
        self.values.get(&key.to_lowercase()).map(Vec::as_slice)
    }

    fn extend(&mut self, other: &Self) {
        self.values.extend(other.values.clone());
    }
}

/// A resource that a call is about, with the condition keys that come with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) arn: String,
    pub(crate) context: Context,
    /// The action on this one, if it is not the call's.
    pub(crate) action: Option<&'static str>,
}

impl Target {
    pub(crate) fn new(arn: impl Into<String>, context: Context) -> Self {
        Self { arn: arn.into(), context, action: None }
    }
}

/// What IAM says to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authorization {
    pub(crate) resources: Vec<String>,
    /// Why not; nothing if allowed.
    pub(crate) denied: Option<String>,
}

/// Asks the role of the function whether it may.
pub(crate) async fn authorize(
    world: &World,
    account: &AccountState,
    environment: &Environment,
    call: &ApiCall,
) -> Authorization {
    let qualified = call.qualified();
    let Some(row) = actions::row(&qualified) else {
        let message = format!(
            "{qualified} is not in the table of actions of the local AWS: add to tests/local-aws/src/iam/actions.rs \
             what it is about and under which name IAM knows it"
        );
        return Authorization { resources: Vec::new(), denied: Some(message) };
    };
    let Some(action) = row.iam_action(&qualified) else {
        return Authorization { resources: Vec::new(), denied: None }; // needs no permission
    };
    let targets = match row.targets(world, account, call).await {
        Ok(targets) => targets,
        Err(error) => {
            let message = format!("the resources of {qualified} could not be looked up: {error:?}");
            return Authorization { resources: Vec::new(), denied: Some(message) };
        }
    };
    let request = request_context(account, environment, call);
    let action_on = |target: &Target| target.action.unwrap_or(&action).to_owned();
    let decide = |target: &Target| {
        let mut context = request.clone();
        context.extend(&target.context);
        environment.policies().decide(&action_on(target), &target.arn, &context).err()
    };
    let denied = targets.iter().find_map(|target| Some((target, decide(target)?))).map(|(target, because)| {
        let (principal, action) = (principal(account, environment), action_on(target));
        format!(
            "User: {principal} is not authorized to perform: {action} on resource: {} because {because}",
            target.arn
        )
    });
    if denied.is_none() {
        let program = environment.program();
        lock(&account.used).extend(targets.iter().map(|target| (program.to_owned(), action_on(target))));
    }
    let mut resources: Vec<String> = targets.into_iter().map(|target| target.arn).collect();
    resources.dedup();
    Authorization { resources, denied }
}

/// What S3 makes of a missing object: only who may list the bucket is told that it is missing
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>, Permissions). None: that is told.
pub(crate) fn hides_missing_object(
    account: &AccountState,
    environment: &Environment,
    call: &ApiCall,
) -> Option<String> {
    const LIST: &str = "s3:ListBucket";
    let bucket = format!("arn:aws:s3:::{}", call.parameter("Bucket").unwrap_or_default());
    match environment.policies().decide(LIST, &bucket, &request_context(account, environment, call)) {
        Ok(()) => {
            lock(&account.used).insert((environment.program().to_owned(), LIST.to_owned()));
            None
        }
        Err(because) => {
            let principal = principal(account, environment);
            Some(format!(
                "User: {principal} is not authorized to perform: {LIST} on resource: {bucket} because {because}"
            ))
        }
    }
}

fn principal(account: &AccountState, environment: &Environment) -> String {
    let (role, name) = (&environment.configuration().role, environment.function_name());
    format!("arn:aws:sts::{}:assumed-role/{role}/{name}", account.id)
}

/// The condition keys of every request.
fn request_context(account: &AccountState, environment: &Environment, call: &ApiCall) -> Context {
    let role = format!("arn:aws:iam::{}:role/{}", account.id, environment.configuration().role);
    let mut context = Context::default()
        .with("aws:PrincipalAccount", &account.id)
        .with("aws:PrincipalArn", &role)
        .with("aws:PrincipalType", "AssumedRole")
        .with("aws:RequestedRegion", REGION)
        .with("aws:ResourceAccount", &account.id)
        .with("aws:SecureTransport", "true"); // as it would be
    for (name, key) in call.parameters.iter().filter(|(name, _)| name.ends_with(".Key")) {
        let Some(prefix) = name.strip_suffix("Key").filter(|prefix| prefix.contains("Tag")) else { continue };
        let value = call.parameter(&format!("{prefix}Value")).unwrap_or_default();
        context.add(&format!("aws:RequestTag/{key}"), value);
        context.add("aws:TagKeys", key);
    }
    context
}
