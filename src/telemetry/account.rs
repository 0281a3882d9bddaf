//! An account at a backend that is pushed to, such as Loki or Pyroscope: its address, and what lets us in. Values are
//! secrets: no error repeats one.

use std::net::{IpAddr, Ipv4Addr};

use http::{HeaderName, HeaderValue, Uri, header};

use super::guest::{self, Guest};

/// Which variables speak of an account, by the names the backend's own clients have for them.
pub struct Variables {
    /// The base of the address, such as `http://localhost:3100`; a user and a password may stand before the host.
    pub address: &'static str,
    /// What is asked for below the base.
    pub path: &'static str,
    pub tenant: &'static str,
    pub user: &'static str,
    pub password: &'static str,
    pub token: &'static str,
}

/// `logcli`'s names.
pub const LOKI: Variables = Variables {
    address: "LOKI_URL",
    path: "/loki/api/v1/push",
    tenant: "LOKI_ORG_ID",
    user: "LOKI_USERNAME",
    password: "LOKI_PASSWORD",
    token: "LOKI_BEARER_TOKEN",
};

/// The names of Pyroscope's agents.
pub const PYROSCOPE: Variables = Variables {
    address: "PYROSCOPE_ENDPOINT",
    path: "/push.v1.PusherService/Push",
    tenant: "PYROSCOPE_TENANT_ID",
    user: "PYROSCOPE_BASIC_AUTH_USER",
    password: "PYROSCOPE_BASIC_AUTH_PASSWORD",
    token: "PYROSCOPE_AUTH_TOKEN",
};

const TENANT: HeaderName = HeaderName::from_static("x-scope-orgid");
/// In the order in which the clients inside of this process look for one.
const PROXIES: [&str; 4] = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// Where to push, and with which headers.
#[derive(Debug, PartialEq, Eq)]
pub struct Account {
    pub endpoint: Uri,
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

type Read<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Account {
    /// The account that `variables` name; `None` where no address is named.
    pub fn read(read: Read<'_>, variables: &Variables) -> Result<Option<Self>, String> {
        let Some(text) = read(variables.address) else { return Ok(None) };
        refuse_proxy(read, variables.address)?;
        Account::at(&text, read, variables).map(Some)
    }

    /// The account at `text`, whoever named that, with what the other variables say of it.
    pub fn at(text: &str, read: Read<'_>, variables: &Variables) -> Result<Self, String> {
        let (endpoint, guest) = address(text, variables)?;
        let user = match (read(variables.user), read(variables.password)) {
            (Some(user), password) => Some(Guest { user, password: password.unwrap_or_default() }),
            (None, Some(_)) => {
                return Err(format!("{} is set, but {} is not", variables.password, variables.user));
            }
            (None, None) => guest,
        };
        let mut headers = Vec::new();
        match (user, read(variables.token)) {
            (Some(_), Some(_)) => {
                return Err(format!("{}: a user is named as well, use one of both", variables.token));
            }
            (Some(guest), None) => {
                let basic = guest.basic().ok_or_else(|| unfit(variables.user))?;
                headers.push((header::AUTHORIZATION, basic));
            }
            (None, Some(token)) => {
                headers.push((header::AUTHORIZATION, secret(variables.token, &format!("Bearer {token}"))?));
            }
            (None, None) => {}
        }
        if let Some(tenant) = read(variables.tenant) {
            headers.push((TENANT, secret(variables.tenant, &tenant)?));
        }
        Ok(Account { endpoint, headers })
    }
}

/// The whole address without whoever stands before the host, and who that is.
fn address(text: &str, variables: &Variables) -> Result<(Uri, Option<Guest>), String> {
    let name = variables.address;
    let (uri, guest) = guest::address(name, text)?;
    if uri.query().is_some() {
        return Err(format!("{name} must be a base such as http://host:port, without a query"));
    }
    if uri.path().trim_end_matches('/').ends_with(variables.path) && !variables.path.is_empty() {
        return Ok((guest::below(name, &uri, "")?, guest));
    }
    Ok((guest::below(name, &uri, variables.path)?, guest))
}

fn unfit(variable: &str) -> String {
    format!("{variable} holds what no header may hold")
}

fn secret(variable: &str, text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text).map_err(|_| unfit(variable))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The clients that gather lines and profiles speak to this process itself, and believe in proxies: through one, nothing
/// would ever arrive.
fn refuse_proxy(read: Read<'_>, variable: &str) -> Result<(), String> {
    let Some(proxy) = PROXIES.into_iter().find(|name| read(name).is_some()) else { return Ok(()) };
    let exempt = read("NO_PROXY").or_else(|| read("no_proxy")).unwrap_or_default();
    if exempt.split(',').any(|part| spares_loopback(part.trim())) {
        return Ok(());
    }
    Err(format!(
        "{variable}: {proxy} is set, and NO_PROXY does not exempt 127.0.0.1, through which signals leave; \
         add 127.0.0.1 to NO_PROXY"
    ))
}

/// Whether a part of `NO_PROXY` names 127.0.0.1 or a network it is in. Names of hosts, `*` among them, are not held
/// against addresses.
fn spares_loopback(part: &str) -> bool {
    let (address, length) = part.split_once('/').unwrap_or((part, "32"));
    let (Ok(IpAddr::V4(address)), Ok(length @ 0..=32)) = (address.parse(), length.parse::<u32>()) else {
        return false;
    };
    let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
    address.to_bits() & mask == Ipv4Addr::LOCALHOST.to_bits() & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Option<Account>, String> {
        let read =
            |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Account::read(&read, &LOKI)
    }

    fn header_of(account: Option<Account>, name: HeaderName) -> HeaderValue {
        let account = account.expect("an account");
        let found = account.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
        found.expect("the header")
    }

    #[test]
    fn a_base_is_made_whole_and_a_whole_address_stays() {
        for (base, whole) in [
            ("http://localhost:3100", "http://localhost:3100/loki/api/v1/push"),
            ("http://localhost:3100/", "http://localhost:3100/loki/api/v1/push"),
            ("https://h/tenant/loki/api/v1/push", "https://h/tenant/loki/api/v1/push"),
            ("https://me:key@h:1/x", "https://h:1/x/loki/api/v1/push"),
        ] {
            let account = read(&[("LOKI_URL", base)]).expect("valid").expect("an account");
            assert_eq!(account.endpoint, whole);
        }
        assert_eq!(read(&[("LOKI_USERNAME", "nobody")]), Ok(None));
    }

    #[test]
    fn who_we_are_stands_in_the_address_or_in_variables() {
        let basic = "Basic bWU6YUBi"; // me:a@b
        let inside = read(&[("LOKI_URL", "http://me:a%40b@h")]).expect("valid");
        assert_eq!(header_of(inside, header::AUTHORIZATION), basic);
        let beside = [("LOKI_URL", "http://x:y@h"), ("LOKI_USERNAME", "me"), ("LOKI_PASSWORD", "a@b")];
        assert_eq!(header_of(read(&beside).expect("valid"), header::AUTHORIZATION), basic);
        let token = [("LOKI_URL", "http://h"), ("LOKI_BEARER_TOKEN", "t"), ("LOKI_ORG_ID", "shop")];
        let bearer = header_of(read(&token).expect("valid"), header::AUTHORIZATION);
        assert!(bearer == "Bearer t" && bearer.is_sensitive());
        assert_eq!(header_of(read(&token).expect("valid"), TENANT), "shop");
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_name_and_secrets_are_not_repeated() {
        let url = ("LOKI_URL", "http://h");
        let cases: [(&[(&str, &str)], &str); 8] = [
            (&[("LOKI_URL", "secret@h:3100")], "LOKI_URL"),
            (&[("LOKI_URL", "http://me:%zzsecret@h")], "LOKI_URL"),
            (&[("LOKI_URL", "http://h/?secret=1")], "LOKI_URL"),
            (&[url, ("LOKI_PASSWORD", "secret")], "LOKI_USERNAME is not"),
            (&[url, ("LOKI_BEARER_TOKEN", "secret"), ("LOKI_USERNAME", "secret")], "LOKI_BEARER_TOKEN"),
            (&[url, ("LOKI_ORG_ID", "secret\n")], "LOKI_ORG_ID"),
            (&[url, ("HTTP_PROXY", "http://secret@p")], "NO_PROXY"),
            (&[url, ("all_proxy", "http://p"), ("NO_PROXY", "*,localhost,10.0.0.0/8")], "all_proxy"),
        ];
        for (pairs, word) in cases {
            let error = read(pairs).expect_err(word);
            assert!(error.contains(word), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_proxy_that_leaves_this_machine_alone_is_fine() {
        for exempt in ["127.0.0.1", "h, 127.0.0.0/8", "0.0.0.0/0"] {
            let pairs = [("LOKI_URL", "http://h"), ("http_proxy", "http://p"), ("NO_PROXY", exempt)];
            assert!(read(&pairs).is_ok(), "{exempt}");
        }
    }
}
