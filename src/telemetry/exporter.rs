//! Where a signal goes by OTLP, as the specification's variables say it. The more exact one wins:
//! `OTEL_EXPORTER_OTLP_TRACES_TIMEOUT` over `OTEL_EXPORTER_OTLP_TIMEOUT`.

use std::{path::Path, time::Duration};

use http::{HeaderName, HeaderValue, header};

use super::{
    destination::{Backend, Destination, Signal},
    guest,
    percent::decode,
};
use crate::kernel::https::{Identity, Tls, mozilla, trusted};

/// Reads a variable; nothing where it is not set, or empty.
pub type Read<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Standard default of `OTEL_EXPORTER_OTLP_TIMEOUT`.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The base of all addresses.
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// The standard's default of it: taken only where an exporter is asked for by name, so that a lab sends nothing unasked.
const DEFAULT_ENDPOINT: &str = "http://localhost:4318";
const CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_CERTIFICATE";
const OTLP: &str = "otlp";
const NONE: &str = "none";
/// What `/metrics` is, whatever else becomes of metrics.
const PROMETHEUS: &str = "prometheus";

/// What the variable of [`variable`] says about OTLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// It is not set: a signal is sent where an endpoint is named.
    Open,
    Otlp,
    /// The signal is not sent, whatever endpoint is named.
    Declined,
}

/// The variable that chooses a signal's exporter.
pub fn variable(signal: Signal) -> String {
    format!("OTEL_{}_EXPORTER", signal.name().to_uppercase())
}

/// What is chosen for `signal`.
pub fn choice(read: Read<'_>, signal: Signal) -> Result<Choice, String> {
    let variable = variable(signal);
    let Some(text) = read(&variable) else { return Ok(Choice::Open) };
    let chosen: Vec<&str> = text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
    let known: &[&str] = match signal {
        Signal::Metrics => &[OTLP, PROMETHEUS, NONE],
        Signal::Traces | Signal::Logs | Signal::Profiles => &[OTLP, NONE],
    };
    if let Some(unknown) = chosen.iter().find(|word| !known.contains(word)) {
        return Err(format!("{variable}: `{unknown}` is not known, expected one of {}", known.join(" ")));
    }
    if chosen.contains(&NONE) && chosen.len() > 1 {
        return Err(format!("{variable}: `{NONE}` cannot stand beside another exporter"));
    }
    Ok(if chosen.contains(&OTLP) { Choice::Otlp } else { Choice::Declined })
}

/// The destination of `signal`; `None` where it is not sent. What stands in a variable must make sense even so.
pub fn destination(read: Read<'_>, signal: Signal) -> Result<Option<Destination>, String> {
    let variables = Variables { read, signal };
    let choice = choice(read, signal)?;
    if let Some((variable, protocol)) = variables.either("PROTOCOL")
        && protocol != "http/protobuf"
    {
        return Err(format!("{variable}: `{protocol}` is not supported, use http/protobuf (port 4318)"));
    }
    let gzip = match variables.either("COMPRESSION") {
        None => false,
        Some((_, text)) if text == NONE => false,
        Some((_, text)) if text == "gzip" => true,
        Some((variable, text)) => {
            return Err(format!("{variable}: `{text}` is not known, expected gzip or none"));
        }
    };
    let mut headers = match variables.either("HEADERS") {
        Some((variable, text)) => headers(&variable, &text)?,
        None => Vec::new(),
    };
    let timeout = match variables.either("TIMEOUT") {
        Some((variable, _)) => millis(read, &variable)?.unwrap_or(TIMEOUT),
        None => TIMEOUT,
    };
    let tls = variables.tls()?;
    let Some((endpoint, guest)) = variables.endpoint(choice)? else { return Ok(None) };
    // A header wins over credentials in the address.
    if let Some(guest) = guest.and_then(|guest| guest.basic())
        && !headers.iter().any(|(name, _)| *name == header::AUTHORIZATION)
    {
        headers.push((header::AUTHORIZATION, guest));
    }
    Ok(Some(Destination { backend: Backend::Otlp, endpoint, headers, timeout, gzip, tls }))
}

/// The variables of one signal's exporter.
struct Variables<'a> {
    read: Read<'a>,
    signal: Signal,
}

impl Variables<'_> {
    fn exact(&self, suffix: &str) -> String {
        format!("OTEL_EXPORTER_OTLP_{}_{suffix}", self.signal.name().to_uppercase())
    }

    /// The signal's own variable or that of all signals, and what it says.
    fn either(&self, suffix: &str) -> Option<(String, String)> {
        let (one, all) = (self.exact(suffix), format!("OTEL_EXPORTER_OTLP_{suffix}"));
        let read = |name: String| (self.read)(&name).map(|text| (name, text));
        read(one).or_else(|| read(all))
    }

    /// By the specification: a signal's own address as it is; below the common one, `v1/` and the signal.
    fn endpoint(&self, choice: Choice) -> Result<Option<(http::Uri, Option<guest::Guest>)>, String> {
        if choice == Choice::Declined {
            return Ok(None);
        }
        let own = self.exact("ENDPOINT");
        if let Some(text) = (self.read)(&own) {
            return guest::address(&own, &text).map(Some);
        }
        let default = || (choice == Choice::Otlp).then(|| DEFAULT_ENDPOINT.to_owned());
        let Some(base) = (self.read)(ENDPOINT).or_else(default) else { return Ok(None) };
        let (base, guest) = guest::address(ENDPOINT, &base)?;
        Ok(Some((guest::below(ENDPOINT, &base, &format!("/v1/{}", self.signal.name()))?, guest)))
    }

    fn tls(&self) -> Result<Tls, String> {
        let wrong = |variables: &str| format!("{variables}: ");
        let roots = match self.either("CERTIFICATE") {
            Some((variable, file)) => trusted(Path::new(&file)).map_err(|error| wrong(&variable) + &error)?,
            None => mozilla(),
        };
        let (chain, key) = (self.either("CLIENT_CERTIFICATE"), self.either("CLIENT_KEY"));
        let (identity, variables) = match (chain, key) {
            (Some((one, chain)), Some((other, key))) => {
                let variables = format!("{one} and {other}");
                let identity = Identity::read(Path::new(&chain), Path::new(&key));
                (Some(identity.map_err(|error| wrong(&variables) + &error)?), variables)
            }
            (Some((set, _)), None) => {
                return Err(format!("{set} is set, but {} is not", set.replace("CERTIFICATE", "KEY")));
            }
            (None, Some((set, _))) => {
                return Err(format!("{set} is set, but {} is not", set.replace("KEY", "CERTIFICATE")));
            }
            (None, None) => (None, String::new()),
        };
        Tls::new(roots, identity).map_err(|error| wrong(&variables) + &error)
    }
}

/// For destinations that are none of OTLP's: the certificates that are trusted there are trusted here as well; who we
/// are is not said.
pub fn trust(read: Read<'_>) -> Result<Tls, String> {
    let Some(file) = read(CERTIFICATE) else { return Ok(Tls::default()) };
    let tls = trusted(Path::new(&file)).and_then(|roots| Tls::new(roots, None));
    tls.map_err(|error| format!("{CERTIFICATE}: {error}"))
}

/// `key=value,key=value`, values percent-encoded as in W3C baggage. A value is a secret: errors do not repeat it.
fn headers(variable: &str, text: &str) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    text.split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) =
                pair.split_once('=').ok_or_else(|| format!("{variable}: a header must be name=value"))?;
            let name: HeaderName = name
                .trim()
                .parse()
                .map_err(|_| format!("{variable}: `{}` is not a header's name", name.trim()))?;
            let mut value = decode(value.trim())
                .and_then(|value| HeaderValue::from_bytes(&value).ok())
                .ok_or_else(|| format!("{variable}: the value of `{name}` cannot be a header's"))?;
            value.set_sensitive(true);
            Ok((name, value))
        })
        .collect()
}

/// A number of milliseconds.
pub fn millis(read: Read<'_>, name: &str) -> Result<Option<Duration>, String> {
    read(name)
        .map(|text| {
            let number = text.parse().ok().filter(|number| *number > 0).map(Duration::from_millis);
            number.ok_or_else(|| format!("{name}: `{text}` is not a number of milliseconds above 0"))
        })
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traces(pairs: &[(&str, &str)]) -> Result<Option<Destination>, String> {
        let read =
            |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        destination(&read, Signal::Traces)
    }

    #[test]
    fn an_endpoint_is_put_together_by_the_specification() {
        for (base, whole) in [
            ("http://h:4318", "http://h:4318/v1/traces"),
            ("http://h:4318/", "http://h:4318/v1/traces"),
            ("http://h/x", "http://h/x/v1/traces"),
            ("http://h/x//", "http://h/x/v1/traces"),
            ("http://h/x?key=1", "http://h/x/v1/traces?key=1"),
            ("http://h?key=/1/", "http://h/v1/traces?key=/1/"),
            ("http://me:a@h/x/?a=1&b=2#f", "http://h/x/v1/traces?a=1&b=2"),
        ] {
            let traces = traces(&[(ENDPOINT, base)]).expect("valid").expect("sent");
            assert_eq!(traces.endpoint.to_string(), whole, "{base}");
        }
        for (own, whole) in [
            ("http://h", "http://h/"),
            ("http://h/", "http://h/"),
            ("http://h/x/?key=1", "http://h/x/?key=1"),
        ] {
            let pairs = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", own), (ENDPOINT, "http://other")];
            assert_eq!(traces(&pairs).expect("valid").expect("sent").endpoint.to_string(), whole);
        }
    }

    #[test]
    fn an_exporter_that_is_asked_for_by_name_has_the_standards_endpoint() {
        let otlp = traces(&[("OTEL_TRACES_EXPORTER", "otlp")]).expect("valid").expect("sent");
        assert_eq!(otlp.endpoint, "http://localhost:4318/v1/traces");
        assert!(traces(&[]).is_ok_and(|none| none.is_none()));
        let none = [("OTEL_TRACES_EXPORTER", "none"), (ENDPOINT, "http://h")];
        assert!(traces(&none).is_ok_and(|none| none.is_none()));
    }

    #[test]
    fn prometheus_is_an_exporter_of_metrics_since_it_can_scrape_the_lab() {
        let chosen = |signal: Signal, text: &str| choice(&|_| Some(text.to_owned()), signal);
        assert_eq!(chosen(Signal::Metrics, "prometheus"), Ok(Choice::Declined));
        assert_eq!(chosen(Signal::Metrics, "prometheus, otlp"), Ok(Choice::Otlp));
        for (signal, text) in [
            (Signal::Traces, "prometheus"),
            (Signal::Metrics, "none,otlp"),
            (Signal::Metrics, "console"),
            (Signal::Logs, "OTLP"),
        ] {
            let error = chosen(signal, text).expect_err(text);
            assert!(error.starts_with(&variable(signal)), "{error}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_no_endpoint_as_well() {
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a"),
            ("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "/nowhere.pem"),
        ] {
            let error = traces(&[(name, value)]).expect_err(name);
            assert!(error.starts_with(name), "{error}");
        }
    }

    #[test]
    fn a_client_proves_itself_with_two_files_that_belong_together() {
        let home = tempfile::tempdir().expect("a directory");
        let write = |name: &str, text: String| {
            let file = home.path().join(name);
            std::fs::write(&file, text).expect("written");
            file.to_str().expect("UTF-8").to_owned()
        };
        let made = || rcgen::generate_simple_self_signed(["lab".to_owned()]).expect("a certificate");
        let (ours, other) = (made(), made());
        let chain = write("chain.pem", ours.cert.pem());
        let key = write("key.pem", ours.signing_key.serialize_pem());
        let wrong = write("other.pem", other.signing_key.serialize_pem());
        const CHAIN: &str = "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE";
        const KEY: &str = "OTEL_EXPORTER_OTLP_CLIENT_KEY";
        let own = "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY";
        assert!(traces(&[(CHAIN, &chain), (KEY, &key)]).is_ok());
        assert!(traces(&[(CHAIN, &chain), (KEY, &wrong), (own, &key)]).is_ok());
        for (pairs, words) in [
            (vec![(CHAIN, &*chain)], vec!["OTEL_EXPORTER_OTLP_CLIENT_KEY is not"]),
            (vec![(own, &key)], vec!["OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE is not"]),
            (vec![(CHAIN, &chain), (KEY, &wrong)], vec![CHAIN, KEY]),
            (vec![(CHAIN, &chain), (KEY, &chain)], vec![KEY, "chain.pem"]),
            (vec![(CHAIN, "/nowhere.pem"), (KEY, &key)], vec![CHAIN, "/nowhere.pem"]),
        ] {
            let error = traces(&pairs).expect_err(words[0]);
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
            assert!(!error.contains("PRIVATE"), "{error}");
        }
    }
}
