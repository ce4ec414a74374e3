//! `dev --sample`: a month in the life of a shop with a handful of services, for screenshots, demonstrations and measuring. It
//! goes through what real reports go through: texts are read, redacted, fingerprinted, held together, spooled, published and
//! stored, hour by hour, and between the hours people do what people do. The same seed gives the same month.

mod cast;
mod dice;

use std::sync::Arc;

use anyhow::{Context, bail};
use consumer::{
    edit::{self, EditError},
    store::{IssueQuery, Store},
};
use issue::{
    assemble::{Assembler, Limits},
    finish::{Origin, Rules, finish},
    id::{IssueId, TrackerName},
    lifecycle::{Cause, Event},
    parse::parse,
    record::{Place, ReportBody, Via, Workload},
    report::{Kind, Language, Level, Parsed},
};
use jiff::{SignedDuration, Timestamp};
use sidecar::{
    Sidecar,
    accept::{Submission, Submitted},
};
use uuid::Uuid;

use self::{
    cast::{ERRORS, Error, SCRIPT, Scene},
    dice::Dice,
};

/// How long the month is. Samples of reports are kept 30 days.
const DAYS: i64 = 29;

/// Plays the month that ends at `now` into an empty tracker.
pub async fn play(
    sidecar: &Sidecar,
    store: &Arc<impl Store + 'static>,
    seed: u64,
    now: Timestamp,
) -> anyhow::Result<()> {
    let any = store.list(&IssueQuery { limit: 1, ..IssueQuery::default() }).await?;
    if !any.items.is_empty() {
        bail!("there are issues already, and a sample is not mixed with them: choose another --data-dir");
    }
    let mut dice = Dice::new(seed);
    let begin = now.checked_sub(SignedDuration::from_hours(DAYS * 24)).context("reckon a month back")?;
    for hour in 0..DAYS * 24 {
        let at = begin + SignedDuration::from_hours(hour);
        let reports = ERRORS.iter().flat_map(|error| reports(error, hour, at, &mut dice)).collect::<Vec<_>>();
        if !reports.is_empty() {
            sidecar.acceptor().accept(reports, None).await.context("hand reports over")?;
            // Whatever is held together would be told at the time of another hour.
            sidecar.settle().await;
        }
        for scene in SCRIPT.iter().filter(|scene| i64::from(scene.hour) == hour) {
            act(&**store, scene, at, &mut dice).await?;
        }
    }
    Ok(())
}

/// What one error reports within one hour.
fn reports(error: &Error, hour: i64, at: Timestamp, dice: &mut Dice) -> Vec<Submission> {
    let expected = error.shape.expected(hour);
    let count = dice.about(expected);
    let mut moments: Vec<i64> = (0..count).map(|_| dice.below(3_600)).collect();
    moments.sort_unstable();
    let submission = |second| {
        let release = error.release(hour);
        let place = place(error, release, dice);
        let text = error.text.replace("{n}", &(4_000 + dice.below(90)).to_string());
        Submission {
            via: Via::Stderr,
            at: at + SignedDuration::from_secs(second),
            place,
            body: Submitted::Report(report(&text, error.service)),
            idempotency: None,
        }
    };
    moments.into_iter().map(submission).collect()
}

fn place(error: &Error, release: &str, dice: &mut Dice) -> Place {
    let pod = |dice: &mut Dice| format!("{}-{:x}-{}", error.service, release.len() * 2_654_435, dice.word(5));
    Place {
        namespace: Some("shop".to_owned()),
        pod: Some(pod(dice)),
        pod_uid: None,
        container: Some("app".to_owned()),
        node: Some(format!("node-{}", 1 + dice.below(3))),
        workload: Some(Workload { kind: error.kind.to_owned(), name: error.service.to_owned() }),
        image: Some(format!("registry.example/shop/{}:{release}", error.service)),
        release: Some(release.to_owned()),
    }
}

/// A text of ours as the sidecar would report it.
fn report(text: &str, component: &str) -> ReportBody {
    let mut blocks = Vec::new();
    let mut assembler = Assembler::new(Limits { min_level: Level::Warning, ..Limits::default() });
    assembler.push(text.as_bytes(), 0, &mut blocks);
    assembler.flush(&mut blocks);
    let parsed = blocks.iter().find_map(|block| parse(block, Level::Warning));
    let parsed = parsed
        .unwrap_or_else(|| Parsed::of_text(Kind::Log, Level::Error, Language::Unknown, text.to_owned()));
    let report = finish(parsed, &Rules::default(), &Origin { component: Some(component), fingerprint: None });
    ReportBody {
        title: report.title(),
        report,
        full: true,
        component: Some(component.to_owned()),
        tags: Vec::new(),
        context: None,
    }
}

/// The issue of an error.
fn issue_of(error: &Error) -> IssueId {
    let text = error.text.replace("{n}", "4000");
    IssueId::of_fingerprint(&TrackerName::local(), &report(&text, error.service).report.fingerprint)
}

/// Somebody does something, at the time of the month.
async fn act(store: &dyn Store, scene: &Scene, at: Timestamp, dice: &mut Dice) -> anyhow::Result<()> {
    let error = ERRORS.iter().find(|error| error.name == scene.on).context("find an error of the script")?;
    let cause = Cause { id: Uuid::from_u128(dice.wide()), at, actor: scene.who.to_owned() };
    let event = match scene.does.changes() {
        Some(changes) => Event::Changed(Box::new(changes)),
        None => Event::Commented { content: scene.does.said().to_owned() },
    };
    edit::edit(store, issue_of(error), &event, &cause, |_| Ok::<(), EditError>(()))
        .await
        .with_context(|| format!("play hour {} of the script", scene.hour))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_error_is_read_as_one_of_its_own() {
        let issues: BTreeSet<IssueId> = ERRORS.iter().map(issue_of).collect();
        assert_eq!(issues.len(), ERRORS.len(), "two errors are one issue");
        for error in ERRORS {
            let report = report(&error.text.replace("{n}", "4711"), error.service).report;
            assert!(!report.frames.is_empty(), "{}: no frame was read", error.name);
            let other = error.text.replace("{n}", "4712");
            assert_eq!(
                super::report(&other, error.service).report.fingerprint,
                report.fingerprint,
                "{}",
                error.name
            );
        }
    }

    #[test]
    fn the_script_is_about_errors_that_have_been_seen_by_then() {
        for scene in SCRIPT {
            let error = ERRORS.iter().find(|error| error.name == scene.on);
            let error = error.unwrap_or_else(|| panic!("{} is not in the cast", scene.on));
            let before = (0..=i64::from(scene.hour)).map(|hour| error.shape.expected(hour)).sum::<f64>();
            assert!(before >= 3.0, "hour {}: {} may not have been seen", scene.hour, error.name);
            assert!(i64::from(scene.hour) < DAYS * 24);
        }
    }

    #[test]
    fn one_seed_is_one_month() {
        let month = |seed| {
            let mut dice = Dice::new(seed);
            let hours = 0..48;
            let all = hours.flat_map(|hour| {
                ERRORS
                    .iter()
                    .flat_map(|error| reports(error, hour, Timestamp::UNIX_EPOCH, &mut dice))
                    .collect::<Vec<_>>()
            });
            format!("{:?}", all.collect::<Vec<_>>())
        };
        assert_eq!(month(7), month(7));
        assert_ne!(month(7), month(8));
    }
}
