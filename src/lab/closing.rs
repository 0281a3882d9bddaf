//! How a lab closes: faults first, then from the outside in, and all of it by one deadline.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::time::timeout;

use super::{control_room::ControlRoom, hosts::Host, shutdown::Shutdown, speak::say, stack};
use crate::{chaos::board::Board, kernel::service::Service};

/// How long each part may take at most. All of them together have what [`Shutdown`] leaves.
const FAULTS_GRACE: Duration = Duration::from_millis(250);
const STOREFRONT_GRACE: Duration = Duration::from_millis(2_000);
const OTHERS_GRACE: Duration = Duration::from_millis(300);
/// What a service does once it has let go of its requests: it closes its pool and its runtime.
const CLOSING: Duration = Duration::from_millis(700);
const STACK_GRACE: Duration = Duration::from_millis(3_000);

/// All that is open.
pub struct Open {
    pub board: Arc<Board>,
    pub hosts: Vec<Host>,
    pub lab: Option<ControlRoom>,
    pub beside: stack::Running,
}

impl Open {
    pub async fn close(self, shutdown: &Shutdown) {
        let Open { board, hosts, lab, beside } = self;
        // They need as long as the shop does: all end side by side.
        beside.stop();
        if let Some(lab) = &lab {
            lab.take_marks_down();
            shutdown.wait_for("the engine");
            // Calm by the engine's own hand, so that the ledger says when each fault ended, and processes elsewhere hear it.
            let _ = timeout(shutdown.left(FAULTS_GRACE), lab.calm()).await;
        }
        // Whatever the engine does: a thread that burns or waits because of a fault would outlast every grace.
        board.close();
        shutdown.wait_for("standard error");
        say("doorbuster: closing the shop\n");
        let (storefronts, others): (Vec<_>, Vec<_>) =
            hosts.into_iter().partition(|host| host.service == Service::Storefront);
        if let Some(lab) = &lab {
            shutdown.wait_for("the shoppers");
            let _ = timeout(shutdown.left(STOREFRONT_GRACE), lab.shoppers.stop()).await;
        }
        // Who is inside may finish; the services behind stay until the storefront has let go.
        shutdown.wait_for("the storefront");
        closed(storefronts, STOREFRONT_GRACE, shutdown).await;
        shutdown.wait_for("a service");
        closed(others, OTHERS_GRACE, shutdown).await;
        if let Some(lab) = lab {
            shutdown.wait_for("the control address");
            lab.close(shutdown).await;
        }
        shutdown.wait_for("Prometheus or Alertmanager");
        beside.ended(shutdown.left(STACK_GRACE)).await;
    }
}

/// Stops `hosts`, which may take `grace` for what is under way.
async fn closed(hosts: Vec<Host>, grace: Duration, shutdown: &Shutdown) {
    let grace = shutdown.left(grace);
    hosts.iter().for_each(|host| host.stop(grace));
    let _ = timeout(shutdown.left(grace + CLOSING), join_all(hosts.into_iter().map(Host::ended))).await;
}
