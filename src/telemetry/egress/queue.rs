//! A bounded queue between whoever makes signals and the one thread that sends them. It never waits: when it is full,
//! the oldest goes, and is counted.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::Notify;

use super::count::Count;

/// A queue of `T`, bounded by the sum of their weights in bytes.
#[derive(Debug)]
pub struct Queue<T> {
    inner: Mutex<Inner<T>>,
    limit_bytes: usize,
    /// What had to go because it was the oldest in a full queue.
    pub displaced: Count,
    filled: Notify,
    closed: AtomicBool,
    closes: Notify,
}

#[derive(Debug)]
struct Inner<T> {
    items: VecDeque<(T, usize)>,
    bytes: usize,
    /// How often something was taken.
    takes: u64,
}

impl<T> Queue<T> {
    pub fn new(limit_bytes: usize) -> Self {
        Queue {
            inner: Mutex::new(Inner { items: VecDeque::new(), bytes: 0, takes: 0 }),
            limit_bytes,
            displaced: Count::default(),
            filled: Notify::new(),
            closed: AtomicBool::new(false),
            closes: Notify::new(),
        }
    }

    /// Adds `item`, which weighs about `weight` bytes. What has to go for it is dropped and counted as `count` says.
    pub fn push(&self, item: T, weight: usize, count: impl Fn(&T) -> u64) {
        let mut gone = Vec::new();
        let was_empty = {
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            let was_empty = inner.items.is_empty();
            inner.bytes += weight;
            inner.items.push_back((item, weight));
            while inner.bytes > self.limit_bytes
                && let Some((old, weight)) = inner.items.pop_front()
            {
                inner.bytes -= weight;
                gone.push(old);
            }
            was_empty
        };
        self.displaced.add(gone.iter().map(count).sum());
        if was_empty {
            self.filled.notify_one();
        }
    }

    /// Puts `item` back in front, unless the queue has filled up behind it: then it was the oldest, and is dropped.
    pub fn put_back(&self, item: T, weight: usize, count: impl Fn(&T) -> u64) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.bytes + weight > self.limit_bytes {
            drop(inner);
            self.displaced.add(count(&item));
            return;
        }
        inner.bytes += weight;
        inner.items.push_front((item, weight));
        drop(inner);
        self.filled.notify_one();
    }

    /// Takes up to `most` items, oldest first.
    pub fn take(&self, most: usize) -> Vec<T> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let count = inner.items.len().min(most);
        inner.takes += u64::from(count > 0);
        let taken: Vec<(T, usize)> = inner.items.drain(..count).collect();
        inner.bytes -= taken.iter().map(|(_, weight)| weight).sum::<usize>();
        taken.into_iter().map(|(item, _)| item).collect()
    }

    /// How often something was taken, if anything waits now.
    pub fn takes_while_waiting(&self) -> Option<u64> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        (!inner.items.is_empty()).then_some(inner.takes)
    }

    /// Waits until there is something, or the queue is closed.
    pub async fn filled(&self) {
        while self.is_empty() && !self.is_closed() {
            self.filled.notified().await;
        }
    }

    /// Nothing more will come worth waiting for.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.filled.notify_one();
        self.closes.notify_waiters();
    }

    /// Waits until the queue is closed.
    pub async fn closed(&self) {
        // Made before the look, so that a close in between is not missed.
        let closes = self.closes.notified();
        if !self.is_closed() {
            closes.await;
        }
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn len(&self) -> usize {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).items.len()
    }

    pub fn bytes(&self) -> usize {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }

    pub fn limit_bytes(&self) -> usize {
        self.limit_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_first_and_is_counted() {
        let queue = Queue::new(30);
        for item in 0..5 {
            queue.push(item, 10, |_| 1);
        }
        assert_eq!((queue.displaced.total(), queue.bytes()), (2, 30));
        assert_eq!(queue.take(10), [2, 3, 4]);
        assert_eq!(queue.bytes(), 0);
    }

    #[test]
    fn what_comes_back_to_a_full_queue_is_the_oldest() {
        let queue = Queue::new(20);
        queue.push(1, 10, |_| 1);
        let taken = queue.take(1);
        queue.push(2, 10, |_| 1);
        queue.put_back(taken[0], 10, |_| 1);
        assert_eq!(queue.take(9), [1, 2]);
        queue.push(3, 20, |_| 1);
        queue.put_back(1, 10, |_| 7);
        assert_eq!((queue.take(9), queue.displaced.total()), (vec![3], 7));
    }
}
