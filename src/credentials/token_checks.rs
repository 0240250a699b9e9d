//! Checks of tokens that may take their time: on other threads, and once for one token at a time.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::timeout;

use super::algorithm::Algorithm;
use super::jwks::key_refresh::now_ms;
use super::occasion::{KeptOccasion, Occasion};
use super::refusal::TokenRefusal;
use super::screened::{Candidate, Checked, Judged, Screened};
use super::token_cache::TokenDigest;
use super::verdict::Verdict;
use super::verifier::Verifier;

/// Longest wait of a token for the answer of its issuer's URL.
const KEY_WAIT_MAX: Duration = Duration::from_secs(2);

/// The verifier of a server, for threads that must not wait. Malformed and expired tokens, those in
/// the cache, and those that are signed by a shared secret are judged at once, in a few µs. A
/// signature of a private key is checked on a background thread of the server, once for all that
/// ask meanwhile with the same token.
///
/// Without a server, such as in a test, everything is checked on the calling thread.
///
/// ```
/// use std::time::{SystemTime, UNIX_EPOCH};
/// use lobbyd::credentials::{Occasion, TokenCheck, TokenChecks, TokenRefusal, Verdict, Verifier};
///
/// async fn subject_of(checks: &TokenChecks, token: &str) -> Result<String, TokenRefusal> {
///     let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
///     let occasion = Occasion::join("room:lobby", now.as_millis() as u64);
///     let verdict = match checks.check(token, &occasion) {
///         TokenCheck::Now(verdict) => verdict,
///         TokenCheck::Later(wait) => wait.await, // owns what it needs, and may go to a task
///     };
///     match verdict {
///         Verdict::Taken(credentials) => Ok(credentials.subject.unwrap_or_default().into()),
///         Verdict::Refused(refusal) => Err(refusal),
///         _ => Err(TokenRefusal::Expired), // comes with `Occasion::tell` alone
///     }
/// }
/// # let checks = TokenChecks::new(Verifier::new([]).unwrap());
/// # let mut task = std::pin::pin!(subject_of(&checks, "no token"));
/// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// # let answer = std::future::Future::poll(task.as_mut(), &mut context);
/// # assert_eq!(answer, std::task::Poll::Ready(Err(TokenRefusal::Malformed)));
/// ```
#[derive(Clone, Debug)]
pub struct TokenChecks(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    verifier: Arc<Verifier>,
    /// The checks under way, by the digest of their token.
    flights: Mutex<HashMap<TokenDigest, watch::Receiver<Option<Checked>>>>,
    host: OnceLock<Arc<dyn TokenHost>>,
}

/// The answer to a token: there is no third one.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "it is made and moved once for a token"
)]
pub enum TokenCheck {
    /// The verdict.
    Now(Verdict),
    /// The verdict has to be waited for.
    Later(TokenWait),
}

/// A verdict that has to be waited for. It owns what it needs, and whoever drops it ends nothing
/// for others that wait for the same token. It is to be polled in a tokio runtime with time.
pub struct TokenWait(Pin<Box<dyn Future<Output = Verdict> + Send>>);

/// What checks need of their server.
pub(crate) trait TokenHost: Send + Sync + std::fmt::Debug {
    /// Runs a job on another thread. A job that is not run is dropped.
    fn submit(&self, job: Box<dyn FnOnce() + Send>) -> Result<(), NoThread>;

    /// Counts a verdict: `result` is `ok`, `cached`, or the code of a refusal. `issuer` is empty if
    /// no issuer has the token.
    fn judged(&self, issuer: &str, result: &'static str);

    /// Notes how long the check of a signature took.
    fn checked(&self, algorithm: Algorithm, time: Duration);
}

/// Why a job is not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoThread {
    /// As many jobs wait as may wait.
    Busy,
    /// There are no threads: the server ends, or the system gave it none.
    Gone,
}

impl TokenChecks {
    /// Returns the checks of this verifier. A clone is another handle to the same checks.
    pub fn new(verifier: impl Into<Arc<Verifier>>) -> TokenChecks {
        TokenChecks(Arc::new(Shared {
            verifier: verifier.into(),
            flights: Mutex::default(),
            host: OnceLock::new(),
        }))
    }

    /// Returns the verifier.
    pub fn verifier(&self) -> &Arc<Verifier> {
        &self.0.verifier
    }

    /// Gives the checks a server. Returns false if they have one already.
    pub(crate) fn host_on(&self, host: Arc<dyn TokenHost>) -> bool {
        self.0.host.set(host).is_ok()
    }

    /// Checks a token. Takes a few µs: what takes longer is done by a background thread. If as many
    /// checks wait as `limits.token_checks` allows, the token is refused with
    /// [`KeysUnavailable`](TokenRefusal::KeysUnavailable), and may be given again later. A token
    /// whose key is not known may wait for its issuer's URL, for 2 s at most.
    pub fn check(&self, token: &str, occasion: &Occasion<'_>) -> TokenCheck {
        match self.begin(token, occasion) {
            CheckStage::Judged(judged) => TokenCheck::Now(self.0.counted(judged)),
            CheckStage::Flight { issuer, flight } => {
                let (checks, occasion) = (self.clone(), KeptOccasion::new(occasion));
                let landed = async move { checks.land(issuer, flight, &occasion.get()).await };
                TokenCheck::Later(TokenWait(Box::pin(landed)))
            }
            CheckStage::Lacking { judged, answered } => {
                let (checks, occasion) = (self.clone(), KeptOccasion::new(occasion));
                let token: Box<str> = token.into();
                let verdict = async move {
                    let occasion = occasion.get();
                    checks
                        .wait_for_key(&token, &occasion, judged, answered)
                        .await
                };
                TokenCheck::Later(TokenWait(Box::pin(verdict)))
            }
        }
    }

    /// Does what can be done at once.
    fn begin(&self, token: &str, occasion: &Occasion<'_>) -> CheckStage {
        let shared = &self.0;
        let candidate = match shared.verifier.screen(token, occasion) {
            Screened::Signed(candidate) => candidate,
            Screened::Decided(judged) => match shared.ask_for_key(token, &judged) {
                Some(answered) => return CheckStage::Lacking { judged, answered },
                // An answer may have come since the token was screened, and brought its key.
                None if judged.lacks_key => match shared.verifier.screen(token, occasion) {
                    Screened::Signed(candidate) => candidate,
                    Screened::Decided(judged) => return CheckStage::Judged(judged),
                },
                None => return CheckStage::Judged(judged),
            },
        };
        let issuer = candidate.issuer;
        let flight = match candidate.algorithm.is_hmac() {
            true => Err(NoThread::Gone),
            false => shared.join_flight(self, token, &candidate, occasion.now_ms()),
        };
        let checked = match flight {
            Ok(flight) => return CheckStage::Flight { issuer, flight },
            Err(NoThread::Busy) => Err(TokenRefusal::KeysUnavailable),
            Err(NoThread::Gone) => shared.timed(&candidate, occasion.now_ms()),
        };
        let verdict = shared.verifier.conclude(checked, occasion);
        CheckStage::Judged(Judged::by(Some(issuer), verdict))
    }

    /// Waits for the check of the signature.
    async fn land(
        &self,
        issuer: usize,
        mut flight: watch::Receiver<Option<Checked>>,
        occasion: &Occasion<'_>,
    ) -> Verdict {
        // The sender goes without a word if the job panicked, or its thread ends.
        let landed = flight.wait_for(Option::is_some).await;
        let checked = landed.ok().and_then(|landed| landed.clone());
        let checked = checked.unwrap_or(Err(TokenRefusal::KeysUnavailable));
        let verdict = self.0.verifier.conclude(checked, occasion);
        self.0.counted(Judged::by(Some(issuer), verdict))
    }

    /// Waits for the next answer of the issuer's URL, and checks the token by what it brought.
    async fn wait_for_key(
        &self,
        token: &str,
        occasion: &Occasion<'_>,
        judged: Judged,
        mut answered: watch::Receiver<()>,
    ) -> Verdict {
        // Without an answer the token is refused as it would have been at first.
        if timeout(KEY_WAIT_MAX, answered.changed()).await.is_err() {
            return self.0.counted(judged);
        }
        match self.begin(token, occasion) {
            CheckStage::Flight { issuer, flight } => self.land(issuer, flight, occasion).await,
            // It waited for its issuer once.
            CheckStage::Judged(judged) | CheckStage::Lacking { judged, .. } => {
                self.0.counted(judged)
            }
        }
    }
}

/// A check after what can be done at once.
enum CheckStage {
    Judged(Judged),
    /// The signature is checked on another thread.
    Flight {
        issuer: usize,
        flight: watch::Receiver<Option<Checked>>,
    },
    /// A key is lacking, and the issuer's URL was asked for it.
    Lacking {
        judged: Judged,
        answered: watch::Receiver<()>,
    },
}

impl Shared {
    /// Asks the issuer's URL for the key that a token lacks.
    fn ask_for_key(&self, token: &str, judged: &Judged) -> Option<watch::Receiver<()>> {
        let issuer = judged.issuer.filter(|_| judged.lacks_key)?;
        let refresh = self.verifier.issuers()[issuer].refresh()?;
        refresh.ask(token, now_ms())
    }

    /// Joins the check of this token that is under way, or begins one.
    fn join_flight(
        &self,
        checks: &TokenChecks,
        token: &str,
        candidate: &Candidate<'_>,
        now_ms: u64,
    ) -> Result<watch::Receiver<Option<Checked>>, NoThread> {
        let host = self.host.get().ok_or(NoThread::Gone)?;
        let mut flights = self.flights();
        if let Some(flight) = flights.get(&candidate.digest) {
            return Ok(flight.clone());
        }
        let (landing, flight) = watch::channel(None);
        flights.insert(candidate.digest, flight.clone());
        drop(flights);
        let flown = Flight {
            checks: checks.clone(),
            digest: candidate.digest,
            landing,
        };
        let token: Box<str> = token.into();
        // A job that is not run is dropped, which ends its flight.
        host.submit(Box::new(move || flown.fly(&token, now_ms)))?;
        Ok(flight)
    }

    fn timed(&self, candidate: &Candidate<'_>, now_ms: u64) -> Checked {
        let begun = Instant::now();
        let checked = self.verifier.check(candidate, now_ms);
        if let Some(host) = self.host.get() {
            host.checked(candidate.algorithm, begun.elapsed());
        }
        checked
    }

    fn counted(&self, judged: Judged) -> Verdict {
        if let Some(host) = self.host.get() {
            let result = match &judged.verdict {
                Verdict::Taken(_) if judged.cached => "cached",
                Verdict::Taken(_) => "ok",
                Verdict::Expired(_) => TokenRefusal::Expired.code(),
                Verdict::Refused(refusal) => refusal.code(),
            };
            let issuer = match judged.issuer {
                Some(issuer) => self.verifier.issuers()[issuer].name(),
                None if judged.phoenix => "phoenix",
                None => "",
            };
            host.judged(issuer, result);
        }
        judged.verdict
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<TokenDigest, watch::Receiver<Option<Checked>>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A check under way. It leaves the list of flights when it ends, also by a panic.
struct Flight {
    checks: TokenChecks,
    digest: TokenDigest,
    landing: watch::Sender<Option<Checked>>,
}

impl Flight {
    fn fly(self, token: &str, now_ms: u64) {
        let shared = &self.checks.0;
        // The time is told to whoever asks for that.
        let occasion = Occasion::connect(now_ms).tell();
        // Another flight may have put the token into the cache, and keys may have been replaced.
        let candidate = shared.verifier.candidate(token, self.digest, &occasion);
        let checked = match candidate {
            Ok(candidate) => shared.timed(&candidate, now_ms),
            Err(early) => Err(early.refusal),
        };
        self.landing.send_replace(Some(checked));
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.checks.0.flights().remove(&self.digest);
    }
}

impl Future for TokenWait {
    type Output = Verdict;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Verdict> {
        self.0.as_mut().poll(context)
    }
}

impl std::fmt::Debug for TokenWait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenWait").finish_non_exhaustive()
    }
}
