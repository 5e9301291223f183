//! The root template, which composes the systems.

use e2e::onboarding::{BUNDLE, DIRECTORY, DOMAIN, INSTANCE, LOG_GROUP, ROUTING_PROFILE, SECURITY_PROFILE};
use local_aws::{Deploy, LocalAws};

use super::runtime;

fn suite(switch: &str) -> Deploy {
    let parameters = [
        ("NatFailover", "false"),
        ("Onboarding", switch),
        ("OnboardingLogGroupName", LOG_GROUP),
        ("OnboardingDomainName", DOMAIN),
        ("OnboardingDirectoryId", DIRECTORY),
        ("OnboardingBundleId", BUNDLE),
        ("OnboardingConnectInstanceId", INSTANCE),
        ("OnboardingRoutingProfileId", ROUTING_PROFILE),
        ("OnboardingSecurityProfileId", SECURITY_PROFILE),
    ];
    let template = Deploy::template("template.yaml");
    parameters.iter().fold(template, |deploy, (name, value)| deploy.parameter(name, value))
}

#[test]
fn it_is_deployed_by_a_switch_of_its_own_or_not_at_all() {
    runtime().block_on(async {
        let aws = LocalAws::shared().await.unwrap();
        for (switch, functions) in [("true", 2), ("false", 0)] {
            let account = aws.account();
            account.create_log_group(LOG_GROUP).await.unwrap();
            let stack = account.deploy(suite(switch)).await.unwrap();
            assert_eq!(stack.functions.len(), functions, "Onboarding={switch}: {:?}", stack.resources);
            assert_eq!(stack.output("OnboardingStateMachineArn").is_ok(), functions == 2, "{:?}", stack.outputs);
        }
    });
}
