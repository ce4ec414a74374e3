//! The shared window in Redis: `SET key issue NX EX 86400` notes a sample, `GET` asks for it.

use std::{error::Error as _, time::Duration};

use async_trait::async_trait;
use redis::{AsyncConnectionConfig, Client, aio::MultiplexedConnection};
use tokio::task::JoinHandle;

use super::{LIFE, SharedWindow};

/// How long a connection may take to be made, which happens beside all calls.
const CONNECT: Duration = Duration::from_secs(5);

/// A Redis server.
pub struct RedisWindow {
    client: Client,
    connection: Option<MultiplexedConnection>,
    connecting: Option<JoinHandle<redis::RedisResult<MultiplexedConnection>>>,
}

impl std::fmt::Debug for RedisWindow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The client's address may hold a password.
        f.debug_struct("RedisWindow").field("connected", &self.connection.is_some()).finish_non_exhaustive()
    }
}

impl RedisWindow {
    /// At this address; the server need not be there. The error does not show the address.
    pub fn new(url: &str) -> Result<Self, String> {
        let client = Client::open(url).map_err(|error| kind(&error))?;
        Ok(Self { client, connection: None, connecting: None })
    }

    /// The connection, if there is one. Otherwise one is being made for a later call.
    async fn connected(&mut self) -> Result<&mut MultiplexedConnection, String> {
        if self.connection.is_none() {
            let client = self.client.clone();
            let connecting = self.connecting.get_or_insert_with(|| {
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(CONNECT))
                    .set_response_timeout(Some(CONNECT));
                tokio::spawn(
                    async move { client.get_multiplexed_async_connection_with_config(&config).await },
                )
            });
            let made = connecting.await;
            self.connecting = None;
            let made = made.map_err(|error| error.to_string())?.map_err(|error| kind(&error))?;
            self.connection = Some(made);
        }
        self.connection.as_mut().ok_or_else(|| String::from("not connected"))
    }
}

#[async_trait]
impl SharedWindow for RedisWindow {
    async fn noted(&mut self, keys: &[String]) -> Result<Vec<Option<String>>, String> {
        let connection = self.connected().await?;
        // Not MGET: keys of a cluster lie in different slots.
        let mut pipeline = redis::pipe();
        for key in keys {
            pipeline.get(key);
        }
        let values: Vec<redis::Value> =
            pipeline.query_async(connection).await.map_err(|error| kind(&error))?;
        Ok(values.into_iter().map(|value| redis::from_redis_value(value).ok().flatten()).collect())
    }

    async fn note(&mut self, entries: &[(String, String)]) -> Result<(), String> {
        let connection = self.connected().await?;
        let mut pipeline = redis::pipe();
        for (key, value) in entries {
            pipeline.cmd("SET").arg(key).arg(value).arg("NX").arg("EX").arg(LIFE.as_secs()).ignore();
        }
        pipeline.query_async::<()>(connection).await.map_err(|error| kind(&error))
    }

    fn forget(&mut self) {
        self.connection = None;
    }
}

/// What went wrong, without what was sent: that may be a password.
fn kind(error: &redis::RedisError) -> String {
    match (error.code(), error.source()) {
        (Some(code), _) => format!("Redis answered {code}"),
        // Of the system or of TLS.
        (None, Some(cause)) => format!("{}: {cause}", error.category()).chars().take(300).collect(),
        (None, None) => error.category().to_owned(),
    }
}
