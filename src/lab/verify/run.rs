//! Plays the scenarios one after another, judges each, and says by exit code how it went: 0 all promises were kept,
//! 1 one was broken, 2 it could not be told.

use std::{fs, process::ExitCode, time::Duration};

use http::HeaderValue;
use serde_json::json;

use super::{
    child::LabChild,
    flags::Verify,
    wanted::{self, Wanted},
};
use crate::{
    kernel::outside::{Place, Silence},
    lab::{
        rules::{check, files},
        speak::{answer, say},
        token,
    },
    scenario::spec::Spec,
    verify::{
        finding::Outcome,
        judge::judge,
        junit, page,
        plan::Plan,
        ready::{self, Ground},
        report::{self, Report},
        run::{self, Manner},
    },
};

/// A lab, Prometheus and Alertmanager are there within this, even on a busy machine.
const OPENING: Duration = Duration::from_secs(90);
/// Alerts of the scenario before may take this long to end.
const SETTLING: Duration = Duration::from_secs(300);
const BROKEN: u8 = 1;
const COULD_NOT: u8 = 2;

/// Runs `doorbuster verify`.
pub fn main(flags: &Verify) -> ExitCode {
    match verified(flags) {
        Ok(Outcome::Kept) => ExitCode::SUCCESS,
        Ok(Outcome::Broken) => ExitCode::from(BROKEN),
        Ok(Outcome::CouldNotTell) => ExitCode::from(COULD_NOT),
        Err(why) => {
            say(&format!("doorbuster: {why}\n"));
            ExitCode::from(COULD_NOT)
        }
    }
}

fn verified(flags: &Verify) -> Result<Outcome, String> {
    let wanted = wanted::scenarios(&flags.scenarios)?;
    fit(flags)?;
    writable(flags)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let mut reports = Vec::new();
    let ended = runtime.block_on(async {
        tokio::select! {
            ended = verify(flags, &wanted, &mut reports) => ended,
            () = interrupted() => Err("interrupted".to_owned()),
        }
    });
    if let Err(why) = &ended {
        say(&format!("doorbuster: {why}\n"));
    }
    // Whoever reads the files alone must not take what was never played for what was kept.
    let why = ended.err().unwrap_or_else(|| "the one before did not keep its promises".to_owned());
    let unplayed = wanted.iter().skip(reports.len());
    let unplayed: Vec<Report> =
        unplayed.map(|one| Report::unplayed(&one.spec.name, &one.spec.title, &why)).collect();
    reports.extend(unplayed);
    finish(flags, &reports)?;
    Ok(reports.iter().map(|report| report.outcome).max().unwrap_or(Outcome::CouldNotTell))
}

/// Plays one after another until one cannot be played; `reports` has those that were.
async fn verify(flags: &Verify, wanted: &[Wanted], reports: &mut Vec<Report>) -> Result<(), String> {
    let own: Vec<(String, String)> =
        wanted.iter().filter_map(|one| Some((one.spec.name.clone(), one.text.clone()?))).collect();
    let mut child = match &flags.url {
        Some(_) => None,
        None => Some(LabChild::start(flags, &own)?),
    };
    let url = child.as_ref().map_or_else(|| flags.url.clone().unwrap_or_default(), |child| child.url.clone());
    let word = if child.is_some() { None } else { token::given() };
    let word = word.map(|word| HeaderValue::try_from(format!("Bearer {word}"))).transpose();
    let word = word.map_err(|_| format!("{} cannot stand in a header", token::VARIABLE))?;
    let lab = Place::new("--url", &url)?.with_token(word);
    let ground = match opened(&lab, &mut child).await {
        Ok(ground) => ground,
        Err(why) => return Err(child.as_mut().and_then(LabChild::last_words).unwrap_or(why)),
    };
    let about = &ground.about;
    say(&format!(
        "ready: {}, Prometheus {}, Alertmanager {}{}, {} pace\n",
        lab.base(),
        about.prometheus,
        about.alertmanager,
        if about.event_recorder { " with its event recorder" } else { "" },
        about.pace
    ));
    if let Some(child) = &child {
        left_out(child);
    }
    let strangers: Vec<String> =
        wanted.iter().flat_map(|one| ground.known.strangers(&Plan::of(&one.spec))).collect();
    if !strangers.is_empty() {
        return Err(strangers.join("\n"));
    }
    for one in wanted {
        if child.is_none() {
            is_the_same(&lab, one).await?;
        }
        let report = verify_one(&ground, &one.spec, flags).await?;
        if !flags.json {
            answer(&report.table());
        }
        let outcome = report.outcome;
        reports.push(report);
        if let Some(words) = child.as_mut().and_then(LabChild::last_words) {
            return Err(words);
        }
        if flags.fail_fast && outcome != Outcome::Kept {
            break;
        }
    }
    Ok(())
}

/// Files of one's own that no server would take are named as they are called here, and not as the lab calls them.
fn fit(flags: &Verify) -> Result<(), String> {
    let mut files = files::expand_all(&flags.rules)?;
    files.extend(flags.alertmanager_config.clone());
    let wrong: String = check::errors(&files).iter().map(ToString::to_string).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.trim_end().to_owned()) }
}

async fn opened(lab: &Place, child: &mut Option<LabChild>) -> Result<Ground, String> {
    let mut tell = |text: &str| say(&format!("{text}\n"));
    let ready = ready::ready(lab.clone(), OPENING, &mut tell);
    let Some(child) = child else { return ready.await };
    // A lab that has ended does not become ready.
    let ended = async {
        while child.last_words().is_none() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::select! {
        ready = ready => ready,
        () = ended => Err("the lab ended".to_owned()),
    }
}

/// What the user's own files lost on their way into the lab is said by the lab.
fn left_out(child: &LabChild) {
    let said = child.said();
    said.lines().filter(|line| line.contains("left out")).for_each(|line| say(&format!("{}\n", line.trim())));
}

/// A lab elsewhere must play what is judged here.
async fn is_the_same(lab: &Place, wanted: &Wanted) -> Result<(), String> {
    let name = &wanted.spec.name;
    let theirs = lab.get(&format!("/api/scenarios/{name}"), &()).await;
    let theirs = theirs.map_err(|silence| match silence {
        Silence::Refused(404, _) => format!(
            "{name}: the lab at {} does not have it; one that is started with --scenarios and its folder does",
            lab.base()
        ),
        silence @ (Silence::Refused(..) | Silence::Failed(_)) => format!("{name}: the lab at {}: {silence}", lab.base()),
    })?;
    let theirs: Spec = serde_json::from_value(theirs)
        .map_err(|error| format!("{name}: the lab at {} has another form of it: {error}", lab.base()))?;
    match theirs.phases == wanted.spec.phases && theirs.load == wanted.spec.load {
        true => Ok(()),
        false => Err(format!("{name}: the lab at {} has another scenario of that name", lab.base())),
    }
}

async fn verify_one(ground: &Ground, spec: &Spec, flags: &Verify) -> Result<Report, String> {
    let name = &spec.name;
    let mut tell = |text: &str| say(&format!("{text}\n"));
    tell(&format!("\n{name}: waiting until all is calm"));
    // Where no scenario runs, there is none to stop.
    let _ = ground.places.lab.post("/api/scenarios/stop", &json!({})).await;
    ready::settled(ground, SETTLING, &mut tell).await.map_err(|why| format!("{name}: {why}"))?;
    tell(&format!("{name}: {}", spec.title));
    let plan = Plan::of(spec);
    let manner = Manner { seed: flags.seed, hurry: flags.hurry };
    let timeline = run::run(&ground.places, &plan, &ground.timing, &manner, &mut tell).await;
    let timeline = timeline.map_err(|silence| format!("{name}: the lab: {silence}"))?;
    let findings = judge(&plan, &timeline, &ground.timing);
    let about = report::About { seed: flags.seed.or(spec.seed), ..ground.about.clone() };
    Ok(Report::new(&spec.title, findings, about, ground.timing.clone(), timeline))
}

/// Where the findings are to be written is tried before they are made.
fn writable(flags: &Verify) -> Result<(), String> {
    for file in [&flags.junit, &flags.page].into_iter().flatten() {
        let opened = fs::OpenOptions::new().create(true).append(true).open(file);
        opened.map_err(|error| format!("failed to write {}: {error}", file.display()))?;
    }
    Ok(())
}

fn finish(flags: &Verify, reports: &[Report]) -> Result<(), String> {
    if let Some(file) = &flags.junit {
        let written = junit::document(reports)
            .and_then(|text| fs::write(file, text).map_err(|error| error.to_string()));
        written.map_err(|why| format!("failed to write {}: {why}", file.display()))?;
    }
    if let Some(file) = &flags.page {
        let written = fs::write(file, page::page(reports));
        written.map_err(|error| format!("failed to write {}: {error}", file.display()))?;
    }
    if flags.json {
        answer(&format!("{}\n", serde_json::to_string_pretty(reports).unwrap_or_default()));
    } else if reports.len() > 1 {
        answer(&report::summary(reports));
    }
    Ok(())
}

async fn interrupted() {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
