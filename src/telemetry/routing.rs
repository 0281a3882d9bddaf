//! Whose a log line is. All services of a process share one subscriber; which one speaks is known by the thread, since
//! each service runs on threads of its own, or said aloud by whoever speaks on behalf of one.

use std::cell::Cell;

use crate::kernel::service::Service;

thread_local! {
    static CURRENT: Cell<Option<Service>> = const { Cell::new(None) };
}

/// From now on this thread speaks for `service`.
pub fn settle(service: Service) {
    CURRENT.set(Some(service));
}

/// The service that speaks; a thread that belongs to none speaks for the lab.
pub fn current() -> Service {
    CURRENT.get().unwrap_or(Service::Lab)
}

/// Runs `speak` on behalf of `service`.
pub fn on_behalf<T>(service: Service, speak: impl FnOnce() -> T) -> T {
    let before = CURRENT.replace(Some(service));
    let spoken = speak();
    CURRENT.set(before);
    spoken
}
