//! The webhook's certificates: one authority for all replicas, a leaf of its own for each.
//!
//! The authorities stand in a Secret, which the leader writes; each replica signs its own leaf in memory. Rotation loses no
//! call: a new authority first joins the bundle that the API server trusts, leaves are signed by it only when the bundle
//! was seen with it, and the old one leaves the bundle after the last leaf that it signed is gone. [`Authorities::step`]
//! is that sequence as a pure function of the time and of what the API server has.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde::{Deserialize, Serialize};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// How long an authority is valid.
const VALID_DAYS: i32 = 365;
/// At which age the next one is made.
const ROTATE_DAYS: i32 = 240;
/// How long a leaf is valid. It is signed anew every day.
const LEAF_DAYS: i32 = 30;
/// How long before it was made a certificate is valid: whoever checks it may have a clock that is behind ours.
const EARLIER_DAYS: i32 = 7;

/// Something could not be signed or read.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// rcgen could not make a key or a certificate.
    #[error("signing a certificate for the webhook")]
    Sign(#[from] rcgen::Error),
    /// What was signed, or what stands in the Secret, is no PEM.
    #[error("reading a certificate of the webhook")]
    Read(#[from] rustls::pki_types::pem::Error),
    /// rustls does not take it.
    #[error("using a certificate of the webhook")]
    Use(#[from] rustls::Error),
}

/// A certificate that signs leaves.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// PEM.
    pub certificate: String,
    /// PEM; it never leaves the Secret and this process.
    pub key: String,
    /// When it was made.
    pub made: Timestamp,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("made", &self.made).finish_non_exhaustive()
    }
}

/// What stands in the Secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorities {
    /// Signs leaves now.
    pub current: Authority,
    /// Will sign them, as soon as the API server trusts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Authority>,
    /// Signed them before; its leaves may still be in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Authority>,
    /// When the last of these changed.
    pub changed: Timestamp,
}

impl Authorities {
    /// The first of a release.
    pub fn new(now: Timestamp) -> Result<Self, CertificateError> {
        Ok(Self { current: Authority::new(now)?, next: None, previous: None, changed: now })
    }

    /// The next state, if it is time for one. `trusted` is the bundle that the API server has; `settle` is how long every
    /// API server gets to see a bundle, and every replica to sign its leaf anew.
    pub fn step(
        &self,
        now: Timestamp,
        trusted: &str,
        settle: SignedDuration,
    ) -> Result<Option<Self>, CertificateError> {
        // A change in the future is one of a clock that was ahead, and went back.
        let settled = now.duration_since(self.changed).abs() >= settle;
        if let Some(next) = &self.next {
            if !(settled && trusted.contains(next.certificate.trim())) {
                return Ok(None);
            }
            let (current, previous) = (next.clone(), Some(self.current.clone()));
            return Ok(Some(Self { current, next: None, previous, changed: now }));
        }
        if self.previous.is_some() {
            return Ok(settled.then(|| Self { previous: None, changed: now, ..self.clone() }));
        }
        // A clock that went back makes an authority from the future: it would not be valid yet.
        let age = now.duration_since(self.current.made);
        let due = age >= DAY * ROTATE_DAYS || age < -DAY;
        if due { self.rotated(now).map(Some) } else { Ok(None) }
    }

    /// Begins a rotation, due or not.
    pub fn rotated(&self, now: Timestamp) -> Result<Self, CertificateError> {
        Ok(Self { next: Some(Authority::new(now)?), changed: now, ..self.clone() })
    }

    /// Every authority that the API server shall trust, PEM.
    pub fn bundle(&self) -> String {
        let all = [Some(&self.current), self.next.as_ref(), self.previous.as_ref()];
        all.into_iter().flatten().map(|one| one.certificate.as_str()).collect()
    }
}

impl Authority {
    fn new(now: Timestamp) -> Result<Self, CertificateError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        set_validity(&mut params, now, VALID_DAYS);
        params.distinguished_name = name(&format!("issuetracker webhook {}", now.as_second()));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?;
        Ok(Self { certificate: certificate.pem(), key: key.serialize_pem(), made: now })
    }

    /// A leaf for a server of these names, as rustls takes it.
    pub fn leaf(&self, names: &[String], now: Timestamp) -> Result<rustls::ServerConfig, CertificateError> {
        let issuer = Issuer::from_ca_cert_pem(&self.certificate, KeyPair::from_pem(&self.key)?)?;
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names.to_vec())?;
        set_validity(&mut params, now, LEAF_DAYS);
        params.distinguished_name = name(names.first().map_or("issuetracker", String::as_str));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&key, &issuer)?;
        let chain = vec![CertificateDer::from_pem_slice(leaf.pem().as_bytes())?];
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes())?;
        let mut config =
            rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
        // No HTTP/2: an API server sends every request over its one connection, and that to a pod whose node is gone is found
        // dead only after 45 s, through which every creation would wait out its timeout. HTTP/1.1 dials anew after the first.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    // RFC 5280 bounds a common name to 64 characters.
    name.push(DnType::CommonName, common.chars().take(64).collect::<String>());
    name
}

/// Year, month and day that are `days` after now (negative: before it).
fn day(now: Timestamp, days: i32) -> (i32, u8, u8) {
    let date = now.saturating_add(DAY * days).unwrap_or(now).to_zoned(TimeZone::UTC).date();
    (i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs())
}

/// Valid for so many days from now on, and for some before.
fn set_validity(params: &mut CertificateParams, now: Timestamp, days: i32) {
    let ((from_year, from_month, from_day), (year, month, day)) = (day(now, -EARLIER_DAYS), day(now, days));
    params.not_before = date_time_ymd(from_year, from_month, from_day);
    params.not_after = date_time_ymd(year, month, day);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTLE: SignedDuration = SignedDuration::from_mins(5);

    fn at(days: i32) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap().saturating_add(DAY * days).unwrap()
    }

    #[test]
    fn a_rotation_goes_through_three_states_and_always_trusts_whoever_signs() {
        let first = Authorities::new(at(0)).unwrap();
        assert_eq!(first.step(at(ROTATE_DAYS - 1), &first.bundle(), SETTLE).unwrap(), None);
        let begun = first.step(at(ROTATE_DAYS), &first.bundle(), SETTLE).unwrap().unwrap();
        assert_eq!(begun.current, first.current, "leaves are still signed by the old one");
        let later = begun.changed.saturating_add(SETTLE).unwrap();
        assert_eq!(
            begun.step(later, &first.bundle(), SETTLE).unwrap(),
            None,
            "the API server has not got the new one"
        );
        assert_eq!(
            begun.step(begun.changed, &begun.bundle(), SETTLE).unwrap(),
            None,
            "not every API server has it"
        );
        let switched = begun.step(later, &begun.bundle(), SETTLE).unwrap().unwrap();
        assert_eq!(Some(&switched.current), begun.next.as_ref());
        assert!(switched.bundle().contains(&first.current.certificate), "old leaves are still trusted");
        assert_eq!(switched.step(later, &switched.bundle(), SETTLE).unwrap(), None);
        let done = switched
            .step(later.saturating_add(SETTLE).unwrap(), &switched.bundle(), SETTLE)
            .unwrap()
            .unwrap();
        assert_eq!(done.bundle(), switched.current.certificate);
    }

    #[test]
    fn a_clock_that_was_ahead_leaves_nothing_behind() {
        let ahead = Authorities::new(at(2)).unwrap();
        let begun = ahead.step(at(0), &ahead.bundle(), SETTLE).unwrap().expect("one from the future goes");
        let later = at(0).saturating_add(SETTLE).unwrap();
        let switched = begun.step(later, &begun.bundle(), SETTLE).unwrap().expect("the new one signs");
        assert_eq!(switched.current.made, at(0));

        // In the middle of a rotation it does not wait for the days to come by.
        let begun = ahead.rotated(at(2)).unwrap();
        let switched = begun.step(at(0), &begun.bundle(), SETTLE).unwrap().expect("a next step");
        assert_eq!(Some(&switched.current), begun.next.as_ref());
    }

    #[test]
    fn a_clock_that_jumps_leads_to_a_valid_authority() {
        let first = Authorities::new(at(0)).unwrap();
        assert!(first.step(at(2), &first.bundle(), SETTLE).unwrap().is_none());
        assert!(first.step(at(-2), &first.bundle(), SETTLE).unwrap().is_some_and(|next| next.next.is_some()));
        assert!(
            first.step(at(400), &first.bundle(), SETTLE).unwrap().is_some_and(|next| next.next.is_some())
        );
    }

    #[test]
    fn every_leaf_is_trusted_by_the_bundle() {
        let _already = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let first = Authorities::new(Timestamp::now()).unwrap();
        let both = first.rotated(Timestamp::now()).unwrap();
        let names = ["webhook.issuetracker-system.svc".to_owned()];
        for authority in [Some(&both.current), both.next.as_ref()].into_iter().flatten() {
            let mut roots = rustls::RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(both.bundle().as_bytes()) {
                roots.add(certificate.unwrap()).unwrap();
            }
            let client = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
            let mut client = rustls::ClientConnection::new(
                std::sync::Arc::new(client),
                "webhook.issuetracker-system.svc".try_into().unwrap(),
            )
            .unwrap();
            let server = authority.leaf(&names, Timestamp::now()).unwrap();
            let mut server = rustls::ServerConnection::new(std::sync::Arc::new(server)).unwrap();
            shake_hands(&mut client, &mut server);
            assert!(!client.is_handshaking() && !server.is_handshaking());
        }
    }

    fn shake_hands(client: &mut rustls::ClientConnection, server: &mut rustls::ServerConnection) {
        for _ in 0..10 {
            let mut bytes = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut bytes).unwrap();
            }
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                server.read_tls(&mut rest).unwrap();
                server.process_new_packets().unwrap();
            }
            let mut bytes = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut bytes).unwrap();
            }
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                client.read_tls(&mut rest).unwrap();
                client.process_new_packets().unwrap();
            }
        }
    }

    #[test]
    fn the_key_is_in_no_output() {
        let text = format!("{:?}", Authorities::new(at(0)).unwrap());
        assert!(!text.contains("PRIVATE"), "{text}");
    }
}
