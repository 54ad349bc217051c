//! Metrics that are taken when somebody asks for them: how it stands at this moment.

use chrono::{DateTime, TimeDelta, Utc};
use lockgate_identity::{Identity, keys};
use lockgate_model::kinds::CertificateKeyPair;
use metrics::gauge;
use std::{fs, path::Path};

/// Ticks of a second in `/proc/PID/stat` (`USER_HZ`), the same on every Linux.
const TICKS: u64 = 100;

/// Takes them.
pub(crate) fn take(identity: &Identity, started: DateTime<Utc>) {
    let now = identity.clock.now();
    configuration(identity, now);
    gauge!("lockgate_change_feed_age_seconds").set(seconds(identity.feed.age()));
    let load = identity.store.load();
    gauge!("lockgate_database_calls").set(f64::from(load.calls));
    gauge!("lockgate_database_connections", "state" => "idle").set(f64::from(load.idle));
    gauge!("lockgate_database_connections", "state" => "used").set(f64::from(load.open.saturating_sub(load.idle)));
    process(Path::new("/proc/self"), started);
}

fn configuration(identity: &Identity, now: DateTime<Utc>) {
    let (health, snapshot) = (identity.config.health(), identity.config.snapshot());
    if let Some(pull) = &health.pull {
        gauge!("lockgate_git_pull_age_seconds").set(seconds(pull.age));
    }
    gauge!("lockgate_configuration_held").set(f64::from(u8::from(health.held)));
    gauge!("lockgate_snapshot_age_seconds").set(seconds(now - snapshot.loaded));
    let pairs = snapshot.objects.all::<CertificateKeyPair>().into_iter();
    let first = pairs.filter_map(|(_, pair)| keys::pem_ends(pair.certificate_data.trim())).min();
    if let Some(first) = first {
        gauge!("lockgate_certificate_days_left").set(seconds(first - now) / 86_400.0);
    }
}

fn seconds(span: TimeDelta) -> f64 {
    span.as_seconds_f64()
}

/// What Linux tells of the process, under the names that Prometheus' own libraries use. Elsewhere there is nothing to tell.
fn process(folder: &Path, started: DateTime<Utc>) {
    gauge!("process_start_time_seconds").set(seconds(started - DateTime::UNIX_EPOCH));
    if let Ok(status) = fs::read_to_string(folder.join("status")) {
        for (field, name) in [("VmRSS:", "process_resident_memory_bytes"), ("VmSize:", "process_virtual_memory_bytes")]
        {
            if let Some(kibibytes) = field_of(&status, field) {
                gauge!(name).set(kibibytes * 1024.0);
            }
        }
    }
    if let Ok(open) = fs::read_dir(folder.join("fd")) {
        // The folder itself is open while it is read.
        let open = u32::try_from(open.count()).unwrap_or(u32::MAX).saturating_sub(1);
        gauge!("process_open_fds").set(f64::from(open));
    }
    if let Some(most) =
        fs::read_to_string(folder.join("limits")).ok().and_then(|text| field_of(&text, "Max open files"))
    {
        gauge!("process_max_fds").set(most);
    }
    if let Some(ticks) = fs::read_to_string(folder.join("stat")).ok().and_then(|stat| ticks(&stat)) {
        metrics::counter!("process_cpu_seconds_total").absolute(ticks / TICKS);
    }
}

/// The first number behind a name at the beginning of a line.
fn field_of(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// Time in this program and in the kernel for it (proc(5): fields 14 and 15; the second one is a name that may hold
/// anything, in parentheses).
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_writes_is_read() {
        assert_eq!(field_of("Name:\tx\nVmRSS:\t   1234 kB\n", "VmRSS:"), Some(1234.0));
        assert_eq!(
            field_of("Max open files            1024                 4096   files\n", "Max open files"),
            Some(1024.0)
        );
        assert_eq!(field_of("Max open files            unlimited\n", "Max open files"), None);
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 30 0 0 20 0";
        assert_eq!(ticks(stat), Some(280));
        assert_eq!(ticks(""), None);
    }
}
