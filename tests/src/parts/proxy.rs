//! A TCP proxy on 127.0.0.1 that can be slow, answer garbage, or hang up.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use anyhow::Result;

/// What becomes of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// They pass.
    Pass,
    /// They pass so much later.
    Slow(Duration),
    /// These come instead.
    Garbage(&'static [u8]),
    /// The connection ends when one is to come.
    HangUp,
}

/// A proxy. Its connections end with their two sides.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    manner: Arc<Mutex<Manner>>,
}

impl Proxy {
    /// Between whoever connects and this port.
    pub fn start(to: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let manner = Arc::new(Mutex::new(Manner::Pass));
        let shared = Arc::clone(&manner);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", to)) else { continue };
                let (Ok(client_too), Ok(server_too)) = (client.try_clone(), server.try_clone()) else {
                    continue;
                };
                let manner = Arc::clone(&shared);
                thread::spawn(move || pass(client_too, server_too, &Mutex::new(Manner::Pass)));
                thread::spawn(move || pass(server, client, &manner));
            }
        });
        Ok(Self { port, manner })
    }

    /// Where to connect.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From the next answer on.
    pub fn be(&self, manner: Manner) {
        *self.manner.lock().unwrap_or_else(PoisonError::into_inner) = manner;
    }
}

#[expect(clippy::disallowed_methods, reason = "being late is what the proxy is for")]
fn pass(mut from: TcpStream, mut to: TcpStream, manner: &Mutex<Manner>) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read) = from.read(&mut buffer) {
        let bytes = buffer.get(..read).unwrap_or_default();
        let manner = *manner.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = match manner {
            _ if read == 0 => break,
            Manner::Pass => to.write_all(bytes),
            Manner::Slow(time) => {
                thread::sleep(time); // tidy: allow
                to.write_all(bytes)
            }
            Manner::Garbage(garbage) => to.write_all(garbage),
            Manner::HangUp => break,
        };
        if sent.is_err() {
            break;
        }
    }
    for side in [&from, &to] {
        // The other side may have ended already.
        side.shutdown(Shutdown::Both).ok();
    }
}
