//! Keeps connections of a service's own pool, as many as a fault says, and gives them back with it. Who needs one then
//! waits for real: the pool cannot tell the keeper from a query that takes its time.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use crate::{
    chaos::{
        fault::Hold,
        panel::{Panel, Standing},
    },
    kernel::db::{DbError, Held, Pool},
};

/// The pause after a connection could not be had.
const PAUSE: Duration = Duration::from_millis(50);

/// Follows the panel for ever. It goes past the seam, so that its own waiting is nobody's signal.
pub async fn keep(panel: Arc<Panel>, pool: Pool) {
    let mut standing = panel.standing();
    let mut held: Vec<Held> = Vec::new();
    loop {
        let wanted = told(&mut standing, &pool);
        held.truncate(wanted);
        if held.len() < wanted {
            match take(&pool, &mut standing, held.len()).await {
                Some(Ok(connection)) => held.push(connection),
                Some(Err(_)) => tokio::time::sleep(PAUSE).await,
                None => {}
            }
        } else if standing.changed().await.is_err() {
            return;
        }
    }
}

/// Takes a connection, unless it turns out meanwhile that `held` are enough. Other changes leave it its place in the
/// queue: a ramp makes ten a second, and whoever starts again each time never gets one from a busy pool.
async fn take(
    pool: &Pool,
    standing: &mut watch::Receiver<Standing>,
    held: usize,
) -> Option<Result<Held, DbError>> {
    let mut taking = std::pin::pin!(pool.acquire());
    loop {
        tokio::select! {
            biased;
            changed = standing.changed() => {
                if changed.is_err() || told(standing, pool) <= held {
                    return None;
                }
            }
            taken = &mut taking => return Some(taken),
        }
    }
}

fn told(standing: &mut watch::Receiver<Standing>, pool: &Pool) -> usize {
    let hold = standing.borrow_and_update().hold.as_ref().map(|(_, hold)| *hold);
    hold.map_or(0, |hold| wanted(hold, pool.max()))
}

/// So many connections of a pool with `max`.
fn wanted(hold: Hold, max: u32) -> usize {
    let count = match hold {
        Hold::Count(count) => count.min(max),
        // At most `max`, since a share is at most 1. Seven percent of a hundred is not a little more than seven.
        Hold::Share(share) => (share.fraction() * f64::from(max) - 1e-9).ceil() as u32,
    };
    count as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chaos::units::Share;

    #[test]
    fn a_share_of_a_pool_is_rounded_up_and_a_count_is_never_more_than_the_pool() {
        let share = |percent: f64| wanted(Hold::Share(Share::new(percent / 100.0)), 10);
        assert_eq!([share(1.0), share(50.0), share(91.0), share(100.0)], [1, 5, 10, 10]);
        assert_eq!(wanted(Hold::Share(Share::new(0.07)), 100), 7);
        assert_eq!([wanted(Hold::Count(3), 10), wanted(Hold::Count(30), 10)], [3, 10]);
    }
}
