//! The one HTTP client, made at the first call rather than at start: reading the machine's root certificates takes
//! longer than everything else that a function does before its first event.

use std::sync::OnceLock;

use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// Makes the client when it is first needed.
#[derive(Debug, Default)]
pub(super) struct Lazy(OnceLock<SharedHttpClient>);

impl HttpClient for Lazy {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let tls = Provider::Rustls(CryptoMode::AwsLc);
        let make = || aws_smithy_http_client::Builder::new().tls_provider(tls).build_https();
        self.0.get_or_init(make).http_connector(settings, components)
    }
}
