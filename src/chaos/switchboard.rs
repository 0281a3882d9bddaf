//! Where faults are switched: the engine sets, every process that serves follows.

use std::sync::Arc;

use tokio::sync::watch;

use super::{
    board::Board,
    setting::{Revision, Setting},
};

/// The one place that changes what is broken. There is one, in the process of the engine.
pub struct Switchboard {
    board: Arc<Board>,
    current: watch::Sender<Arc<Setting>>,
}

impl Switchboard {
    /// `run` tells apart the runs of engines: two never share one. Draws follow from `seed` until a setting says another.
    pub fn new(board: Arc<Board>, run: u64, seed: u64) -> Self {
        let setting = Setting { revision: Revision { run, number: 0 }, seed, ..Setting::default() };
        board.apply(&setting);
        Switchboard { board, current: watch::Sender::new(Arc::new(setting)) }
    }

    /// Makes `setting` the current one, under the next revision; the services of this process have it when this
    /// returns. One that changes nothing gets no revision. Says whether it changed anything.
    pub fn set(&self, setting: Setting) -> bool {
        self.current.send_if_modified(|current| {
            let revision = current.revision;
            let setting = Setting { revision, ..setting };
            if setting == **current {
                return false;
            }
            let next = Revision { number: revision.number + 1, ..revision };
            *current = Arc::new(Setting { revision: next, ..setting });
            self.board.apply(current);
            true
        })
    }

    /// The setting as it is.
    pub fn current(&self) -> Arc<Setting> {
        self.current.borrow().clone()
    }

    /// The setting as it changes, for whoever passes it on.
    pub fn follow(&self) -> watch::Receiver<Arc<Setting>> {
        self.current.subscribe()
    }

    pub fn board(&self) -> &Arc<Board> {
        &self.board
    }
}
