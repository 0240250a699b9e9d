//! Keeps the keys of one issuer those of its URL: asks at the times of its schedule, and logs.

use std::sync::{Arc, Weak};

use compact_str::CompactString;
use http::StatusCode;
use http::header::{CACHE_CONTROL, ETAG, HeaderMap};
use tokio::sync::watch;
use tokio::time::sleep;

use super::http_client::{HttpAnswer, HttpClient, HttpFailure, HttpTimes};
use super::token_stats::TokenStats;
use crate::credentials::{
    FetchStep, Issuer, JwksAnswer, JwksResult, KeyRefresh, KeySet, TakenAnswer, Verifier,
};

/// The keys of one issuer. Everything of the verifier is weak, so that it can go: after a reload
/// nobody needs its keys.
pub(super) struct KeyFetch {
    verifier: Weak<Verifier>,
    /// The place of the issuer in the verifier.
    issuer: usize,
    client: HttpClient,
    stats: Arc<TokenStats>,
    /// Ready with an error once the verifier is gone.
    due: watch::Receiver<()>,
    served: ServedKeys,
    /// The names of the keys that were logged last.
    logged: Vec<CompactString>,
}

/// Says that nobody fetches any more when the task ends, however it does.
struct ServedKeys(Weak<KeyRefresh>);

impl Drop for ServedKeys {
    fn drop(&mut self) {
        if let Some(refresh) = self.0.upgrade() {
            refresh.leave();
        }
    }
}

impl KeyFetch {
    /// Returns the fetches for an issuer. `None` if it has no URL, or somebody fetches already.
    pub fn new(
        verifier: &Arc<Verifier>,
        issuer: usize,
        times: HttpTimes,
        stats: &Arc<TokenStats>,
    ) -> Option<KeyFetch> {
        let refresh = verifier.issuers()[issuer].refresh()?;
        let client = HttpClient::new(refresh.source().ca(), times)?;
        let due = refresh.serve()?;
        Some(KeyFetch {
            verifier: Arc::downgrade(verifier),
            issuer,
            client,
            stats: Arc::clone(stats),
            due,
            served: ServedKeys(Arc::downgrade(refresh)),
            logged: Vec::new(),
        })
    }

    /// Fetches until the verifier is gone.
    pub async fn run(mut self) {
        while let Some(step) = self.with_issuer(Issuer::fetch_step).flatten() {
            match step {
                FetchStep::Fetch { etag } => {
                    let Some(refresh) = self.served.0.upgrade() else {
                        return;
                    };
                    let url = refresh.source().url().clone();
                    drop(refresh);
                    let answer = self.client.get(&url, etag.as_deref()).await;
                    let (answer, cause) = read(answer);
                    let taken = self.with_issuer(|issuer| issuer.take_answer(answer));
                    if let Some(taken) = taken.flatten() {
                        self.tell(&taken, &cause);
                    }
                }
                FetchStep::Wait(pause) => tokio::select! {
                    () = sleep(pause) => {}
                    due = self.due.changed() => if due.is_err() {
                        return;
                    },
                },
            }
        }
    }

    fn with_issuer<T>(&self, use_it: impl FnOnce(&Issuer) -> T) -> Option<T> {
        let verifier = self.verifier.upgrade()?;
        Some(use_it(&verifier.issuers()[self.issuer]))
    }

    fn tell(&mut self, taken: &TakenAnswer, cause: &str) {
        let Some(verifier) = self.verifier.upgrade() else {
            return;
        };
        let issuer = verifier.issuers()[self.issuer].name();
        let result = taken.result.name();
        self.stats.fetches.count(issuer, result);
        let failures = taken.failures;
        match failures {
            0 => {}
            1 => tracing::warn!(
                issuer,
                result,
                cause,
                "the keys of an issuer were not fetched; those in force stay, and it is tried again"
            ),
            _ => tracing::debug!(issuer, result, cause, failures, "keys were not fetched"),
        }
        let Some(keys) = &taken.keys else {
            return;
        };
        let names = names_of(keys);
        if names == self.logged {
            return;
        }
        for (kid, problem) in &taken.left_out {
            let kid = kid.as_deref();
            tracing::warn!(issuer, kid, %problem, "a key of an issuer's URL is left out");
        }
        tracing::info!(issuer, keys = ?names, "an issuer has these keys now");
        self.logged = names;
    }
}

fn names_of(keys: &KeySet) -> Vec<CompactString> {
    let name = |key: &crate::credentials::TokenKey| {
        let algorithms: Vec<_> = key.algorithms().iter().map(|one| one.name()).collect();
        let kid = key.kid().unwrap_or("without a name");
        CompactString::from(format!("{kid} ({})", algorithms.join(", ")))
    };
    keys.keys().iter().map(name).collect()
}

/// Returns what an answer is for the keys, and the cause of a failure.
fn read(answer: Result<HttpAnswer, HttpFailure>) -> (JwksAnswer, String) {
    let answer = match answer {
        Ok(answer) => answer,
        Err(failure) => {
            let (result, cause) = match failure {
                HttpFailure::Unreachable(cause) => (JwksResult::Unreachable, cause),
                HttpFailure::TimedOut => (JwksResult::TimedOut, String::new()),
                HttpFailure::TooLarge => (JwksResult::TooLarge, String::new()),
            };
            return (JwksAnswer::Failed(result), cause);
        }
    };
    let max_age_s = max_age_s(&answer.headers);
    let status = answer.status;
    let read = match status {
        StatusCode::OK => JwksAnswer::Set {
            body: answer.body,
            etag: etag(&answer.headers),
            max_age_s,
        },
        StatusCode::NOT_MODIFIED => JwksAnswer::Unchanged { max_age_s },
        redirect if redirect.is_redirection() => JwksAnswer::Failed(JwksResult::Redirect),
        _ => JwksAnswer::Failed(JwksResult::Status),
    };
    (read, status.to_string())
}

fn etag(headers: &HeaderMap) -> Option<String> {
    let etag = headers.get(ETAG)?.to_str().ok()?;
    Some(etag.to_owned())
}

/// Returns the `max-age` of the answer (RFC 9111, section 5.2.2.1). The first one counts, and one
/// that is no number is none.
fn max_age_s(headers: &HeaderMap) -> Option<u64> {
    let lines = headers.get_all(CACHE_CONTROL).iter();
    let mut directives = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    directives.find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        let is_max_age = name.trim().eq_ignore_ascii_case("max-age");
        let value = value.trim().trim_matches('"');
        is_max_age.then(|| value.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn max_age_is_found_among_other_directives() {
        let table = [
            (&["max-age=300"][..], Some(300)),
            (&["public, Max-Age = 60 , must-revalidate"], Some(60)),
            (&["no-transform", "s-maxage=5, max-age=\"7\""], Some(7)),
            (&["max-age=soon, max-age=9"], Some(9)),
            (&["max-age=99999999999999999999"], None),
            (&["no-store"], None),
            (&[], None),
        ];
        for (lines, expected) in table {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(CACHE_CONTROL, line.parse().unwrap());
            }
            assert_eq!(max_age_s(&headers), expected, "{lines:?}");
        }
    }
}
