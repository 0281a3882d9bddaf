//! Which series there are: the lab's own as known when it was built, or what a Prometheus or a page of metrics says.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use serde_json::Value;

use crate::{
    kernel::https::{Http, client, mozilla},
    rules::check::known::Known,
};

/// The lab's own, by name and labels.
const OURS: &str = include_str!("series.txt");
/// The longest that one question may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// As much of an answer as is read.
const ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// Where Prometheus lists the names of all series.
const NAMES: &str = "/api/v1/label/__name__/values";

/// What the lab itself has.
pub fn ours() -> Known {
    Known::of_exposition(OURS)
}

/// What is at `url`: a Prometheus, or a page of metrics. That is then all there is.
pub fn from(url: &str) -> Result<Known, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(ask(url.trim().trim_end_matches('/')))
}

async fn ask(url: &str) -> Result<Known, String> {
    let uri: Uri = url.parse().map_err(|error| format!("`{url}` is not an address: {error}"))?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    // What may hold a password is not repeated.
    if !is_web || uri.authority().is_none_or(|authority| authority.as_str().contains('@')) {
        return Err("an address is of the form http://host:port or http://host:port/metrics".to_owned());
    }
    let http = client(mozilla());
    if let Ok(names) = get(&http, &format!("{url}{NAMES}")).await
        && let Ok(names) = serde_json::from_str::<Value>(&names)
        && let Some(names) = names["data"].as_array()
    {
        return Ok(Known::of_names(names.iter().filter_map(Value::as_str).map(str::to_owned)));
    }
    let page = get(&http, url).await.map_err(|why| format!("{url}: {why}"))?;
    if !page.contains("# TYPE") {
        return Err(format!("{url} is neither a Prometheus nor a page of metrics"));
    }
    Ok(Known::of_exposition(&page).as_all())
}

async fn get(http: &Http, address: &str) -> Result<String, String> {
    let mut request = Request::new(Full::<Bytes>::default());
    *request.uri_mut() = address.parse().map_err(|_| "not an address".to_owned())?;
    let answered = async {
        let response = http.request(request).await.map_err(|error| error.to_string())?;
        let status = response.status();
        if !status.is_success() {
            return Err(format!("it answers {}", status.as_u16()));
        }
        let body = Limited::new(response.into_body(), ANSWER_BYTES).collect().await;
        let body = body.map_err(|error| error.to_string())?.to_bytes();
        String::from_utf8(body.to_vec()).map_err(|_| "its answer is no text".to_owned())
    };
    match tokio::time::timeout(PATIENCE, answered).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer within {PATIENCE:?}")),
    }
}
