//! The table itself: every number that a detector compares with, its bounds, and what it means.

/// Goes up whenever a default changes, and is written into every incident.
pub const VERSION: u32 = 1;

/// What sensitivity does to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scales {
    /// As counts do.
    Count,
    /// As times do.
    Time,
    /// Nothing.
    Never,
}

/// One threshold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// As settings name it.
    pub(super) name: &'static str,
    /// Out of the box.
    pub(super) value: u32,
    /// The least that makes sense.
    pub(super) min: u32,
    /// The most.
    pub(super) max: u32,
    /// What sensitivity does to it.
    pub(super) scales: Scales,
    /// In a sentence, for people who change it.
    pub(super) meaning: &'static str,
}

/// Writes the enum and the table from one list, so that they cannot differ.
macro_rules! thresholds {
    ($($variant:ident $name:literal $value:literal $min:literal..=$max:literal $scales:ident $meaning:literal;)*) => {
        /// A row of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Threshold {
            $(#[doc = $meaning] $variant,)*
        }

        /// The rows, in the order of [`Threshold`].
        pub(super) const TABLE: [Row; [$($name),*].len()] = [
            $(Row { name: $name, value: $value, min: $min, max: $max, scales: Scales::$scales, meaning: $meaning },)*
        ];
    };
}

thresholds! {
    RageClicks "rage.clicks" 4 2..=100 Count "Clicks on one target that are rage.";
    RageWindow "rage.window_ms" 3000 200..=60000 Time "The time in which they happen.";
    RageGap "rage.gap_ms" 500 50..=10000 Time "The longest pause between two of them.";
    RageStrongClicks "rage.strong.clicks" 5 0..=100 Count "Clicks of a strong burst; 0 for none.";
    RageStrongWindow "rage.strong.window_ms" 2000 200..=60000 Time "The time of a strong burst.";
    RageStrongGap "rage.strong.gap_ms" 300 50..=10000 Time "The longest pause in a strong burst.";
    RageWeakClicks "rage.weak.clicks" 3 0..=100 Count "Clicks of a weak burst; 0 for none.";
    RageWeakWindow "rage.weak.window_ms" 5000 200..=60000 Time "The time of a weak burst.";
    RageWeakGap "rage.weak.gap_ms" 800 50..=10000 Time "The longest pause in a weak burst.";
    DoubleClick "rage.double_click_ms" 500 50..=2000 Never "Exactly two clicks closer than this are a double click.";
    BlockedRejection "blocked.rejection_ms" 30000 1000..=300000 Time "An action is rejected within this time.";
    BlockedRetries "blocked.retries" 2 1..=50 Count "Retries after a rejection that are blocked progress.";
    BlockedWindow "blocked.window_ms" 30000 1000..=300000 Time "Retries happen within this time of the rejection.";
    BlockedGap "blocked.gap_ms" 5000 100..=60000 Time "The longest pause between two retries.";
    BlockedStrongRetries "blocked.strong.retries" 4 0..=50 Count "Retries that are a strong signal; 0 for none.";
    AbandonmentFriction "abandonment.friction_ms" 60000 1000..=600000 Time "Friction follows the start of a flow within this time.";
    AbandonmentSlow "abandonment.slow_ms" 3000 100..=60000 Never "Something that takes longer than this is friction.";
    ConfusionOscillations "confusion.oscillations" 4 2..=50 Count "Returns A-B-A that are confusion.";
    ConfusionWindow "confusion.window_ms" 60000 1000..=600000 Time "The time in which they happen.";
    ConfusionStrong "confusion.strong.oscillations" 6 0..=50 Count "Returns that are a strong signal; 0 for none.";
    ConfusionScrolls "confusion.scrolls" 15 3..=1000 Count "Scrolls without progress that are confusion.";
    ConfusionScrollWindow "confusion.scroll_window_ms" 30000 1000..=600000 Time "They happen in less than this time.";
    FormLoopFast "form_loop.fast.submits" 4 2..=50 Count "Quick submits of one form that are a loop.";
    FormLoopFastWindow "form_loop.fast.window_ms" 10000 500..=120000 Time "The time of quick submits.";
    FormLoopFastGap "form_loop.fast.gap_ms" 2000 100..=60000 Time "The longest pause between quick submits.";
    FormLoopSlow "form_loop.slow.submits" 3 2..=50 Count "Slower submits of one form that are a loop.";
    FormLoopSlowWindow "form_loop.slow.window_ms" 30000 500..=300000 Time "The time of slower submits.";
    FormLoopSlowGap "form_loop.slow.gap_ms" 5000 100..=60000 Time "The longest pause between slower submits.";
    FormLoopStrong "form_loop.strong.submits" 6 0..=50 Count "Quick submits that are a strong signal; 0 for none.";
    RageBaitClicks "rage_bait.clicks" 3 2..=50 Count "Clicks on something that only looks as if it did something.";
    RageBaitWindow "rage_bait.window_ms" 5000 500..=60000 Time "The time in which they happen.";
    RageBaitTraits "rage_bait.traits" 2 1..=5 Never "Traits of a bait that a target shows.";
    RageBaitStrong "rage_bait.strong.clicks" 5 0..=50 Count "Clicks that are a strong signal; 0 for none.";
    DeadClickWait "dead_click.wait_ms" 2500 100..=30000 Never "A click after which nothing happens for this time is dead.";
    ErrorClickWait "error_click.wait_ms" 1000 50..=30000 Never "An error within this time belongs to the click.";
    ThrashedChanges "thrashed_cursor.changes" 8 3..=200 Count "Changes of the pointer's direction that are thrashing.";
    ThrashedWindow "thrashed_cursor.window_ms" 2000 200..=60000 Time "The time in which they happen.";
    Feedback "qualify.feedback_ms" 10000 500..=120000 Never "The page's own feedback lies within this time of a signal.";
    Window "correlate.window_ms" 30000 1000..=600000 Never "Signals of one route within this time are one incident.";
}
