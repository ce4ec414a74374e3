//! Listeners that let nobody in without the right certificate or password. Everything is made on the spot: nothing
//! here is a secret, and nothing outlives the test.

use std::path::{Path, PathBuf};

use anyhow::Result;
use kafka::settings::{Properties, Settings};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// The user that the broker knows under every mechanism.
pub const USER: &str = "issuetracker";

/// Their password. Tests look for it in logs, where it must not be.
pub const PASSWORD: &str = "pa55-only-for-tests";

/// The mechanisms under test.
pub const MECHANISMS: [&str; 3] = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];

/// The secured ports of a broker, and the files that clients need.
#[derive(Debug)]
pub struct Secured {
    folder: PathBuf,
    ports: [u16; 3],
}

impl Secured {
    /// Makes the certificates in `folder`; the broker is to listen on these ports.
    pub(super) fn prepare(folder: &Path, ports: [u16; 3]) -> Result<Self> {
        let secured = Self { folder: folder.to_owned(), ports };
        let ca = authority("the brokers' authority")?;
        std::fs::write(secured.file("ca.pem"), ca.pem())?;
        std::fs::write(secured.file("other-ca.pem"), authority("somebody else's authority")?.pem())?;
        for (name, host) in [("broker", "127.0.0.1"), ("client", "client")] {
            let key = KeyPair::generate()?;
            let mut params = CertificateParams::new(vec![host.to_owned()])?;
            params.distinguished_name.push(DnType::CommonName, name);
            let certificate = params.signed_by(&key, &ca)?.pem();
            std::fs::write(secured.file(&format!("{name}.key")), key.serialize_pem())?;
            std::fs::write(secured.file(&format!("{name}.pem")), &certificate)?;
            // Kafka wants both in one file.
            std::fs::write(secured.file(&format!("{name}.both")), key.serialize_pem() + &certificate)?;
        }
        Ok(secured)
    }

    /// One of the files: `ca.pem`, `other-ca.pem`, `client.pem`, `client.key`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// What the broker's properties get besides the plain listener.
    pub(super) fn listeners(&self) -> [String; 2] {
        let [tls, mutual, sasl] = self.ports;
        let addresses = format!("TLS://127.0.0.1:{tls},MUTUAL://127.0.0.1:{mutual},SASL://127.0.0.1:{sasl}");
        [addresses, "TLS:SSL,MUTUAL:SSL,SASL:SASL_SSL".to_owned()]
    }

    pub(super) fn properties(&self) -> String {
        let broker = self.file("broker.both").display().to_string();
        let ca = self.file("ca.pem").display().to_string();
        let plain = "org.apache.kafka.common.security.plain.PlainLoginModule";
        let scram = "org.apache.kafka.common.security.scram.ScramLoginModule";
        format!(
            "ssl.keystore.type=PEM\nssl.keystore.location={broker}\n\
             ssl.truststore.type=PEM\nssl.truststore.location={ca}\n\
             listener.name.mutual.ssl.client.auth=required\n\
             listener.name.sasl.sasl.enabled.mechanisms={}\n\
             listener.name.sasl.plain.sasl.jaas.config={plain} required user_{USER}=\"{PASSWORD}\";\n\
             listener.name.sasl.scram-sha-256.sasl.jaas.config={scram} required;\n\
             listener.name.sasl.scram-sha-512.sasl.jaas.config={scram} required;\n",
            MECHANISMS.join(",")
        )
    }

    /// What the storage tool is told, so that the users are there from the start.
    pub(super) fn users() -> Vec<String> {
        let scram = MECHANISMS.iter().filter(|mechanism| mechanism.starts_with("SCRAM"));
        let user = |mechanism: &str| format!("{mechanism}=[name={USER},password={PASSWORD}]");
        scram.flat_map(|mechanism| [String::from("--add-scram"), user(mechanism)]).collect()
    }

    /// By TLS alone, believing the authority in this file.
    pub fn tls(&self, topic: &str, authority: &str) -> Result<Settings> {
        let lines = [("security.protocol", "SSL".to_owned()), self.authority(authority)];
        self.settings(0, topic, &lines)
    }

    /// By TLS with a certificate of the client's own, or without.
    pub fn mutual(&self, topic: &str, certificate: bool) -> Result<Settings> {
        let mut lines = vec![("security.protocol", "SSL".to_owned()), self.authority("ca.pem")];
        if certificate {
            lines.push(("ssl.certificate.location", self.file("client.pem").display().to_string()));
            lines.push(("ssl.key.location", self.file("client.key").display().to_string()));
        }
        self.settings(1, topic, &lines)
    }

    /// By TLS and a password.
    pub fn sasl(&self, topic: &str, mechanism: &str, password: &str) -> Result<Settings> {
        let lines = [
            ("security.protocol", "SASL_SSL".to_owned()),
            self.authority("ca.pem"),
            ("sasl.mechanism", mechanism.to_owned()),
            ("sasl.username", USER.to_owned()),
            ("sasl.password", password.to_owned()),
        ];
        self.settings(2, topic, &lines)
    }

    fn authority(&self, file: &str) -> (&'static str, String) {
        ("ssl.ca.location", self.file(file).display().to_string())
    }

    /// The properties as a file of their own, read back as the programs read theirs.
    fn settings(&self, port: usize, topic: &str, lines: &[(&str, String)]) -> Result<Settings> {
        let text: String = lines.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
        let path = self.file(&format!("{}.properties", uuid::Uuid::new_v4()));
        std::fs::write(&path, text)?;
        let port = self.ports.get(port).copied().unwrap_or_default();
        let settings = Settings::new(format!("127.0.0.1:{port}"), topic);
        Ok(Settings { properties: Properties::read(&path)?, ..settings })
    }

    /// Brokers and the file of properties, for a program in a process of its own.
    pub fn program(&self, password: &str) -> Result<(String, PathBuf)> {
        let path = self.file(&format!("{}.properties", uuid::Uuid::new_v4()));
        let [_, _, port] = self.ports;
        let ca = self.file("ca.pem").display().to_string();
        let text = format!(
            "security.protocol=SASL_SSL\nssl.ca.location={ca}\nsasl.mechanism=SCRAM-SHA-512\n\
             sasl.username={USER}\nsasl.password={password}\n"
        );
        std::fs::write(&path, text)?;
        Ok((format!("127.0.0.1:{port}"), path))
    }
}

fn authority(name: &str) -> Result<CertifiedIssuer<'static, KeyPair>> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}
