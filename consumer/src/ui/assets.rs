//! The files that pages link to. They are part of the binary, and their URL holds their content's hash, so that a
//! browser may keep them for ever and still never shows an old one.

use axum::{
    extract::Path,
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};

/// One file.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
    hash: u64,
}

macro_rules! asset {
    ($name:literal, $media_type:literal) => {
        Asset {
            name: $name,
            media_type: $media_type,
            bytes: include_bytes!(concat!("../../assets/", $name)),
            hash: fnv1a(include_bytes!(concat!("../../assets/", $name))),
        }
    };
}

static ASSETS: [Asset; 4] = [
    asset!("style.css", "text/css; charset=utf-8"),
    asset!("pages.css", "text/css; charset=utf-8"),
    asset!("page.js", "text/javascript; charset=utf-8"),
    asset!("icon.svg", "image/svg+xml"),
];

/// FNV-1a, 64 bits (IETF draft-eastlake-fnv): tells versions of a file apart; nothing depends on its being hard to forge.
const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut rest = bytes;
    while let Some((byte, tail)) = rest.split_first() {
        hash = (hash ^ *byte as u64).wrapping_mul(0x0000_0100_0000_01b3);
        rest = tail;
    }
    hash
}

/// The URLs for the head of every page.
pub struct Assets {
    /// The stylesheet.
    pub style: String,
    /// The stylesheet of single pages.
    pub pages: String,
    /// The script of niceties.
    pub script: String,
    /// The icon.
    pub icon: String,
}

impl Assets {
    /// Those of this binary.
    pub fn new() -> Self {
        let [style, pages, script, icon] =
            ASSETS.each_ref().map(|asset| format!("/assets/{:016x}/{}", asset.hash, asset.name));
        Self { style, pages, script, icon }
    }
}

/// `GET /assets/{hash}/{name}`. During a rollout a page of one version may ask a replica of another: it gets the file that
/// is there, and is told not to keep it.
pub async fn serve(Path((hash, name)): Path<(String, String)>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let is_current = hash == format!("{:016x}", asset.hash);
    let keep = if is_current { "public, max-age=31536000, immutable" } else { "no-store" };
    let headers: [(HeaderName, &str); 2] =
        [(header::CONTENT_TYPE, asset.media_type), (header::CACHE_CONTROL, keep)];
    (headers, asset.bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_published_test_vectors() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn the_stylesheet_stays_small() {
        for asset in &ASSETS {
            assert!(asset.bytes.len() <= 20 * 1024, "{} is {} bytes", asset.name, asset.bytes.len());
        }
    }
}
