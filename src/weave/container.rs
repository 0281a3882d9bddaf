//! How much memory a container leaves to this process, by the kernel's own account (cgroup v2).

use std::fs;

/// Where a container sees its own group. On a machine of its own there is no limit at this place.
const GROUP: &str = "/sys/fs/cgroup";
/// This part of the limit stays free: requests go on while something leaks.
const RESERVE: u64 = 8;

/// What may still be taken; nothing when there is no limit.
pub fn room() -> Option<u64> {
    let read = |file: &str| fs::read_to_string(format!("{GROUP}/{file}")).ok();
    left(&read("memory.max")?, &read("memory.current")?, &read("memory.stat").unwrap_or_default())
}

/// The limit, less the reserve and what is taken. Of files that were read, the kernel gives back what it likes.
fn left(max: &str, current: &str, stat: &str) -> Option<u64> {
    let (max, current) = (max.trim().parse::<u64>().ok()?, current.trim().parse::<u64>().ok()?);
    let files = stat.lines().find_map(|line| line.strip_prefix("inactive_file ")?.trim().parse().ok());
    let taken = current.saturating_sub(files.unwrap_or(0));
    Some((max - max / RESERVE).saturating_sub(taken))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_eighth_stays_free_and_files_do_not_count() {
        assert_eq!(left("800\n", "300\n", "anon 100\ninactive_file 100\nactive_file 5\n"), Some(500));
        assert_eq!(left("800", "300", ""), Some(400));
        assert_eq!(left("800", "790", ""), Some(0));
    }

    #[test]
    fn without_a_limit_there_is_no_end() {
        assert_eq!(left("max\n", "300", ""), None);
        assert_eq!(left("", "", ""), None);
    }
}
