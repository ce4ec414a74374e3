//! An HTTP client that never sends twice and says what it knows of a request's fate.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

/// How long an answer may take. A frozen sidecar answers late or never.
const PATIENCE: Duration = Duration::from_secs(6);

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Answered with a status and a body.
    Given(u16, String),
    /// It never left: nobody listens.
    Unsent,
    /// It left, or part of it, and no answer came: nobody can say.
    Unknown,
}

/// One connection at a time to one port of 127.0.0.1.
#[derive(Debug)]
pub struct Client {
    port: u16,
    open: Option<BufReader<TcpStream>>,
}

impl Client {
    /// Connects with the first request.
    pub fn new(port: u16) -> Self {
        Self { port, open: None }
    }

    /// Sends a request once; also tells how long that took.
    pub fn post(&mut self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (Answer, Duration) {
        let start = Instant::now();
        let answer = self.ask("POST", path, headers, body);
        if !matches!(answer, Answer::Given(..)) {
            self.open = None;
        }
        (answer, start.elapsed())
    }

    /// Reads; `None` where nothing was answered.
    pub fn get(&mut self, path: &str) -> Option<(u16, String)> {
        match self.ask("GET", path, &[], b"") {
            Answer::Given(status, body) => Some((status, body)),
            Answer::Unsent | Answer::Unknown => {
                self.open = None;
                None
            }
        }
    }

    fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let stream = match self.open.take().map_or_else(|| connect(self.port), Ok) {
            Ok(stream) => self.open.insert(stream),
            Err(_) => return Answer::Unsent,
        };
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {length}\r\n{headers}\r\n"
        );
        let sent = stream.get_mut().write_all(&[head.as_bytes(), body].concat());
        match sent.and_then(|()| read(stream)) {
            Ok((status, body)) => Answer::Given(status, body),
            Err(_) => Answer::Unknown,
        }
    }
}

fn connect(port: u16) -> std::io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(BufReader::new(stream))
}

/// A status line, headers, and a body of a known length or in chunks.
fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<(u16, String)> {
    let status = line(stream)?;
    let status = status.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
    let (mut length, mut chunked) = (0, false);
    loop {
        let header = line(stream)?.to_ascii_lowercase();
        match header.split_once(':') {
            None => break,
            Some(("content-length", value)) => length = value.trim().parse().map_err(|_| broken())?,
            Some(("transfer-encoding", value)) => chunked = value.contains("chunked"),
            Some(_) => {}
        }
    }
    let mut body = Vec::new();
    while chunked {
        let size = u64::from_str_radix(&line(stream)?, 16).map_err(|_| broken())?;
        stream.by_ref().take(size).read_to_end(&mut body)?;
        line(stream)?;
        chunked = size > 0;
    }
    stream.by_ref().take(length).read_to_end(&mut body)?;
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// Up to the line's end, without it. A connection that ended has no lines.
fn line(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(broken());
    }
    Ok(line.trim_end().to_owned())
}

fn broken() -> std::io::Error {
    std::io::Error::other("the answer broke off")
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Answers each connection with these bytes and closes it.
    fn server(answer: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut request = [0; 4096];
                assert!(stream.read(&mut request).unwrap() > 0);
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        port
    }

    #[test]
    fn a_request_has_an_answer_or_none_or_nobody_knows() {
        let check = |port, expect| assert_eq!(Client::new(port).post("/", &[], b"x").0, expect);
        let given = |status, body: &str| Answer::Given(status, body.to_owned());
        check(server("HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok"), given(202, "ok"));
        check(
            server("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
            given(200, "ok"),
        );
        check(server("HTTP/1.1 202 Acc"), Answer::Unknown);
        check(server(""), Answer::Unknown);
        check(crate::parts::ports::free().unwrap(), Answer::Unsent);
    }
}
