//! Who waits for whom where processors are few.

use rustix::process::{getpriority_process, setpriority_process};

/// How far a thread stands back. Of a processor that it shares with one that does
/// not, a quarter remains to it.
const STEP: i32 = 5;

/// Lets others have the processor first. A thread that works out states calls this at
/// its start, so that with thousands of rows connections and requests do not wait for
/// it.
pub fn stand_back() {
    // Linux keeps a priority for each thread, and lets everyone lower his own. Where
    // that fails, everything works as before.
    if let Ok(own) = getpriority_process(None) {
        let _ = setpriority_process(None, own + STEP);
    }
}
