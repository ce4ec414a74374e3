//! Connects to each HOST:PORT of its arguments by name and tells how that went: a program as small as a static one can be.

fn main() {
    for address in std::env::args().skip(1) {
        match std::net::TcpStream::connect(&address) {
            Ok(_) => println!("{address}: connected"),
            Err(error) => println!("{address}: {error}"),
        }
    }
}
