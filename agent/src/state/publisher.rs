//! Who makes states, and where the present one is found.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::{ArcSwap, Guard};
use lcms_lb_core::director::DirectorHandle;

use super::{AgentState, Node};
use crate::sensors::Sensors;

/// Greatest age of the sums in the summary rows.
const PERIOD: Duration = Duration::from_millis(100);

/// Keeps the present state present.
pub struct Publisher {
    director: DirectorHandle,
    sensors: Sensors,
    current: ArcSwap<AgentState>,
    /// Held while a state is made; never by a reader.
    making: Mutex<()>,
    /// Held while a SET is checked and committed; never by a reader.
    setting: Mutex<()>,
    /// Another process has taken the place of this one.
    left: AtomicBool,
}

impl Publisher {
    /// A publisher with a first state.
    pub fn new(node: Arc<Node>, director: DirectorHandle, sensors: Sensors) -> Self {
        let (snapshot, sample) = (director.snapshot(), sensors.sample());
        let first = AgentState::new(node, snapshot, sample, Instant::now());
        Self {
            director,
            sensors,
            current: ArcSwap::from_pointee(first),
            making: Mutex::new(()),
            setting: Mutex::new(()),
            left: AtomicBool::new(false),
        }
    }

    /// The present state, without waiting.
    pub fn current(&self) -> Guard<Arc<AgentState>> {
        self.current.load()
    }

    /// The director behind it.
    pub fn director(&self) -> &DirectorHandle {
        &self.director
    }

    /// The turn of one SET among those that come different ways.
    pub fn turn(&self) -> MutexGuard<'_, ()> {
        self.setting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on SETs are another process's, which hears them when they are
    /// repeated.
    pub fn leave(&self) {
        self.left.store(true, Ordering::Release);
    }

    /// Whether they are.
    pub fn has_left(&self) -> bool {
        self.left.load(Ordering::Acquire)
    }

    /// Makes a state of what is there now.
    pub fn refresh(&self) {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.current.load_full();
        let next = old.next(self.director.snapshot(), self.sensors.sample(), Instant::now());
        self.current.store(Arc::new(next));
    }

    /// Goes on refreshing until `stop`: at once when the director changed, and
    /// else as often as sums may be old. `look` sees each state, those between
    /// two of them excepted.
    pub fn run(&self, stop: &AtomicBool, mut look: impl FnMut(&AgentState)) {
        while !stop.load(Ordering::Acquire) {
            let seen = Arc::clone(&self.current.load().snapshot);
            self.director
                .wait_until(PERIOD, |snapshot| !std::ptr::eq(snapshot, Arc::as_ptr(&seen)));
            self.refresh();
            look(&self.current.load_full());
        }
    }
}
