//! Starts Prometheus and Alertmanager, and ends them.

use std::{
    collections::VecDeque,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use futures_util::future::join_all;
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
    time::timeout,
};

pub use super::wrong::NotStarted;
use super::{
    alertmanager::{self, Recorder},
    ask::Asker,
    child::{Errand, Form},
    folder::Folder,
    leftover,
    part::Part,
    plan::Plan,
    ports,
    program::Program,
    prometheus,
    standing::{Standing, State},
    supervise::Ward,
};

/// How long both may take to end: longer than either is given.
const ENDING: Duration = Duration::from_secs(3);

/// Both of them, running. [`Stack::stop`] ends them; so does the end of the value, less politely.
pub struct Stack {
    pub prometheus_url: String,
    pub alertmanager_url: String,
    /// What a person should know about the versions.
    pub cautions: Vec<String>,
    stop: watch::Sender<bool>,
    wards: Vec<JoinHandle<()>>,
    _folder: Folder,
}

/// A port for each of the two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ports {
    pub prometheus: u16,
    pub alertmanager: u16,
}

impl Ports {
    /// The plan's, or others that are free.
    pub fn free(first: u16) -> Self {
        let (prometheus, alertmanager) = ports::pair(first);
        Ports { prometheus, alertmanager }
    }

    /// `host:port` of one of them.
    pub fn address(self, part: Part) -> String {
        let port = match part {
            Part::Prometheus => self.prometheus,
            Part::Alertmanager => self.alertmanager,
        };
        format!("127.0.0.1:{port}")
    }

    pub fn url(self, part: Part) -> String {
        format!("http://{}", self.address(part))
    }
}

/// Ends what a lab that was killed left running in `dir`, so that its ports are free again. Of a folder that another lab
/// holds nothing is touched.
pub async fn clear(dir: &Path) {
    if let Ok(folder) = Folder::hold(dir) {
        end_leftovers(&folder).await;
    }
}

async fn end_leftovers(folder: &Folder) {
    for part in Part::ALL {
        leftover::end(&folder.pid(part), &folder.mark(part)).await;
    }
}

impl Stack {
    /// Starts both and waits until they are ready.
    pub async fn start(plan: Plan) -> Result<Stack, NotStarted> {
        let ports = Ports::free(plan.first_port);
        let (prometheus, alertmanager) = (ports.url(Part::Prometheus), ports.url(Part::Alertmanager));
        let standing = Standing::starting(plan.pace, &prometheus, &alertmanager);
        Stack::start_at(plan, ports, &standing).await
    }

    /// The same at these ports, and `standing` hears how it goes.
    pub async fn start_at(plan: Plan, ports: Ports, standing: &Standing) -> Result<Stack, NotStarted> {
        let started = Stack::try_start(plan, ports, standing).await;
        if let Err(why) = &started {
            let state = match why {
                NotStarted::Missing(_) => State::Missing,
                NotStarted::Failed(_) => State::Failed,
            };
            standing.fail(state, &why.to_string());
        }
        started
    }

    async fn try_start(plan: Plan, ports: Ports, standing: &Standing) -> Result<Stack, NotStarted> {
        let (one, other) = tokio::join!(
            Program::find(Part::Prometheus, plan.prometheus_bin.as_deref()),
            Program::find(Part::Alertmanager, plan.alertmanager_bin.as_deref()),
        );
        let programs = [(Part::Prometheus, one?), (Part::Alertmanager, other?)];
        let folder = Folder::hold(&plan.dir)?;
        end_leftovers(&folder).await;
        let (stop, stopped) = watch::channel(false);
        let asker = Asker::new();
        let (mut wards, mut waiting) = (Vec::new(), Vec::new());
        for (part, program) in &programs {
            let forms = forms(*part, program, &plan, ports, &folder)?;
            standing.tell(*part, |part| part.with_version(program.version));
            let url = ports.url(*part);
            let ward = Ward { part: *part, forms, url, standing: standing.clone(), asker: asker.clone() };
            let (ready, is_ready) = oneshot::channel();
            wards.push(tokio::spawn(ward.look_after(stopped.clone(), ready)));
            waiting.push(is_ready);
        }
        let mut stack = Stack {
            prometheus_url: ports.url(Part::Prometheus),
            alertmanager_url: ports.url(Part::Alertmanager),
            cautions: programs.iter().filter_map(|(part, program)| program.caution(*part)).collect(),
            stop,
            wards,
            _folder: folder,
        };
        for is_ready in waiting {
            // Whoever was asked to end before it was ready says nothing.
            let first = is_ready.await.unwrap_or_else(|_| Err("it was ended before it was ready".to_owned()));
            match first {
                Ok(caution) => stack.cautions.extend(caution),
                Err(why) => {
                    stack.stop().await;
                    return Err(NotStarted::Failed(why));
                }
            }
        }
        Ok(stack)
    }

    /// Ends both, within three seconds.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let wards = std::mem::take(&mut self.wards);
        let _ = timeout(ENDING, join_all(wards)).await;
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // With its task goes the child's handle, and with that the child.
        self.wards.iter().for_each(JoinHandle::abort);
    }
}

/// The ways in which a part may be started, the one to try first in front. What is the same for all of them is written.
fn forms(
    part: Part,
    program: &Program,
    plan: &Plan,
    ports: Ports,
    folder: &Folder,
) -> Result<VecDeque<Form>, NotStarted> {
    let address = ports.address(part);
    let file = folder.file(&format!("{part}.yml"));
    let log = folder.log(part);
    let token = plan.token.as_ref().map(|token| folder.write("token", token)).transpose()?;
    let errand = |arguments: Vec<String>, growing: Vec<PathBuf>| Errand {
        program: program.path.clone(),
        arguments,
        log: log.clone(),
        pid: folder.pid(part),
        growing,
    };
    let forms: VecDeque<Form> = match part {
        Part::Prometheus => {
            let (rules, data) = (folder.rules(plan)?, made(folder.measurements(plan.pace))?);
            let alertmanager = ports.address(Part::Alertmanager);
            let form = |exemplars: bool| Form {
                configuration: prometheus::configuration(
                    plan,
                    &rules,
                    &alertmanager,
                    exemplars,
                    token.as_deref(),
                ),
                file: file.clone(),
                errand: errand(prometheus::flags(plan.pace, &file, &data, &address, exemplars), Vec::new()),
                without: (!exemplars).then_some("the storage of exemplars"),
            };
            [true, false].map(form).into()
        }
        Part::Alertmanager => {
            let (events, data) = (folder.events(), made(folder.memory())?);
            let all = alertmanager::forms(program.version);
            let plain = alertmanager::configuration(&plan.alertmanager, token.as_deref());
            let form = |recorder: &Recorder| Form {
                configuration: alertmanager::recording(plain.clone(), *recorder, &events),
                file: file.clone(),
                errand: errand(
                    alertmanager::flags(&file, &data, &address, *recorder),
                    if *recorder == Recorder::Off { Vec::new() } else { vec![events.clone()] },
                ),
                without: (*recorder == Recorder::Off).then_some("the event recorder"),
            };
            fs::write(&events, "").map_err(|error| wrong(&events, &error))?;
            all.iter().map(form).collect()
        }
    };
    fs::write(&log, "").map_err(|error| wrong(&log, &error))?;
    Ok(forms)
}

fn made(path: PathBuf) -> Result<PathBuf, NotStarted> {
    fs::create_dir_all(&path).map_err(|error| wrong(&path, &error))?;
    Ok(path)
}

fn wrong(path: &Path, error: &std::io::Error) -> NotStarted {
    NotStarted::Failed(format!("{}: {error}", path.display()))
}
