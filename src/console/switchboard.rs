//! The switchboard for processes elsewhere: what is broken, as a stream of whole settings; and what they report of it.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response, Sse, sse::Event},
};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::watch,
    time::{Interval, MissedTickBehavior, interval_at},
};
use utoipa::{IntoParams, ToSchema};

use super::{
    answers::Refusals,
    body::Body,
    desk::{Desk, Remote},
    followers::{self, Seat},
};
use crate::{
    chaos::{
        live::Count,
        setting::{Revision, Setting},
    },
    kernel::{
        error::{Error, Kind, Result},
        extract::Query,
        problem::Problem,
    },
};

/// How often a follower hears that the engine is there, whatever happens.
pub const BEAT_EVERY: Duration = Duration::from_secs(5);
/// The header by which a follower says what it has (HTML standard, §9.2.4).
pub const LAST_EVENT_ID: &str = "last-event-id";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Who {
    /// The name of the process that follows, for `/api/state`.
    process: Option<String>,
}

/// The event `beat`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Beat {
    #[schema(value_type = String)]
    pub revision: Revision,
}

/// What a process reports of its faults: absolute numbers.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CountsBody {
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._-]+$")]
    pub process: String,
    /// The setting it has.
    #[schema(value_type = String, pattern = "^[0-9a-f]{1,16}-[0-9]{1,19}$")]
    pub revision: Revision,
    /// By the fault's id. What is left out has not changed.
    pub faults: BTreeMap<String, Count>,
}

/// What is broken, as it changes (server-sent events), for processes that follow
///
/// The event `setting` holds all of it (`Setting`), its id is the revision; it comes at the start, unless
/// `Last-Event-ID` names the current one, and at every change. The event `beat` (`Beat`) comes every five seconds.
#[utoipa::path(get, path = "/api/switchboard", tag = "switchboard", operation_id = "follow_switchboard",
    params(Who, ("last-event-id" = Option<String>, Header, description = "The revision that is there already")),
    responses(
        (status = 200, description = "A stream that does not end", body = String, content_type = "text/event-stream"),
        (status = 503, description = "Too many processes follow", body = Problem,
            content_type = "application/problem+json")))]
pub async fn follow(
    State(desk): State<Arc<Desk>>,
    Query(who): Query<Who>,
    remote: Remote,
    headers: HeaderMap,
) -> Result<Response> {
    let caller = desk.caller(&headers, remote);
    let seat = desk.followers.seat(who.process.as_deref().unwrap_or_default(), caller);
    let seat = seat.ok_or_else(|| Error::new(Kind::Unavailable, "too many processes follow"))?;
    let has = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let mut setting = desk.console.switchboard.follow();
    let is_current = has == Some(setting.borrow_and_update().revision);
    let mut beat = interval_at(tokio::time::Instant::now() + BEAT_EVERY, BEAT_EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let first = Some(if is_current { Say::Beat } else { Say::Setting });
    let line = Line { first, setting, beat, seat };
    let events = stream::unfold(line, async |mut line| {
        let event = line.next().await?;
        Some((Ok::<_, Infallible>(event), line))
    });
    Ok(Sse::new(Box::pin(events)).into_response())
}

/// Take note of what the faults did in a process that follows
#[utoipa::path(
    post, path = "/api/switchboard/counts", tag = "switchboard",
    operation_id = "report_counts", request_body = CountsBody,
    responses((status = 204, description = "Noted"), Refusals))]
pub async fn count(State(desk): State<Arc<Desk>>, Body(body): Body<CountsBody>) -> Result<StatusCode> {
    if !followers::is_name(&body.process) {
        return Err(Error::invalid("process", "expected 1 to 64 letters, digits, dots and dashes"));
    }
    desk.console.counts.report(&body.process, body.revision, body.faults);
    Ok(StatusCode::NO_CONTENT)
}

/// One follower's end of the stream.
struct Line {
    first: Option<Say>,
    setting: watch::Receiver<Arc<Setting>>,
    beat: Interval,
    seat: Seat,
}

enum Say {
    Setting,
    Beat,
}

impl Line {
    async fn next(&mut self) -> Option<Event> {
        let say = match self.first.take() {
            Some(first) => first,
            None => tokio::select! {
                changed = self.setting.changed() => changed.map(|()| Say::Setting).ok()?,
                _ = self.beat.tick() => Say::Beat,
                () = self.seat.lost() => return None,
            },
        };
        match say {
            // A beat names what was sent: a change that has come meanwhile goes out instead of it.
            Say::Beat if !self.setting.has_changed().ok()? => {
                let beat = Beat { revision: self.setting.borrow().revision };
                Event::default().event("beat").json_data(beat).ok()
            }
            Say::Beat | Say::Setting => {
                let setting = self.setting.borrow_and_update().clone();
                let event = Event::default().event("setting").id(setting.revision.to_string());
                event.json_data(&*setting).ok()
            }
        }
    }
}
