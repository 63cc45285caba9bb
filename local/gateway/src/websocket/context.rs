//! The data of a connection that its events contain.

use serde_json::{Map, Value, json};

use crate::clock::Now;

/// The properties of a connection that stay the same from `$connect` to `$disconnect`.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) connection_id: String,
    pub(super) connected_at: Now,
    pub(super) source_ip: String,
    pub(super) user_agent: Option<String>,
    pub(super) stage: String,
    pub(super) domain: String,
}

impl Context {
    /// Returns the part of events that describes the client.
    pub(super) fn identity(&self) -> Value {
        let mut identity = Map::new();
        identity.insert("sourceIp".into(), json!(self.source_ip));
        if let Some(agent) = &self.user_agent {
            identity.insert("userAgent".into(), json!(agent));
        }
        Value::Object(identity)
    }

    /// Returns the part of events that describes the connection and the request.
    pub(super) fn request_context(&self, route: &str, kind: &str, request_id: &str) -> Map<String, Value> {
        let now = Now::get();
        let context = json!({
            "routeKey": route,
            "eventType": kind,
            "extendedRequestId": request_id,
            "requestTime": now.common_log_format(),
            "messageDirection": "IN",
            "stage": self.stage,
            "connectedAt": self.connected_at.epoch_millis(),
            "requestTimeEpoch": now.epoch_millis(),
            "identity": self.identity(),
            "requestId": request_id,
            "domainName": self.domain,
            "connectionId": self.connection_id,
            "apiId": "local",
        });
        if let Value::Object(context) = context { context } else { Map::new() }
    }
}

/// The close code and the reason of a closed socket.
#[derive(Clone, Debug)]
pub(super) struct Closed {
    pub(super) code: u16,
    pub(super) reason: String,
}
