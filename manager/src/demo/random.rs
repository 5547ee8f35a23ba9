//! Numbers that look random enough for arrivals and job sizes.

/// A linear congruential generator (Knuth's MMIX). The same seed gives the
/// same numbers everywhere.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Starts with a seed.
    pub fn new(seed: u64) -> Self {
        let mut random = Self(seed);
        // The first numbers of near seeds are near each other.
        for _ in 0..8 {
            random.unit();
        }
        random
    }

    /// From 0 up to 1, even.
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Exponential with this mean: the gap to the next of independent arrivals.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }
}
