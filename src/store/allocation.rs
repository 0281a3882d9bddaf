//! What things take of the heap, and not only what is in them: the store's bound is one on resident memory. The figures are
//! those of glibc's allocator and of the standard library's collections; other allocators differ by a few percent.

/// What an allocation of `bytes` takes: eight bytes of bookkeeping, in steps of sixteen, thirty-two at least.
pub const fn allocated(bytes: usize) -> usize {
    match bytes {
        0 => 0,
        1..=24 => 32,
        more => (more + 8 + 15) & !15,
    }
}

/// What a hash table takes that has room for `capacity` entries of so many bytes each: an eighth of its places stays empty,
/// their number is a power of two, and each has a byte of control.
pub fn table(capacity: usize, entry_bytes: usize) -> usize {
    let places = match capacity {
        0 => return 0,
        1..=3 => 4,
        4..=7 => 8,
        more => (more * 8 / 7).next_power_of_two(),
    };
    allocated(places * (entry_bytes + 1) + 16)
}

/// What an entry of a B-tree takes: its nodes are two thirds full.
pub const fn in_tree(entry_bytes: usize) -> usize {
    entry_bytes * 3 / 2 + 4
}

/// What an `Arc` of a slice of so many bytes takes: two counts stand before it.
pub const fn shared(bytes: usize) -> usize {
    allocated(bytes + 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allocation_takes_whole_steps_and_its_header() {
        let sizes = [(0, 0), (1, 32), (24, 32), (25, 48), (40, 48), (41, 64), (433, 448)];
        for (bytes, taken) in sizes {
            assert_eq!(allocated(bytes), taken, "{bytes}");
        }
    }

    #[test]
    fn a_table_has_room_for_more_than_is_in_it() {
        assert_eq!(table(0, 100), 0);
        assert_eq!(table(3, 10), allocated(4 * 11 + 16));
        assert_eq!(table(28, 10), allocated(32 * 11 + 16));
        assert_eq!(table(29, 10), allocated(64 * 11 + 16));
    }
}
