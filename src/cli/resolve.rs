//! From the command line and the files to a job: layers laid over each other, every value checked.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::Error;
use crate::filter::{self, Filter, Sort};
use crate::model::{Label, Rungs, SocketKind, Which};
use crate::snapshot::{Kind, Unit};

use super::args::{
    BaselineAction, BaselineArgs, Command, ConnectionsArgs, DemoArgs, DetectArgs, DoctorArgs, FlowsArgs,
    KnownGoodAction, KnownGoodArgs, Line, SourceArgs,
};
use super::job::{
    Backend, Baseline, Connections, Detect, Display, Doctor, Flows, Form, Geo, Job, KnownGood, LineDisplay,
    PortDisplay, Setup, Source, Speed, TextMode,
};
use super::layers::layered;
use super::places::Places;
use super::said::Column;
use super::settings::{Settings, print_default};
use super::{config, page, protocols, scope};

type Resolved<T = Job> = Result<T, Error>;

pub(super) fn resolve(mut line: Line, places: &Places) -> Resolved {
    match line.command.take() {
        None => dashboard(&line, places),
        Some(Command::Flows(args)) => flows(&args, places),
        Some(Command::Detect(args)) => detect(&args, places),
        Some(Command::Connections(args)) => connections(&args),
        Some(Command::Demo(args)) => demo(&args, places),
        Some(Command::Doctor(args)) => doctor(args, places),
        Some(Command::KnownGood(args)) => known_good(args, places),
        Some(Command::Baseline(args)) => baseline(&args, places),
        Some(Command::Config(args)) => match &args.import_iftoprc {
            Some(path) => config::import_iftoprc(path).map(Job::Print),
            None => Ok(Job::Print(print_default())),
        },
        Some(Command::Protocols { json }) => Ok(Job::Print(protocols::list(json))),
        Some(Command::Completions { shell }) => Ok(Job::Print(page::completions(shell))),
        Some(Command::Man) => page::man().map(Job::Print),
    }
}

fn dashboard(line: &Line, places: &Places) -> Resolved {
    check_for_a_mistyped_command(&line.filter)?;
    let said = line.source.settings().over(line.memory.settings()).over(line.display.settings());
    let settings = layered(said.over(line.text.settings()), line.memory.config.as_deref(), places)?;
    let display = display(&settings, &line.filter)?;
    let source = match &line.source.read {
        Some(path) => file(path, line.speed.unwrap_or(Speed::Max), &line.source),
        None => live(&settings),
    };
    Ok(shown(&settings, setup(&settings, source, places), display))
}

fn demo(args: &DemoArgs, places: &Places) -> Resolved {
    let settings = args.display.settings().over(args.text.settings());
    let display = display(&settings, &args.filter)?;
    let source = Source::Demo { speed: args.speed.unwrap_or(Speed::Times(1.0)) };
    let setup = Setup { learn_for: crate::capture::script::demo::LEARN_FOR, ..setup(&settings, source, places) };
    Ok(shown(&settings, setup, display))
}

fn shown(settings: &Settings, setup: Setup, display: Display) -> Job {
    if settings.no_curses == Some(true) {
        Job::Text(setup, display, TextMode { once_after: settings.timed_output, lines: settings.num_lines })
    } else {
        Job::Dashboard(setup, display)
    }
}

/// One bare word that is nearly a command was meant as one.
fn check_for_a_mistyped_command(words: &[String]) -> Resolved<()> {
    let [word] = words else { return Ok(()) };
    let commands = page::command_names();
    match filter::nearest(word, commands.iter().map(String::as_str)) {
        Some(meant) if !word.contains(|c: char| !c.is_ascii_alphabetic() && c != '-') => {
            Err(Error::new(format!("there is no command `{word}`"), "")
                .hint(format!("egret {meant}    (or egret '\"{word}\"' to look for the text)")))
        }
        _ => Ok(()),
    }
}

/// A capture file, through the capture filter of the command line; that of the configuration is for interfaces.
fn file(path: &Path, speed: Speed, said: &SourceArgs) -> Source {
    Source::File { path: path.to_owned(), speed, filter: said.filter_code.clone().unwrap_or_default() }
}

fn live(settings: &Settings) -> Source {
    Source::Live {
        interfaces: settings.interface.clone().unwrap_or_default(),
        backend: settings.capture.unwrap_or(Backend::Auto),
        promiscuous: settings.promiscuous.unwrap_or(false),
        filter: settings.filter_code.clone().unwrap_or_default(),
    }
}

/// The databases that were named, or where to look for some.
fn geo(settings: &Settings, places: &Places) -> Geo {
    match &settings.geo {
        Some(said) => Geo::Named(said.0.clone()),
        None => Geo::Found(places.geo.clone()),
    }
}

fn setup(settings: &Settings, source: Source, places: &Places) -> Setup {
    // What is played back must not teach or mark what is live, unless the operator says where.
    let is_live = matches!(source, Source::Live { .. });
    let place = |said: &Option<PathBuf>, usual: &Path| said.clone().or_else(|| is_live.then(|| usual.to_owned()));
    Setup {
        source,
        counting: settings.count.unwrap_or_default(),
        inner: settings.inner.unwrap_or(false),
        recognise: settings.recognise.unwrap_or(true),
        geo: geo(settings, places),
        boundary: settings.net_filter.into_iter().chain(settings.net_filter6).collect(),
        local: settings.local.clone().unwrap_or_default(),
        max_flows: settings.max_flows.unwrap_or(Setup::MAX_FLOWS),
        learn_for: settings.learn_for.unwrap_or(Setup::LEARN_FOR),
        state: place(&settings.state, &places.state),
        known_good: place(&settings.known_good, &places.known_good),
        resolve: settings.dns_resolution.unwrap_or(false),
        rungs: settings
            .owners
            .as_ref()
            .map_or(Rungs::ALL, |all| all.iter().fold(Rungs::NONE, |sum, one| sum.or(one.0))),
    }
}

fn unit(settings: &Settings) -> Unit {
    if settings.use_bytes == Some(true) { Unit::Bytes } else { Unit::Bits }
}

fn display(settings: &Settings, words: &[String]) -> Resolved<Display> {
    let text = if words.is_empty() { settings.filter.clone().unwrap_or_default() } else { words.join(" ") };
    let filter = parsed(&text)?;
    let screen_filter = settings.screen_filter.clone().unwrap_or_default();
    filter::pattern(&screen_filter).map_err(|why| Error::new("cannot use the screen filter", why))?;
    Ok(Display {
        theme: settings.theme.unwrap_or_default(),
        port_names: settings.port_resolution.unwrap_or(false),
        // iftop's text mode adds up ports unless told otherwise; the dashboard tells services apart.
        ports: settings.port_display.unwrap_or(match settings.no_curses {
            Some(true) => PortDisplay::Off,
            _ => PortDisplay::DestinationOnly,
        }),
        bars: settings.show_bars.unwrap_or(true),
        unit: unit(settings),
        max_bandwidth: settings.max_bandwidth.map(|limit| limit.0),
        log_scale: settings.log_scale.unwrap_or(false),
        lines: settings.line_display.unwrap_or(LineDisplay::OneLineSent),
        show_totals: settings.show_totals.unwrap_or(true),
        show_source: !settings.hide_source.unwrap_or(false),
        show_destination: !settings.hide_destination.unwrap_or(false),
        link_local: settings.link_local.unwrap_or(false),
        group_by: settings.group_by.unwrap_or_default(),
        sort: filter.sort().or(settings.sort.map(order)),
        columns: fields(settings.columns.as_ref()),
        filter,
        screen_filter,
    })
}

/// Numbers sort from the top down, words from A to Z.
fn order(column: Column) -> Sort {
    Sort { field: column.0, descending: column.0.kind.is_number() || column.0.kind == Kind::Flag }
}

fn fields(columns: Option<&Vec<Column>>) -> Vec<&'static crate::snapshot::Field> {
    columns.into_iter().flatten().map(|column| column.0).collect()
}

fn parsed(text: &str) -> Resolved<Filter> {
    Filter::parse(text).map_err(|why| {
        let pointing = why.pointing(text).replace('\n', "\n    ");
        Error::new("cannot understand the filter", format!("{why}\n    {pointing}"))
    })
}

fn flows(args: &FlowsArgs, places: &Places) -> Resolved {
    let settings = layered(args.source.settings().over(args.memory.settings()), args.memory.config.as_deref(), places)?;
    let filter = parsed(&args.filter.join(" "))?;
    let (source, listen_for) = match &args.source.read {
        Some(path) => (file(path, Speed::Max, &args.source), None),
        None => (live(&settings), Some(args.listen_for.unwrap_or(Duration::from_secs(10)))),
    };
    let form = match (args.json, args.csv) {
        (true, _) => Form::Json,
        (_, true) => Form::Csv,
        _ => Form::Table,
    };
    let flows = Flows {
        form,
        by: args.by,
        sort: args.sort.map(order).or(filter.sort()),
        filter,
        columns: args.columns.iter().map(|column| column.0).collect(),
        unit: if args.use_bytes { Unit::Bytes } else { unit(&settings) },
        listen_for,
        fail_on_found: args.fail_on.is_some(),
    };
    Ok(Job::Flows(setup(&settings, source, places), flows))
}

fn detect(args: &DetectArgs, places: &Places) -> Resolved {
    let said = Settings { local: (!args.local.is_empty()).then(|| args.local.clone()), ..args.memory.settings() };
    let settings = layered(said, args.memory.config.as_deref(), places)?;
    let source = Source::File { path: args.read.clone(), speed: Speed::Max, filter: String::new() };
    Ok(Job::Detect(setup(&settings, source, places), Detect { json: args.json }))
}

fn connections(args: &ConnectionsArgs) -> Resolved {
    let filter = parsed(&args.filter.join(" "))?;
    let asked: [(bool, &[SocketKind]); 5] = [
        (args.tcp, &[SocketKind::Tcp]),
        (args.udp, &[SocketKind::Udp, SocketKind::UdpLite]),
        (args.sctp, &[SocketKind::Sctp]),
        (args.raw, &[SocketKind::Raw]),
        (args.packet, &[SocketKind::Packet]),
    ];
    let kinds: Vec<SocketKind> =
        asked.into_iter().filter(|(is_asked, _)| *is_asked).flat_map(|(_, kinds)| kinds.iter().copied()).collect();
    Ok(Job::Connections(Connections {
        which: match (args.listening, args.all) {
            (true, _) => Which::Listening,
            (_, true) => Which::All,
            _ => Which::Connected,
        },
        kinds: if kinds.is_empty() { SocketKind::ALL.to_vec() } else { kinds },
        v6: if args.ipv4 || args.ipv6 { Some(args.ipv6) } else { None },
        sort: args.sort.map(order).or(filter.sort()),
        filter,
        info: args.info,
        json: args.json,
    }))
}

fn doctor(args: DoctorArgs, places: &Places) -> Resolved {
    let said = Settings { geo: args.geo, ..args.files.settings() };
    let settings = layered(said, args.files.config.as_deref(), places)?;
    Ok(Job::Doctor(Doctor {
        json: args.json,
        interfaces: args.interface,
        geo: geo(&settings, places),
        state: settings.state.unwrap_or_else(|| places.state.clone()),
        known_good: settings.known_good.unwrap_or_else(|| places.known_good.clone()),
    }))
}

fn known_good(args: KnownGoodArgs, places: &Places) -> Resolved {
    let settings = layered(args.files.settings(), args.files.config.as_deref(), places)?;
    let file = settings.known_good.unwrap_or_else(|| places.known_good.clone());
    let action = match args.action {
        KnownGoodAction::List { json } => KnownGood::List { json },
        KnownGoodAction::Add { what, expires, reason } => KnownGood::Add {
            scope: scope::read(&what).map_err(|why| Error::new("cannot add the mark", why))?,
            lasting: expires,
            reason: reason.map(|text| Label::new(&text)),
        },
        KnownGoodAction::Remove { ids } => KnownGood::Remove { ids: ids.iter().map(|id| Label::new(id)).collect() },
    };
    Ok(Job::KnownGood(file, action))
}

fn baseline(args: &BaselineArgs, places: &Places) -> Resolved {
    let settings = layered(args.files.settings(), args.files.config.as_deref(), places)?;
    let state = settings.state.unwrap_or_else(|| places.state.clone());
    let action = match args.action {
        BaselineAction::Show { json } => Baseline::Show { json },
        BaselineAction::Reset { yes } => Baseline::Reset { sure: yes },
    };
    Ok(Job::Baseline(state, action))
}
