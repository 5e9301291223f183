//! Secrets Manager.

use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_sdk_secretsmanager::operation::put_secret_value::PutSecretValueError;
use shared::aws::AwsError;
use shared::secret::{ExposeSecret, SecretString};

use super::Aws;
use crate::contract::{CURRENT, Description};
use crate::ports::{NewVersion, Put, Secrets, Version};

impl Secrets for Aws {
    async fn describe(&self, secret: &str) -> Result<Description, AwsError> {
        let answer = self.secrets.describe_secret().secret_id(secret).send().await;
        let answer = answer.map_err(|error| AwsError::new("DescribeSecret", error))?;
        Ok(Description {
            arn: answer.arn.unwrap_or_else(|| secret.to_owned()),
            rotation_enabled: answer.rotation_enabled.unwrap_or(false),
            versions: answer.version_ids_to_stages.unwrap_or_default().into_iter().collect(),
        })
    }

    async fn value(&self, secret: &str, version: Version<'_>) -> Result<Option<SecretString>, AwsError> {
        let call = self.secrets.get_secret_value().secret_id(secret).version_stage(version.label);
        match call.set_version_id(version.id.map(str::to_owned)).send().await {
            // A binary value has no text: it reads as text that is no JSON object.
            Ok(answer) => Ok(Some(SecretString::from(answer.secret_string.unwrap_or_default()))),
            Err(error)
                if error.as_service_error().is_some_and(GetSecretValueError::is_resource_not_found_exception) =>
            {
                Ok(None)
            }
            Err(error) => Err(AwsError::new("GetSecretValue", error)),
        }
    }

    async fn put(&self, secret: &str, new: NewVersion<'_>) -> Result<Put, AwsError> {
        let call = self
            .secrets
            .put_secret_value()
            .secret_id(secret)
            .set_client_request_token(new.id.map(str::to_owned))
            .set_rotation_token(new.rotation_token.map(|token| token.expose_secret().to_owned()))
            .version_stages(new.label)
            .secret_string(new.value.expose_secret());
        match call.send().await {
            Ok(_) => Ok(Put::Stored),
            Err(error) if error.as_service_error().is_some_and(PutSecretValueError::is_resource_exists_exception) => {
                Ok(Put::Exists)
            }
            Err(error) => Err(AwsError::new("PutSecretValue", error)),
        }
    }

    async fn promote(&self, secret: &str, to: &str, from: Option<&str>) -> Result<(), AwsError> {
        let call = self.secrets.update_secret_version_stage().secret_id(secret).version_stage(CURRENT);
        let sent = call.move_to_version_id(to).set_remove_from_version_id(from.map(str::to_owned)).send().await;
        sent.map(drop).map_err(|error| AwsError::new("UpdateSecretVersionStage", error))
    }
}
