//! What the target last said about who is who, for a while: without it, every change would begin with searches.
//!
//! It spares requests where access is given, and nothing else. Whoever looks (a read before or after a write, a sweep) and
//! whoever takes access away asks the target, and what the target says then is what is remembered.
//!
//! **Invariant:** nothing is believed for longer than [`LIFETIME`], and a change that was refused with ids from here is
//! made again with ids that the target was asked for.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::users::User;

/// How long an id is believed at most.
const LIFETIME: Duration = Duration::from_hours(1);
/// Users and groups that are remembered at most, each; about 250 bytes a user.
const MOST: usize = 100_000;

/// Users by the key that they are looked for by, and ids of groups by the external id.
#[derive(Debug)]
pub(crate) struct Memory {
    users: Mutex<Generations<User>>,
    groups: Mutex<Generations<String>>,
}

impl Default for Memory {
    fn default() -> Self {
        let now = Instant::now();
        Self {
            users: Mutex::new(Generations::new(now)),
            groups: Mutex::new(Generations::new(now)),
        }
    }
}

impl Memory {
    /// The users of these keys, as far as they are remembered.
    pub(crate) fn users(&self, keys: &[String]) -> Vec<Option<User>> {
        let users = current(&self.users);
        keys.iter().map(|key| users.get(key).cloned()).collect()
    }

    /// What the target said of a key: one user, or not that.
    pub(crate) fn note_user(&self, key: &str, user: Option<&User>) {
        current(&self.users).note(key, user.cloned());
    }

    /// The id of the group with this external id.
    pub(crate) fn group(&self, external_id: &str) -> Option<String> {
        current(&self.groups).get(external_id).cloned()
    }

    /// What the target said of a group's external id: one group, or not that.
    pub(crate) fn note_group(&self, external_id: &str, id: Option<&str>) {
        current(&self.groups).note(external_id, id.map(str::to_owned));
    }
}

fn current<T>(kept: &Mutex<Generations<T>>) -> MutexGuard<'_, Generations<T>> {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    kept.turn(Instant::now());
    kept
}

/// Two generations: the older one is dropped whole when the younger one is full or old enough.
#[derive(Debug)]
struct Generations<T> {
    began: Instant,
    young: HashMap<String, T>,
    old: HashMap<String, T>,
}

impl<T> Generations<T> {
    fn new(now: Instant) -> Self {
        Self {
            began: now,
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }

    fn turn(&mut self, now: Instant) {
        let age = now.saturating_duration_since(self.began);
        if age < LIFETIME / 2 && self.young.len() < MOST / 2 {
            return;
        }
        self.old = std::mem::take(&mut self.young);
        if age >= LIFETIME {
            self.old.clear();
        }
        self.began = now;
    }

    fn get(&self, key: &str) -> Option<&T> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    fn note(&mut self, key: &str, value: Option<T>) {
        self.old.remove(key);
        match value {
            Some(value) => self.young.insert(key.to_owned(), value),
            None => self.young.remove(key),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kept: &mut Generations<u32>, now: Instant, key: &str) -> Option<u32> {
        kept.turn(now);
        kept.get(key).copied()
    }

    #[test]
    fn nothing_is_believed_for_longer_than_an_hour_however_often_it_is_read() {
        let begin = Instant::now();
        let mut kept = Generations::new(begin);
        kept.note("alice", Some(1));

        let minutes = (0..120).map(|minute| begin + Duration::from_mins(minute));
        let believed = minutes
            .take_while(|now| read(&mut kept, *now, "alice").is_some())
            .count();

        assert!((30..=60).contains(&believed), "{believed}");
    }

    #[test]
    fn an_idle_hour_forgets_everything() {
        let begin = Instant::now();
        let mut kept = Generations::new(begin);
        kept.note("alice", Some(1));

        assert_eq!(read(&mut kept, begin + LIFETIME, "alice"), None);
    }

    #[test]
    fn the_last_word_of_the_target_counts() {
        let begin = Instant::now();
        let mut kept = Generations::new(begin);
        kept.note("alice", Some(1));
        kept.turn(begin + LIFETIME / 2);

        kept.note("alice", Some(2));
        let second = kept.get("alice").copied();
        kept.note("alice", None);

        assert_eq!(second, Some(2));
        assert_eq!(kept.get("alice"), None);
    }

    #[test]
    fn only_so_many_are_kept() {
        let now = Instant::now();
        let mut kept = Generations::new(now);

        for number in 0..=MOST {
            kept.turn(now);
            kept.note(&number.to_string(), Some(number));
        }

        assert!(kept.young.len() + kept.old.len() <= MOST);
        assert_eq!(kept.get("0"), None);
        assert_eq!(kept.get(&MOST.to_string()), Some(&MOST));
    }
}
