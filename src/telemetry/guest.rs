//! Who stands before the host in an address, as in `https://user:password@host`: taken out of it, so that the address can
//! be shown. What is taken out is a secret: no error repeats it.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderValue, Uri};

use super::percent::decode;

/// A user and a password.
#[derive(Debug, PartialEq, Eq)]
pub struct Guest {
    pub user: String,
    pub password: String,
}

impl Guest {
    /// As the value of `Authorization`; nothing where no header may hold it.
    pub fn basic(&self) -> Option<HeaderValue> {
        let pair = STANDARD.encode(format!("{}:{}", self.user, self.password));
        let mut value = HeaderValue::from_str(&format!("Basic {pair}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// An `http` or `https` address that the variable `name` says, and who stood before its host.
pub fn address(name: &str, text: &str) -> Result<(Uri, Option<Guest>), String> {
    let wrong = |error: http::uri::InvalidUri| format!("{name} is not an address: {error}");
    let uri: Uri = text.parse().map_err(wrong)?;
    let (Some(scheme @ ("http" | "https")), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(format!("{name} must begin with http:// or https://"));
    };
    let Some((guest, host)) = authority.as_str().rsplit_once('@') else { return Ok((uri, None)) };
    let plain = |text| {
        decode(text)
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| format!("{name}: a `%` before the host is not followed by two digits"))
    };
    let (user, password) = guest.split_once(':').unwrap_or((guest, ""));
    let guest = Guest { user: plain(user)?, password: plain(password)? };
    let rest = uri.path_and_query().map_or("", |rest| rest.as_str());
    Ok((format!("{scheme}://{host}{rest}").parse().map_err(wrong)?, Some(guest)))
}

/// What lies at `path` below `base`, which the variable `name` says: a slash at the end of the base counts for nothing,
/// and its query stays at the end.
pub fn below(name: &str, base: &Uri, path: &str) -> Result<Uri, String> {
    let (scheme, host) =
        (base.scheme_str().unwrap_or_default(), base.authority().map_or("", |one| one.as_str()));
    let query = base.query().map(|query| format!("?{query}")).unwrap_or_default();
    let whole = format!("{scheme}://{host}{}{path}{query}", base.path().trim_end_matches('/'));
    // The query may hold a key: it is not repeated.
    whole.parse().map_err(|error| format!("{name} is not an address: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_is_taken_out_of_the_address() {
        let (uri, guest) = address("X", "https://me:a%40b@host:1/p?q=1").expect("valid");
        let guest = guest.expect("a guest");
        assert_eq!((uri.to_string().as_str(), guest.user.as_str()), ("https://host:1/p?q=1", "me"));
        let header = guest.basic().expect("a header");
        assert!(header == "Basic bWU6YUBi" && header.is_sensitive());
        assert_eq!(address("X", "http://host").expect("valid").1, None);
    }

    #[test]
    fn what_is_no_address_is_refused_without_a_word_of_who_we_are() {
        for wrong in ["secret@host:1", "ftp://secret@host", "http://me:%zzsecret@host", "http://me:secret@"] {
            let error = address("X_URL", wrong).expect_err(wrong);
            assert!(error.starts_with("X_URL") && !error.contains("secret"), "{error}");
        }
    }
}
