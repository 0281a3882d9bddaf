//! The cache seam: bags of named values under a key, in Redis or in memory.
//!
//! One passage applies a few steps to one bag, atomically, and answers with the bag as it is then. That is all a cart
//! needs, and it is the same in both engines. What to do when the cache is away is the business of who asks.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use redis::{AsyncConnectionConfig, aio::MultiplexedConnection};

use super::error::{Error, Kind};

/// What is kept under a key: few fields, short values.
pub type Bag = BTreeMap<String, String>;

/// One change to a bag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Adds to a number; an absent one counts as 0.
    Add {
        field: String,
        by: i64,
    },
    /// Sets a value unless there is one.
    Default {
        field: String,
        value: String,
    },
    Remove {
        field: String,
    },
    /// Replaces the whole bag.
    Replace {
        bag: Bag,
    },
    /// Removes the whole bag.
    Clear,
}

/// Why the cache gave no bag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheError {
    /// It cannot be reached, or did not answer in time.
    Away(String),
    /// It answered with an error.
    Failed(String),
}

impl CacheError {
    /// `error.type` in signals.
    pub fn name(&self) -> &'static str {
        match self {
            CacheError::Away(_) => "cache_away",
            CacheError::Failed(_) => "cache_failed",
        }
    }
}

impl fmt::Display for CacheError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CacheError::Away(text) | CacheError::Failed(text) => f.write_str(text),
        }
    }
}

impl From<CacheError> for Error {
    fn from(error: CacheError) -> Self {
        Error::new(Kind::Internal, "the cache failed").caused_by(error)
    }
}

/// Sees every passage on its way.
pub trait Seam: Send + Sync {
    /// `query` is the passage's name (`cart.add`), `system` is `redis` or `memory`.
    fn enter(&self, query: &'static str, system: &'static str) -> Box<dyn Crossing>;
}

/// One passage through the seam. Dropped without `done`, it was given up half-way.
pub trait Crossing: Send {
    fn before(&mut self) -> Option<BoxFuture<'_, Result<(), CacheError>>> {
        None
    }

    fn done(&mut self, _outcome: Result<(), &CacheError>) {}
}

/// A seam nobody watches.
pub struct Bare;

impl Seam for Bare {
    fn enter(&self, _: &'static str, _: &'static str) -> Box<dyn Crossing> {
        Box::new(Bare)
    }
}

impl Crossing for Bare {}

/// A service's cache behind the seam. Clones share it.
#[derive(Clone)]
pub struct Cache {
    engine: Engine,
    seam: Arc<dyn Seam>,
}

#[derive(Clone)]
enum Engine {
    Memory(Memory),
    Redis(Arc<Redis>),
}

impl Cache {
    /// Kept in this process; never away by itself.
    pub fn in_memory(seam: Arc<dyn Seam>) -> Self {
        Cache { engine: Engine::Memory(Memory::default()), seam }
    }

    /// Kept in the Redis at `url` (`redis://host:port/db`), which need not be there yet. Bags live for `keep` after
    /// their last change.
    pub fn redis(url: &str, keep: Duration, seam: Arc<dyn Seam>) -> Result<Self, String> {
        Ok(Cache { engine: Engine::Redis(Arc::new(Redis::new(url, keep)?)), seam })
    }

    /// `redis` or `memory`.
    pub fn system(&self) -> &'static str {
        match &self.engine {
            Engine::Memory(_) => "memory",
            Engine::Redis(_) => "redis",
        }
    }

    /// Whether the cache answers right now; asks it, past the seam.
    pub async fn is_up(&self) -> bool {
        match &self.engine {
            Engine::Memory(_) => true,
            Engine::Redis(redis) => redis.apply("ready", &[]).await.is_ok(),
        }
    }

    /// Applies `steps` to the bag under `key` as one change and answers with the bag as it is then; no steps only read.
    pub async fn run(&self, query: &'static str, key: &str, steps: &[Step]) -> Result<Bag, CacheError> {
        let mut crossing = self.seam.enter(query, self.system());
        let before = match crossing.before() {
            Some(before) => before.await,
            None => Ok(()),
        };
        if let Err(error) = before {
            crossing.done(Err(&error));
            return Err(error);
        }
        let outcome = match &self.engine {
            Engine::Memory(memory) => Ok(memory.apply(key, steps)),
            Engine::Redis(redis) => redis.apply(key, steps).await,
        };
        crossing.done(outcome.as_ref().map(|_| ()));
        outcome
    }
}

/// Bags in this process. Clones share them. Whoever keeps bags here decides when to remove them.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<HashMap<String, Bag>>>);

impl Memory {
    /// The same as [`Cache::run`], at once.
    pub fn apply(&self, key: &str, steps: &[Step]) -> Bag {
        let mut bags = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if steps.is_empty() {
            return bags.get(key).cloned().unwrap_or_default();
        }
        let bag = bags.entry(key.to_owned()).or_default();
        for step in steps {
            step.apply(bag);
        }
        let now = bag.clone();
        if now.is_empty() {
            bags.remove(key);
        }
        now
    }

    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Step {
    fn apply(&self, bag: &mut Bag) {
        match self {
            Step::Add { field, by } => {
                let now: i64 = bag.get(field).and_then(|value| value.parse().ok()).unwrap_or(0);
                bag.insert(field.clone(), now.saturating_add(*by).to_string());
            }
            Step::Default { field, value } => {
                bag.entry(field.clone()).or_insert_with(|| value.clone());
            }
            Step::Remove { field } => {
                bag.remove(field);
            }
            Step::Replace { bag: other } => bag.clone_from(other),
            Step::Clear => bag.clear(),
        }
    }
}

/// A Redis that may come and go. After a failure it is left alone for a moment, so that a dead one costs each request
/// nothing but the first its time-out.
struct Redis {
    client: redis::Client,
    keep: Duration,
    link: Mutex<Link>,
}

#[derive(Default)]
struct Link {
    conn: Option<MultiplexedConnection>,
    away_until: Option<Instant>,
}

const REDIS_TIMEOUT: Duration = Duration::from_millis(250);
const LEFT_ALONE: Duration = Duration::from_millis(200);
const KEY_PREFIX: &str = "webstore:";
/// Codes of a Redis that has become a replica, or is still reading its data: a new connection may find its better.
const NOT_THE_ONE: [&str; 3] = ["READONLY", "LOADING", "MASTERDOWN"];

impl Redis {
    fn new(url: &str, keep: Duration) -> Result<Self, String> {
        let client =
            redis::Client::open(url).map_err(|error| format!("the Redis address is wrong: {error}"))?;
        Ok(Redis { client, keep, link: Mutex::default() })
    }

    async fn apply(&self, key: &str, steps: &[Step]) -> Result<Bag, CacheError> {
        let mut conn = self.conn().await?;
        let pipeline = self.pipeline(key, steps);
        match pipeline.query_async::<(Bag,)>(&mut conn).await {
            Ok((bag,)) => Ok(bag),
            // This server takes no writes any more, or not yet; another may stand behind the name by now.
            Err(error) if error.code().is_some_and(|code| NOT_THE_ONE.contains(&code)) => {
                Err(self.lost(&error))
            }
            Err(error) if error.code().is_some() => Err(CacheError::Failed(error.to_string())),
            Err(error) => Err(self.lost(&error)),
        }
    }

    fn pipeline(&self, key: &str, steps: &[Step]) -> redis::Pipeline {
        let key = format!("{KEY_PREFIX}{key}");
        let mut pipe = redis::pipe();
        pipe.atomic();
        for step in steps {
            match step {
                Step::Add { field, by } => pipe.hincr(&key, field, *by).ignore(),
                Step::Default { field, value } => pipe.hset_nx(&key, field, value).ignore(),
                Step::Remove { field } => pipe.hdel(&key, field).ignore(),
                Step::Replace { bag } => {
                    let fields: Vec<_> = bag.iter().collect();
                    pipe.del(&key).ignore();
                    if !fields.is_empty() {
                        pipe.hset_multiple(&key, &fields).ignore();
                    }
                    &mut pipe
                }
                Step::Clear => pipe.del(&key).ignore(),
            };
        }
        if !steps.is_empty() {
            let keep_ms = i64::try_from(self.keep.as_millis()).unwrap_or(i64::MAX);
            pipe.pexpire(&key, keep_ms).ignore();
        }
        pipe.hgetall(&key);
        pipe
    }

    async fn conn(&self) -> Result<MultiplexedConnection, CacheError> {
        {
            let link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(conn) = &link.conn {
                return Ok(conn.clone());
            }
            if link.away_until.is_some_and(|until| Instant::now() < until) {
                return Err(CacheError::Away("it was away a moment ago".into()));
            }
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(REDIS_TIMEOUT))
            .set_response_timeout(Some(REDIS_TIMEOUT));
        let conn = self
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .map_err(|error| self.lost(&error))?;
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        *link = Link { conn: Some(conn.clone()), away_until: None };
        Ok(conn)
    }

    fn lost(&self, error: &redis::RedisError) -> CacheError {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        *link = Link { conn: None, away_until: Some(Instant::now() + LEFT_ALONE) };
        CacheError::Away(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_make_a_bag_and_empty_it() {
        let memory = Memory::default();
        let add = |by| Step::Add { field: "1".into(), by };
        let id = Step::Default { field: "id".into(), value: "a".into() };
        assert_eq!(memory.apply("k", &[id.clone(), add(2)]).get("1").map(String::as_str), Some("2"));
        let other = Step::Default { field: "id".into(), value: "b".into() };
        let bag = memory.apply("k", &[other, add(3)]);
        assert_eq!(bag.get("1").map(String::as_str), Some("5"));
        assert_eq!(bag.get("id").map(String::as_str), Some("a"), "a default does not overwrite");
        assert!(memory.apply("k", &[Step::Clear]).is_empty());
        assert!(memory.is_empty(), "an empty bag is not kept");
    }
}
