//! A TCP proxy of our own between our programs and Kafka: a network that can be cut, muted and slowed down.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU16, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use parking_lot::Mutex;

use crate::wait::pass;

/// What the network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Network {
    /// Everything passes.
    Open,
    /// Connections break, and new ones do too.
    Cut,
    /// Nothing passes, and nobody is told.
    Mute,
    /// [`CHUNK`] bytes pass every [`LATE`].
    Slow,
}

const CHUNK: usize = 4096;
const LATE: Duration = Duration::from_millis(25);

/// How often a muted connection looks whether it may go on.
const LOOK: Duration = Duration::from_millis(5);

/// A listening proxy. Its threads end with the program.
#[derive(Clone, Debug)]
pub struct Proxy {
    port: u16,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    target: AtomicU16,
    network: AtomicU8,
    open: Mutex<Vec<TcpStream>>,
}

impl State {
    fn is(&self, network: Network) -> bool {
        self.network.load(Ordering::Acquire) == network as u8
    }
}

impl Proxy {
    /// Listens at `port` of 127.0.0.1 and passes on nothing until [`Proxy::to`] says where.
    pub fn listen(port: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).context("opening the proxy's port")?;
        let state = State {
            target: AtomicU16::new(0),
            network: AtomicU8::new(Network::Open as u8),
            open: Mutex::default(),
        };
        let proxy = Self { port, state: Arc::new(state) };
        let state = Arc::clone(&proxy.state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A target that is not there: the client sees a connection that ends.
                drop(accept(client, &state));
            }
        });
        Ok(proxy)
    }

    /// Where clients find it.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// New connections go to this port of 127.0.0.1.
    pub fn to(&self, port: u16) {
        self.state.target.store(port, Ordering::Release);
    }

    /// From now on the network is so.
    pub fn set(&self, network: Network) {
        self.state.network.store(network as u8, Ordering::Release);
        if network == Network::Cut {
            for stream in self.state.open.lock().drain(..) {
                // It may have ended by itself.
                stream.shutdown(Shutdown::Both).unwrap_or_default();
            }
        }
    }
}

fn accept(client: TcpStream, state: &Arc<State>) -> std::io::Result<()> {
    if state.is(Network::Cut) {
        return client.shutdown(Shutdown::Both);
    }
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, state.target.load(Ordering::Acquire)));
    let server = TcpStream::connect_timeout(&target, Duration::from_secs(1))?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    {
        let mut open = state.open.lock();
        open.retain(|stream| stream.peer_addr().is_ok());
        open.extend([client.try_clone()?, server.try_clone()?]);
    }
    for (from, to) in [(client.try_clone()?, server.try_clone()?), (server, client)] {
        let state = Arc::clone(state);
        thread::spawn(move || pump(from, to, &state));
    }
    Ok(())
}

/// Passes bytes on until one side ends, and ends the other then.
fn pump(mut from: TcpStream, mut to: TcpStream, state: &State) {
    let mut buffer = [0; 64 * 1024];
    loop {
        let most = if state.is(Network::Slow) { CHUNK } else { buffer.len() };
        let Some(room) = buffer.get_mut(..most) else { break };
        let Ok(count @ 1..) = from.read(room) else { break };
        while state.is(Network::Mute) {
            pass(LOOK);
        }
        if state.is(Network::Slow) {
            pass(LATE);
        }
        let read = room.get(..count).unwrap_or_default();
        if to.write_all(read).is_err() {
            break;
        }
    }
    for stream in [from, to] {
        // The other direction may have ended it already.
        stream.shutdown(Shutdown::Both).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::ports;

    fn echo() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || std::io::copy(&mut stream.try_clone().unwrap(), &mut &stream));
            }
        });
        port
    }

    fn ask(stream: &mut TcpStream) -> std::io::Result<u8> {
        stream.write_all(&[7])?;
        let mut answer = [0];
        stream.read_exact(&mut answer)?;
        Ok(answer[0])
    }

    #[test]
    fn a_network_is_open_cut_or_mute() {
        let proxy = Proxy::listen(ports::free().unwrap()).unwrap();
        proxy.to(echo());
        let connect = || {
            let stream = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
            stream
        };
        let mut stream = connect();
        assert_eq!(ask(&mut stream).unwrap(), 7);
        proxy.set(Network::Mute);
        assert!(ask(&mut stream).is_err(), "nothing passes");
        proxy.set(Network::Open);
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut late = [0];
        stream.read_exact(&mut late).unwrap();
        proxy.set(Network::Cut);
        assert!(ask(&mut stream).is_err() && ask(&mut connect()).is_err(), "connections break");
        proxy.set(Network::Slow);
        assert_eq!(ask(&mut connect()).unwrap(), 7);
    }
}
