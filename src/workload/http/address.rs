//! Addresses as people and servers write them, made into what HTTP takes: without a scheme, with capitals, spaces or other scripts in
//! their paths, as curl and browsers read them.

use fluent_uri::{Uri, UriRef};
use ureq::http;

/// Why a text is no address that can be fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::workload) enum AddressError {
    #[error("`{0}`: only http:// and https:// addresses can be fetched")]
    Scheme(String),
    #[error("`{0}` is not an address")]
    Malformed(String),
    #[error("`{0}`: write the host's name in ASCII (Punycode)")]
    Host(String),
}

/// The address in `text`. Without a scheme it is one of HTTP.
///
/// # Errors
/// When it is none, or one of something else.
pub(in crate::workload) fn parse(text: &str) -> Result<String, AddressError> {
    let text = text.trim();
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None => ("http".to_owned(), text),
    };
    if !["http", "https"].contains(&scheme.as_str()) {
        return Err(AddressError::Scheme(text.to_owned()));
    }
    // What follows # is for whoever shows the page.
    let rest = rest.split('#').next().unwrap_or_default();
    let authority = rest.split(['/', '?', '\\']).next().unwrap_or_default();
    if !authority.is_ascii() {
        return Err(AddressError::Host(text.to_owned()));
    }
    let path = &rest[authority.len()..];
    let slash = if path.starts_with('/') { "" } else { "/" };
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%:@[]!$&'()*+;=".contains(&byte);
    if !authority.bytes().all(in_name) {
        return Err(AddressError::Malformed(text.to_owned()));
    }
    let address = format!("{scheme}://{authority}{slash}{}", encoded(path.as_bytes()));
    let parsed: Result<http::Uri, _> = address.parse();
    match parsed.ok().and_then(|uri| Some(!uri.host()?.is_empty())) {
        Some(true) => Ok(address),
        _ => Err(AddressError::Malformed(text.to_owned())),
    }
}

/// Where the `Location` of an answer from `address` leads. Its bytes need not be what the standard asks for.
///
/// # Errors
/// When that is no address, or one of something else.
pub(super) fn follow(address: &str, location: &[u8]) -> Result<String, AddressError> {
    let location = encoded(location);
    let malformed = || AddressError::Malformed(location.clone());
    let base = Uri::parse(address).map_err(|_| malformed())?;
    let reference = UriRef::parse(location.as_str()).map_err(|_| malformed())?;
    let target = reference.resolve_against(&base).map_err(|_| malformed())?;
    parse(target.as_str())
}

/// With what no address may hold in percent signs and digits.
fn encoded(text: &[u8]) -> String {
    let byte = |&byte: &u8| match byte {
        b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => format!("%{byte:02X}"),
        0x21..=0x7e => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.iter().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_curl_reads_them() {
        for (text, address) in [
            ("http://host/a.bin", "http://host/a.bin"),
            ("HTTP://host/a", "http://host/a"),
            ("host:8080/a", "http://host:8080/a"),
            ("https://host", "https://host/"),
            ("http://host?q=1", "http://host/?q=1"),
            ("http://[::1]:80/a#part", "http://[::1]:80/a"),
            ("http://user:pass@host/a b/é%20", "http://user:pass@host/a%20b/%C3%A9%20"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(address), "{text}");
        }
        for text in ["ftp://host/a", "file:///etc/passwd"] {
            assert!(matches!(parse(text), Err(AddressError::Scheme(_))), "{text}");
        }
        for text in ["http://", "task,seconds", "http://a b/"] {
            assert!(matches!(parse(text), Err(AddressError::Malformed(_))), "{text}: {:?}", parse(text));
        }
        assert!(matches!(parse("http://höst/"), Err(AddressError::Host(_))));
    }

    #[test]
    fn redirections_lead_on_whatever_their_bytes() {
        for (location, address) in [
            (&b"/ok file.bin"[..], "http://host:1/ok%20file.bin"),
            ("/ok-é".as_bytes(), "http://host:1/ok-%C3%A9"),
            (b"caf\xe9", "http://host:1/a/caf%E9"),
            (b"../x?y", "http://host:1/x?y"),
            (b"//other/x", "http://other/x"),
            (b"HTTPS://other", "https://other/"),
        ] {
            assert_eq!(follow("http://host:1/a/b", location).as_deref(), Ok(address));
        }
        assert!(follow("http://host/", b"file:///etc/passwd").is_err());
    }
}
