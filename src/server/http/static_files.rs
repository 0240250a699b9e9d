//! The page that comes with lobbyd: the files of `static/`, embedded in the binary.

use std::borrow::Cow;
use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use hyper::header::{CACHE_CONTROL, ETAG, HeaderValue, IF_NONE_MATCH};
use hyper::http::request;
use hyper::{HeaderMap, Method, StatusCode};
use rust_embed::RustEmbed;

use super::response::{HttpResponse, empty, method_not_allowed, not_found, with_body};
use crate::channel::{Router, decode_segment};

/// The files of `static/`. Release builds embed them in the binary; debug builds read them from the
/// folder, so that an edit shows at once.
#[derive(RustEmbed)]
#[folder = "static/"]
struct StaticFiles;

/// The page, and where its client reads the path of its socket.
const PAGE: &str = "index.html";
const SOCKET_PATH: &str = r#"name="socket-path" content="/socket""#;

/// Returns the answer to a request for a file. `/` is the page, which gets the path of its socket
/// in `router`.
pub(crate) fn respond(head: &request::Parts, router: &Router) -> HttpResponse {
    let Some((name, file)) = find(head.uri.path()) else {
        return not_found();
    };
    if head.method != Method::GET && head.method != Method::HEAD {
        return method_not_allowed();
    }
    let socket = match name.as_str() {
        PAGE => router.page_socket(),
        _ => None,
    };
    let etag = etag(&file.metadata.sha256_hash(), socket.as_deref());
    let mut response = if is_known(&head.headers, &etag) {
        empty(StatusCode::NOT_MODIFIED)
    } else {
        let body = match (socket, file.data) {
            (Some(socket), page) => Bytes::from(page_for(&page, &socket)),
            (None, Cow::Borrowed(bytes)) => Bytes::from_static(bytes),
            (None, Cow::Owned(bytes)) => Bytes::from(bytes),
        };
        with_body(StatusCode::OK, content_type(&name), body)
    };
    let headers = response.headers_mut();
    // File names carry no version. So a copy may be kept, but the browser asks for it by its ETag
    // each time: a new server is seen at once, for the price of a 304.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(ETAG, etag);
    }
    response
}

/// Returns the file at `path`, by its whole name below `static/`. A name never leads out of that
/// folder.
fn find(path: &str) -> Option<(String, rust_embed::EmbeddedFile)> {
    let path = decode_segment(path).ok()?;
    let name = match path.strip_prefix('/')? {
        "" => PAGE,
        name => name,
    };
    // This check matters in debug builds only, where names are looked up in the file system.
    let leads_astray =
        |part: &str| part.is_empty() || part.starts_with('.') || part.contains(['\\', '\0']);
    if name.split('/').any(leads_astray) {
        return None;
    }
    StaticFiles::get(name).map(|file| (name.to_owned(), file))
}

/// Returns the page with the path of its socket. An app's path may have any character.
fn page_for(page: &[u8], socket: &str) -> String {
    let socket = socket.replace('&', "&amp;").replace('"', "&quot;");
    let named = format!(r#"name="socket-path" content="{socket}""#);
    String::from_utf8_lossy(page).replace(SOCKET_PATH, &named)
}

/// Returns a strong tag in quotes: half of the content's SHA-256, changed by what was written into
/// the content.
fn etag(hash: &[u8; 32], written: Option<&str>) -> String {
    let mut hasher = DefaultHasher::new();
    written.hash(&mut hasher);
    let change = hasher.finish().to_le_bytes();
    let mut etag = String::from("\"");
    for (at, byte) in hash[..16].iter().enumerate() {
        let byte = byte ^ change[at % change.len()];
        let _ = write!(etag, "{byte:02x}");
    }
    etag.push('"');
    etag
}

/// True if `If-None-Match` names `etag`. RFC 9110, 13.1.2: the header may be a list on several
/// lines, `W/` does not matter, and `*` stands for any tag.
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let lines = headers
        .get_all(IF_NONE_MATCH)
        .into_iter()
        .filter_map(|line| line.to_str().ok());
    // Splitting inside the quotes of other servers' tags does no harm: no part of such a tag equals
    // our whole tag with its quotes.
    let mut tags = lines.flat_map(|line| line.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "txt" | "md" => "text/plain; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::UserSocket;
    use http_body_util::BodyExt;
    use hyper::Request;
    use hyper::body::Body;

    fn ask(method: &str, path: &str, headers: &[(&str, &str)]) -> HttpResponse {
        ask_of(&Router::new(), method, path, headers)
    }

    fn ask_of(router: &Router, method: &str, path: &str, headers: &[(&str, &str)]) -> HttpResponse {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        respond(&request.body(()).unwrap().into_parts().0, router)
    }

    fn body(response: HttpResponse) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let collected = runtime.block_on(response.into_body().collect()).unwrap();
        String::from_utf8(collected.to_bytes().into()).unwrap()
    }

    fn header<'a>(response: &'a HttpResponse, name: &str) -> &'a str {
        response
            .headers()
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    #[test]
    fn files_have_types_tags_and_are_revalidated() {
        for path in ["/", "/index.html"] {
            let response = ask("GET", path, &[]);
            assert_eq!(response.status(), 200);
            assert_eq!(
                header(&response, "content-type"),
                "text/html; charset=utf-8"
            );
            assert_eq!(header(&response, "cache-control"), "no-cache");
            assert_eq!(header(&response, "x-content-type-options"), "nosniff");
            assert!(header(&response, "content-security-policy").starts_with("default-src 'self'"));
            assert_eq!(header(&response, "etag").len(), 34);
            assert_ne!(response.body().size_hint().exact(), Some(0));
        }
        let names = [
            ("a.js", "text/javascript; charset=utf-8"),
            ("b", "application/octet-stream"),
        ];
        for (name, expected) in names {
            assert_eq!(content_type(name), expected);
        }
    }

    #[test]
    fn page_names_the_path_of_its_socket_and_changes_its_tag_with_it() {
        let at = |path: &str| {
            let router = Router::new().socket(path, UserSocket::new());
            let page = ask_of(&router, "GET", "/", &[]);
            (header(&page, "etag").to_owned(), body(page))
        };
        let pages = [
            ("/socket", "/socket"),
            ("/ws/v1", "/ws/v1"),
            ("/\"&", "/&quot;&amp;"),
        ];
        for (path, named) in pages {
            let meta = format!(r#"<meta name="socket-path" content="{named}">"#);
            assert_eq!(at(path).1.matches(&meta).count(), 1, "{path}");
        }
        assert_ne!(at("/socket").0, at("/ws").0);
        let router = Router::new().socket("/ws", UserSocket::new());
        let tag = at("/ws").0;
        let known = [("if-none-match", tag.as_str())];
        assert_eq!(ask_of(&router, "GET", "/", &known).status(), 304);
        let script = |router| header(&ask_of(router, "GET", "/chat.js", &[]), "etag").to_owned();
        assert_eq!(script(&router), script(&Router::new()));
    }

    #[test]
    fn known_tag_is_answered_with_304() {
        let first = ask("GET", "/", &[]);
        let etag = header(&first, "etag");
        let table = [
            (etag.to_owned(), 304),
            (format!("W/{etag}"), 304),
            (format!("\"x\", {etag} , \"y\""), 304),
            ("*".to_owned(), 304),
            ("\"x\"".to_owned(), 200),
            (etag.trim_matches('"').to_owned(), 200),
            (format!("\"a,{}", &etag[1..]), 200),
            (String::new(), 200),
        ];
        for (value, status) in table {
            let response = ask("GET", "/", &[("if-none-match", &value)]);
            assert_eq!(response.status().as_u16(), status, "{value}");
            assert_eq!(header(&response, "etag"), etag);
            assert_eq!(header(&response, "cache-control"), "no-cache");
        }
        let lines = [("if-none-match", "\"x\""), ("if-none-match", etag)];
        assert_eq!(ask("HEAD", "/", &lines).status(), 304);
    }

    #[test]
    fn files_of_the_folder_alone_are_found() {
        let strangers = [
            "/nothing",
            "/../Cargo.toml",
            "/%2e%2e/Cargo.toml",
            "/..%2fCargo.toml",
            "/..%5cCargo.toml",
            "//etc/passwd",
            "/./index.html",
            "/index.html/",
            "/index.html%00",
            "/%ff",
            "*",
        ];
        for path in strangers {
            assert_eq!(ask("GET", path, &[]).status(), 404, "{path}");
        }
    }

    #[test]
    fn files_are_only_read() {
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let response = ask(method, "/", &[]);
            assert_eq!(
                (response.status().as_u16(), header(&response, "allow")),
                (405, "GET, HEAD")
            );
        }
        assert_eq!(ask("POST", "/nothing", &[]).status(), 404);
    }
}
