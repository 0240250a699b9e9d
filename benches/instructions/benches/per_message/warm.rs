//! A lobby whose memory is there before the count begins.

use crate::scenes::lobby::Lobby;

/// Appends and flushes once, so that memory kept between runs is allocated before the count.
pub fn warm(mut lobby: Lobby, frames: u64) -> Lobby {
    lobby.append(frames);
    lobby.flush(frames);
    lobby
}
