//! The files that come with the lab, as they were when it was built.

use super::pace::Pace;

/// A file by its name and its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File {
    /// Unique among those of a pace, without folders.
    pub name: &'static str,
    /// From the root of the repository.
    pub path: &'static str,
    pub text: &'static str,
}

macro_rules! file {
    ($name:expr, $($path:expr),+) => {
        File { name: $name, path: concat!($($path),+), text: include_str!(concat!("../../", $($path),+)) }
    };
}

/// Alert rules: a list for the files below `$folder`.
macro_rules! alerts {
    ($folder:literal) => {
        [
            file!("business.rules.yml", $folder, "/business.rules.yml"),
            file!("collector.rules.yml", $folder, "/collector.rules.yml"),
            file!("payments.rules.yml", $folder, "/payments.rules.yml"),
            file!("platform.rules.yml", $folder, "/platform.rules.yml"),
            file!("shop.rules.yml", $folder, "/shop.rules.yml"),
            file!("slo.rules.yml", $folder, "/slo.rules.yml"),
            file!("watchdog.rules.yml", $folder, "/watchdog.rules.yml"),
        ]
    };
}

/// Rules made of objectives.
macro_rules! objectives {
    ($folder:literal) => {
        [
            file!("slo-checkout.rules.yml", $folder, "/checkout.rules.yml"),
            file!("slo-payments.rules.yml", $folder, "/payments.rules.yml"),
            file!("slo-storefront.rules.yml", $folder, "/storefront.rules.yml"),
        ]
    };
}

/// What the others are made of: rules, objectives, routes.
pub const SOURCES: [File; 11] = {
    let [a, b, c, d, e, f, g] = alerts!("alerts");
    [
        a,
        b,
        c,
        d,
        e,
        f,
        g,
        file!("checkout.yaml", "slo/sloth", "/checkout.yaml"),
        file!("payments.yaml", "slo/sloth", "/payments.yaml"),
        file!("storefront.yaml", "slo/sloth", "/storefront.yaml"),
        file!("alertmanager.yml", "alerts", "/alertmanager.yml"),
    ]
};

/// The rules of `pace`, ready for Prometheus.
pub fn rule_files(pace: Pace) -> Vec<File> {
    let (alerts, objectives) = match pace {
        Pace::Production => (alerts!("alerts"), objectives!("slo/generated/production")),
        Pace::Stage => (alerts!("alerts/generated/stage"), objectives!("slo/generated/stage")),
        Pace::Talk => (alerts!("alerts/generated/talk"), objectives!("slo/generated/talk")),
    };
    alerts.into_iter().chain(objectives).collect()
}

/// The routes of `pace`, ready for Alertmanager.
pub fn alertmanager(pace: Pace) -> &'static str {
    routes(pace).text
}

/// The routes of `pace` as a file.
pub fn routes(pace: Pace) -> File {
    match pace {
        Pace::Production => file!("alertmanager.yml", "alerts", "/alertmanager.yml"),
        Pace::Stage => file!("alertmanager.yml", "alerts/generated/stage", "/alertmanager.yml"),
        Pace::Talk => file!("alertmanager.yml", "alerts/generated/talk", "/alertmanager.yml"),
    }
}

/// The windows over which objectives are watched at `pace`.
pub fn windows(pace: Pace) -> File {
    match pace {
        Pace::Production => file!("production-30d.yaml", "slo/windows", "/production-30d.yaml"),
        Pace::Stage => file!("stage-12h.yaml", "slo/windows", "/stage-12h.yaml"),
        Pace::Talk => file!("talk-1h.yaml", "slo/windows", "/talk-1h.yaml"),
    }
}

/// Where the rendered form of a source is kept; nothing when the source is used as it is.
pub fn rendered_path(source: &File, pace: Pace) -> Option<String> {
    match source.path.strip_prefix("slo/sloth/").and_then(|file| file.strip_suffix(".yaml")) {
        Some(service) => Some(format!("slo/generated/{pace}/{service}.rules.yml")),
        None if pace == Pace::Production => None,
        None => Some(format!("alerts/generated/{pace}/{}", source.name)),
    }
}
