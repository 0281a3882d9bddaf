//! What the name of a thread says: whose it is and, while profiles are taken, for which route it works.

use crate::kernel::service::Service;

/// What the kernel keeps of a thread's name.
const NAME_BYTES: usize = 15;
/// What a code keeps of the service's name: as much as leaves room for the route's number, and tells all services apart.
const STEM_BYTES: usize = 11;
/// Stands between the two.
const MARK: char = '#';

/// The greatest number of a route that fits behind the mark.
pub const LAST_ROUTE: u16 = 999;

/// Whose a thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    pub service: Service,
    /// The number of the route it works for.
    pub route: Option<u16>,
}

/// The name of `service`'s thread while it works for the route with that number: `catalog#7`.
pub fn code(service: Service, route: u16) -> String {
    format!("{}{MARK}{route}", stem(service, STEM_BYTES))
}

/// The name of `service`'s thread.
pub fn plain(service: Service) -> &'static str {
    stem(service, NAME_BYTES)
}

/// Whose the thread called `name` is: `catalog`, `catalog-sql-3` and `catalog#7` are catalog's. `None` is nobody's, and
/// that is the lab's.
pub fn owner(name: &str) -> Option<Owner> {
    if let Some((stem_of, route)) = name.rsplit_once(MARK) {
        let service = Service::ALL.into_iter().find(|service| stem(*service, STEM_BYTES) == stem_of)?;
        return Some(Owner { service, route: route.parse().ok() });
    }
    let is_of = |service: &Service| {
        name.strip_prefix(plain(*service)).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    Service::ALL.into_iter().find(is_of).map(|service| Owner { service, route: None })
}

fn stem(service: Service, bytes: usize) -> &'static str {
    let name = service.name();
    &name[..name.len().min(bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_is_known_by_its_threads() {
        for service in Service::ALL {
            let name = &service.name()[..service.name().len().min(NAME_BYTES)];
            assert_eq!(owner(name), Some(Owner { service, route: None }));
            for route in [0, 7, LAST_ROUTE] {
                let code = code(service, route);
                assert!(code.len() <= NAME_BYTES, "{code}");
                assert_eq!(owner(&code), Some(Owner { service, route: Some(route) }));
            }
        }
        assert_eq!(owner("catalog-sql-12"), Some(Owner { service: Service::Catalog, route: None }));
        for nobody in ["egress", "doorbuster", "cartwheel", "shoppers", "", "#7"] {
            assert_eq!(owner(nobody), None, "{nobody}");
        }
    }
}
