//! A Redis that exists only in virtual time: it runs the real script in Lua 5.1, as Redis does.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use mlua::{Function, Lua, MultiValue, Table, Value};

use super::super::script::{Identity, Reply, Request, SOURCE};

/// The one key there is.
#[derive(Debug, Default)]
struct Key {
    fields: BTreeMap<String, String>,
    expires: Option<Duration>,
}

/// Redis, as far as the script sees it.
#[derive(Debug)]
pub(super) struct Server {
    lua: Lua,
    script: Function,
    key: Rc<RefCell<Key>>,
    /// What its clock shows.
    clock: Rc<RefCell<Duration>>,
}

impl Server {
    pub(super) fn new() -> Self {
        let lua = Lua::new();
        let (key, clock) = (Rc::new(RefCell::new(Key::default())), Rc::new(RefCell::new(Duration::ZERO)));
        let call = {
            let (key, clock) = (Rc::clone(&key), Rc::clone(&clock));
            lua.create_function(move |lua, words: MultiValue| {
                let words: Vec<String> = words.iter().map(|word| word.to_string().unwrap()).collect();
                command(lua, &words, &mut key.borrow_mut(), *clock.borrow())
            })
        };
        let redis = lua.create_table().unwrap();
        redis.set("call", call.unwrap()).unwrap();
        lua.globals().set("redis", redis).unwrap();
        let script = lua.load(SOURCE).into_function().unwrap();
        Self { lua, script, key, clock }
    }

    /// Runs the script when its clock shows `time`. `None` is an answer that nobody is to take in.
    pub(super) fn run(&self, who: &Identity, request: Request, time: Duration) -> Option<Reply> {
        self.clock.replace(time);
        let mut key = self.key.borrow_mut();
        if key.expires.is_some_and(|expires| expires <= time) {
            *key = Key::default();
        }
        drop(key);
        self.lua.globals().set("KEYS", vec!["network"]).unwrap();
        self.lua.globals().set("ARGV", request.arguments(who)).unwrap();
        // Redis cuts every number to an integer.
        let answer: Vec<f64> = self.script.call(()).unwrap();
        #[expect(clippy::cast_possible_truncation, reason = "that is what Redis does")]
        let answer: Vec<i64> = answer.into_iter().map(|number| number as i64).collect();
        Reply::parse(&answer)
    }

    /// Restarted, flushed, evicted, or failed over to an empty replica.
    pub(super) fn forget(&self) {
        self.key.replace(Key::default());
    }

    /// How many runs it knows of, dead ones included.
    pub(super) fn records(&self) -> usize {
        self.key.borrow().fields.keys().filter(|field| field.starts_with("run:")).count()
    }
}

fn command(lua: &Lua, words: &[String], key: &mut Key, time: Duration) -> mlua::Result<Value> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let list = |items: Vec<String>| -> mlua::Result<Value> {
        let table: Table = lua.create_sequence_from(items)?;
        Ok(Value::Table(table))
    };
    match words[..] {
        ["TIME"] => list(vec![time.as_secs().to_string(), time.subsec_micros().to_string()]),
        ["HGETALL", _] => list(key.fields.iter().flat_map(|(name, value)| [name.clone(), value.clone()]).collect()),
        ["HSET", _, ref pairs @ ..] => {
            assert!(pairs.len() >= 2 && pairs.len().is_multiple_of(2));
            key.fields.extend(pairs.chunks(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())));
            Ok(Value::Integer(0))
        }
        ["HDEL", _, ref names @ ..] => {
            key.fields.retain(|name, _| !names.contains(&name.as_str()));
            Ok(Value::Integer(0))
        }
        ["PEXPIRE", _, millis] => {
            key.expires = Some(time + Duration::from_millis(millis.parse().unwrap()));
            Ok(Value::Integer(1))
        }
        _ => panic!("the script uses a command that is not here: {words:?}"),
    }
}
