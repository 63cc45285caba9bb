//! Reaching open sockets through API Gateway's `@connections`
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html>).

use std::time::Duration;

use aws_sdk_apigatewaymanagement::config::timeout::TimeoutConfig;
use aws_sdk_apigatewaymanagement::config::{
    BehaviorVersion, Credentials, Region, SharedHttpClient, retry::RetryConfig,
};
use aws_sdk_apigatewaymanagement::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use aws_sdk_apigatewaymanagement::{Client, Config};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use futures_util::{StreamExt, stream};
use mongodb::Database;

use crate::api::Event;
use crate::config::{self, ConfigError};
use crate::connections::{ConnectionId, Connections};
use crate::error::{Error, Result};
use crate::sessions::Session;

/// Amazon Trust Services (<https://www.amazontrust.com/repository/>).
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// So many posts go out side by side.
const PARALLEL_POSTS: usize = 64;

/// What became of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The gateway took it.
    Accepted,
    /// The socket is closed.
    Gone,
    /// The gateway did not take it; the reason is logged.
    Failed,
}

/// The `@connections` API of the WebSocket API's stage.
#[derive(Clone)]
pub struct ConnectionsApi(Client);

impl ConnectionsApi {
    /// Reads `WEBSOCKET_ENDPOINT` (the stage's callback URL, `https://…/api`) and what Lambda sets itself: the region and the credentials.
    ///
    /// # Errors
    /// When one is missing.
    pub fn from_env() -> Result<Self, ConfigError> {
        let endpoint: String = config::required("WEBSOCKET_ENDPOINT")?;
        let region: String = config::required("AWS_REGION")?;
        let credentials = Credentials::new(
            config::required::<String>("AWS_ACCESS_KEY_ID")?,
            config::required::<String>("AWS_SECRET_ACCESS_KEY")?,
            config::optional("AWS_SESSION_TOKEN")?,
            None,
            "Lambda",
        );
        let timeouts = TimeoutConfig::builder()
            .operation_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(Duration::from_secs(1))
            .build();
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(https_client(&endpoint)?)
            .endpoint_url(endpoint)
            .region(Region::new(region))
            .credentials_provider(credentials)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(2))
            .build();
        Ok(Self(Client::from_conf(config)))
    }

    /// Sends an event to one socket.
    pub async fn post(&self, to: &ConnectionId, event: &Event) -> Result<Delivery> {
        let data = Blob::new(serde_json::to_vec(event).map_err(|error| Error::Internal(error.into()))?);
        Ok(self.post_data(to, data).await)
    }

    async fn post_data(&self, to: &ConnectionId, data: Blob) -> Delivery {
        match self.0.post_to_connection().connection_id(to.as_str()).data(data).send().await {
            Ok(_) => Delivery::Accepted,
            Err(SdkError::ServiceError(error)) if matches!(error.err(), PostToConnectionError::GoneException(_)) => {
                Delivery::Gone
            }
            Err(error) => {
                tracing::warn!(reason = error.code().unwrap_or("the gateway cannot be reached"), "push failed");
                Delivery::Failed
            }
        }
    }

    /// Closes a socket, if it is open.
    async fn close(&self, id: &ConnectionId) {
        if let Err(error) = self.0.delete_connection().connection_id(id.as_str()).send().await
            && !error.as_service_error().is_some_and(|error| error.is_gone_exception())
        {
            tracing::warn!(reason = error.code().unwrap_or("the gateway cannot be reached"), "closing a socket failed");
        }
    }
}

/// A client that trusts the authorities that sign for AWS. Reading all that the system trusts would take a third of a cold start.
fn https_client(endpoint: &str) -> Result<SharedHttpClient, ConfigError> {
    let host = endpoint.split('/').nth(2).unwrap_or_default();
    // In other partitions, as in China, AWS has other names and authorities.
    let is_amazon = host.ends_with(".amazonaws.com") || endpoint.starts_with("http://");
    let roots = TrustStore::empty().with_native_roots(!is_amazon).with_pem_certificate(AMAZON_ROOTS);
    let trust = TlsContext::builder().with_trust_store(roots).build();
    let trust =
        trust.map_err(|_| ConfigError::malformed("WEBSOCKET_ENDPOINT", "needs a TLS that this system lacks"))?;
    Ok(Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(trust).build_https())
}

/// The open sockets: their records, and the way to reach them.
pub struct Push {
    /// The records.
    pub connections: Connections,
    api: ConnectionsApi,
}

impl Push {
    /// The sockets that `database` knows, reached through `api`.
    pub fn new(api: ConnectionsApi, database: &Database) -> Self {
        Self { connections: Connections::new(database), api }
    }

    /// Sends an event to many sockets side by side. One that is gone is forgotten and stops nobody else's.
    ///
    /// # Errors
    /// When the database cannot be reached; everything that could be sent was.
    pub async fn broadcast(&self, to: Vec<ConnectionId>, event: &Event) -> Result<()> {
        let data = Blob::new(serde_json::to_vec(event).map_err(|error| Error::Internal(error.into()))?);
        let posts = to.into_iter().map(|id| {
            let data = data.clone();
            async move { (self.api.post_data(&id, data).await, id) }
        });
        let gone = stream::iter(posts)
            .buffer_unordered(PARALLEL_POSTS)
            .filter_map(async |(delivery, id)| (delivery == Delivery::Gone).then_some(id))
            .collect::<Vec<_>>()
            .await;
        self.connections.forget_gone(&gone).await
    }

    /// Closes the sockets of a session that is over.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn close_session(&self, session: &Session) -> Result<()> {
        let open = self.connections.take_of_session(session).await?;
        stream::iter(&open).for_each_concurrent(PARALLEL_POSTS, |id| self.api.close(id)).await;
        Ok(())
    }
}
