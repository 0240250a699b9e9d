//! The result of a broadcast: its position in the topic's order, once that position is known.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use thiserror::Error;

use crate::broker::Position;

/// The result of a broadcast, which may be ignored: the broadcast goes out whether the result is
/// awaited or dropped.
///
/// Awaited, the result says where the broadcast stands in its topic's order: nowhere (`None`) if
/// nobody is subscribed. There is only one node now. The position is therefore known as soon as the
/// call returns: [`position`](Published::position) shows it, and awaiting the result never waits.
///
/// Where several nodes have one order for a topic, a position will be pending until that order is
/// made. Code that needs the position should therefore await it.
///
/// ```
/// # use lobbyd::Endpoint;
/// # async fn announce(endpoint: Endpoint) -> Result<(), lobbyd::NotPublished> {
/// endpoint.broadcast("room:lobby", "news", ()); // that is all, for most
///
/// match endpoint.broadcast("room:lobby", "news", ()).await? {
///     Some(position) => println!("it stands at {position}"),
///     None => println!("nobody was there"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Published {
    position: Option<Position>,
}

/// The reason why a broadcast was not made. On one node there is no reason, so this is never
/// returned.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct NotPublished(Infallible);

impl Published {
    /// Returns the position of the broadcast in its topic's order, if that is known already. `None`
    /// also if nobody is subscribed.
    pub fn position(&self) -> Option<Position> {
        self.position
    }
}

/// Makes a result whose position is known already; `None` if nobody is subscribed.
impl From<Option<Position>> for Published {
    fn from(position: Option<Position>) -> Published {
        Published { position }
    }
}

impl Future for Published {
    type Output = Result<Option<Position>, NotPublished>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(self.position))
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Waker;

    use super::*;

    #[test]
    fn broadcast_that_is_awaited_on_one_node_is_ready_at_once() {
        let somewhere = Position {
            epoch: 1,
            sequence: 2,
        };
        for position in [None, Some(somewhere)] {
            let published = Published::from(position);
            assert_eq!(published.position(), position);
            let mut context = Context::from_waker(Waker::noop());
            let Poll::Ready(Ok(awaited)) = pin!(published).poll(&mut context) else {
                panic!("{position:?} is not ready");
            };
            assert_eq!(awaited, position);
        }
    }
}
