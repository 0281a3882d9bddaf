//! Memory that is kept because of a fault, in this whole process, and given back when the fault is over.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use super::container;
use crate::chaos::{check::MOST_MEMORY, live::Live};

/// Memory is asked for in blocks of this size and touched as it leaks. That is above the largest threshold of glibc's
/// allocator (32 MiB), so that a block comes straight from the kernel, costs nothing before it is touched, and goes
/// straight back.
const BLOCK_BYTES: usize = 64 << 20;
const PAGE_BYTES: usize = 4096;

/// What leaks, fault by fault.
static LEAKS: Mutex<Vec<Leak>> = Mutex::new(Vec::new());

struct Leak {
    fault: Arc<Live>,
    blocks: Vec<Vec<u8>>,
    bytes: usize,
}

/// Keeps `bytes` more because of `fault`, which keeps `cap` at most; all faults together never keep more than one may, nor
/// more than a container has room for: a lab that is killed for its memory shows nothing any more.
pub fn leak(fault: &Arc<Live>, bytes: u64, cap: u64) {
    let mut leaks = leaks();
    // Cleared while we waited for the lock: what is kept now would be kept for ever.
    if fault.is_over() {
        return;
    }
    let kept: usize = leaks.iter().map(|leak| leak.bytes).sum();
    let room = size(MOST_MEMORY.0).saturating_sub(kept).min(container::room().map_or(usize::MAX, size));
    let at = match leaks.iter().position(|leak| Arc::ptr_eq(&leak.fault, fault)) {
        Some(at) => at,
        None => {
            if !free_when_over(fault.clone()) {
                return;
            }
            leaks.push(Leak { fault: fault.clone(), blocks: Vec::new(), bytes: 0 });
            leaks.len() - 1
        }
    };
    let leak = &mut leaks[at];
    let bytes = size(bytes).min(size(cap).saturating_sub(leak.bytes)).min(room);
    leak.grow(bytes);
}

impl Leak {
    fn grow(&mut self, bytes: usize) {
        let end = self.bytes + bytes;
        while self.bytes < end {
            let (block, offset) = (self.bytes / BLOCK_BYTES, self.bytes % BLOCK_BYTES);
            if block == self.blocks.len() {
                self.blocks.push(vec![0; BLOCK_BYTES]);
            }
            let stop = BLOCK_BYTES.min(offset + (end - self.bytes));
            // A page is ours once it was written to.
            for at in (offset..stop).step_by(PAGE_BYTES) {
                self.blocks[block][at] = 1;
            }
            self.bytes += stop - offset;
        }
    }
}

/// Waits for the end of `fault` on a thread of its own: the service that leaks may be the one that drowns.
fn free_when_over(fault: Arc<Live>) -> bool {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return false };
    let wait = move || {
        runtime.block_on(fault.over());
        leaks().retain(|leak| !Arc::ptr_eq(&leak.fault, &fault));
    };
    thread::Builder::new().name("leaks".into()).spawn(wait).is_ok()
}

fn leaks() -> MutexGuard<'static, Vec<Leak>> {
    LEAKS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        chaos::{board::Board, crossing::Place, setting::Setting},
        kernel::service::Service,
        weave::visitor::Visitor,
    };

    fn kept(fault: &Arc<Live>) -> Option<(usize, usize)> {
        let leaks = leaks();
        let leak = leaks.iter().find(|leak| Arc::ptr_eq(&leak.fault, fault))?;
        Some((leak.bytes, leak.blocks.len()))
    }

    #[tokio::test]
    async fn a_leak_stops_at_its_cap_across_blocks_and_ends_with_its_fault() {
        let fault =
            r#"{ "id": "leak", "effect": { "leak_memory": { "per_crossing": "1KiB", "cap": "1MiB" } } }"#;
        let faults = vec![serde_json::from_str(fault).expect("a fault")];
        let board = Board::new(None);
        board.apply(&Setting { faults, ..Setting::default() });
        let place = Place::Inbound { method: "GET", route: "/ads" };
        let struck = board.panel(Service::Ads).decide(&Visitor::current().crossing(place));
        let fault = struck.expect("struck").fault;
        let cap = (BLOCK_BYTES + 3 * PAGE_BYTES) as u64;
        leak(&fault, 1, cap);
        assert_eq!(kept(&fault), Some((1, 1)));
        leak(&fault, BLOCK_BYTES as u64, cap);
        assert_eq!(kept(&fault), Some((BLOCK_BYTES + 1, 2)));
        leak(&fault, BLOCK_BYTES as u64, cap);
        assert_eq!(kept(&fault), Some((BLOCK_BYTES + 3 * PAGE_BYTES, 2)));
        board.clear();
        let gone = async {
            while kept(&fault).is_some() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), gone).await.expect("given back");
        leak(&fault, 1, cap);
        assert_eq!(kept(&fault), None, "a fault that is over keeps nothing");
    }
}
