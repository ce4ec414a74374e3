//! The Service `issuetracker`, at the port that the older clients know.

use k8s_openapi::{
    api::core::v1::{Service, ServicePort, ServiceSpec},
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::{PORT, SERVICE, meta, selector};
use crate::reconcile::validate::Valid;

pub(super) fn service(valid: &Valid) -> Service {
    let wanted = &valid.consumer.service;
    let mut metadata = meta(valid, SERVICE);
    metadata.annotations = (!wanted.annotations.is_empty()).then(|| wanted.annotations.clone());
    Service {
        metadata,
        spec: Some(ServiceSpec {
            type_: Some(wanted.service_type.name().to_owned()),
            selector: Some(selector(valid)),
            ports: Some(vec![ServicePort {
                name: Some("http".to_owned()),
                port: PORT,
                protocol: Some("TCP".to_owned()),
                target_port: Some(IntOrString::String("http".to_owned())),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}
