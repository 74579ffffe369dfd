//! Help, the manual page and completions, made from the tables.

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::error::Error;
use crate::filter::{ALIASES, WORDS};
use crate::snapshot::FIELDS;

use super::args::Line;
use super::tables::listings;

/// The command, with what the tables add to its help.
pub(super) fn command() -> clap::Command {
    Line::command().after_help(SHORT).after_long_help(long())
}

const SHORT: &str = "\
Examples:
  egret                               what leaves the interface of the default route
  egret -i eth0 'out > 10MB and !known'   rows that sent more than 10 MB and are not marked known-good
  egret -r capture.pcap               the same over a capture file
  egret flows -r capture.pcap --json  every flow of it, one JSON object a line
  egret demo                          a first look; needs no rights

Exit codes: 0 fine, 1 found something, 2 error. `egret --help` has the filter language and all fields.";

fn long() -> String {
    let fields = listed(FIELDS.iter().map(|field| (field.id, field.about)));
    let aliases = listed(ALIASES.iter().copied());
    let words = listed(WORDS.iter().map(|word| (word.id, word.about)));
    format!(
        "{SHORT}\n\nFilter language:\n{GRAMMAR}\n\nFields:\n{fields}\n\nOther names of fields:\n{aliases}\n\n\
         Words that are true or false by themselves:\n{words}"
    )
}

fn listed<'a>(items: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    items.map(|(term, about)| format!("  {term:<12} {about}")).collect::<Vec<_>>().join("\n")
}

/// The filter language in a few lines.
pub const GRAMMAR: &str = "\
  field op value   op is = != < <= > >= ~ (pattern) !~, or : (text contains, else equals)
  value            10MB  1MiB  12Mbit  90s  10m  1h30m  10.0.0.0/8  80..90  80,443  \"text\"  /pattern/
  word             looked for in all text; or one of the words below
  and or not ( )   also && || !  and a blank is and
  sort:FIELD       the order; sort:FIELD-asc turns it round";

/// What `egret completions` prints.
pub(super) fn completions(shell: Shell) -> String {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut command(), "egret", &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// The names of all commands.
pub(super) fn command_names() -> Vec<String> {
    command().get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

/// What `egret man` prints: one page for the program and all its commands.
pub(super) fn man() -> Result<String, Error> {
    let mut out = Vec::new();
    render(&mut out).map_err(|why| Error::new("cannot make the manual page", why))?;
    String::from_utf8(out).map_err(|why| Error::new("cannot make the manual page", why))
}

fn render(out: &mut Vec<u8>) -> std::io::Result<()> {
    let command = Line::command();
    let man = Man::new(command.clone()).date("");
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    for sub in command.get_subcommands() {
        render_command(sub, "egret", out)?;
    }
    let mut tail = Roff::default();
    tail.control("SH", ["FILTER LANGUAGE"]);
    tail.control("nf", []).text([roman(GRAMMAR)]).control("fi", []);
    for listing in listings() {
        // Where the README sets several keys apart as code, a manual page needs a blank only.
        section(&mut tail, listing.title, listing.terms().map(|(term, about)| (term.replace('`', ""), about)));
    }
    section(&mut tail, "EXIT STATUS", pairs(&[("0", "fine"), ("1", "found something"), ("2", "error")]));
    section(&mut tail, "FILES", pairs(FILES));
    tail.to_writer(out)
}

const FILES: &[(&str, &str)] = &[
    ("/etc/egret/config.toml, $XDG_CONFIG_HOME/egret/config.toml", "settings; egret config --print-default shows all"),
    ("/etc/egret/known-good.toml, $XDG_CONFIG_HOME/egret/known-good.toml", "known-good marks, root's and a user's"),
    ("/var/lib/egret, $XDG_STATE_HOME/egret", "what was learnt, root's and a user's"),
];

fn pairs(list: &'static [(&'static str, &'static str)]) -> impl Iterator<Item = (String, String)> {
    list.iter().map(|(term, about)| ((*term).to_owned(), (*about).to_owned()))
}

fn section(roff: &mut Roff, head: &str, items: impl Iterator<Item = (String, String)>) {
    roff.control("SH", [head]);
    for (term, about) in items {
        roff.control("TP", []).text([bold(term)]).text([roman(about)]);
    }
}

/// A command of its own, as a section: its usage, what it does, its options.
fn render_command(command: &clap::Command, under: &str, out: &mut Vec<u8>) -> std::io::Result<()> {
    let name = format!("{under} {}", command.get_name());
    if command.has_subcommands() {
        return command.get_subcommands().try_for_each(|sub| render_command(sub, &name, out));
    }
    let mut roff = Roff::default();
    roff.control("SH", [name.to_uppercase().as_str()]);
    roff.text([roman(command.get_about().map(ToString::to_string).unwrap_or_default())]);
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        let flags = [arg.get_short().map(|c| format!("-{c}")), arg.get_long().map(|long| format!("--{long}"))];
        let flags: Vec<String> = flags.into_iter().flatten().collect();
        let value = arg.get_value_names().filter(|_| arg.get_num_args().is_none_or(|n| n.takes_values()));
        let value = value.and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
        let term = if flags.is_empty() { value } else { format!("{} {value}", flags.join(", ")).trim_end().to_owned() };
        roff.control("TP", []).text([bold(term)]);
        roff.text([roman(arg.get_help().map(ToString::to_string).unwrap_or_default())]);
    }
    roff.to_writer(out)
}
