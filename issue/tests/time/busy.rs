//! How long a step kept the processor busy: what other programs do on the machine does not count.

use rustix::time::{ClockId, clock_gettime};

/// Seconds of processor time that this thread spends in `step`.
#[expect(clippy::cast_precision_loss, reason = "a step takes seconds")]
pub fn seconds(step: impl FnOnce()) -> f64 {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    };
    let start = now();
    step();
    now() - start
}
