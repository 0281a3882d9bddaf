//! What a trainee and an instructor ask of exercises.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    catalogue::{self, Difficulty},
    debrief::{self, RunNow},
    draw::draw,
    incident::Incident,
    judge::{Answer, FALSE_ALARM_COST, HINT_COSTS, PARTS},
    overview::{self, Row},
    run::{Run, RunState},
    vocabulary::{self, Vocabulary},
};
use crate::{
    console::{
        answers::{self, Refusals},
        body::Body,
        desk::Desk,
        wanted,
    },
    kernel::{
        clock,
        error::{Error, Kind, Result},
        extract::{Path, Query},
        id,
        problem::Problem,
    },
    scenario::{
        control::{Command, EXERCISE},
        incident,
    },
};

/// The longest alias, in characters.
const MOST_ALIAS: usize = 40;
/// Traces that a debrief names.
const SHOWN_TRACES: usize = 5;

/// What there is to know before one begins.
#[derive(Debug, Serialize, ToSchema)]
pub struct Exercises {
    /// How many there are of each difficulty.
    pub count: Vec<Count>,
    /// What an answer is made of, and the most that each part is worth.
    pub parts: Vec<PartOf>,
    pub hint_costs: Vec<u32>,
    pub false_alarm_cost: u32,
    /// The words of an answer.
    pub vocabulary: Vocabulary,
    /// Since when one is under way that can be joined, in milliseconds since 1970.
    pub under_way_since_ms: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DifficultyCount)]
pub struct Count {
    pub difficulty: Difficulty,
    pub count: usize,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PartOf {
    pub part: String,
    pub points: u32,
}

/// Who begins, and what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginBody {
    /// A name of one's choice, up to 40 characters.
    #[schema(
        min_length = 1,
        max_length = 40,
        pattern = r"^[^\x00-\x1F\x7F-\x9F]*[^\s\x00-\x1F\x7F-\x9F][^\x00-\x1F\x7F-\x9F]*$"
    )]
    alias: String,
    /// How hard it is to be; left out, all are drawn from.
    #[serde(default)]
    difficulty: Option<Difficulty>,
    /// The same seed draws the same exercise; left out, nobody knows.
    #[serde(default)]
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 4294967295_i64)]
    seed: Option<u32>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Say which incident it is although somebody still looks for it; asks for the token where the lab has one.
    #[serde(default)]
    answers: bool,
}

/// What exercises are like, and the words of an answer
#[utoipa::path(get, path = "/api/exercises", tag = "exercises", operation_id = "read_exercises",
    responses((status = 200, description = "Nothing of it says which runs", body = Exercises)))]
pub async fn read(State(desk): State<Arc<Desk>>) -> Json<Exercises> {
    settle(&desk).await;
    let count = |difficulty| Count {
        difficulty,
        count: catalogue::ALL.iter().filter(|one| one.difficulty == difficulty).count(),
    };
    Json(Exercises {
        count: Difficulty::ALL.map(count).into(),
        parts: PARTS.map(|(part, points)| PartOf { part: part.to_owned(), points }).into(),
        hint_costs: HINT_COSTS.into(),
        false_alarm_cost: FALSE_ALARM_COST,
        vocabulary: vocabulary::all(),
        under_way_since_ms: desk.console.exercises.incident().map(|incident| incident.started_ms),
    })
}

/// Begin an exercise, or join the one that is under way
///
/// It takes the stage: which scenario runs is not said by any answer until everybody at it is done.
#[utoipa::path(
    post, path = "/api/exercises/start", tag = "exercises", operation_id = "begin_exercise",
    request_body = BeginBody,
    responses((status = 201, description = "It has begun", body = RunNow), Refusals))]
pub async fn begin(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    Body(body): Body<BeginBody>,
) -> Result<(StatusCode, Json<RunNow>)> {
    let alias = alias(&body.alias)?;
    let book = &desk.console.exercises;
    settle(&desk).await;
    let turn = book.turn().await;
    match book.incident() {
        Some(_) => joins(&body)?,
        None if desk.verifying.is_under_way() => {
            return Err(Error::new(Kind::Conflict, "a verification has the stage"));
        }
        None => book.begin(break_something(&desk, &headers, &body).await?),
    }
    if book.list().iter().any(|run| run.is_under_way() && run.alias == alias) {
        return Err(Error::new(Kind::Conflict, "somebody of that alias is at it already"));
    }
    let full = || Error::new(Kind::Conflict, "as many are at it as there may be");
    let run = book.join(&alias, clock::now_millis(), body.seed.is_some()).ok_or_else(full)?;
    drop(turn);
    save(&desk);
    Ok((StatusCode::CREATED, Json(shown(&desk, &run))))
}

/// How a trainee's exercise stands
#[utoipa::path(get, path = "/api/exercises/{id}", tag = "exercises", operation_id = "show_exercise",
    params(("id" = String, Path, description = "The number of the run")),
    responses(
        (status = 200, description = "With the debrief, once everybody at it is done", body = RunNow),
        (status = 404, description = "There is no such run", body = Problem,
            content_type = "application/problem+json")))]
pub async fn show(State(desk): State<Arc<Desk>>, Path(id): Path<String>) -> Result<Json<RunNow>> {
    settle(&desk).await;
    let run = desk.console.exercises.get(&id).ok_or_else(unknown)?;
    Ok(Json(shown(&desk, &run)))
}

/// Say that something is wrong, without saying what; too early, it costs points
#[utoipa::path(post, path = "/api/exercises/{id}/notice", tag = "exercises", operation_id = "notice_incident",
    params(("id" = String, Path, description = "The number of the run")),
    responses((status = 200, description = "It is noted", body = RunNow), Refusals))]
pub async fn notice(State(desk): State<Arc<Desk>>, Path(id): Path<String>) -> Result<Json<RunNow>> {
    change(&desk, &id, |run| run.notice(clock::now_millis())).await
}

/// Take a hint, which costs points
#[utoipa::path(post, path = "/api/exercises/{id}/hint", tag = "exercises", operation_id = "take_hint",
    params(("id" = String, Path, description = "The number of the run")),
    responses((status = 200, description = "It is among the hints", body = RunNow), Refusals))]
pub async fn hint(State(desk): State<Arc<Desk>>, Path(id): Path<String>) -> Result<Json<RunNow>> {
    if open(&desk, &id).await?.next_hint_cost().is_none() {
        return Err(Error::new(Kind::Conflict, "there is no other hint"));
    }
    change(&desk, &id, |run| {
        let _ = run.take_hint();
    })
    .await
}

/// Say what it is; that ends the exercise
#[utoipa::path(
    post, path = "/api/exercises/{id}/answer", tag = "exercises", operation_id = "answer_exercise",
    params(("id" = String, Path, description = "The number of the run")), request_body = Answer,
    responses((status = 200, description = "It counts; judged part by part, with the debrief, once everybody at it is done", body = RunNow), Refusals))]
pub async fn answer(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(answer): Body<Answer>,
) -> Result<Json<RunNow>> {
    open(&desk, &id).await?;
    let trace_id = checked(&answer)?;
    let faults = faults(&desk);
    let has_struck = |trace: [u8; 16]| faults.iter().any(|id| desk.console.counts.has_struck(id, &trace));
    let is_struck = trace_id.is_some_and(has_struck);
    end(&desk, &headers, &id, |run, now_ms| run.answer(&answer, is_struck, now_ms)).await
}

/// Give up; what it was is told once everybody at it is done
#[utoipa::path(post, path = "/api/exercises/{id}/give-up", tag = "exercises", operation_id = "give_up_exercise",
    params(("id" = String, Path, description = "The number of the run")),
    responses((status = 200, description = "With the debrief, once everybody at it is done", body = RunNow), Refusals))]
pub async fn give_up(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<RunNow>> {
    open(&desk, &id).await?;
    end(&desk, &headers, &id, |run, now_ms| run.end(RunState::GivenUp, now_ms)).await
}

/// All runs, for the instructor, the newest first
#[utoipa::path(get, path = "/api/exercises/runs", tag = "exercises", operation_id = "list_runs", params(Which),
    responses(
        (status = 200, description = "Up to two hundred", body = Vec<Row>),
        (status = 401, description = "The answers are asked for without the token", body = Problem,
            content_type = "application/problem+json"),
        (status = 403, description = "The answers are asked for by another site's page", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "The query string is wrong", body = Problem,
            content_type = "application/problem+json")))]
pub async fn runs(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    Query(which): Query<Which>,
) -> Result<Json<Vec<Row>>> {
    if which.answers {
        desk.console.guard.admits(&headers)?;
    }
    settle(&desk).await;
    Ok(Json(overview::rows(&desk.console.exercises.list(), which.answers)))
}

/// To join is to take what runs. A difficulty or a seed is refused also where it is the right one: that would tell.
fn joins(body: &BeginBody) -> Result<()> {
    match body.difficulty.is_none() && body.seed.is_none() {
        true => Ok(()),
        false => {
            let why = "an exercise is under way; leave out difficulty and seed to join it";
            Err(Error::new(Kind::Conflict, why))
        }
    }
}

async fn break_something(desk: &Desk, headers: &HeaderMap, body: &BeginBody) -> Result<Incident> {
    let none = || Error::new(Kind::Internal, "there is no exercise to draw");
    let seed = u64::from(body.seed.unwrap_or_else(rand::random));
    let exercise = draw(seed, body.difficulty).ok_or_else(none)?;
    let spec = desk.console.scenarios.get(exercise.scenario).ok_or_else(none)?;
    let name = exercise.scenario.to_owned();
    answers::ask(desk, headers, Command::Incident { name: name.clone() }).await?;
    let started_ms = clock::now_millis();
    let at = |onset: std::time::Duration| {
        started_ms.saturating_add(i64::try_from(onset.as_millis()).unwrap_or(i64::MAX))
    };
    Ok(Incident {
        id: id::fresh(),
        scenario: name,
        difficulty: exercise.difficulty,
        seed,
        difficulty_is_chosen: body.difficulty.is_some(),
        started_ms,
        onsets_ms: incident::onsets(&spec).into_iter().map(at).collect(),
        faults: incident::faults(&spec),
    })
}

/// Finds out whether the incident is still on: calm and any other scenario end it.
async fn settle(desk: &Desk) {
    let book = &desk.console.exercises;
    let _turn = book.turn().await;
    let Some(incident) = book.incident() else { return };
    let control = &desk.console.control;
    let is_on = control.status().mode == EXERCISE && control.truth().mode == incident.scenario;
    if !is_on {
        book.end_incident(clock::now_millis());
        save(desk);
    }
}

async fn open(desk: &Desk, id: &str) -> Result<Run> {
    settle(desk).await;
    let run = desk.console.exercises.get(id).ok_or_else(unknown)?;
    match run.is_under_way() {
        true => Ok(run),
        false => Err(Error::new(Kind::Conflict, "this exercise is over")),
    }
}

async fn change(desk: &Desk, id: &str, change: impl FnOnce(&mut Run)) -> Result<Json<RunNow>> {
    open(desk, id).await?;
    let changed = desk.console.exercises.change(id, |run| {
        if run.is_under_way() {
            change(run);
        }
    });
    save(desk);
    Ok(Json(shown(desk, &changed.ok_or_else(unknown)?)))
}

/// Ends a run by `how`; with the last one, the incident ends, and the evening is normal again.
async fn end(
    desk: &Desk,
    headers: &HeaderMap,
    id: &str,
    how: impl FnOnce(&mut Run, i64),
) -> Result<Json<RunNow>> {
    let counts = &desk.console.counts;
    let mut trace_ids: Vec<String> =
        faults(desk).iter().flat_map(|fault| counts.struck(fault, SHOWN_TRACES)).collect();
    trace_ids.truncate(SHOWN_TRACES);
    let book = &desk.console.exercises;
    let changed = book.change(id, |run| {
        if run.is_under_way() {
            run.trace_ids = trace_ids;
            how(run, clock::now_millis());
        }
    });
    let run = changed.ok_or_else(unknown)?;
    let turn = book.turn().await;
    if book.is_deserted() {
        book.end_incident(clock::now_millis());
        // If the engine cannot now, whoever is on the stage can.
        let _ = answers::ask(desk, headers, Command::Stop).await;
    }
    drop(turn);
    save(desk);
    Ok(Json(shown(desk, &run)))
}

fn faults(desk: &Desk) -> Vec<String> {
    desk.console.exercises.incident().map(|incident| incident.faults).unwrap_or_default()
}

fn shown(desk: &Desk, run: &Run) -> RunNow {
    debrief::shown(run, desk.console.exercises.is_open(run), &desk.console.scenarios)
}

/// Writes the book, off the thread that has to answer everybody else. What a full disk refuses is still in memory.
fn save(desk: &Desk) {
    let book = desk.console.exercises.clone();
    tokio::task::spawn_blocking(move || drop(book.save()));
}

fn unknown() -> Error {
    Error::not_found("there is no such run of an exercise")
}

fn alias(given: &str) -> Result<String> {
    let alias = given.trim();
    let length = alias.chars().count();
    if !(1..=MOST_ALIAS).contains(&length) || alias.chars().any(char::is_control) {
        return Err(Error::invalid("alias", format!("expected 1 to {MOST_ALIAS} characters in one line")));
    }
    Ok(alias.to_owned())
}

/// Every word of an answer is one of the vocabulary, and its trace has the form of one.
fn checked(answer: &Answer) -> Result<Option<[u8; 16]>> {
    if *answer == Answer::default() {
        // It would end the run, and say what it was, for a press on an empty form.
        return Err(Error::invalid(
            "service",
            "an answer names at least one part; give up to see what it was",
        ));
    }
    type Check = fn(&str) -> std::result::Result<(), String>;
    let words: [(&'static str, &Option<String>, Check); 3] = [
        ("service", &answer.service, vocabulary::service),
        ("place", &answer.place, vocabulary::place),
        ("kind", &answer.kind, vocabulary::kind),
    ];
    for (field, word, check) in words {
        word.as_deref().map_or(Ok(()), check).map_err(|why| Error::invalid(field, why))?;
    }
    answer.trace_id.as_deref().map(|trace| wanted::id("trace_id", trace.trim())).transpose()
}
