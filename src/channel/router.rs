//! The paths of a server: the sockets that are mounted at them, and the page.

use std::sync::Arc;

use super::params::{Params, QueryError, decode_segment};
use super::user_socket::UserSocket;

/// The table of what a server serves: sockets at their paths, and the page in `static/`.
///
/// ```
/// use lobbyd::{Router, UserSocket};
/// let router = Router::new()
///     .socket("/socket", UserSocket::new())
///     .socket("/admin/:tenant", UserSocket::new().channels_max(10));
/// ```
#[derive(Debug)]
pub struct Router {
    mounts: Vec<Mount>,
    #[cfg(feature = "program")]
    static_files: bool,
}

#[derive(Debug)]
struct Mount {
    pattern: MountPath,
    socket: Arc<UserSocket>,
}

/// A mount whose path a request matched.
pub(crate) struct Matched<'r, 'p> {
    pub socket: &'r Arc<UserSocket>,
    /// The variables: each has its name in the pattern, and its segment in the path (not decoded).
    variables: Vec<(&'r str, &'p str)>,
}

impl Router {
    /// Returns a router without sockets; with the feature `program`, the chat page is on.
    pub fn new() -> Router {
        Router {
            mounts: Vec::new(),
            #[cfg(feature = "program")]
            static_files: true,
        }
    }

    /// Returns a router without sockets and without the page.
    pub(crate) fn empty() -> Router {
        Router {
            #[cfg(feature = "program")]
            static_files: false,
            ..Router::new()
        }
    }

    /// Mounts `socket` at `path` + its own [`UserSocket::path`], so `/socket` is reached at
    /// `/socket/websocket`.
    ///
    /// A segment `:name` matches any one segment. The connect callback gets that segment as the
    /// parameter `name`, which overrides a parameter of the query. A segment whose name starts with
    /// `_` only matches. The first mount that matches is taken.
    ///
    /// # Panics
    /// If a `:` has no name, a name stands twice in one path, or a segment is `.` or `..`, which no
    /// browser sends: a mistake in the program, reported at its start.
    pub fn socket(mut self, path: &str, mut socket: UserSocket) -> Router {
        let path = format!("{path}/{}", socket.path);
        let pattern = MountPath::parse(&path);
        socket.mounted_at = segments(&path).collect::<Vec<_>>().join("/");
        self.mounts.push(Mount {
            pattern,
            socket: Arc::new(socket),
        });
        self
    }

    /// Sets whether the chat page and client that come with lobbyd are served at `/`. Default on.
    /// If off, all paths but the sockets and the pages for operators are 404. The page is in the
    /// crate's feature `program` alone.
    #[cfg(feature = "program")]
    pub fn static_files(mut self, on: bool) -> Router {
        self.static_files = on;
        self
    }

    #[cfg(feature = "program")]
    pub(crate) fn serves_static_files(&self) -> bool {
        self.static_files
    }

    /// Returns the path that the page gives to its client, which appends `/websocket`: that of the
    /// first socket there without variables.
    #[cfg(feature = "program")]
    pub(crate) fn page_socket(&self) -> Option<String> {
        self.sockets().find_map(|socket| {
            let path = format!("/{}", socket.mounted_at);
            let path = path.strip_suffix("/websocket")?;
            let served = !path.split('/').any(|segment| segment.starts_with(':'));
            served.then(|| format!("/{}", path.trim_start_matches('/')))
        })
    }

    /// Returns all mounted sockets, in the order they were mounted.
    pub fn sockets(&self) -> impl Iterator<Item = &Arc<UserSocket>> {
        self.mounts.iter().map(|mount| &mount.socket)
    }

    /// Returns the shortest idle timeout of all mounts, in milliseconds.
    pub(crate) fn idle_timeout_ms_min(&self) -> u64 {
        let timeouts = self.sockets().map(|socket| socket.limits().idle_timeout_ms);
        timeouts.min().unwrap_or(u64::MAX)
    }

    /// Returns the socket that is mounted where `socket` was mounted in an earlier router.
    /// Variables are compared by their names.
    pub(crate) fn successor_of(&self, socket: &UserSocket) -> Option<&Arc<UserSocket>> {
        self.sockets()
            .find(|mounted| mounted.mounted_at == socket.mounted_at)
    }

    /// Returns the first mount that matches `path`. Segments are compared, so a trailing slash
    /// changes nothing.
    pub(crate) fn find<'p>(&self, path: &'p str) -> Option<Matched<'_, 'p>> {
        self.mounts.iter().find_map(|mount| {
            let variables = mount.pattern.variables_of(path)?;
            Some(Matched {
                socket: &mount.socket,
                variables,
            })
        })
    }
}

impl Default for Router {
    fn default() -> Router {
        Router::new()
    }
}

impl Matched<'_, '_> {
    /// Returns the parameters of a request: those of its query, overridden by the variables of its
    /// path.
    pub fn params(&self, query: &str) -> Result<Params, QueryError> {
        let mut params = Params::from_query(query)?;
        for (name, segment) in &self.variables {
            if !name.starts_with('_') {
                params.set(name, decode_segment(segment)?.into_owned());
            }
        }
        Ok(params)
    }
}

/// A path of literal and variable segments.
#[derive(Debug)]
struct MountPath(Vec<Segment>);

#[derive(Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Variable(String),
}

impl MountPath {
    fn parse(path: &str) -> MountPath {
        let mut pattern = Vec::new();
        for segment in segments(path) {
            let segment = match segment.strip_prefix(':') {
                Some("") => panic!("the path {path:?} has a `:` without a name"),
                Some(name) => Segment::Variable(name.to_owned()),
                None if matches!(segment, "." | "..") => {
                    panic!("the path {path:?} has a segment that browsers take out: {segment:?}")
                }
                None => Segment::Literal(segment.to_owned()),
            };
            let twice = matches!(segment, Segment::Variable(_)) && pattern.contains(&segment);
            assert!(!twice, "the path {path:?} names a variable twice");
            pattern.push(segment);
        }
        MountPath(pattern)
    }

    /// Returns the variables of `path`, if the path matches.
    fn variables_of<'p>(&self, path: &'p str) -> Option<Vec<(&str, &'p str)>> {
        let mut variables = Vec::new();
        let mut rest = segments(path);
        for expected in &self.0 {
            let segment = rest.next()?;
            match expected {
                Segment::Literal(literal) if literal == segment => {}
                Segment::Literal(_) => return None,
                Segment::Variable(name) => variables.push((name.as_str(), segment)),
            }
        }
        rest.next().is_none().then_some(variables)
    }
}

/// Returns the segments of a path; empty segments are left out, as in Plug.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router() -> Router {
        Router::new()
            .socket("/socket", UserSocket::new().channels_max(1))
            .socket("/ws/admin", UserSocket::new().channels_max(2))
            .socket(
                "/ws/:tenant/",
                UserSocket::new()
                    .path("/custom/:id/:_ignored")
                    .channels_max(3),
            )
            .socket("/ws/:any", UserSocket::new().channels_max(4))
    }

    #[test]
    fn first_mount_whose_segments_match_is_taken() {
        let table = [
            ("/socket/websocket", Some(1)),
            ("/socket/websocket/", Some(1)),
            ("//socket//websocket", Some(1)),
            ("/socket", None),
            ("/socket/longpoll", None),
            ("/socket/websocket/x", None),
            ("/Socket/websocket", None),
            ("/ws/admin/websocket", Some(2)),
            ("/ws/t/custom/1/x", Some(3)),
            ("/ws/t/custom/1", None),
            ("/ws/other/websocket", Some(4)),
            ("/", None),
            ("", None),
        ];
        let router = router();
        for (path, expected) in table {
            let found = router
                .find(path)
                .map(|found| found.socket.session.channels_max);
            assert_eq!(found, expected, "{path}");
        }
    }

    #[test]
    #[cfg(feature = "program")]
    fn socket_of_the_page_is_the_first_at_a_fixed_path() {
        assert_eq!(router().page_socket().as_deref(), Some("/socket"));
        let at = |path| Router::new().socket(path, UserSocket::new()).page_socket();
        assert_eq!(at("//a/b/").as_deref(), Some("/a/b"));
        assert_eq!(at("/").as_deref(), Some("/"));
        assert_eq!(at("/a/:b"), None);
        let custom = Router::new().socket("/a", UserSocket::new().path("/custom"));
        assert_eq!(custom.page_socket(), None);
    }

    #[test]
    fn path_variables_are_decoded_and_beat_the_query() {
        let router = router();
        let found = router.find("/ws/a%20b+c/custom/%C3%A9/x").unwrap();
        let params = found.params("id=1&_ignored=q&other=2").unwrap();
        let shown: Vec<_> = ["tenant", "id", "_ignored", "other"]
            .map(|name| params.get(name))
            .into();
        assert_eq!(shown, [Some("a b+c"), Some("é"), Some("q"), Some("2")]);
    }

    #[test]
    fn path_variable_must_be_utf8() {
        let router = router();
        let found = router.find("/ws/t/custom/%ff/x").unwrap();
        assert_eq!(found.params(""), Err(QueryError::NotUtf8));
    }

    #[test]
    #[should_panic(expected = "names a variable twice")]
    fn variable_may_not_stand_twice_in_a_path() {
        let _ = Router::new().socket("/:id", UserSocket::new().path("/:id"));
    }

    #[test]
    #[should_panic(expected = "browsers take out: \"..\"")]
    fn path_that_browsers_never_ask_for_is_no_mount() {
        let _ = Router::new().socket("/a/../b", UserSocket::new());
    }

    #[test]
    #[should_panic(expected = "without a name")]
    fn variable_needs_a_name() {
        let _ = Router::new().socket("/:", UserSocket::new());
    }
}
