//! Chance with a seed: the same run every time.

/// splitmix64.
pub struct Random(u64);

/// How long jobs are.
#[derive(Clone, Copy, Debug)]
pub enum Length {
    /// Exponential: many short, few long.
    Exponential,
    /// All the same.
    Deterministic,
    /// Pareto with exponent 2.2, cut at fifty times the mean: a few carry much.
    HeavyTailed,
}

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x9e37_79b9)
    }

    /// 0 to 1, both excluded.
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((mixed ^ (mixed >> 31)) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    pub fn exponential(&mut self, mean: f64) -> f64 {
        -self.unit().ln() * mean
    }

    pub fn below(&mut self, count: usize) -> usize {
        (self.unit() * count as f64) as usize % count
    }

    pub fn length(&mut self, law: Length, mean: f64) -> f64 {
        const EXPONENT: f64 = 2.2;
        match law {
            Length::Exponential => self.exponential(mean),
            Length::Deterministic => mean,
            Length::HeavyTailed => {
                let least = mean * (EXPONENT - 1.0) / EXPONENT;
                (least * self.unit().powf(-1.0 / EXPONENT)).min(mean * 50.0)
            }
        }
    }
}
