//! What goes over the wire, and what its answers become; by the SDK's own mocks.

use aws_sdk_connect::operation::create_user::{CreateUserError, CreateUserOutput};
use aws_sdk_connect::types::error::{DuplicateResourceException, ThrottlingException};
use aws_sdk_workspaces::operation::create_workspaces::CreateWorkspacesOutput;
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, create_mock_http_client, mock};
use aws_smithy_types::error::ErrorMetadata;
use aws_types::region::Region;

use super::super::names::Names;
use super::*;

fn aws(rules: &[&Rule]) -> Aws {
    let credentials = aws_credential_types::Credentials::new("AKID", "secret", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(aws_sdk_connect::config::BehaviorVersion::latest())
        .region(Region::from_static("eu-west-1"))
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(credentials))
        .http_client(create_mock_http_client())
        .retry_config(RetryConfig::disabled())
        .build();
    let answers = || {
        let none = MockResponseInterceptor::new().rule_mode(RuleMode::Sequential);
        rules.iter().fold(none, |all, rule| all.with_rule(rule))
    };
    let workspaces = aws_sdk_workspaces::config::Builder::from(&config).interceptor(answers()).build();
    let connect = aws_sdk_connect::config::Builder::from(&config).interceptor(answers()).build();
    Aws {
        workspaces: aws_sdk_workspaces::Client::from_conf(workspaces),
        connect: aws_sdk_connect::Client::from_conf(connect),
    }
}

fn wanted(root_volume_gib: Option<i32>) -> Wanted<'static> {
    Wanted {
        directory: "d-906734e325",
        bundle: "wsb-clj85qzj1",
        user: "amueller",
        auto_stop_minutes: 60,
        root_volume_gib,
        user_volume_gib: root_volume_gib,
    }
}

fn user(password: Option<&str>) -> NewUser<'static> {
    NewUser {
        instance: "i",
        username: "anna@corp.example.com",
        names: Names { first: "Anna".to_owned(), last: "Müller".to_owned() },
        email: password.map(|_| "anna@corp.example.com"),
        password: password.map(Into::into),
        routing_profile: "r",
        security_profile: "s",
    }
}

fn request(user: &str) -> WorkspaceRequest {
    WorkspaceRequest::builder().directory_id("d-906734e325").user_name(user).bundle_id("b").build().unwrap()
}

#[tokio::test]
async fn a_workspace_stops_by_itself_and_is_the_bundles_unless_told() {
    for volume in [None, Some(80)] {
        let made = mock!(aws_sdk_workspaces::Client::create_workspaces)
            .match_requests(move |call| {
                let [wanted] = call.workspaces() else { return false };
                let properties = wanted.workspace_properties().unwrap();
                wanted.directory_id() == "d-906734e325"
                    && (wanted.user_name(), wanted.bundle_id()) == ("amueller", "wsb-clj85qzj1")
                    && properties.running_mode() == Some(&RunningMode::AutoStop)
                    && properties.running_mode_auto_stop_timeout_in_minutes() == Some(60)
                    && properties.root_volume_size_gib() == volume
                    && properties.user_volume_size_gib() == volume
                    && properties.compute_type_name().is_none()
            })
            .then_output(|| {
                let failed = FailedCreateWorkspaceRequest::builder()
                    .workspace_request(request("bob"))
                    .error_code("ResourceExists.WorkSpace")
                    .error_message("exists");
                CreateWorkspacesOutput::builder()
                    .pending_requests(Workspace::builder().user_name("AMueller").workspace_id("ws-1").build())
                    .failed_requests(failed.build())
                    .failed_requests(FailedCreateWorkspaceRequest::builder().build())
                    .build()
            });
        let answer = aws(&[&made]).create_workspace(&wanted(volume)).await.unwrap();
        let pending: Vec<_> = answer.pending.iter().map(|p| (p.user.as_str(), p.id.as_str())).collect();
        let failed: Vec<_> = answer.failed.iter().map(|f| (f.user.as_str(), f.code.as_str())).collect();
        assert_eq!(
            (pending, failed),
            (vec![("AMueller", "ws-1")], vec![("bob", "ResourceExists.WorkSpace"), ("", "")])
        );
    }
}

#[tokio::test]
async fn a_user_is_made_as_the_original_made_it() {
    for password in [None, Some("Aa1aaaaa")] {
        let made = mock!(aws_sdk_connect::Client::create_user)
            .match_requests(move |call| {
                let names = call.identity_info().unwrap();
                let phone = call.phone_config().unwrap();
                (call.instance_id(), call.username()) == (Some("i"), Some("anna@corp.example.com"))
                    && (names.first_name(), names.last_name()) == (Some("Anna"), Some("Müller"))
                    && names.email().is_some() == password.is_some()
                    && (phone.phone_type(), phone.auto_accept()) == (&PhoneType::SoftPhone, false)
                    && (call.routing_profile_id(), call.security_profile_ids()) == (Some("r"), &["s".to_owned()][..])
                    && (call.password(), call.directory_user_id()) == (password, None)
            })
            .then_output(|| CreateUserOutput::builder().user_id("u-1").build());
        assert_eq!(aws(&[&made]).create_user(&user(password)).await.unwrap(), "u-1");
    }
}

#[tokio::test]
async fn a_refusal_keeps_its_code_and_a_throttled_call_is_left_to_the_workflow() {
    let meta = |code| ErrorMetadata::builder().code(code).build();
    let duplicate = mock!(aws_sdk_connect::Client::create_user).then_error(move || {
        let error = DuplicateResourceException::builder().meta(meta("DuplicateResourceException")).build();
        CreateUserError::DuplicateResourceException(error)
    });
    let error = aws(&[&duplicate]).create_user(&user(None)).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.retryable), ("DuplicateResourceException", false));
    let throttled = mock!(aws_sdk_connect::Client::create_user).then_error(move || {
        CreateUserError::ThrottlingException(ThrottlingException::builder().meta(meta("ThrottlingException")).build())
    });
    let error = aws(&[&throttled]).create_user(&user(None)).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.retryable, throttled.num_calls()), ("ThrottlingException", true, 1));
}
