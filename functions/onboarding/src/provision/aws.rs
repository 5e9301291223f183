//! AWS behind the ports: thin, one function a call.

#[cfg(test)]
mod tests;

use aws_sdk_connect::types::{PhoneType, UserIdentityInfo, UserPhoneConfig};
use aws_sdk_workspaces::error::SdkError;
use aws_sdk_workspaces::types::{
    FailedCreateWorkspaceRequest, RunningMode, Workspace, WorkspaceProperties, WorkspaceRequest,
};
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use shared::aws::AwsError;
use shared::secret::ExposeSecret;

use super::connect::NewUser;
use super::ports::{Connect, WorkSpaces};
use super::workspaces::{Answer, Failed, Pending, Wanted};

/// The clients.
pub struct Aws {
    workspaces: aws_sdk_workspaces::Client,
    connect: aws_sdk_connect::Client,
}

impl Aws {
    /// Clients that share `aws`'s HTTP client.
    #[must_use]
    pub fn new(aws: &SdkConfig) -> Self {
        // The SDK's own repetitions would not keep to Connect's rate: the workflow repeats, one call an invocation.
        let once = aws.to_builder().retry_config(RetryConfig::disabled()).build();
        Self { workspaces: aws_sdk_workspaces::Client::new(aws), connect: aws_sdk_connect::Client::new(&once) }
    }
}

impl WorkSpaces for Aws {
    async fn create_workspace(&self, wanted: &Wanted<'_>) -> Result<Answer, AwsError> {
        let failed = |error| AwsError::new("CreateWorkspaces", error);
        let properties = WorkspaceProperties::builder()
            .running_mode(RunningMode::AutoStop)
            .running_mode_auto_stop_timeout_in_minutes(wanted.auto_stop_minutes)
            .set_root_volume_size_gib(wanted.root_volume_gib)
            .set_user_volume_size_gib(wanted.user_volume_gib);
        let request = WorkspaceRequest::builder()
            .directory_id(wanted.directory)
            .user_name(wanted.user)
            .bundle_id(wanted.bundle)
            .workspace_properties(properties.build())
            .build();
        let request = request.map_err(|error| failed(SdkError::construction_failure(error)))?;
        let answer = self.workspaces.create_workspaces().workspaces(request).send().await.map_err(failed)?;
        Ok(Answer {
            pending: answer.pending_requests.unwrap_or_default().into_iter().map(pending).collect(),
            failed: answer.failed_requests.unwrap_or_default().into_iter().map(refused).collect(),
        })
    }
}

fn pending(workspace: Workspace) -> Pending {
    Pending { user: workspace.user_name.unwrap_or_default(), id: workspace.workspace_id.unwrap_or_default() }
}

fn refused(failed: FailedCreateWorkspaceRequest) -> Failed {
    Failed {
        user: failed.workspace_request.map(|request| request.user_name).unwrap_or_default(),
        code: failed.error_code.unwrap_or_default(),
        message: failed.error_message.unwrap_or_default(),
    }
}

impl Connect for Aws {
    async fn create_user(&self, user: &NewUser<'_>) -> Result<String, AwsError> {
        let names = UserIdentityInfo::builder().first_name(&user.names.first).last_name(&user.names.last);
        let phone = UserPhoneConfig::builder().phone_type(PhoneType::SoftPhone).auto_accept(false);
        let call = self
            .connect
            .create_user()
            .instance_id(user.instance)
            .username(user.username)
            .identity_info(names.set_email(user.email.map(str::to_owned)).build())
            .phone_config(phone.build())
            .routing_profile_id(user.routing_profile)
            .security_profile_ids(user.security_profile)
            .set_password(user.password.as_ref().map(|password| password.expose_secret().to_owned()));
        let answer = call.send().await.map_err(|error| AwsError::new("CreateUser", error))?;
        Ok(answer.user_id.unwrap_or_default())
    }
}
