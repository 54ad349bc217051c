//! Numbers that look random and are the same each time.

/// SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Begins with a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(self.0)
    }

    /// At least 0 and below 1.
    pub fn share(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// At least 0 and below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.share() * end as f64) as usize
    }

    /// How many happen in a span in which `mean` do on average (Poisson; by its normal approximation from 30 on).
    pub fn count(&mut self, mean: f64) -> usize {
        if mean > 30.0 {
            let normal = (0..12).map(|_| self.share()).sum::<f64>() - 6.0;
            return (mean + mean.sqrt() * normal).round().max(0.0) as usize;
        }
        let (limit, mut product, mut count) = ((-mean).exp(), self.share(), 0);
        while product > limit {
            product *= self.share();
            count += 1;
        }
        count
    }
}

/// A number with its bits stirred; the same one for the same one.
pub(crate) fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

/// Who comes, when some come much more often than others: the k-th of `people` with a weight of 1/k^`exponent`.
#[derive(Debug, Clone)]
pub struct Zipf {
    people: f64,
    exponent: f64,
}

impl Zipf {
    /// An exponent of 0 makes all of them equal; 1 is not possible.
    #[must_use]
    pub fn new(people: usize, exponent: f64) -> Self {
        Self { people: people as f64, exponent }
    }

    /// One of them, from 0 on; by inversion of the continuous distribution, which is close enough for many.
    pub fn pick(&self, random: &mut Random) -> usize {
        let power = 1.0 - self.exponent;
        let top = (self.people + 1.0).powf(power) - 1.0;
        let place = (1.0 + random.share() * top).powf(1.0 / power);
        (place.floor() - 1.0).clamp(0.0, self.people - 1.0) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_come_often_and_most_seldom() {
        let (zipf, mut random) = (Zipf::new(10_000, 0.8), Random::new(1));
        let picked: Vec<usize> = (0..100_000).map(|_| zipf.pick(&mut random)).collect();
        let of_first = picked.iter().filter(|person| **person < 1_000).count();
        // The first tenth has the share (1000^0.2 - 1) / (10000^0.2 - 1).
        assert!((53_000..58_000).contains(&of_first), "{of_first}");
        assert!(picked.iter().all(|person| *person < 10_000));
    }

    #[test]
    fn counts_have_their_mean() {
        let mut random = Random::new(2);
        for mean in [0.3, 5.0, 80.0] {
            let sum: usize = (0..20_000).map(|_| random.count(mean)).sum();
            let found = sum as f64 / 20_000.0;
            assert!((found / mean - 1.0).abs() < 0.03, "{found} and not {mean}");
        }
    }
}
