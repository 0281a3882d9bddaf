//! Profiles in the built-in store.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    desk::Desk,
    wanted::{Asked, Unanswered, Wanted, number},
};
use crate::{
    kernel::{
        error::{Error, Kind, Result},
        extract::Path,
    },
    store::profiles::{
        flame, pprof,
        shelf::{Profile, Profiled},
        tree::{Frame, plain, tree},
    },
};

/// As long as samples are kept.
const MOST_SECONDS: u64 = 900;
const SVG: &str = "image/svg+xml";
const PPROF: &str = "application/vnd.google.protobuf+gzip";

/// Which of a service's profiles, and how it is to be written.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ProfileWanted {
    /// Only work for this route, such as `POST /charge`, or `/charge` by whatever method.
    #[param(min_length = 1)]
    route: Option<String>,
    /// Of the last so many seconds; all that is kept unless it is said.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 900)]
    seconds: Option<String>,
    /// `ours` leaves out the runtime, the web server and the standard library; `all` does not. `ours` in a picture, `all`
    /// elsewhere unless it is said.
    #[param(value_type = Option<String>, pattern = "^(ours|all)$")]
    frames: Option<Frames>,
    /// `json`, `svg` or `pprof`. `Accept` is heard when it is not said.
    #[param(value_type = Option<String>, pattern = "^(json|svg|pprof)$")]
    format: Option<Format>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Json,
    Svg,
    Pprof,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Frames {
    Ours,
    All,
}

impl Asked for ProfileWanted {}

/// A profile.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ProfileNow {
    pub service: String,
    pub route: Option<String>,
    /// Samples a second and processor.
    pub hertz: u32,
    /// How long it was sampled, in slots of ten seconds.
    pub seconds: f64,
    pub samples: u64,
    /// All stacks laid over one another.
    pub root: Frame,
}

/// The services and routes of which there are samples
#[utoipa::path(get, path = "/api/profiles", tag = "store", operation_id = "list_profiles",
    responses((status = 200, description = "Those that took most processor time first", body = Vec<Profiled>),
        Unanswered))]
pub async fn list(State(desk): State<Arc<Desk>>) -> Result<Json<Vec<Profiled>>> {
    desk.console.asked(|store| store.profiled()).await.map(Json)
}

/// Where a service's processor time went: as a tree, a flame graph or pprof
#[utoipa::path(get, path = "/api/profiles/{service}", tag = "store", operation_id = "read_profile",
    params(("service" = String, Path, description = "The service's name"), ProfileWanted),
    responses((status = 200, description = "The profile; `image/svg+xml` and pprof are there for the asking",
        body = ProfileNow), Unanswered))]
pub async fn show(
    State(desk): State<Arc<Desk>>,
    Path(service): Path<String>,
    Wanted(wanted): Wanted<ProfileWanted>,
    headers: HeaderMap,
) -> Result<Response> {
    let seconds = number("seconds", wanted.seconds.as_deref(), MOST_SECONDS, MOST_SECONDS)?;
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    let format = wanted.format.unwrap_or_else(|| accepted(&headers));
    let (whose, route) = (service.clone(), wanted.route.clone());
    let found = desk.console.asked(move |store| store.profile(&whose, route.as_deref(), seconds)).await?;
    let profile = match found {
        Some(profile) => profile,
        None => {
            let profiled = desk.console.asked(|store| store.profiled()).await?;
            return Err(Error::not_found(missing(&service, &profiled)));
        }
    };
    let title = match &wanted.route {
        Some(route) => format!("{service} {route}"),
        None => service.clone(),
    };
    match format {
        Format::Json => {
            let root = root(&profile, &service, wanted.frames.unwrap_or(Frames::All));
            Ok(Json(now(service, wanted.route, &profile, root)).into_response())
        }
        Format::Svg => {
            let root = root(&profile, &service, wanted.frames.unwrap_or(Frames::Ours));
            let svg = flame::svg(&root, &title, profile.hertz);
            Ok(([(header::CONTENT_TYPE, SVG)], svg).into_response())
        }
        Format::Pprof => {
            let packed = pprof::encode(&profile).map_err(|error| {
                Error::new(Kind::Internal, "the profile cannot be packed").caused_by(error)
            })?;
            let name = format!("attachment; filename=\"{}.pb.gz\"", file_name(&service));
            Ok(([(header::CONTENT_TYPE, PPROF.to_owned()), (header::CONTENT_DISPOSITION, name)], packed)
                .into_response())
        }
    }
}

/// Why there is no profile, and what there is.
fn missing(service: &str, profiled: &[Profiled]) -> String {
    let services: BTreeSet<&str> = profiled.iter().map(|one| one.service.as_str()).collect();
    if services.is_empty() {
        return "there are no samples: processor time is sampled when the lab runs with --profile".to_owned();
    }
    let words = |words: BTreeSet<&str>| words.into_iter().collect::<Vec<_>>().join(", ");
    if !services.contains(service) {
        return format!("there are no samples of that service; there are of {}", words(services));
    }
    let routes = profiled.iter().filter(|one| one.service == service).filter_map(|one| one.route.as_deref());
    format!("there are no such samples of {service}; there are of {}", words(routes.collect()))
}

fn root(profile: &Profile, name: &str, frames: Frames) -> Frame {
    let root = tree(profile, name);
    match frames {
        Frames::All => root,
        Frames::Ours => plain(&root),
    }
}

fn now(service: String, route: Option<String>, profile: &Profile, root: Frame) -> ProfileNow {
    ProfileNow {
        route,
        hertz: profile.hertz,
        seconds: (profile.ended_ms - profile.begun_ms) as f64 / 1_000.0,
        samples: profile.samples(),
        root,
        service,
    }
}

/// The first of our formats that the caller names.
fn accepted(headers: &HeaderMap) -> Format {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let named = accept.split(',').filter_map(|one| match one.split(';').next().unwrap_or_default().trim() {
        "application/json" => Some(Format::Json),
        SVG => Some(Format::Svg),
        PPROF | "application/x-protobuf" => Some(Format::Pprof),
        _ => None,
    });
    named.into_iter().next().unwrap_or(Format::Json)
}

/// What of a name may stand in a header.
fn file_name(service: &str) -> String {
    service.chars().filter(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(*letter)).collect()
}
