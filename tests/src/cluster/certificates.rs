//! Who is who in the cluster: one authority, and a certificate for each part by the name that Kubernetes' own roles
//! expect. Made anew at each start and gone with the cluster.

use std::path::Path;

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};

use super::place::{API_SERVICE, NODE, NODE_NAME, Place};

/// A certificate: `pki/FILE.crt` and `pki/FILE.key`.
struct Holder {
    file: &'static str,
    /// The user's name for the API server.
    name: &'static str,
    /// The user's group.
    group: Option<&'static str>,
    /// Names and addresses under which it serves.
    serves: &'static [&'static str],
}

/// Each with a kubeconfig of the same name, too: a server's is simply not used.
const HOLDERS: &[Holder] = &[
    Holder {
        file: "apiserver",
        name: "kube-apiserver",
        group: None,
        serves: &[
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
            "localhost",
            "127.0.0.1",
            API_SERVICE,
            NODE,
        ],
    },
    Holder {
        file: "kubelet",
        name: "system:node:node1",
        group: Some("system:nodes"),
        serves: &[NODE_NAME, NODE],
    },
    Holder { file: "admin", name: "admin", group: Some("system:masters"), serves: &[] },
    Holder {
        file: "kubelet-client",
        name: "kube-apiserver-kubelet-client",
        group: Some("system:masters"),
        serves: &[],
    },
    Holder {
        file: "controller-manager",
        name: "system:kube-controller-manager",
        group: None,
        serves: &["localhost", "127.0.0.1"],
    },
    Holder {
        file: "scheduler",
        name: "system:kube-scheduler",
        group: None,
        serves: &["localhost", "127.0.0.1"],
    },
    Holder { file: "proxy", name: "system:kube-proxy", group: None, serves: &[] },
    Holder { file: "coredns", name: "system:coredns", group: None, serves: &[] },
];

/// The users that have a kubeconfig.
pub fn users() -> impl Iterator<Item = &'static str> {
    HOLDERS.iter().map(|holder| holder.file)
}

/// Makes all certificates, and the key by which service accounts are known.
pub fn make(place: &Place) -> Result<()> {
    let folder = place.path("pki");
    std::fs::create_dir_all(&folder)?;
    let key = KeyPair::generate()?;
    let mut authority = named("issuetracker test cluster", None, &[])?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages =
        vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    write(&folder, "ca", &authority.self_signed(&key)?.pem(), &key)?;
    let issuer = Issuer::new(authority, key);
    for holder in HOLDERS {
        let key = KeyPair::generate()?;
        let mut leaf = named(holder.name, holder.group, holder.serves)?;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        leaf.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        write(&folder, holder.file, &leaf.signed_by(&key, &issuer)?.pem(), &key)?;
    }
    let accounts = KeyPair::generate()?;
    std::fs::write(folder.join("service-accounts.key"), accounts.serialize_pem())?;
    std::fs::write(folder.join("service-accounts.pub"), accounts.public_key_pem())?;
    Ok(())
}

fn named(name: &str, group: Option<&str>, serves: &[&str]) -> Result<CertificateParams> {
    let serves: Vec<String> = serves.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(serves).context("a name to serve under")?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    if let Some(group) = group {
        params.distinguished_name.push(DnType::OrganizationName, group);
    }
    Ok(params)
}

fn write(folder: &Path, file: &str, certificate: &str, key: &KeyPair) -> Result<()> {
    std::fs::write(folder.join(file).with_extension("crt"), certificate)?;
    std::fs::write(folder.join(file).with_extension("key"), key.serialize_pem())?;
    Ok(())
}
