//! What is written from the command line's own definitions: completions for shells, and manual pages.

use std::path::Path;

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_complete::Shell;

use crate::args::Cli;
use crate::output;

/// Prints what a shell needs.
pub(crate) fn completions(shell: Shell) {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "reeve", &mut text);
    output::text(String::from_utf8_lossy(&text));
}

/// Prints the page of the program, or writes those of all commands into a folder.
pub(crate) fn pages(folder: Option<&Path>) -> anyhow::Result<()> {
    let mut whole = Cli::command();
    whole.build();
    let Some(folder) = folder else {
        let page = page(whole).context("cannot write the page")?;
        output::text(String::from_utf8_lossy(&page));
        return Ok(());
    };
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create `{}`", folder.display()))?;
    let count = count(&whole);
    clap_mangen::generate_to(whole, folder)
        .with_context(|| format!("cannot write into `{}`", folder.display()))?;
    output::line(format_args!("{count} pages in {}", folder.display()));
    Ok(())
}

fn count(command: &Command) -> usize {
    1 + command.get_subcommands().map(count).sum::<usize>()
}

fn page(command: Command) -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    /// Gives every command and subcommand to `each`, with the words that lead to it.
    fn each_command(command: &Command, way: &str, each: &mut impl FnMut(&str, &Command)) {
        for inner in command.get_subcommands() {
            let way = format!("{way} {}", inner.get_name());
            each(&way, inner);
            each_command(inner, &way, each);
        }
    }

    /// The words of an example, as a shell takes them apart; what goes into a file is the shell's.
    fn words(line: &str) -> Vec<String> {
        let line = line.split(" > ").next().unwrap_or_default();
        let mut words = vec![String::new()];
        let mut is_quoted = false;
        for letter in line.chars() {
            match letter {
                '\'' => is_quoted = !is_quoted,
                ' ' if !is_quoted => words.push(String::new()),
                letter => words.last_mut().unwrap().push(letter),
            }
        }
        assert!(!is_quoted, "{line}");
        words
    }

    #[test]
    fn every_command_says_what_it_does_and_shows_an_example_that_it_understands() {
        let mut count = 0;
        each_command(&Cli::command(), "reeve", &mut |way, command| {
            count += 1;
            let about = command.get_about().map(ToString::to_string);
            assert!(about.is_some_and(|about| about.len() > 10), "{way}");
            let help = command.get_after_help().map(ToString::to_string);
            let help = help.unwrap_or_else(|| panic!("`{way}` has no example"));
            let examples: Vec<&str> = help
                .lines()
                .filter_map(|line| line.strip_prefix("  "))
                .filter(|line| line.starts_with("reeve "))
                .collect();
            assert!(!examples.is_empty(), "`{way}` has no example");
            for example in examples {
                assert!(
                    example.starts_with(way),
                    "`{example}` is no example of `{way}`"
                );
                if let Err(error) = Cli::try_parse_from(words(example)) {
                    panic!("{example}: {error}");
                }
            }
        });
        assert!(count > 50, "{count}");
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_a_page_and_every_shell_its_completions() {
        let folder = tempfile::tempdir().unwrap();

        pages(Some(folder.path())).unwrap();

        each_command(&Cli::command(), "reeve", &mut |way, _| {
            let path = folder.path().join(format!("{}.1", way.replace(' ', "-")));
            let page = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{path:?}"));
            assert!(page.contains(".SH SYNOPSIS"), "{way}");
            assert!(page.contains("Example"), "{way}");
        });
        for shell in <Shell as clap::ValueEnum>::value_variants() {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "reeve", &mut text);
            assert!(String::from_utf8(text).unwrap().contains("reprocess"));
        }
    }
}
