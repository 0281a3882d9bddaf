//! A server for this process alone, where libraries that bring their own way of sending think they reach their backend.
//! It takes what they send at once and for good, so that none of them ever waits, tries again, or piles anything up.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::{Request, State},
    http::StatusCode,
    routing::post,
};

use crate::kernel::id;

/// No library sends more at once; whatever is larger is not from one of them.
const BODY_BYTES: usize = 32 * 1024 * 1024;

/// What is done with a body.
pub type Taker = Arc<dyn Fn(Bytes) + Send + Sync>;

/// The open door, before anybody serves at it.
pub struct Relay {
    listener: std::net::TcpListener,
    address: SocketAddr,
    /// Whoever does not know it is not from here.
    word: String,
}

impl Relay {
    /// On a port that is free, which only this machine reaches.
    pub fn bind() -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        Ok(Relay { address: listener.local_addr()?, listener, word: id::fresh() })
    }

    /// The address that the libraries are told, without a slash at the end.
    pub fn base(&self) -> String {
        format!("http://{}/{}", self.address, self.word)
    }

    /// Serves for ever: each path below the base has somebody who takes what comes.
    pub async fn serve(self, takers: Vec<(&'static str, Taker)>) {
        let Ok(listener) = tokio::net::TcpListener::from_std(self.listener) else { return };
        let add = |router: Router, (path, taker): (&str, Taker)| {
            router.route(&format!("/{}{path}", self.word), post(take).with_state(taker))
        };
        let _ = axum::serve(listener, takers.into_iter().fold(Router::new(), add)).await;
    }
}

/// Says yes whatever came: to be refused makes a library try the same again.
async fn take(State(taker): State<Taker>, request: Request) -> StatusCode {
    if let Ok(body) = to_bytes(request.into_body(), BODY_BYTES).await {
        taker(body);
    }
    StatusCode::NO_CONTENT
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use http_body_util::Full;

    use super::*;
    use crate::kernel::https as http;

    #[tokio::test]
    async fn only_who_knows_the_word_is_heard() {
        let relay = Relay::bind().expect("a free port");
        let (base, heard) = (relay.base(), Arc::<Mutex<Vec<Bytes>>>::default());
        let bodies = heard.clone();
        let taker: Taker =
            Arc::new(move |body| bodies.lock().unwrap_or_else(PoisonError::into_inner).push(body));
        tokio::spawn(relay.serve(vec![("/push", taker)]));
        let http = http::client(http::mozilla());
        let post = async |url: String| {
            let request = axum::http::Request::post(url).body(Full::from("x")).expect("a request");
            http.request(request).await.expect("an answer").status()
        };
        let (outside, _) = base.rsplit_once('/').expect("a path");
        for stranger in [format!("{outside}/push"), format!("{outside}/guess/push"), format!("{base}/other")]
        {
            assert_eq!(post(stranger).await, StatusCode::NOT_FOUND);
        }
        assert_eq!(post(format!("{base}/push")).await, StatusCode::NO_CONTENT);
        assert_eq!(*heard.lock().expect("nobody panicked"), [Bytes::from("x")]);
    }
}
