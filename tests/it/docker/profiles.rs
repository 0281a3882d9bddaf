//! What each profile asks of the machine, and what it opens.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use super::compose::{PROFILES, at, config, profile, services, words};

fn megabytes(service: &Value) -> f64 {
    let limit = service["mem_limit"].as_str().expect("a limit").parse::<f64>().expect("a number");
    limit / 1_000_000.0
}

#[test]
fn the_profiles_hold_what_they_promise() {
    let names = |name: &str| services(name).into_keys().collect::<Vec<_>>();
    assert_eq!(names("lite"), ["grafana", "lab-lite", "loki", "prometheus-lite", "rules", "tempo"]);
    let full = names("full");
    for part in [
        "lab",
        "postgres",
        "redis",
        "redis-exporter",
        "otelcol",
        "prometheus",
        "alertmanager",
        "loki",
        "tempo",
        "pyroscope",
        "grafana",
        "cadvisor",
        "rules",
    ] {
        assert!(full.iter().any(|name| name == part), "{part}");
    }
    assert_eq!(full.len(), 13);
}

#[test]
fn memory_limits_add_up_to_less_than_a_laptop_has_to_spare() {
    for (name, most) in [("lite", 1_500.0), ("full", 3_000.0)] {
        let sum: f64 = services(name).values().map(megabytes).sum();
        assert!(sum < most, "{name}: {sum} MB");
        // README.md quotes it.
        let page = fs::read_to_string(at("docker/README.md")).expect("README.md");
        assert!(
            page.contains(&format!("{sum:.0} MB")),
            "docker/README.md does not say {sum:.0} MB for {name}"
        );
    }
    assert!(services("split").values().all(|service| megabytes(service) > 0.0));
}

#[test]
fn go_servers_know_their_limit() {
    for name in PROFILES {
        for (service, told) in services(name) {
            let Some(soft) = told["environment"]["GOMEMLIMIT"].as_str() else { continue };
            let soft: f64 = soft.strip_suffix("MiB").expect("MiB").parse().expect("a number");
            let share = soft * 1.048_576 / megabytes(&told);
            assert!((0.6..0.9).contains(&share), "{name}: {service}: {share:.2} of its limit");
        }
    }
}

#[test]
fn ports_are_bound_to_loopback_alone_and_each_once() {
    for name in PROFILES {
        let mut taken = BTreeSet::new();
        for (service, told) in services(name) {
            for port in told["ports"].as_array().into_iter().flatten() {
                assert_eq!(port["host_ip"], "127.0.0.1", "{name}: {service}");
                assert!(taken.insert(port["published"].to_string()), "{name}: {service}: {port}");
            }
            assert_ne!(told["network_mode"], "host", "{name}: {service}");
        }
        for port in ["8000", "8010", "3000", "9090", "3100", "3200"] {
            assert!(taken.contains(&format!("\"{port}\"")), "{name}: {port}");
        }
    }
}

#[test]
fn every_image_is_pinned_and_can_be_named_by_its_digest() {
    let text = fs::read_to_string(at("docker/compose.yaml")).expect("compose.yaml");
    for line in text.lines().map(str::trim).filter(|line| line.starts_with("image: ")) {
        assert!(line.starts_with("image: ${IMAGE_") && line.contains(":-"), "{line}");
    }
    for name in PROFILES {
        for (service, told) in services(name) {
            let image = told["image"].as_str().expect("an image");
            let (_, tag) = image.rsplit_once(':').unwrap_or_else(|| panic!("{name}: {service}: {image}"));
            let is_version = tag.trim_start_matches('v').starts_with(|first: char| first.is_ascii_digit());
            assert!(is_version && tag.contains('.'), "{name}: {service}: {image}");
            // Ours is built once, no other is, and none is looked for anew at each start.
            assert_eq!(told["build"].is_object(), service == "rules", "{service}");
            assert_ne!(told["pull_policy"], "always");
        }
    }
}

#[test]
fn nobody_can_do_more_than_is_needed() {
    for name in PROFILES {
        for (service, told) in services(name) {
            assert_eq!(told["read_only"], true, "{name}: {service}");
            assert_eq!(words(&told["security_opt"]), ["no-new-privileges:true"], "{name}: {service}");
            assert_ne!(told["privileged"], true, "{name}: {service}");
            // cAdvisor reads the host's own files.
            if service != "cadvisor" {
                assert_eq!(words(&told["cap_drop"]), ["ALL"], "{name}: {service}");
                let binds =
                    told["volumes"].as_array().into_iter().flatten().filter(|one| one["type"] == "bind");
                for bind in binds {
                    let source = bind["source"].as_str().expect("a source");
                    assert!(source.starts_with(env!("CARGO_MANIFEST_DIR")), "{service}: {source}");
                }
            }
            let sockets = told.to_string().matches("docker.sock").count();
            assert_eq!(sockets, 0, "{name}: {service}");
        }
    }
}

#[test]
fn whatever_can_say_how_it_is_is_asked_and_nobody_waits_for_one_that_cannot() {
    for name in PROFILES {
        let services = services(name);
        let is_asked = |service: &str| {
            let check = &services[service]["healthcheck"];
            check.is_object() && check["disable"] != true
        };
        for (service, told) in &services {
            let why = told["labels"]["doorbuster.no-health-check"].as_str();
            assert_eq!(is_asked(service), why.is_none_or(str::is_empty), "{name}: {service}");
            for (other, how) in told["depends_on"].as_object().into_iter().flatten() {
                let expected =
                    if other == "rules" { "service_completed_successfully" } else { "service_healthy" };
                assert_eq!(how["condition"], expected, "{name}: {service} waits for {other}");
                // Of two that stand for one another, a profile has one.
                let is_absent = how["required"] == false && !services.contains_key(other);
                assert!(
                    is_absent || other == "rules" || is_asked(other),
                    "{name}: {service} waits for {other}"
                );
            }
        }
    }
}

#[test]
fn what_is_mounted_exists_and_cannot_be_written_to() {
    for name in PROFILES {
        for (service, told) in services(name) {
            for mount in told["volumes"].as_array().into_iter().flatten().filter(|one| one["type"] == "bind")
            {
                assert_eq!(mount["read_only"], true, "{name}: {service}: {mount}");
                let source = mount["source"].as_str().expect("a source");
                let Some(path) = source.strip_prefix(&format!("{}/", env!("CARGO_MANIFEST_DIR"))) else {
                    continue;
                };
                // The dashboards are a part of their own.
                let is_absent_as_a_whole = path.starts_with("grafana/") && !at("grafana").exists();
                assert!(at(path).exists() || is_absent_as_a_whole, "{name}: {service}: {path}");
            }
        }
    }
}

#[test]
fn no_secret_has_a_default_outside_of_the_example() {
    let example = fs::read_to_string(at("docker/.env.example")).expect(".env.example");
    let value = |name: &str| {
        let line = example.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
        line.unwrap_or_else(|| panic!("{name} is not in .env.example")).to_owned()
    };
    let secrets = ["DOORBUSTER_TOKEN", "GRAFANA_PASSWORD", "POSTGRES_PASSWORD"];
    for file in ["docker/compose.yaml", "docker/Dockerfile", "Makefile"] {
        let text = fs::read_to_string(at(file)).expect(file);
        for name in secrets {
            assert!(!text.contains(&value(name)), "{file} has the demo's {name}");
        }
    }
    // Without them nothing starts, and what is missing is said.
    let home = crate::servers::process::home("compose");
    let without = home.path().join("env");
    for name in secrets {
        let rest: Vec<&str> = example.lines().filter(|line| !line.starts_with(name)).collect();
        fs::write(&without, rest.join("\n")).expect("written");
        let asked = config("full", &without);
        let said = String::from_utf8_lossy(&asked.stderr);
        assert!(!asked.status.success() && said.contains(name) && said.contains(".env.example"), "{said}");
    }
    let grafana = &services("full")["grafana"]["environment"];
    assert_eq!(grafana["GF_AUTH_ANONYMOUS_ENABLED"], "false");
    assert_eq!(grafana["GF_SECURITY_ADMIN_PASSWORD"], value("GRAFANA_PASSWORD").as_str());
}

#[test]
fn every_variable_of_the_example_is_used_and_every_one_that_is_used_is_in_the_example() {
    let text = fs::read_to_string(at("docker/compose.yaml")).expect("compose.yaml");
    let name =
        |rest: &str| rest.split(|c: char| !(c.is_ascii_uppercase() || c == '_')).next().map(str::to_owned);
    let used: BTreeSet<_> = text.split("${").skip(1).filter_map(name).collect();
    let example = fs::read_to_string(at("docker/.env.example")).expect(".env.example");
    let lines = example.lines().map(|line| line.trim_start_matches('#'));
    let named = lines.filter_map(|line| line.split_once('=')).map(|(name, _)| name.to_owned());
    let named: BTreeSet<_> = named.filter(|name| !name.contains(' ')).collect();
    assert_eq!(used, named);
}

#[test]
fn every_address_in_a_profile_is_somebody_s_in_it() {
    for name in PROFILES {
        let whole = profile(name);
        let services = whole["services"].as_object().expect("services");
        let aliases = services.values().flat_map(|service| words(&service["networks"]["default"]["aliases"]));
        let known: BTreeSet<&str> = services.keys().map(String::as_str).chain(aliases).collect();
        for (service, told) in services {
            let mut text = told.to_string();
            for mount in told["volumes"].as_array().into_iter().flatten().filter(|one| one["type"] == "bind")
            {
                text.push_str(&contents(mount["source"].as_str().expect("a source")));
            }
            let authorities = text.split("http://").skip(1).filter_map(|rest| rest.split(['/', '"']).next());
            let hosts = authorities.filter_map(|authority| authority.rsplit('@').next());
            let urls = hosts.filter_map(|host| host.split([':', ' ', '\\', ',']).next());
            for host in urls.chain(text.split("redis://").skip(1).filter_map(|rest| rest.split(':').next())) {
                // Grafana's data sources are the same in every profile; what lite has not, they do not find.
                let is_absent =
                    name == "lite" && service == "grafana" && ["alertmanager", "pyroscope"].contains(&host);
                let is_here = ["127.0.0.1", "localhost"].contains(&host);
                assert!(known.contains(host) || is_here || is_absent, "{name}: {service}: {host}");
            }
        }
    }
}

/// What lies at `path`, or in it; of configurations of ours alone.
fn contents(path: &str) -> String {
    if !path.starts_with(&at("docker").display().to_string()) {
        return String::new();
    }
    match fs::read_dir(path) {
        Ok(folder) => {
            folder.map(|file| contents(&file.expect("a file").path().display().to_string())).collect()
        }
        Err(_) => fs::read_to_string(path).expect(path),
    }
}
