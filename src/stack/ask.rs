//! Asks a Prometheus or an Alertmanager.

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;

use crate::kernel::{
    https::{self, Http},
    outside::{self, PATIENCE},
};

/// Asks. Clones share their connections, which live on the runtime that first asked.
#[derive(Clone)]
pub struct Asker(Http);

impl Asker {
    pub fn new() -> Self {
        Asker(https::client(https::mozilla()))
    }

    /// What is at `base` and `path`, as JSON; otherwise why not, in a fragment for one line.
    pub async fn json(&self, base: &str, path: &str) -> Result<Value, String> {
        let body = self.read(base, path).await?;
        outside::json(&body).map_err(|silence| format!("{base}: {silence}"))
    }

    /// Whether `base` says that it is ready.
    pub async fn is_ready(&self, base: &str) -> Result<(), String> {
        self.read(base, "/-/ready").await.map(drop)
    }

    async fn read(&self, base: &str, path: &str) -> Result<Bytes, String> {
        let address = format!("{base}{path}");
        let (none, empty) = (HeaderMap::new(), Bytes::new());
        let answer = outside::ask(&self.0, PATIENCE, Method::GET, &address, none, empty).await;
        answer.map_err(|silence| format!("{base}: {silence}"))
    }
}

impl Default for Asker {
    fn default() -> Self {
        Asker::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_does_not_listen_is_named() {
        let why = Asker::new().is_ready("http://127.0.0.1:1").await.expect_err("nobody listens");
        assert!(why.starts_with("http://127.0.0.1:1: ") && why.contains("refused"), "{why}");
    }
}
