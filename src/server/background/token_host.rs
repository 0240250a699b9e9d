//! What a server gives to the checks of its tokens: threads and counts.

use std::sync::Arc;
use std::time::Duration;

use super::job_stats::JobKind;
use super::pool::{NotRun, Pool};
use super::token_stats::TokenStats;
use crate::credentials::{Algorithm, NoThread, TokenHost};

/// The threads and counts of one server, which all its checks share.
#[derive(Debug)]
pub(super) struct ServerTokenHost {
    pub pool: Arc<Pool>,
    pub stats: Arc<TokenStats>,
}

impl TokenHost for ServerTokenHost {
    fn submit(&self, job: Box<dyn FnOnce() + Send>) -> Result<(), NoThread> {
        let taken = self.pool.run(JobKind::TokenCheck, job);
        taken.map_err(|not_run| match not_run {
            NotRun::Full => NoThread::Busy,
            NotRun::Stopped => NoThread::Gone,
        })
    }

    fn judged(&self, issuer: &str, result: &'static str) {
        self.stats.tokens.count(issuer, result);
    }

    fn checked(&self, algorithm: Algorithm, time: Duration) {
        self.stats.checked(algorithm, time);
    }
}
