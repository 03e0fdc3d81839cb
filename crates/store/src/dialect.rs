//! The only place that knows how the two databases differ.
//!
//! Statements are written once, in the subset that both understand, with these words for what differs:
//!
//! | written | SQLite | PostgreSQL |
//! | --- | --- | --- |
//! | `$1` | `?1` | `$1` |
//! | `EACH($1)` | `(SELECT value FROM json_each(?1))` | `(SELECT jsonb_array_elements_text($1::text::jsonb) AS value)` |
//! | `a IN EACH($1)` | as above | `a = ANY(ARRAY(SELECT jsonb_array_elements_text($1::text::jsonb)))` |
//! | `OBJECTS($1)` | `(SELECT value FROM json_each(?1))` | `(SELECT jsonb_array_elements($1::text::jsonb) AS value)` |
//! | `INSTR(text, part)` | the same | `strpos(text, part)` |
//! | `JSON_OF(column)` | `(column)` | `jsonb(column)` |
//! | `JSON_KIND(json)` | `json_type(json)` | `jsonb_typeof(json)` |
//! | `ITEMS(json) t` | `json_each(json) t` | `jsonb_array_elements(json) t` |
//! | `ITEM(t)` | `(t.json -> t.fullkey)` | `(t.value)` |
//! | `ITEM_TEXT(t)` | `(t.json ->> t.fullkey)` | `(t.value #>> '{}')` |
//! | `UNINDEXED(column)` | `(+column)` | `(column \|\| '')` |
//! | `LIMIT $1` | `LIMIT CAST(?1 AS INTEGER)` | the same |
//! | `SKIP_LOCKED` | nothing: there is one writer | `FOR UPDATE SKIP LOCKED` |
//! | `LOCKED` | nothing: there is one writer | `FOR UPDATE` |
//!
//! `EACH` takes a [`list`](crate::list) of texts; in a `FROM` its column is called `value`.
//! `OBJECTS` is the same of objects, which `JSON_OF(e.value) ->> 'name'` looks into. `INSTR` is 0 where the part is not in the text.
//! PostgreSQL takes a list in a sub-select for a hundred rows, and would rather read the whole of a table of twenty thousand;
//! an array it looks up.
//! `UNINDEXED` goes around a text column that rows named by a list are checked by, so that no partial index on it leads:
//! by statistics of a quiet time such an index is empty, and then a backlog is read for every handful of ids.
//! SQLite looks into a bare bound limit when it plans, and so prepares the statement anew whenever one is bound.
//! Inside of documents `->` and `->>` mean the same on both.
//! `LOWER` knows all of Unicode on both (SQLite by a function that the engine registers).
//!
//! Invariant: nothing inside a literal, a quoted name or a comment is rewritten.

use std::collections::HashMap;
use std::sync::Arc;

/// Which of the two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The embedded one.
    Sqlite,
    /// A server, shared by replicas.
    Postgres,
}

/// A statement that cannot be written once for both.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sql {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl Sql {
    pub(crate) const fn of(&self, engine: Engine) -> &'static str {
        match engine {
            Engine::Sqlite => self.sqlite,
            Engine::Postgres => self.postgres,
        }
    }
}

/// How many tables of this name there are. The catalogues have nothing in common.
pub(crate) const COUNT_TABLES_NAMED: Sql = Sql {
    sqlite: "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = $1",
    postgres: "SELECT count(*) FROM information_schema.tables \
               WHERE table_schema = current_schema() AND table_name = $1",
};

/// How many tables there are at all.
pub(crate) const COUNT_TABLES: Sql = Sql {
    sqlite: "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    postgres: "SELECT count(*) FROM information_schema.tables \
               WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'",
};

/// The names of all tables.
pub(crate) const TABLES: Sql = Sql {
    sqlite: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    postgres: "SELECT CAST(table_name AS TEXT) AS name FROM information_schema.tables \
               WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY name",
};

/// Which table refers to which.
pub(crate) const FOREIGN_KEYS: Sql = Sql {
    sqlite: "SELECT m.name, k.\"table\" FROM sqlite_schema m, pragma_foreign_key_list(m.name) k \
             WHERE m.type = 'table'",
    postgres: "SELECT CAST(f.relname AS TEXT), CAST(t.relname AS TEXT) FROM pg_constraint k \
               JOIN pg_class f ON f.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid \
               JOIN pg_namespace n ON n.oid = f.relnamespace \
               WHERE k.contype = 'f' AND n.nspname = current_schema()",
};

/// The statement as `engine` understands it.
pub(crate) fn render(engine: Engine, sql: &str) -> String {
    let mut out = String::with_capacity(sql.len() + 64);
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '\'' | '"' => quoted_end(rest, first),
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '$' if engine == Engine::Sqlite && starts_with_digit(rest.get(1..)) => {
                out.push('?');
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            letter if is_word(letter) => {
                rest = render_word(engine, rest, &mut out);
                continue;
            }
            other => other.len_utf8(),
        };
        let (copied, remaining) = rest.split_at(end);
        out.push_str(copied);
        rest = remaining;
    }
    out
}

/// Writes the word at the start of `rest` and returns what follows it.
fn render_word<'s>(engine: Engine, rest: &'s str, out: &mut String) -> &'s str {
    let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    match (word, engine) {
        ("SKIP_LOCKED" | "LOCKED" | "JSON_OF", Engine::Sqlite) => {}
        ("LOCKED", Engine::Postgres) => out.push_str("FOR UPDATE"),
        ("SKIP_LOCKED", Engine::Postgres) => out.push_str("FOR UPDATE SKIP LOCKED"),
        ("INSTR", Engine::Postgres) => out.push_str("strpos"),
        ("IN", Engine::Postgres) => {
            let list = after.trim_start().strip_prefix("EACH");
            if let Some((number, after)) = list.and_then(list_parameter) {
                out.push_str("= ANY(ARRAY(SELECT jsonb_array_elements_text($");
                out.push_str(number);
                out.push_str("::text::jsonb)))");
                return after;
            }
            out.push_str(word);
        }
        ("UNINDEXED", _) => {
            if let Some((column, after)) = one_column(after) {
                let [before, behind] = match engine {
                    Engine::Sqlite => ["(+", ")"],
                    Engine::Postgres => ["(", " || '')"],
                };
                for part in [before, column, behind] {
                    out.push_str(part);
                }
                return after;
            }
            out.push_str(word);
        }
        ("JSON_OF", Engine::Postgres) => out.push_str("jsonb"),
        ("JSON_KIND", Engine::Sqlite) => out.push_str("json_type"),
        ("JSON_KIND", Engine::Postgres) => out.push_str("jsonb_typeof"),
        ("ITEMS", Engine::Sqlite) => out.push_str("json_each"),
        ("ITEMS", Engine::Postgres) => out.push_str("jsonb_array_elements"),
        ("LIMIT", Engine::Sqlite) => {
            out.push_str(word);
            if let Some((number, after)) = bound_limit(after) {
                for part in [" CAST(?", number, " AS INTEGER)"] {
                    out.push_str(part);
                }
                return after;
            }
        }
        ("ITEM" | "ITEM_TEXT", _) => {
            if let Some((table, after)) = one_name(after) {
                let [before, between, behind] = match (word, engine) {
                    ("ITEM", Engine::Sqlite) => ["(", ".json -> ", ".fullkey)"],
                    (_, Engine::Sqlite) => ["(", ".json ->> ", ".fullkey)"],
                    ("ITEM", Engine::Postgres) => ["(", ".value)", ""],
                    (_, Engine::Postgres) => ["(", ".value #>> '{}')", ""],
                };
                let second = if behind.is_empty() { "" } else { table };
                for part in [before, table, between, second, behind] {
                    out.push_str(part);
                }
                return after;
            }
            out.push_str(word);
        }
        ("EACH" | "OBJECTS", _) => {
            if let Some((number, after)) = list_parameter(after) {
                let select = match (engine, word) {
                    (Engine::Sqlite, _) => format!("(SELECT value FROM json_each(?{number}))"),
                    // An object that is looked into many times is better read once.
                    (Engine::Postgres, "OBJECTS") => {
                        format!("(SELECT jsonb_array_elements(${number}::text::jsonb) AS value)")
                    }
                    (Engine::Postgres, _) => {
                        format!(
                            "(SELECT jsonb_array_elements_text(${number}::text::jsonb) AS value)"
                        )
                    }
                };
                out.push_str(&select);
                return after;
            }
            out.push_str(word);
        }
        _ => out.push_str(word),
    }
    after
}

/// The `n` of `($n)` at the start of `text`, and what follows it.
fn list_parameter(text: &str) -> Option<(&str, &str)> {
    let (number, after) = text.strip_prefix("($")?.split_once(')')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some((number, after))
}

/// The `n` of ` $n` at the start of `text`, and what follows it.
fn bound_limit(text: &str) -> Option<(&str, &str)> {
    let rest = text.trim_start().strip_prefix('$')?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    (end > 0).then(|| rest.split_at(end))
}

/// The column of `(column)` or `(t.column)` at the start of `text`, and what follows it.
fn one_column(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.strip_prefix('(')?.split_once(')')?;
    let is_column = !name.is_empty() && name.chars().all(|c| is_word(c) || c == '.');
    is_column.then_some((name, after))
}

/// The name of `(name)` at the start of `text`, and what follows it.
fn one_name(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.strip_prefix('(')?.split_once(')')?;
    (!name.is_empty() && name.chars().all(is_word)).then_some((name, after))
}

/// Where the quoted text at the start of `text` ends; a doubled quote is two quoted texts side by side, which is as good.
fn quoted_end(text: &str, quote: char) -> usize {
    text.get(1..)
        .and_then(|inner| inner.find(quote))
        .map_or(text.len(), |at| at + 2)
}

fn starts_with_digit(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.starts_with(|c: char| c.is_ascii_digit()))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Rendered statements of one connection, so that each text is rewritten once.
#[derive(Debug)]
pub(crate) struct Rendered {
    engine: Engine,
    texts: HashMap<Box<str>, Arc<str>>,
}

impl Rendered {
    /// Lists with filters make new texts; this many are kept.
    const CAPACITY: usize = 1024;

    pub(crate) fn new(engine: Engine) -> Self {
        Self {
            engine,
            texts: HashMap::new(),
        }
    }

    pub(crate) fn get(&mut self, sql: &str) -> Arc<str> {
        if let Some(text) = self.texts.get(sql) {
            return Arc::clone(text);
        }
        if self.texts.len() >= Self::CAPACITY {
            self.texts.clear();
        }
        let text: Arc<str> = render(self.engine, sql).into();
        self.texts.insert(sql.into(), Arc::clone(&text));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_for_each_database() {
        let sql = "SELECT a FROM t WHERE a = $1 AND b > $12";

        assert_eq!(
            render(Engine::Sqlite, sql),
            "SELECT a FROM t WHERE a = ?1 AND b > ?12"
        );
        assert_eq!(render(Engine::Postgres, sql), sql);
    }

    #[test]
    fn literals_names_and_comments_are_left_alone() {
        let sql = "SELECT '$1 it''s EACH($1)', \"SKIP_LOCKED\" -- INSTR $2\nFROM t WHERE é = '$3'";

        assert_eq!(render(Engine::Sqlite, sql), sql);
        assert_eq!(render(Engine::Postgres, sql), sql);
    }

    #[test]
    fn lists_become_a_select_and_lists_to_look_in_an_array() {
        let sql = "SELECT value FROM EACH($1) e JOIN t ON t.id = e.value WHERE t.id IN EACH($2)";

        assert_eq!(
            render(Engine::Sqlite, sql),
            "SELECT value FROM (SELECT value FROM json_each(?1)) e JOIN t ON t.id = e.value \
             WHERE t.id IN (SELECT value FROM json_each(?2))"
        );
        assert_eq!(
            render(Engine::Postgres, sql),
            "SELECT value FROM (SELECT jsonb_array_elements_text($1::text::jsonb) AS value) e JOIN t ON t.id = e.value \
             WHERE t.id = ANY(ARRAY(SELECT jsonb_array_elements_text($2::text::jsonb)))"
        );
        assert_eq!(
            render(
                Engine::Postgres,
                "SELECT 1 FROM t WHERE a IN ('x', 'y') AND b NOT IN (SELECT c FROM u)"
            ),
            "SELECT 1 FROM t WHERE a IN ('x', 'y') AND b NOT IN (SELECT c FROM u)"
        );
    }

    #[test]
    fn a_column_can_be_kept_from_leading() {
        let sql = "SELECT id FROM t WHERE UNINDEXED(t.state) = 'open'";

        assert_eq!(
            render(Engine::Sqlite, sql),
            "SELECT id FROM t WHERE (+t.state) = 'open'"
        );
        assert_eq!(
            render(Engine::Postgres, sql),
            "SELECT id FROM t WHERE (t.state || '') = 'open'"
        );
    }

    #[test]
    fn lists_of_objects_become_a_select_of_objects() {
        let sql = "SELECT JSON_OF(e.value) ->> 'a' FROM OBJECTS($1) e";

        assert_eq!(
            render(Engine::Sqlite, sql),
            "SELECT (e.value) ->> 'a' FROM (SELECT value FROM json_each(?1)) e"
        );
        assert_eq!(
            render(Engine::Postgres, sql),
            "SELECT jsonb(e.value) ->> 'a' FROM (SELECT jsonb_array_elements($1::text::jsonb) AS value) e"
        );
    }

    #[test]
    fn documents_are_looked_into() {
        let sql = "EXISTS (SELECT 1 FROM ITEMS(JSON_OF(a.b) -> 'c') t WHERE ITEM(t) ->> 'd' = ITEM_TEXT(t))";

        assert_eq!(
            render(Engine::Sqlite, sql),
            "EXISTS (SELECT 1 FROM json_each((a.b) -> 'c') t \
             WHERE (t.json -> t.fullkey) ->> 'd' = (t.json ->> t.fullkey))"
        );
        assert_eq!(
            render(Engine::Postgres, sql),
            "EXISTS (SELECT 1 FROM jsonb_array_elements(jsonb(a.b) -> 'c') t \
             WHERE (t.value) ->> 'd' = (t.value #>> '{}'))"
        );
    }

    #[test]
    fn words_are_whole_words() {
        let sql = "SELECT REACH($1), INSTR(a, $2) FROM t SKIP_LOCKED";

        assert_eq!(
            render(Engine::Sqlite, sql),
            "SELECT REACH(?1), INSTR(a, ?2) FROM t "
        );
        assert_eq!(
            render(Engine::Postgres, sql),
            "SELECT REACH($1), strpos(a, $2) FROM t FOR UPDATE SKIP LOCKED"
        );
    }

    #[test]
    fn a_bound_limit_is_hidden_from_the_plan() {
        let sql = "SELECT (SELECT a FROM t LIMIT $12) FROM t LIMIT $1 OFFSET $2";

        assert_eq!(
            render(Engine::Sqlite, sql),
            "SELECT (SELECT a FROM t LIMIT CAST(?12 AS INTEGER)) FROM t LIMIT CAST(?1 AS INTEGER) OFFSET ?2"
        );
        assert_eq!(render(Engine::Postgres, sql), sql);
        assert_eq!(
            render(Engine::Sqlite, "SELECT 1 LIMIT 5"),
            "SELECT 1 LIMIT 5"
        );
    }

    #[test]
    fn an_unfinished_literal_ends_with_the_text() {
        assert_eq!(render(Engine::Sqlite, "SELECT 'a $1"), "SELECT 'a $1");
    }
}
