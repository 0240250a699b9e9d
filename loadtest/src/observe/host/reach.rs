//! Whether something listens at an address, which a connection to itself does not show.

use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

/// True if a connection has its own address as its peer's. A connect to a local port that nothing
/// listens at gets that very port as its own now and then, and meets itself. The connection is then
/// to be reset, because its port would stay in TIME_WAIT otherwise, where no server can bind it.
pub fn met_itself(socket: &impl AsFd) -> bool {
    let socket = socket2::SockRef::from(socket);
    let met = match (socket.local_addr(), socket.peer_addr()) {
        (Ok(own), Ok(peer)) => own == peer,
        _ => false,
    };
    if met {
        // A lingering time of zero makes the kernel send RST instead of FIN.
        let _ = socket.set_linger(Some(Duration::ZERO));
    }
    met
}

/// True if something listens at `address`.
pub fn listens(address: &SocketAddr) -> bool {
    let socket = TcpStream::connect_timeout(address, Duration::from_secs(2));
    socket.is_ok_and(|socket| !met_itself(&socket))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::net::TcpListener;

    #[test]
    fn connection_to_itself_is_known_and_leaves_its_port_free() {
        let socket =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket
            .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
            .unwrap();
        let own = socket.local_addr().unwrap();
        socket.connect(&own).unwrap();
        let mut socket = TcpStream::from(socket);
        assert!(met_itself(&socket));
        socket.set_nonblocking(true).unwrap();
        assert!(socket.read(&mut [0]).is_err());
        drop(socket);
        let listener = TcpListener::bind(own.as_socket().unwrap()).unwrap();
        assert!(listens(&listener.local_addr().unwrap()));
    }

    #[test]
    fn connection_to_another_is_none_to_itself() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(!met_itself(&socket));
    }
}
