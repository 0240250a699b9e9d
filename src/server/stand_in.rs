//! STAND-IN for `Server`, so that main.rs compiles and the HTTP side can be tried. Delete this file at the merge.
#![allow(missing_docs)]

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::Arc;

use super::{HttpApp, serve_http};
use crate::channel::Router;

pub struct Server(Router);

pub struct Bound(HttpApp, TcpListener);

#[derive(Debug)]
pub struct Ended {
    pub cut_off: usize,
}

impl Server {
    pub fn new(router: Router) -> Server {
        Server(router)
    }

    pub fn shards(self, _count: NonZeroUsize) -> Server {
        self
    }

    pub fn bind(self, address: SocketAddr) -> io::Result<Bound> {
        Ok(Bound(HttpApp::new(self.0), TcpListener::bind(address)?))
    }
}

impl Bound {
    pub fn local_addr(&self) -> SocketAddr {
        self.1.local_addr().unwrap_or(([0, 0, 0, 0], 0).into())
    }

    pub fn run(self, shutdown: impl Future<Output = ()> + 'static) -> Ended {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let Ok(runtime) = runtime else {
            return Ended { cut_off: 0 };
        };
        let local = tokio::task::LocalSet::new();
        local.spawn_local(async move {
            let app = Arc::new(self.0);
            let _ = self.1.set_nonblocking(true);
            let Ok(listener) = tokio::net::TcpListener::from_std(self.1) else {
                return;
            };
            while let Ok((stream, peer)) = listener.accept().await {
                tokio::task::spawn_local(serve_http(stream, peer, Arc::clone(&app)));
            }
        });
        local.block_on(&runtime, shutdown);
        Ended { cut_off: 0 }
    }
}

pub async fn shutdown_signal() {
    let _ = tokio::signal::ctrl_c().await;
}
