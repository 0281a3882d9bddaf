//! Ctrl-C: the first asks the lab to close, the second ends it.

use anyhow::{Context, Result};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use super::shutdown::Shutdown;

/// Exit code of a process that a second Ctrl-C ended, by the shell's convention.
const INTERRUPTED: i32 = 130;

/// Turns the first SIGINT or SIGTERM into a word to stop and the start of `shutdown`'s clock, and the second into an end at
/// once: on a thread of its own, so that it is heard whatever the others do.
pub fn listen(shutdown: Shutdown) -> Result<watch::Receiver<bool>> {
    let (tell, told) = watch::channel(false);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    let listen = async move {
        for times in 0.. {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if times > 0 {
                shutdown.exit(INTERRUPTED);
            }
            shutdown.begin();
            tell.send_replace(true);
        }
    };
    let listening =
        std::thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(listen));
    listening.map(|_| told).context("failed to listen for Ctrl-C")
}

/// Resolves once the word has come.
pub async fn heard(mut told: watch::Receiver<bool>) {
    let _ = told.wait_for(|stop| *stop).await;
}
