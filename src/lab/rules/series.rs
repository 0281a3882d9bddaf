//! Which series there are: the lab's own as known when it was built, or what a Prometheus or a page of metrics says.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;

use crate::{
    kernel::{
        https::{Http, client, mozilla},
        outside,
    },
    rules::check::known::Known,
};

/// The lab's own, by name and labels.
const OURS: &str = include_str!("series.txt");
/// The longest that one question may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Where Prometheus lists the names of all series.
const NAMES: &str = "/api/v1/label/__name__/values";

/// What the lab itself has.
pub fn ours() -> Known {
    Known::of_exposition(OURS)
}

/// What is at `url`: a Prometheus, or a page of metrics. That is then all there is.
pub fn from(url: &str) -> Result<Known, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(ask(url))
}

async fn ask(url: &str) -> Result<Known, String> {
    let url = &outside::base("an address", url)?;
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
    let answer = outside::ask(http, PATIENCE, Method::GET, address, HeaderMap::new(), Bytes::new()).await;
    let body = answer.map_err(|silence| silence.to_string())?;
    String::from_utf8(body.to_vec()).map_err(|_| "its answer is no text".to_owned())
}
