//! Says aloud what becomes of Prometheus and Alertmanager while the lab runs: that one has ended and is started again, that
//! one does not answer, that it is back. Without it an evening without alerts would look like a quiet one.

use crate::stack::{
    part::Part,
    standing::{PartNow, StackNow, Standing, State},
};

/// Says it to `say` until nobody changes anything any more.
pub async fn read_out(standing: Standing, say: impl Fn(&str)) {
    let mut changes = standing.watch();
    let mut before = changes.borrow_and_update().clone();
    drop(standing);
    while changes.changed().await.is_ok() {
        let now = changes.borrow_and_update().clone();
        news(&before, &now).iter().for_each(|line| say(&format!("doorbuster: {line}\n")));
        before = now;
    }
}

fn news(before: &StackNow, now: &StackNow) -> Vec<String> {
    let both = Part::ALL.into_iter().filter_map(|part| Some((part, before.part(part)?, now.part(part)?)));
    both.filter_map(|(part, before, now)| line(part, before, now)).collect()
}

fn line(part: Part, before: &PartNow, now: &PartNow) -> Option<String> {
    let was_in_trouble = matches!(before.state, State::Restarting | State::Away);
    match now.state {
        State::Restarting if now.restarts > before.restarts => {
            Some(format!("{part} has ended by itself; it is started again ({} so far)", now.restarts))
        }
        State::Away if before.state != State::Away => Some(format!("{part} at {} does not answer", now.url)),
        State::Ready if was_in_trouble => Some(format!("{part} is back")),
        State::Off
        | State::Missing
        | State::Starting
        | State::Ready
        | State::Restarting
        | State::Away
        | State::Failed => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::pace::Pace;

    #[test]
    fn only_what_changes_is_said() {
        let standing = Standing::starting(Pace::Talk, "http://p", "http://a");
        let mut before = standing.now();
        let mut said = Vec::new();
        for (state, restarts) in [
            (State::Ready, 0),
            (State::Restarting, 1),
            (State::Restarting, 1),
            (State::Ready, 1),
            (State::Away, 1),
            (State::Away, 1),
            (State::Ready, 1),
        ] {
            standing.tell(Part::Prometheus, |part| (part.state, part.restarts) = (state, restarts));
            let now = standing.now();
            said.extend(news(&before, &now));
            before = now;
        }
        let expected = [
            "prometheus has ended by itself; it is started again (1 so far)",
            "prometheus is back",
            "prometheus at http://p does not answer",
            "prometheus is back",
        ];
        assert_eq!(said, expected);
    }
}
