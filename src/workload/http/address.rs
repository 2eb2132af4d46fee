//! Addresses as people and servers write them, made into what HTTP takes: without a scheme, with capitals, spaces or other scripts in
//! their paths, as curl and browsers read them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use fluent_uri::{Uri, UriRef};
use percent_encoding::percent_decode_str;
use ureq::http;

/// Why a text is no address that can be fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::workload) enum AddressError {
    #[error("`{0}`: only http:// and https:// addresses can be fetched")]
    Scheme(String),
    #[error("`{0}` is not an address")]
    Malformed(String),
    #[error("`{address}`: `{port}` is not a port")]
    Port { address: String, port: String },
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
    if let Some(port) = port(authority).filter(|port| !port.is_empty() && !is_port(port)) {
        return Err(AddressError::Port { address: text.to_owned(), port: port.to_owned() });
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

/// What stands behind the host and its colon, if there is one. The colons in `[::1]` are the host's.
fn port(authority: &str) -> Option<&str> {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let after = host.rsplit_once(']').map_or(host, |(_, after)| after);
    after.split_once(':').map(|(_, port)| port)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// The address without a user's name and password, and what a server is told of them (RFC 7617), if they are there.
pub(super) fn without_credentials(address: &str) -> (String, Option<String>) {
    let Some((scheme, rest)) = address.split_once("://") else { return (address.to_owned(), None) };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let Some((credentials, host)) = authority.rsplit_once('@') else { return (address.to_owned(), None) };
    let decoded: Vec<u8> = percent_decode_str(credentials).collect();
    // Without a password there is an empty one.
    let decoded = if credentials.contains(':') { decoded } else { [&decoded[..], b":"].concat() };
    let told = format!("Basic {}", BASE64.encode(decoded));
    (format!("{scheme}://{host}{}", &rest[authority.len()..]), Some(told))
}

/// Where the `Location` of an answer from `address` leads. Its bytes need not be what the standard asks for.
///
/// # Errors
/// When that is no address, or one of something else.
pub(super) fn follow(address: &str, location: &[u8]) -> Result<String, AddressError> {
    let text = String::from_utf8_lossy(location);
    let (scheme, _) = address.split_once("://").unwrap_or_default();
    // Another host, and so nothing of this address.
    let end = text.find(['/', '?', '#']).unwrap_or(text.len());
    if text[end..].starts_with("//") && (end == 0 || text[..end].ends_with(':')) {
        let named = if end == 0 { format!("{scheme}:") } else { String::new() };
        let authority = text[end + 2..].find(['/', '?', '#']).map_or(text.len(), |length| end + 2 + length);
        let rest = encoded(location.get(authority..).unwrap_or_default());
        return parse(&format!("{named}{}{rest}", &text[..authority]));
    }
    let location = encoded(location);
    let malformed = || AddressError::Malformed(location.clone());
    let base = Uri::parse(address).map_err(|_| malformed())?;
    let reference = UriRef::parse(location.as_str()).map_err(|_| malformed())?;
    let target = reference.resolve_against(&base).map_err(|_| malformed())?;
    parse(target.as_str())
}

/// A path with what no address may hold in percent signs and digits.
fn encoded(text: &[u8]) -> String {
    let is_encoded =
        |at: usize| text.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    let byte = |(at, &byte): (usize, &u8)| match byte {
        b'"' | b'<' | b'>' | b'[' | b'\\' | b']' | b'^' | b'`' | b'{' | b'|' | b'}' => format!("%{byte:02X}"),
        b'%' if !is_encoded(at) => "%25".to_owned(),
        0x21..=0x7e => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.iter().enumerate().map(byte).collect()
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
        for (text, wrong) in [
            ("http://host:99999/", "99999"),
            ("host:80x/", "80x"),
            ("mailto:a", "a"),
            ("[::1]:x", "x"),
            ("u:p@h:-1", "-1"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(matches!(&error, AddressError::Port { port, .. } if port == wrong), "{text}: {error}");
        }
        assert!(parse("http://user:pass@[::1]/").is_ok() && parse("http://host:/").is_ok());
    }

    #[test]
    fn names_and_passwords_are_told_as_they_were_meant() {
        let told = |address| without_credentials(address);
        let (plain, basic) = ("http://host:1/a@b".to_owned(), |told: &str| Some(format!("Basic {told}")));
        assert_eq!(told("http://host:1/a@b"), (plain.clone(), None));
        assert_eq!(told("http://u:p%40@host:1/a@b"), (plain.clone(), basic("dTpwQA==")));
        assert_eq!(told("http://u@host:1/a@b"), (plain, basic("dTo=")));
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
