//! A restart under load with a listener that outlives each process: no client is refused.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use testkit::{Client, DEADLINE, Process, connect_to, eventually, upgrade_request};

use crate::fixture::{held_listener, lobbyd_with};

/// Threads whose clients connect one after the other, each once the thread's earlier one has its
/// answer.
struct Load {
    ends: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<Vec<String>>>,
}

impl Load {
    fn begin(address: SocketAddr) -> Load {
        let (ends, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let threads = (0..4).map(|_| {
            let (ends, answered) = (Arc::clone(&ends), Arc::clone(&answered));
            std::thread::spawn(move || {
                let mut refused = Vec::new();
                while !ends.load(Ordering::SeqCst) {
                    match come(address) {
                        Ok(()) => drop(answered.fetch_add(1, Ordering::SeqCst)),
                        Err(why) => refused.push(why),
                    }
                }
                refused
            })
        });
        let threads = threads.collect();
        Load {
            ends,
            answered,
            threads,
        }
    }

    /// Waits until 50 more clients have had an answer.
    fn goes_on(&self) {
        let before = self.answered.load(Ordering::SeqCst);
        eventually("clients are answered", || {
            self.answered.load(Ordering::SeqCst) >= before + 50
        });
    }

    /// Ends the load. Returns the reasons why clients had no answer.
    fn end(self) -> Vec<String> {
        self.ends.store(true, Ordering::SeqCst);
        let threads = self.threads.into_iter();
        threads.flat_map(|thread| thread.join().unwrap()).collect()
    }
}

/// Runs one client. It succeeds if it is upgraded; then it drops the connection.
fn come(address: SocketAddr) -> Result<(), String> {
    let refused = |what: &str, error: std::io::Error| format!("{what}: {error}");
    let mut stream = TcpStream::connect(address).map_err(|e| refused("connecting", e))?;
    let _ = stream.set_read_timeout(Some(DEADLINE));
    let request = upgrade_request(address, "/socket/websocket?vsn=2.0.0", "");
    let asked = stream.write_all(request.as_bytes());
    asked.map_err(|e| refused("asking", e))?;
    let mut answer = [0; 12];
    let read = stream.read_exact(&mut answer);
    read.map_err(|e| refused("reading the answer", e))?;
    match &answer == b"HTTP/1.1 101" {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&answer).into_owned()),
    }
}

fn start(listener: &TcpListener) -> Process {
    Process::start(lobbyd_with(listener.try_clone().unwrap()))
}

fn member(address: SocketAddr) -> Client {
    let mut client = connect_to(address, "/socket/websocket?vsn=2.0.0");
    client.join("room:lobby");
    client
}

#[test]
fn restart_under_load_through_an_inherited_listener_refuses_nobody() {
    let (listener, address) = held_listener();
    let mut running = start(&listener);
    assert_eq!(running.address(), address);
    let load = Load::begin(address);
    // The old process gets SIGTERM, and the new one begins when the old one has ended.
    for _ in 0..2 {
        let mut members: Vec<Client> = (0..20).map(|_| member(address)).collect();
        load.goes_on();
        running.signal("TERM");
        for member in &mut members {
            assert_eq!(member.close_code(), 1012);
        }
        drop(members);
        let ended = running.ended();
        assert_eq!(ended.code, Some(0), "{}", ended.log);
        running = start(&listener);
        load.goes_on();
    }
    // Both processes run at once for a while.
    for _ in 0..2 {
        let next = start(&listener);
        load.goes_on();
        running.signal("TERM");
        assert_eq!(running.ended().code, Some(0));
        running = next;
        load.goes_on();
    }
    assert_eq!(load.end(), [""; 0]);
    running.signal("TERM");
    assert_eq!(running.ended().code, Some(0));
}
