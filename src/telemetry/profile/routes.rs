//! The routes of this process by number: a name such as `POST /charge` does not fit into a thread's.

use std::{
    collections::HashMap,
    ffi::{CStr, CString},
    sync::{Arc, PoisonError, RwLock},
};

use rustix::thread::set_name;

use super::threads;
use crate::kernel::service::Service;

/// Numbers are given as routes are first seen. Bounded: what does not fit any more goes without.
#[derive(Debug, Default)]
pub struct Routes(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    names: Vec<Arc<str>>,
    badges: HashMap<Service, HashMap<Arc<str>, Arc<Badge>>>,
}

/// What a service's thread is called while it works for one route, and else.
#[derive(Debug)]
pub struct Badge {
    code: CString,
    plain: CString,
}

/// As long as it lives, the thread bears the route's code.
#[must_use]
pub struct Worn<'a>(&'a CStr);

impl Routes {
    /// The badge for `route` of `service`.
    pub fn badge(&self, service: Service, route: &str) -> Option<Arc<Badge>> {
        {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(badge) = known.badges.get(&service).and_then(|badges| badges.get(route)) {
                return Some(badge.clone());
            }
        }
        self.0.write().unwrap_or_else(PoisonError::into_inner).add(service, route)
    }

    /// The name of the route with that number.
    pub fn name(&self, number: u16) -> Option<Arc<str>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.names.get(usize::from(number)).cloned()
    }
}

impl Known {
    fn add(&mut self, service: Service, route: &str) -> Option<Arc<Badge>> {
        let badges = self.badges.entry(service).or_default();
        // Somebody may have been faster.
        if let Some(badge) = badges.get(route) {
            return Some(badge.clone());
        }
        let number = u16::try_from(self.names.len()).ok().filter(|number| *number <= threads::LAST_ROUTE)?;
        let code = CString::new(threads::code(service, number)).ok()?;
        let plain = CString::new(threads::plain(service)).ok()?;
        let (name, badge) = (Arc::<str>::from(route), Arc::new(Badge { code, plain }));
        self.names.push(name.clone());
        badges.insert(name, badge.clone());
        Some(badge)
    }
}

impl Badge {
    pub fn wear(&self) -> Worn<'_> {
        // Whether the kernel takes a name or not changes nothing but what a profile knows.
        let _ = set_name(&self.code);
        Worn(&self.plain)
    }
}

impl Drop for Worn<'_> {
    fn drop(&mut self) {
        let _ = set_name(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::profile::threads::{Owner, owner};

    fn own_name() -> String {
        std::fs::read_to_string("/proc/thread-self/comm").expect("a name").trim_end().to_owned()
    }

    #[test]
    fn a_thread_bears_the_code_of_its_route_while_it_works() {
        let routes = Routes::default();
        let other = routes.badge(Service::Cart, "GET /").expect("there is room");
        let badge = routes.badge(Service::Payments, "POST /charge").expect("there is room");
        assert!(Arc::ptr_eq(&badge, &routes.badge(Service::Payments, "POST /charge").expect("known")));
        let worn = badge.wear();
        let Some(Owner { service: Service::Payments, route: Some(route) }) = owner(&own_name()) else {
            panic!("{}", own_name())
        };
        assert_eq!(routes.name(route).as_deref(), Some("POST /charge"));
        drop(worn);
        assert_eq!(own_name(), "payments");
        drop(other.wear());
        assert_eq!(own_name(), "cart");
    }

    #[test]
    fn what_has_no_room_goes_without() {
        let routes = Routes::default();
        let given =
            (0..2000).filter(|number| routes.badge(Service::Cart, &format!("GET /{number}")).is_some());
        assert_eq!(given.count(), usize::from(threads::LAST_ROUTE) + 1);
        assert_eq!(routes.name(threads::LAST_ROUTE + 1), None);
    }
}
