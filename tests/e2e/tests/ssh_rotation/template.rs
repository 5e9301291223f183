//! The template with its options: what a stack is made of, and which combinations it refuses.

use local_aws::{Deploy, LocalAws, Stack};

use super::runtime;

const VPC: [(&str, &str); 2] = [("VpcSubnetIds", "subnet-0a,subnet-0b"), ("VpcSecurityGroupIds", "sg-0a")];

fn deploy(parameters: &[(&str, &str)]) -> local_aws::Result<Stack> {
    runtime().block_on(async {
        let account = LocalAws::shared().await?.account();
        let template = Deploy::template("functions/ssh-rotation/template.yaml");
        let deploy = parameters.iter().fold(template, |deploy, (name, value)| deploy.parameter(name, value));
        account.deploy(deploy).await
    })
}

#[test]
fn a_stack_makes_a_secret_unless_it_is_given_one() {
    let own = deploy(&[]).unwrap();
    assert!(own.resource("Secret").is_ok() && own.resource("NotByTheCode").is_err());
    let given =
        deploy(&[("SecretArn", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:/dev/ssh-AbCdEf")]).unwrap();
    assert!(given.resource("Secret").is_err());
    for stack in [own, given] {
        for resource in
            ["Document", "JoiningNodes", "CurrentKey", "Schedule", "RotationPermission", "ErrorAlarm", "Role"]
        {
            assert!(stack.resource(resource).is_ok(), "{resource}");
        }
    }
}

#[test]
fn with_every_option_it_deploys() {
    let key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd";
    let options = [
        ("SecretName", "/prod/ssh"),
        ("KmsKeyArn", key),
        ("KeyAlgorithm", "rsa-4096"),
        ("PrivateKeyFormat", "pkcs1"),
        ("SshUsernames", "ec2-user,ubuntu"),
        ("PreviousKey", "keep"),
        ("MaxConcurrency", "10%"),
        ("RotationSchedule", "cron(0 8 1 * ? *)"),
        ("RotateImmediately", "true"),
        ("NotificationTopicArn", "arn:aws:sns:eu-west-1:111122223333:operators"),
        ("LogLevel", "DEBUG"),
    ];
    let stack = deploy(&[&options[..], &VPC[..]].concat()).unwrap();
    assert!(stack.resource("NotByTheCode").is_ok());
    let environment = &stack.function("SshRotationFunction").unwrap().configuration().environment;
    for (name, value) in [("KEY_ALGORITHM", "rsa-4096"), ("PRIVATE_KEY_FORMAT", "pkcs1"), ("PREVIOUS_KEY", "keep")] {
        let found = environment.iter().find(|(known, _)| known.as_str() == name).map(|(_, value)| value.as_str());
        assert_eq!(found, Some(value), "{name}");
    }
}

#[test]
fn combinations_that_can_not_work_are_refused() {
    for (wrong, why) in [
        (&[("PrivateKeyFormat", "pkcs1")][..], "pkcs1"),
        (&VPC[..1], "VpcSecurityGroupIds"),
        (&VPC[1..], "VpcSubnetIds"),
        (&[("SshUsernames", "root;id")], "SshUsernames"),
        (&[("TargetTagKey", "a\"b")], "TargetTagKey"),
    ] {
        let refused = deploy(wrong).unwrap_err().to_string();
        assert!(refused.contains(why), "{why}: {refused}");
    }
}
