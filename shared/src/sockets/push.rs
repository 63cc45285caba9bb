//! Pushing events to open connections, through API Gateway's `@connections`:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html>

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

use super::connections::{ConnectionId, Connections};
use super::presence::{Notice, Presences};
use crate::config::{ConfigError, Environment, FromEnv};
use crate::contract::frame::{self, Event};
use crate::error::Result;
use crate::values::ids::{ChatId, SessionId, UserId};

/// Amazon Trust Services (<https://www.amazontrust.com/repository/>).
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// The permission to send to connections.
pub const POST: &str = "execute-api:ManageConnections POST/@connections/*";

/// The permission to close connections.
const DELETE: &str = "execute-api:ManageConnections DELETE/@connections/*";

/// An id that no connection has.
const NO_CONNECTION: &str = "none";

/// The time limit of a post, with its retry.
const POST_LIMIT: Duration = Duration::from_secs(2);

/// The time limit of opening a connection to the API.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);

/// The upper bound of the pause before a retry.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// The time for which a connection to the API may be idle before it is replaced. The API may close
/// it while this process is frozen.
const MAX_IDLE_TIME: Duration = Duration::from_secs(50);

/// The number of posts that are sent concurrently.
const PARALLEL_POSTS: usize = 64;

/// The outcome of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The gateway accepted it.
    Accepted,
    /// The connection is closed.
    Gone,
    /// The gateway did not accept it; the reason is logged.
    Failed,
}

/// The `@connections` API of the stage.
#[derive(Clone)]
pub struct ConnectionsApi(Client);

impl FromEnv for ConnectionsApi {
    /// Reads `WEBSOCKET_ENDPOINT` (the callback URL of the stage, `https://…/api`), and the region
    /// and the credentials, which Lambda sets.
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        let endpoint: String = environment.required("WEBSOCKET_ENDPOINT")?;
        let region: String = environment.required("AWS_REGION")?;
        let credentials = Credentials::new(
            environment.required::<String>("AWS_ACCESS_KEY_ID")?,
            environment.required::<String>("AWS_SECRET_ACCESS_KEY")?,
            environment.optional("AWS_SESSION_TOKEN")?,
            None,
            "Lambda",
        );
        // An attempt has no time limit of its own: a post that was sent may have been delivered, even
        // if the answer is late. So only those are sent again that could not connect, whose connection
        // was closed without an answer, or that the API refused for the moment.
        let timeouts = TimeoutConfig::builder().operation_timeout(POST_LIMIT).connect_timeout(CONNECT_LIMIT).build();
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(https_client(&endpoint)?)
            .endpoint_url(endpoint)
            .region(Region::new(region))
            .credentials_provider(credentials)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(2).with_initial_backoff(RETRY_PAUSE))
            .build();
        let client = Client::from_conf(config);
        // The SDK has no call that only connects. This one is refused, with the permission that every
        // function with this part has.
        let post = client.post_to_connection().connection_id(NO_CONNECTION).data(Blob::new("{}"));
        environment.connect_early("@connections", async move {
            match post.send().await {
                Ok(_) | Err(SdkError::ServiceError(_)) => Ok(()),
                Err(error) => Err(error),
            }
        });
        Ok(Self(client))
    }
}

impl ConnectionsApi {
    /// Sends an event to one connection.
    ///
    /// # Errors
    /// [`Error::Internal`](crate::Error::Internal) if the event is not an object.
    pub async fn post(&self, to: &ConnectionId, event: &impl Event) -> Result<()> {
        self.post_data(to, Blob::new(frame::json(event)?)).await;
        Ok(())
    }

    async fn post_data(&self, to: &ConnectionId, data: Blob) -> Outcome {
        match self.0.post_to_connection().connection_id(to.as_str()).data(data).send().await {
            Ok(_) => Outcome::Accepted,
            Err(SdkError::ServiceError(error)) if matches!(error.err(), PostToConnectionError::GoneException(_)) => {
                Outcome::Gone
            }
            Err(error) => {
                tracing::warn!(reason = error.code().unwrap_or("the gateway cannot be reached"), "push failed");
                Outcome::Failed
            }
        }
    }

    /// Sends concurrently, and returns the connections that are closed.
    async fn post_all(&self, posts: impl IntoIterator<Item = (ConnectionId, Blob)>) -> Vec<ConnectionId> {
        let posts = posts.into_iter().map(async |(id, data)| (self.post_data(&id, data).await, id));
        stream::iter(posts)
            .buffer_unordered(PARALLEL_POSTS)
            .filter_map(async |(outcome, id)| (outcome == Outcome::Gone).then_some(id))
            .collect()
            .await
    }

    /// Closes a connection, if it is open.
    async fn close(&self, id: &ConnectionId) {
        if let Err(error) = self.0.delete_connection().connection_id(id.as_str()).send().await
            && !error.as_service_error().is_some_and(|error| error.is_gone_exception())
        {
            tracing::warn!(
                reason = error.code().unwrap_or("the gateway cannot be reached"),
                "closing a connection failed"
            );
        }
    }
}

/// Makes a client that trusts only the authorities that sign for AWS. Loading all authorities that
/// the system trusts takes a third of a cold start.
fn https_client(endpoint: &str) -> Result<SharedHttpClient, ConfigError> {
    let host = endpoint.split('/').nth(2).unwrap_or_default();
    // In other partitions, such as China, AWS has other domains and authorities.
    let is_amazon = host.ends_with(".amazonaws.com") || endpoint.starts_with("http://");
    let roots = TrustStore::empty().with_native_roots(!is_amazon).with_pem_certificate(AMAZON_ROOTS);
    let trust = TlsContext::builder().with_trust_store(roots).build();
    let trust = trust
        .map_err(|_| ConfigError::malformed("WEBSOCKET_ENDPOINT", "needs a TLS provider that this system lacks"))?;
    let client = Builder::new().pool_idle_timeout(MAX_IDLE_TIME);
    Ok(client.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(trust).build_https())
}

/// Sends events to open connections.
pub struct Push {
    pub(super) connections: Connections,
    pub(super) presences: Presences,
    api: ConnectionsApi,
}

impl FromEnv for Push {
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        environment.require_permission(POST);
        Ok(Self {
            connections: Connections::from_env(environment).await?,
            presences: Presences::from_env(environment).await?,
            api: environment.shared().await?,
        })
    }
}

impl Push {
    /// Sends an event to the connections in the room of a chat, except that of the sender.
    ///
    /// # Errors
    /// [`NOT_IN_ROOM`](crate::contract::errors::NOT_IN_ROOM) if the sender has not joined the room.
    pub async fn to_others_in_room(&self, room: ChatId, sender: &ConnectionId, event: &impl Event) -> Result<()> {
        let others = self.connections.room(room, sender).await?.others;
        self.broadcast(others.into_iter().map(|device| device.connection).collect(), event).await
    }

    /// Sends an event to the native clients among the open connections of these users, except one.
    ///
    /// # Errors
    /// As [`Self::broadcast`].
    pub async fn to_native(&self, users: &[UserId], except: Option<&ConnectionId>, event: &impl Event) -> Result<()> {
        let devices = self.connections.of_users(users, None).await?.into_iter();
        let receivers = devices.map(|device| device.connection).filter(|id| Some(id) != except);
        self.broadcast(receivers.collect(), event).await
    }

    /// Sends an event to many connections concurrently. A connection that is closed is forgotten and
    /// does not affect the others.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable) if the database cannot be reached. The event was
    /// sent nevertheless.
    pub async fn broadcast(&self, to: Vec<ConnectionId>, event: &impl Event) -> Result<()> {
        let data = Blob::new(frame::json(event)?);
        self.post_each(to.into_iter().map(|id| (id, data.clone()))).await
    }

    /// Sends an event of its own to each of many connections, as [`Self::broadcast`] does.
    pub(super) async fn post_each(&self, posts: impl IntoIterator<Item = (ConnectionId, Blob)>) -> Result<()> {
        let closed = self.api.post_all(posts).await;
        // `$disconnect` finds no record of these connections any more.
        for user in self.connections.forget_closed(&closed).await? {
            self.notify(self.presences.closed(user).await?).await?;
        }
        Ok(())
    }

    /// Sends these notices. Receivers that are gone are left to the next event.
    pub(super) async fn notify(&self, notices: Vec<Notice>) -> Result<()> {
        let posts = notices.into_iter().map(|Notice { to, event }| Ok((to, Blob::new(frame::json(&event)?))));
        self.api.post_all(posts.collect::<Result<Vec<_>>>()?).await;
        Ok(())
    }
}

/// Closes the connections of sessions that end.
pub struct SessionConnections(Push);

impl FromEnv for SessionConnections {
    async fn from_env(environment: &Environment) -> Result<Self, ConfigError> {
        environment.require_permission(DELETE);
        Ok(Self(Push::from_env(environment).await?))
    }
}

impl SessionConnections {
    /// Closes all connections of a session that has ended. Whoever watches the user is notified at
    /// once, since signing out is no reload.
    ///
    /// They are cut off first, so one that cannot be closed receives nothing more. Until its record
    /// is deleted, about a minute later, a repeat closes it.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable) if the database cannot be reached.
    pub async fn close(&self, session: SessionId) -> Result<()> {
        let Self(push) = self;
        let (connections, user) = push.connections.cut_off(session).await?;
        if connections.is_empty() {
            return Ok(());
        }
        stream::iter(&connections).for_each_concurrent(PARALLEL_POSTS, |id| push.api.close(id)).await;
        push.connections.forget_session(session).await?;
        match user {
            Some(user) => push.notify(push.presences.closed(user).await?).await,
            None => Ok(()),
        }
    }
}
