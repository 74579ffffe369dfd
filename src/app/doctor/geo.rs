//! Databases of networks and countries: what was found, and how to get one.

use crate::cli::job::Geo;
use crate::geo::Described;
use crate::geo::Networks;
use crate::geo::find::find;
use crate::report::checks::{Check, Status};
use crate::snapshot::format;

const PART: &str = "geo";
/// A free database of each kind that needs no account (DB-IP Lite, CC BY 4.0).
const GET: &str = "sudo mkdir -p /usr/share/GeoIP; for one in asn country; do curl -fL \
                   https://download.db-ip.com/free/dbip-$one-lite-$(date +%Y-%m).mmdb.gz | gunzip | sudo tee \
                   /usr/share/GeoIP/dbip-$one-lite.mmdb >/dev/null; done    (CC BY 4.0; or geoipupdate, with MaxMind's key)";

/// One line for each file, and one for what no file gives.
pub(super) fn checks(wanted: &Geo) -> Vec<Check> {
    let networks = match wanted {
        Geo::Named(files) if files.is_empty() => {
            return vec![Check::new(PART, "", Status::Fine, "off: rows have no network and no country")];
        }
        Geo::Named(files) => match Networks::open(files) {
            Ok(networks) => networks,
            Err(error) => {
                let found = format!("{}: {}", error.what, error.why);
                return vec![Check::new(PART, "", Status::Broken, found).fix(GET)];
            }
        },
        Geo::Found(places) => find(places),
    };
    let mut checks: Vec<Check> = networks.sources().map(found).collect();
    checks.extend(networks.refused().iter().map(|error| {
        Check::new(PART, "", Status::Reduced, format!("{}: {}", error.what, error.why)).fix("replace or delete it")
    }));
    let has = |of: fn(&Described) -> bool| networks.sources().any(of);
    let missing = match (has(|one| one.has_systems), has(|one| one.has_countries)) {
        (true, true) => return checks,
        (true, false) => "no database of countries: the column country stays empty",
        (false, true) => "no database of autonomous systems: the columns asn and as_name stay empty",
        (false, false) => "no database of networks: the columns asn, as_name and country stay empty",
    };
    checks.push(Check::new(PART, "", Status::Reduced, missing).fix(GET));
    checks
}

fn found(one: &Described) -> Check {
    let gives = match (one.has_systems, one.has_countries) {
        (true, true) => "autonomous systems and countries",
        (true, false) => "autonomous systems",
        (false, true) => "countries",
        (false, false) => "neither autonomous systems nor countries that are known here",
    };
    let built = one.built.map_or_else(String::new, |at| format!(", built {}", at.to_string().get(..10).unwrap_or("-")));
    let text = format!("{}{built}, {} in memory: {gives}", one.kind, format::bytes(one.bytes));
    Check::new(PART, one.path.display().to_string(), Status::Fine, text)
}
