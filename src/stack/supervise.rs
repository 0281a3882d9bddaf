//! Sees to it that a child runs until it is asked to end: starts it again when it ends by itself, with growing pauses, and
//! counts how often.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use tokio::{
    process::Child as Process,
    sync::{oneshot, watch},
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use super::{
    ask::Asker,
    child::{Errand, Form},
    folder::write_private,
    part::Part,
    standing::{Standing, State},
};

/// How long it may take until it is ready.
pub const STARTING: Duration = Duration::from_secs(15);
/// How often a child that starts is asked whether it is ready.
const ASK_EVERY: Duration = Duration::from_millis(50);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Whoever ran for so long ended for a reason of its own, and not because it cannot run.
const SOUND: Duration = Duration::from_secs(60);
const TRIM_EVERY: Duration = Duration::from_secs(10);

/// A child that is looked after.
pub struct Ward {
    pub part: Part,
    /// The ways to start it, the one that counts in front. Each is tried once; none is tried again.
    pub forms: VecDeque<Form>,
    pub url: String,
    pub standing: Standing,
    pub asker: Asker,
}

/// How a child's life ended.
enum Ended {
    ByItself,
    AsAsked,
    /// It never became ready: why.
    Stillborn(NotReady),
}

struct NotReady {
    why: String,
    /// It ended by itself, as a program does that refuses its configuration.
    has_ended: bool,
}

/// How the first start went: with what a person should know of it, or why there is none.
pub type FirstStart = Result<Option<String>, String>;

impl Ward {
    /// Runs it until `stopped` says so. `ready` hears how the first start went; when it failed in every form, there is no
    /// second.
    pub async fn look_after(
        mut self,
        mut stopped: watch::Receiver<bool>,
        ready: oneshot::Sender<FirstStart>,
    ) {
        let mut ready = Some(ready);
        let mut pause = FIRST_PAUSE;
        // What was said when the first form was refused.
        let mut refusal = None;
        while let Some(form) = self.forms.front() {
            let begun = Instant::now();
            let ended = self.live(form, refusal.as_deref(), &mut stopped, &mut ready).await;
            match (ended, ready.take()) {
                (Ended::AsAsked, _) => return,
                (Ended::Stillborn(NotReady { why, has_ended }), Some(untold)) => {
                    if !has_ended || self.forms.len() == 1 {
                        return drop(untold.send(Err(why)));
                    }
                    refusal.get_or_insert(why);
                    self.forms.pop_front();
                    ready = Some(untold);
                    continue;
                }
                (Ended::Stillborn(_) | Ended::ByItself, _) => {}
            }
            if begun.elapsed() >= SOUND {
                pause = FIRST_PAUSE;
            }
            self.standing.tell(self.part, |part| {
                part.state = State::Restarting;
                part.restarts += 1;
            });
            // A child that heard Ctrl-C by itself ends before the lab has asked it to: the word comes meanwhile.
            if timeout(pause, asked_to_end(&mut stopped)).await.is_ok() {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// One life, from the start to the end.
    async fn live(
        &self,
        form: &Form,
        refusal: Option<&str>,
        stopped: &mut watch::Receiver<bool>,
        ready: &mut Option<oneshot::Sender<FirstStart>>,
    ) -> Ended {
        let errand = &form.errand;
        let not_ready = |why| Ended::Stillborn(NotReady { why, has_ended: false });
        if ready.is_some()
            && let Err(error) = write_private(&form.file, &form.configuration)
        {
            return not_ready(format!("{}: {error}", form.file.display()));
        }
        let mut child = match errand.start() {
            Ok(child) => child,
            Err(error) => return not_ready(format!("{} does not start: {error}", errand.program.display())),
        };
        self.standing.tell(self.part, |part| part.pid = child.id());
        let ended = self.live_on(form, refusal, &mut child, stopped, ready).await;
        if !matches!(ended, Ended::ByItself) {
            errand.end(child).await;
        }
        self.standing.tell(self.part, |part| part.pid = None);
        ended
    }

    /// Until it ends, or has to.
    async fn live_on(
        &self,
        form: &Form,
        refusal: Option<&str>,
        child: &mut Process,
        stopped: &mut watch::Receiver<bool>,
        ready: &mut Option<oneshot::Sender<FirstStart>>,
    ) -> Ended {
        let Form { errand, without, .. } = form;
        let growing_up = tokio::select! {
            grown = self.grow_up(errand, child) => grown,
            () = asked_to_end(stopped) => return Ended::AsAsked,
        };
        if let Err(why) = growing_up {
            return Ended::Stillborn(why);
        }
        self.standing.change(|now| {
            if let Some(events) = errand.growing.first() {
                now.events_file = Some(events.display().to_string());
            }
        });
        self.standing.tell(self.part, |part| part.state = State::Ready);
        if let Some(ready) = ready.take() {
            let part = self.part;
            let given_up = without.zip(refusal);
            let caution =
                given_up.map(|(what, why)| format!("{part} runs without {what}, which it refused: {why}"));
            let _ = ready.send(Ok(caution));
        }
        let mut trim = interval(TRIM_EVERY);
        trim.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = child.wait() => return Ended::ByItself,
                () = asked_to_end(stopped) => return Ended::AsAsked,
                _ = trim.tick() => errand.trim(),
            }
        }
    }

    /// Waits until it is ready, or says why it will not be.
    async fn grow_up(&self, errand: &Errand, child: &mut Process) -> Result<(), NotReady> {
        let part = self.part;
        let asking = async {
            while self.asker.is_ready(&self.url).await.is_err() {
                sleep(ASK_EVERY).await;
            }
        };
        tokio::select! {
            ended = child.wait() => {
                let status = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
                let why = format!("{part} ended at once ({status}): {}", errand.last_words());
                Err(NotReady { why, has_ended: true })
            }
            grown = timeout(STARTING, asking) => grown.map_err(|_| {
                let seconds = STARTING.as_secs();
                let why = format!("{part} is not ready after {seconds} s: {}", errand.last_words());
                NotReady { why, has_ended: false }
            }),
        }
    }
}

/// When nobody is left to say so, it is time as well.
async fn asked_to_end(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;
    use crate::rules::pace::Pace;

    /// A program that ends when its configuration has one of these words, as one does that refuses it.
    fn form(home: &Path, configuration: &str, refused: &str, without: Option<&'static str>) -> Form {
        let file = home.join("configuration");
        let script = format!(
            "if grep -q '{refused}' '{}'; then echo 'level=error err=\"{configuration} is refused\"'; exit 1; fi; \
             exec sleep 60",
            file.display()
        );
        let growing = if without.is_none() { vec![home.join("events")] } else { Vec::new() };
        Form {
            configuration: configuration.to_owned(),
            errand: Errand {
                program: "/bin/sh".into(),
                arguments: vec!["-c".to_owned(), script],
                log: home.join("log"),
                pid: home.join("pid"),
                growing,
            },
            file,
            without,
        }
    }

    /// Says that it is ready while the configuration has none of the words that are refused.
    async fn server(file: std::path::PathBuf, refused: String) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 1024]).await;
                let text = fs::read_to_string(&file).unwrap_or_default();
                let words: Vec<&str> = refused.split("\\|").collect();
                let is_ready = !text.is_empty() && !words.iter().any(|word| text.contains(word));
                let status = if is_ready { "200 OK" } else { "503 Service Unavailable" };
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        format!("http://{address}")
    }

    /// How the first start went when these words are refused, and what is known of the record then.
    async fn started(refused: &str) -> (FirstStart, Option<String>, String) {
        let home = tempfile::tempdir().expect("a folder");
        let forms = [("named", None), ("plain", None), ("nothing", Some("the recorder"))];
        let forms = forms.map(|(text, without)| form(home.path(), text, refused, without));
        let file = forms[0].file.clone();
        let url = server(file.clone(), refused.to_owned()).await;
        let standing = Standing::starting(Pace::Talk, &url, &url);
        let ward = Ward {
            part: Part::Alertmanager,
            forms: forms.into(),
            url,
            standing: standing.clone(),
            asker: Asker::new(),
        };
        let (stop, stopped) = watch::channel(false);
        let (ready, is_ready) = oneshot::channel();
        let looking = tokio::spawn(ward.look_after(stopped, ready));
        let first = is_ready.await.expect("it is said");
        stop.send_replace(true);
        looking.await.expect("it ends");
        let events = standing.now().events_file;
        assert_eq!(standing.now().alertmanager.expect("there").restarts, 0, "no form is a restart");
        (first, events, fs::read_to_string(file).expect("written"))
    }

    #[tokio::test]
    async fn a_form_that_is_refused_makes_room_for_the_next_and_a_feature_is_given_up_with_one_line() {
        let (first, events, text) = started("nowhere").await;
        assert!(first == Ok(None) && events.is_some() && text == "named", "{first:?}");
        let (first, events, text) = started("named").await;
        assert!(first == Ok(None) && events.is_some() && text == "plain", "{first:?}");
        let (first, events, text) = started("named\\|plain").await;
        let caution = first.expect("it runs").expect("it says what it goes without");
        assert!(
            caution.contains("runs without the recorder") && caution.contains("named is refused"),
            "{caution}"
        );
        assert!(events.is_none() && text == "nothing", "{events:?} {text}");
        let (first, events, _) = started("named\\|plain\\|nothing").await;
        assert!(first.expect_err("every form is refused").contains("nothing is refused") && events.is_none());
    }
}
