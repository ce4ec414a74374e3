mod codec {
    pub fn utf8(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }
}

fn decode_all<F: Fn(Vec<u8>) -> String>(f: F, frames: Vec<Vec<u8>>) -> Vec<String> {
    frames.into_iter().map(f).collect()
}

fn main() {
    decode_all(codec::utf8, vec![b"ok".to_vec(), vec![0xff, 0xfe]]);
}
