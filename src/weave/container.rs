//! How much memory a container leaves to this process, by the kernel's own account.

use std::fs;

/// Where a container sees its own group: of cgroup v2, and of v1. What a file calls its parts.
const GROUPS: [Group; 2] = [
    Group { max: "memory.max", current: "memory.current", files: "inactive_file " },
    Group {
        max: "memory/memory.limit_in_bytes",
        current: "memory/memory.usage_in_bytes",
        files: "total_inactive_file ",
    },
];
/// This part of the limit stays free: requests go on while something leaks.
const RESERVE: u64 = 8;
/// What v1 says where there is no limit is a little less than all that can be counted.
const NO_LIMIT: u64 = 1 << 60;

struct Group {
    max: &'static str,
    current: &'static str,
    files: &'static str,
}

/// What may still be taken; nothing when there is no limit.
pub fn room() -> Option<u64> {
    let read = |file: &str| fs::read_to_string(format!("/sys/fs/cgroup/{file}")).ok();
    GROUPS.iter().find_map(|group| {
        let (max, current) = (read(group.max)?, read(group.current)?);
        let folder = group.max.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let stat = read(&format!("{folder}memory.stat")).unwrap_or_default();
        left(&max, &current, &stat, group.files)
    })
}

/// The limit, less the reserve and what is taken. Of files that were read, the kernel gives back what it likes.
fn left(max: &str, current: &str, stat: &str, files: &str) -> Option<u64> {
    let (max, current) = (max.trim().parse::<u64>().ok()?, current.trim().parse::<u64>().ok()?);
    let files = stat.lines().find_map(|line| line.strip_prefix(files)?.trim().parse().ok());
    let taken = current.saturating_sub(files.unwrap_or(0));
    (max < NO_LIMIT).then(|| (max - max / RESERVE).saturating_sub(taken))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(max: &str, current: &str, stat: &str) -> Option<u64> {
        left(max, current, stat, "inactive_file ")
    }

    #[test]
    fn an_eighth_stays_free_and_files_do_not_count() {
        assert_eq!(of("800\n", "300\n", "anon 100\ninactive_file 100\nactive_file 5\n"), Some(500));
        assert_eq!(of("800", "300", ""), Some(400));
        assert_eq!(of("800", "790", ""), Some(0));
    }

    #[test]
    fn without_a_limit_there_is_no_end() {
        assert_eq!(of("max\n", "300", ""), None);
        assert_eq!(of("9223372036854771712\n", "300", ""), None);
        assert_eq!(of("", "", ""), None);
    }
}
