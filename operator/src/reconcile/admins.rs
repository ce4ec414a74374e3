//! Connections to brokers that are kept between runs: a hundred resources on the same brokers are one client, not a hundred
//! that connect every few seconds.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kafka::{
    admin::{Admin, AdminError},
    settings::{Properties, Settings},
};

/// How long a request to the brokers may take. With [`super::RESYNC`] it is how soon a fault is told: half a minute.
const BROKER: Duration = Duration::from_secs(8);

/// Clients that are kept. Each has threads, a connection and buffers; who has more brokers than that connects anew.
const KEPT: usize = 4;

/// The clients that were used last, the latest at the end.
#[derive(Default)]
pub struct Admins(Mutex<Vec<Kept>>);

struct Kept {
    brokers: String,
    properties: Properties,
    admin: Arc<Admin>,
}

impl Kept {
    fn is_for(&self, settings: &Settings) -> bool {
        self.brokers == settings.brokers && self.properties == settings.properties
    }
}

impl Admins {
    /// The client for these brokers and this login.
    pub(super) fn get(&self, settings: &Settings) -> Result<Arc<Admin>, AdminError> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = match all.iter().position(|kept| kept.is_for(settings)) {
            Some(place) => all.remove(place),
            None => Kept {
                brokers: settings.brokers.clone(),
                properties: settings.properties.clone(),
                admin: Arc::new(Admin::new(settings, BROKER)?),
            },
        };
        let admin = kept.admin.clone();
        if all.len() == KEPT {
            all.remove(0);
        }
        all.push(kept);
        Ok(admin)
    }

    /// Lets go of a client that failed: it would wait longer before every attempt, and a new one asks at once.
    pub(super) fn forget(&self, settings: &Settings) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|kept| !kept.is_for(settings));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_kept_for_its_brokers_and_few_at_all() {
        let admins = Admins::default();
        let on = |port: usize| Settings::new(format!("127.0.0.1:{port}"), "t");
        let get = |port| admins.get(&on(port)).expect("a client");
        let first = get(1);
        assert!(Arc::ptr_eq(&first, &get(1)));
        (2..=KEPT + 1).for_each(|port| drop(get(port)));
        assert!(!Arc::ptr_eq(&first, &get(1)), "the one that was used longest ago goes");
        let again = get(1);
        admins.forget(&on(1));
        assert!(!Arc::ptr_eq(&again, &get(1)));
        assert_eq!(admins.0.lock().expect("the clients").len(), KEPT);
    }
}
