//! Which resources each action is about, by AWS's service authorization reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/>). An action that is not here is refused.

use super::{Context, Target};
use super::{dynamodb, lookup, ssm, users};
use crate::REGION;
use crate::call::ApiCall;
use crate::error::Result;
use crate::world::{AccountState, World};

/// What an action is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row(Kind);

/// How a call's resources are found.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Every caller may.
    NoPermission,
    /// IAM knows no resources for it.
    Any,
    /// Like another action of IAM's, whose name is not the operation's.
    Named(&'static str, &'static Kind),
    /// ARNs made from parameters: `{Parameter}`, `{region}`, `{account}`. A parameter that is an ARN stands for all.
    Arn(&'static str),
    /// A route table by its id, with its VPC and tags.
    RouteTable(&'static str),
    /// An Auto Scaling group by its name, with its tags.
    Group(&'static str),
    /// The Auto Scaling group of an instance.
    GroupOfInstance(&'static str),
    /// A secret by its name or ARN, with its tags and rotation function.
    Secret,
    /// Any, with the metric's namespace.
    Namespace,
    /// The document and the instances of a `SendCommand`.
    RunCommand,
    /// Stored parameters by their names.
    Parameters,
    /// Directories and bundles.
    Workspaces,
    /// A user with its profiles.
    ConnectUser,
    /// The tables of a batch.
    Batch,
    /// The tables of a transaction, each with the action of its item: IAM knows no action of the transaction's own.
    Transaction,
}

use Kind::{
    Any, Arn, Batch, ConnectUser, Group, GroupOfInstance, Named, Namespace, NoPermission, Parameters, RouteTable,
    RunCommand, Secret, Transaction, Workspaces,
};

const BUCKET: Kind = Arn("arn:aws:s3:::{Bucket}");
const DELIVERY_STREAM: Kind = Arn("arn:aws:firehose:{region}:{account}:deliverystream/{DeliveryStreamName}");
const OBJECT: Kind = Arn("arn:aws:s3:::{Bucket}/{Key}");
const QUEUE: Kind = Arn("arn:aws:sqs:{region}:{account}:{QueueUrl}");
const TABLE: Kind = Arn("arn:aws:dynamodb:{region}:{account}:table/{TableName}");

#[rustfmt::skip]
const TABLE_OF_ACTIONS: &[(&str, Kind)] = &[
    ("sts:GetCallerIdentity", NoPermission),

    ("ec2:Describe*", Any),
    ("ec2:ReplaceRoute", RouteTable("RouteTableId")),
    ("ec2:CreateRoute", RouteTable("RouteTableId")),
    ("ec2:DeleteRoute", RouteTable("RouteTableId")),

    ("autoscaling:Describe*", Any),
    ("autoscaling:SetInstanceHealth", GroupOfInstance("InstanceId")),
    ("autoscaling:CompleteLifecycleAction", Group("AutoScalingGroupName")),
    ("autoscaling:RecordLifecycleActionHeartbeat", Group("AutoScalingGroupName")),

    // Composite alarms are seen only with a permission that reaches all alarms.
    ("cloudwatch:DescribeAlarms", Arn("arn:aws:cloudwatch:{region}:{account}:alarm:*")),
    ("cloudwatch:PutMetricData", Namespace),

    ("sns:Publish", Arn("{TopicArn}")),
    ("sqs:SendMessage", QUEUE),
    ("events:PutEvents", Arn("arn:aws:events:{region}:{account}:event-bus/default")),
    ("lambda:Invoke", Named("lambda:InvokeFunction", &Arn("arn:aws:lambda:{region}:{account}:function:{FunctionName}"))),
    ("states:StartExecution", Arn("{stateMachineArn}")),
    ("workspaces:CreateWorkspaces", Workspaces),
    ("connect:CreateUser", ConnectUser),

    ("firehose:PutRecord", DELIVERY_STREAM),
    ("firehose:PutRecordBatch", DELIVERY_STREAM),

    ("s3:GetObject", OBJECT),
    ("s3:PutObject", OBJECT),
    ("s3:DeleteObject", OBJECT),
    ("s3:HeadObject", Named("s3:GetObject", &OBJECT)),
    ("s3:ListObjectsV2", Named("s3:ListBucket", &BUCKET)),
    ("s3:HeadBucket", Named("s3:ListBucket", &BUCKET)),

    ("secretsmanager:DescribeSecret", Secret),
    ("secretsmanager:GetSecretValue", Secret),
    ("secretsmanager:GetRandomPassword", Any),
    ("secretsmanager:ListSecretVersionIds", Secret),
    ("secretsmanager:PutSecretValue", Secret),
    ("secretsmanager:UpdateSecretVersionStage", Secret),

    ("ssm:SendCommand", RunCommand),
    ("ssm:CancelCommand", Any),
    ("ssm:ListCommands", Any),
    ("ssm:ListCommandInvocations", Any),
    ("ssm:GetCommandInvocation", Any),
    ("ssm:DescribeInstanceInformation", Any),
    ("ssm:GetParameter", Parameters),
    ("ssm:GetParameters", Parameters),
    ("ssm:GetParametersByPath", Parameters),
    ("ssm:PutParameter", Parameters),

    ("dynamodb:GetItem", TABLE),
    ("dynamodb:PutItem", TABLE),
    ("dynamodb:UpdateItem", TABLE),
    ("dynamodb:DeleteItem", TABLE),
    ("dynamodb:Query", TABLE),
    ("dynamodb:Scan", TABLE),
    ("dynamodb:DescribeTable", TABLE),
    ("dynamodb:BatchGetItem", Batch),
    ("dynamodb:BatchWriteItem", Batch),
    ("dynamodb:TransactGetItems", Transaction),
    ("dynamodb:TransactWriteItems", Transaction),
];

/// The row of an operation, by its own name first, then by a verb's (`ec2:Describe*`).
pub(crate) fn row(action: &str) -> Option<Row> {
    let named = TABLE_OF_ACTIONS.iter().find(|(name, _)| *name == action);
    let by_verb = || {
        TABLE_OF_ACTIONS.iter().find(|(name, _)| name.strip_suffix('*').is_some_and(|verb| action.starts_with(verb)))
    };
    named.or_else(by_verb).map(|(_, kind)| Row(*kind))
}

impl Row {
    /// IAM's name of the action; nothing if it needs no permission.
    pub(crate) fn iam_action(self, qualified: &str) -> Option<String> {
        match self.0 {
            NoPermission => None,
            Named(name, _) => Some(name.to_owned()),
            _ => Some(qualified.to_owned()),
        }
    }

    /// The resources of a call, with the condition keys that they bring.
    pub(crate) async fn targets(self, world: &World, account: &AccountState, call: &ApiCall) -> Result<Vec<Target>> {
        let kind = match self.0 {
            Named(_, kind) => *kind,
            kind => kind,
        };
        let parameter = |name| call.parameter(name).unwrap_or_default();
        let context = Context::default();
        Ok(match kind {
            NoPermission | Named(..) => Vec::new(),
            Any => vec![Target::new("*", context)],
            Arn(template) => vec![Target::new(fill(template, account, call), context)],
            Namespace => vec![Target::new("*", context.with("cloudwatch:namespace", parameter("Namespace")))],
            Batch => dynamodb::batch(account, call),
            Transaction => dynamodb::transaction(account, call)?,
            Secret => vec![with_request_keys(lookup::secret(world, account, parameter("SecretId")).await?, call)],
            RunCommand => ssm::send_command(world, account, call).await?,
            Parameters => ssm::parameters(account, call),
            Workspaces => users::create_workspaces(account, call),
            ConnectUser => users::create_connect_user(account, call),
            RouteTable(name) => vec![lookup::route_table(world, account, parameter(name)).await?],
            Group(name) => vec![lookup::group(world, account, parameter(name)).await?],
            GroupOfInstance(name) => vec![lookup::group_of_instance(world, account, parameter(name)).await?],
        })
    }
}

/// What a call on a secret says beside the secret. Only what it says: one that leaves `VersionStage` out is denied by a
/// condition on AWSCURRENT, though that is what it would get (<https://github.com/aws/aws-cli/issues/5031>).
fn with_request_keys(mut target: Target, call: &ApiCall) -> Target {
    for name in ["SecretId", "VersionId", "VersionStage"] {
        if let Some(value) = call.parameter(name) {
            target.context.add(&format!("secretsmanager:{name}"), value);
        }
    }
    target
}

/// Fills a template of an ARN. A parameter that is an ARN already is the answer; of a URL the last part counts.
fn fill(template: &str, account: &AccountState, call: &ApiCall) -> String {
    let mut arn = template.replace("{region}", REGION).replace("{account}", &account.id);
    for (name, value) in &call.parameters {
        let place = format!("{{{name}}}");
        if !arn.contains(&place) {
            continue;
        }
        if value.starts_with("arn:") {
            return value.clone();
        }
        let value = if value.contains("://") { value.rsplit('/').next().unwrap_or(value) } else { value };
        arn = arn.replace(&place, value);
    }
    arn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_found_by_name_or_verb() {
        let table = [
            ("ec2:DescribeRouteTables", Some("ec2:DescribeRouteTables")),
            ("lambda:Invoke", Some("lambda:InvokeFunction")),
            ("s3:HeadObject", Some("s3:GetObject")),
            ("sts:GetCallerIdentity", None),
        ];
        for (operation, action) in table {
            assert_eq!(row(operation).unwrap().iam_action(operation).as_deref(), action);
        }
        assert!(row("ec2:TerminateInstances").is_none());
    }

    #[test]
    fn a_label_that_a_call_leaves_out_is_no_condition_key() {
        let call = |parameters: &[(&str, &str)]| ApiCall {
            access_key: String::new(),
            service: "secretsmanager".to_owned(),
            region: REGION.to_owned(),
            action: "GetSecretValue".to_owned(),
            protocol: crate::call::Protocol::Json,
            parameters: parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        };
        let context = |parameters| {
            let target = Target::new("arn", Context::default());
            with_request_keys(target, &call(parameters)).context
        };
        let named = context(&[("SecretId", "key"), ("VersionStage", "AWSPENDING")]);
        assert_eq!(named.get("secretsmanager:VersionStage"), Some(&["AWSPENDING".to_owned()][..]));
        assert_eq!(named.get("secretsmanager:SecretId"), Some(&["key".to_owned()][..]));
        assert_eq!(context(&[("SecretId", "key")]).get("secretsmanager:VersionStage"), None);
    }
}
