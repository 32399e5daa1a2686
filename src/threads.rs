//! Work beside each other: what one thread does, several do with the same result.

use std::num::NonZeroUsize;
use std::sync::Mutex;

/// What `work` makes of each item, in their order. The calling thread works too, so with one thread nothing
/// leaves it; a panic of `work` is that of the caller.
///
/// ```
/// use std::num::NonZeroUsize;
/// use dianshu::threads::side_by_side;
/// let threads = NonZeroUsize::new(3).unwrap();
/// assert_eq!(side_by_side(1..=4, threads, |number| number * 10), [10, 20, 30, 40]);
/// ```
pub fn side_by_side<T, R: Send>(
    items: impl IntoIterator<Item = T, IntoIter: Send>,
    threads: NonZeroUsize,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let waiting = Mutex::new(items.into_iter().enumerate());
    // Nothing panics while the lock is held but the iterator itself, and then all is lost.
    let next = || waiting.lock().ok()?.next();
    let take = || {
        let mine = std::iter::from_fn(|| next().map(|(at, item)| (at, work(item))));
        mine.collect::<Vec<_>>()
    };
    let mut done = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.get()).map(|_| scope.spawn(take)).collect();
        let mut done = take();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
