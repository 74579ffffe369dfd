//! Values as people say them, the same in a flag, in the configuration and in an `.iftoprc`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use ipnet::IpNet;

use crate::filter::{nearest, seconds};
use crate::model::Rungs;
use crate::snapshot::{FIELDS, Field, Grouping, field};

use super::job::{Backend, Counting, LineDisplay, PortDisplay, Speed, Theme};

/// Something that can be read from what a person wrote.
pub(super) trait Said: Sized {
    fn said(text: &str) -> Result<Self, String>;
}

/// For clap, which wants a function.
pub(super) fn said<T: Said>(text: &str) -> Result<T, String> {
    T::said(text)
}

impl Said for String {
    fn said(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl Said for PathBuf {
    fn said(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("a path is missing".to_owned()) } else { Ok(Self::from(text)) }
    }
}

impl Said for bool {
    fn said(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "yes" | "true" | "on" | "1" => Ok(true),
            "no" | "false" | "off" | "0" => Ok(false),
            _ => Err(format!("`{text}` is neither yes nor no")),
        }
    }
}

impl Said for usize {
    fn said(text: &str) -> Result<Self, String> {
        let n = text.parse::<Self>().ok().ok_or_else(|| format!("`{text}` is not a whole number"))?;
        if n == 0 { Err("it must be at least 1".to_owned()) } else { Ok(n) }
    }
}

impl Said for Duration {
    fn said(text: &str) -> Result<Self, String> {
        let seconds = seconds(text).ok_or_else(|| format!("`{text}` is not a span of time, such as 10s, 5m or 24h"))?;
        Self::try_from_secs_f64(seconds).ok().ok_or_else(|| format!("`{text}` is too long"))
    }
}

/// Which databases of networks and countries to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Geo(pub Vec<PathBuf>);

impl Said for Geo {
    fn said(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self(Vec::new()));
        }
        let files = Vec::<PathBuf>::said(text)?;
        if files.is_empty() { Err("name a file, or write off".to_owned()) } else { Ok(Self(files)) }
    }
}

/// Several, with commas between.
impl<T: Said> Said for Vec<T> {
    fn said(text: &str) -> Result<Self, String> {
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(T::said).collect()
    }
}

/// A network: `10.0.0.0/8`, `10.0.0.0/255.0.0.0` as iftop has it, or one address.
impl Said for IpNet {
    fn said(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a network, such as 10.0.0.0/8 or 2001:db8::/32");
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(Self::from(ip));
        }
        if let Ok(net) = text.parse::<Self>() {
            return Ok(net);
        }
        let (ip, mask) = text.split_once('/').ok_or_else(wrong)?;
        let address = |text: &str| text.parse::<IpAddr>().ok().ok_or_else(wrong);
        let (ip, mask) = (address(ip)?, address(mask)?);
        if ip.is_ipv4() != mask.is_ipv4() {
            return Err(wrong());
        }
        Self::with_netmask(ip, mask).ok().ok_or_else(wrong)
    }
}

/// The upper end of the bar scale, in bits per second: `10M`, `1G`, `100Mbit`, `12MB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bandwidth(pub u64);

impl Said for Bandwidth {
    fn said(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a bandwidth, such as 10M, 1G (bits per second) or 100MB (bytes)");
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (digits, unit) = text.split_at(end);
        let number = f64::from_str(digits).ok().filter(|n| n.is_finite()).ok_or_else(wrong)?;
        let (prefix, bits) = match unit.strip_suffix('B') {
            Some(prefix) => (prefix, 8.0),
            None => (["bits", "bit", "bps", "b"].iter().find_map(|s| unit.strip_suffix(s)).unwrap_or(unit), 1.0),
        };
        let factor = match prefix.to_ascii_lowercase().as_str() {
            "" => 1.0,
            "k" => 1e3,
            "m" => 1e6,
            "g" => 1e9,
            "t" => 1e12,
            _ => return Err(wrong()),
        };
        let limit = number * factor * bits;
        if limit >= 1.0 { Ok(Self(limit as u64)) } else { Err("it must be at least 1 bit per second".to_owned()) }
    }
}

impl Said for Speed {
    fn said(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let factor = text.strip_suffix('x').unwrap_or(text);
        let factor = f64::from_str(factor).ok().filter(|n| n.is_finite() && *n > 0.0);
        factor.map(Self::Times).ok_or_else(|| format!("`{text}` is not a speed, such as 1, 10 or max"))
    }
}

/// A way to find owners, by its name; `none` is no way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rung(pub Rungs);

impl Said for Rung {
    fn said(text: &str) -> Result<Self, String> {
        let rung = if text == "none" { Some(Rungs::NONE) } else { Rungs::named(text) };
        let names = || Rungs::NAMES.map(|(name, _)| name).join(", ");
        let wrong = || format!("`{text}` is none of {}, none", names());
        rung.map(Self).ok_or_else(wrong)
    }
}

/// A column: the id of a field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column(pub &'static Field);

impl Said for Column {
    fn said(text: &str) -> Result<Self, String> {
        // What iftop calls the columns it can be sorted by.
        let id = match text {
            "2s" => "out2",
            "10s" => "out10",
            "40s" => "out40",
            "source" => "src",
            "destination" => "dst",
            id => id,
        };
        field(id).map(Self).ok_or_else(|| match nearest(text, FIELDS.iter().map(|field| field.id)) {
            Some(meant) => format!("there is no column `{text}`; did you mean `{meant}`?"),
            None => format!("there is no column `{text}`; `egret --help` lists them"),
        })
    }
}

impl Said for Grouping {
    fn said(text: &str) -> Result<Self, String> {
        Self::named(text).ok_or_else(|| one_of(text, &Self::ALL.map(Self::id)))
    }
}

macro_rules! words {
    ($($type:ty),*) => {$(
        impl Said for $type {
            fn said(text: &str) -> Result<Self, String> {
                <Self as ValueEnum>::from_str(text, true).ok().ok_or_else(|| {
                    let all: Vec<String> = Self::value_variants()
                        .iter()
                        .filter_map(|one| one.to_possible_value().map(|value| value.get_name().to_owned()))
                        .collect();
                    one_of(text, &all)
                })
            }
        }
    )*};
}

words!(Backend, Counting, LineDisplay, PortDisplay, Theme);

fn one_of<T: AsRef<str>>(text: &str, all: &[T]) -> String {
    let list = all.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    match nearest(text, all.iter().map(AsRef::as_ref)) {
        Some(meant) => format!("`{text}` is none of {list}; did you mean `{meant}`?"),
        None => format!("`{text}` is none of {list}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bandwidth_is_in_bits_unless_it_says_bytes() {
        let cases =
            [("10M", 10_000_000), ("1G", 1_000_000_000), ("100Mbit", 100_000_000), ("1MB", 8_000_000), ("9", 9)];
        for (text, bits) in cases {
            assert_eq!(Bandwidth::said(text), Ok(Bandwidth(bits)), "{text}");
        }
        for text in ["", "M", "10X", "0", "-1", "1e999"] {
            assert!(Bandwidth::said(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_network_may_have_a_dotted_mask() {
        for text in ["10.0.0.0/8", "10.0.0.0/255.0.0.0"] {
            assert_eq!(IpNet::said(text).unwrap().to_string(), "10.0.0.0/8");
        }
        assert_eq!(IpNet::said("::1").unwrap().to_string(), "::1/128");
        for text in ["10.0.0.0/33", "10/8", "example.com", "10.0.0.0/255.0.255.0", "::/255.0.0.0"] {
            assert!(IpNet::said(text).is_err(), "{text}");
        }
    }

    #[test]
    fn iftop_names_of_columns_are_understood() {
        for (text, id) in [("2s", "out2"), ("10s", "out10"), ("40s", "out40"), ("source", "src"), ("score", "score")] {
            assert_eq!(Column::said(text).unwrap().0.id, id);
        }
        assert!(Column::said("scoer").unwrap_err().contains("did you mean `score`?"));
    }

    #[test]
    fn words_of_a_list_say_what_the_list_is() {
        assert_eq!(Theme::said("dark"), Ok(Theme::Dark));
        assert!(Theme::said("drak").unwrap_err().contains("did you mean `dark`?"));
        assert_eq!(Speed::said("10x"), Ok(Speed::Times(10.0)));
        assert!(Speed::said("0").is_err() && Speed::said("fast").is_err());
        assert_eq!(bool::said("YES"), Ok(true));
        assert!(bool::said("maybe").is_err());
    }
}
