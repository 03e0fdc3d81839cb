//! `reeve demo --once`: the story holds, and reads as it always did.

use std::time::Instant;

use crate::support::{run, text};

/// What differs from run to run, by its shape.
fn steadied(output: &str) -> String {
    let mut lines = Vec::new();
    for line in output.lines() {
        let words: Vec<String> = line.split(' ').map(steadied_word).collect();
        lines.push(words.join(" ").trim_end().to_owned());
    }
    lines.join("\n") + "\n"
}

fn steadied_word(word: &str) -> String {
    let mut word = word.to_owned();
    while let Some(found) = guid_at(&word) {
        word.replace_range(found..found + 36, "{id}");
    }
    if word.starts_with("https://127.0.0.1:") {
        return "https://127.0.0.1:{port}".to_owned();
    }
    if word.contains("reeve-demo-") {
        return "{folder})".to_owned();
    }
    word
}

/// Where a GUID of this run begins; those that the story chose itself stay.
fn guid_at(word: &str) -> Option<usize> {
    let is_guid = |text: &str| {
        text.len() == 36
            && text.char_indices().all(|(index, letter)| match index {
                8 | 13 | 18 | 23 => letter == '-',
                _ => letter.is_ascii_hexdigit(),
            })
            && text.as_bytes()[14] == b'7'
    };
    (0..word.len().saturating_sub(35))
        .find(|&start| word.get(start..start + 36).is_some_and(is_guid))
}

#[test]
fn the_story_holds_and_is_told_as_before() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the run as a whole is to be quick"
    )]
    let started = Instant::now();

    let told = run(&["demo", "--once"]);

    assert!(
        told.status.success(),
        "{}\n{}",
        text(&told.stdout),
        text(&told.stderr)
    );
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
    assert_eq!(text(&told.stderr), "");
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/demo.txt");
    let steadied = steadied(&text(&told.stdout));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(golden, &steadied).unwrap();
    }
    let before = std::fs::read_to_string(golden).unwrap();
    for (now, before) in steadied.lines().zip(before.lines()) {
        assert_eq!(now, before, "UPDATE_GOLDEN=1 takes over a wanted change");
    }
    assert_eq!(steadied.lines().count(), before.lines().count());
}

#[test]
fn the_story_is_told_in_an_empty_folder_only() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();

    let first = run(&["demo", "--once", "--data", data]);
    let again = run(&["demo", "--once", "--data", data]);

    assert!(first.status.success());
    assert!(!again.status.success());
    assert!(
        text(&again.stderr).contains("holds a tenant already"),
        "{again:?}"
    );
}
