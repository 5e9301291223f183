//! The secret, in Secrets Manager.

use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use shared::aws::AwsError;
use shared::secret::{ExposeSecret, SecretString};
use ssh_key::PrivateKey;
use ssh_rotation::contract::CURRENT;
use ssh_rotation::host_keys::{self, HostKeys};
use ssh_rotation::keypair;
use ssh_rotation::secret_value::SecretValue;

use crate::error::CopyError;

pub(crate) struct Cloud {
    config: SdkConfig,
    client: Client,
    secret: String,
}

impl Cloud {
    /// Region and credentials come from the environment, the profile, or the instance (its metadata, its role).
    pub(crate) async fn new(region: Option<String>, secret: &str) -> Self {
        // aws-config has no HTTP client of its own here: this is the one that the functions have.
        let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http.build_https());
        if let Some(region) = region {
            loader = loader.region(Region::new(region));
        }
        let config = loader.load().await;
        Self { client: Client::new(&config), config, secret: secret.to_owned() }
    }

    /// The current private key: in one place, because a value that is handed on leaves copies of itself behind.
    pub(crate) async fn private_key(&self) -> Result<Arc<PrivateKey>, CopyError> {
        let secret = || self.secret.clone();
        let Some(value) = self.read(CURRENT).await? else {
            return Err(CopyError::NoSecret { secret: secret(), region: self.region() });
        };
        let value = SecretValue::read(&value).map_err(|source| CopyError::Value { secret: secret(), source })?;
        let key = value.private_key().ok_or_else(|| CopyError::NoKeypair(secret()))?;
        keypair::read(&key).map(Arc::new).map_err(|source| CopyError::Keypair { secret: secret(), source })
    }

    /// The host keys that the rotations recorded.
    pub(crate) async fn host_keys(&self) -> Result<HostKeys, CopyError> {
        match self.read(host_keys::LABEL).await? {
            Some(known_hosts) => Ok(HostKeys::read(known_hosts.expose_secret())),
            None => Err(CopyError::NoHostKeys { secret: self.secret.clone(), region: self.region() }),
        }
    }

    async fn read(&self, label: &str) -> Result<Option<SecretString>, CopyError> {
        if self.config.region().is_none() {
            return Err(CopyError::NoRegion);
        }
        match self.client.get_secret_value().secret_id(&self.secret).version_stage(label).send().await {
            Ok(answer) => Ok(Some(SecretString::from(answer.secret_string.unwrap_or_default()))),
            Err(error)
                if error.as_service_error().is_some_and(GetSecretValueError::is_resource_not_found_exception) =>
            {
                Ok(None)
            }
            Err(error) => Err(self.failed(AwsError::new("GetSecretValue", error)).await),
        }
    }

    /// Looks for the cause where the SDK only says that nothing was sent.
    async fn failed(&self, error: AwsError) -> CopyError {
        if error.code == "AccessDeniedException" {
            return CopyError::NotAllowed { secret: self.secret.clone(), source: error };
        }
        match self.config.credentials_provider() {
            Some(provider) if provider.provide_credentials().await.is_ok() => CopyError::Aws(error),
            _ => CopyError::NoCredentials(error),
        }
    }

    fn region(&self) -> String {
        self.config.region().map(ToString::to_string).unwrap_or_default()
    }
}
