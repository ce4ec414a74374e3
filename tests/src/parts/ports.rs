//! Free ports that stay free: below those that the system gives to outgoing connections, so that a process which is
//! killed and started again finds its port.

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::atomic::{AtomicU16, Ordering},
};

use anyhow::{Result, bail};

/// Linux gives out ports from 32768 on (`net.ipv4.ip_local_port_range`).
const FIRST: u16 = 15_000;
const COUNT: u16 = 15_000;

/// A port of 127.0.0.1 that nobody listens at; another one with each call.
pub fn free() -> Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Runs at the same time begin at different places, far enough apart that none comes to where the next began.
    let begin = u16::try_from(std::process::id() % u32::from(COUNT)).unwrap_or_default();
    for _ in 0..COUNT {
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (begin.wrapping_mul(499).wrapping_add(next)) % COUNT;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port from {FIRST} to {} is free", FIRST + COUNT)
}
