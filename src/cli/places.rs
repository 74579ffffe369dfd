//! Where files are: by the user, the environment and the directories the XDG specification names.

use std::env;
use std::fs;
use std::path::PathBuf;

use etcetera::BaseStrategy;

/// Where geoipupdate, distributions and people put databases of networks and countries.
const DATABASES: &[&str] = &["/usr/share/GeoIP", "/var/lib/GeoIP", "/usr/local/share/GeoIP"];

/// Who runs the program and where their files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Configuration files that are read when they exist, the most general first.
    pub configs: Vec<PathBuf>,
    pub state: PathBuf,
    pub known_good: PathBuf,
    /// Directories in which databases of networks and countries are looked for.
    pub geo: Vec<PathBuf>,
    /// Users whose configuration is trusted besides root's: ours, and the one who called sudo.
    pub who: Vec<u32>,
}

impl Places {
    /// Of this process.
    pub fn find() -> Self {
        let user = effective_uid();
        let home = etcetera::base_strategy::Xdg::new().ok();
        let ours = home.as_ref().map(|xdg| xdg.config_dir().join("egret"));
        let system = PathBuf::from("/etc/egret");
        let state = match (user, &home) {
            (Some(0), _) | (_, None) => PathBuf::from("/var/lib/egret"),
            (_, Some(xdg)) => xdg.state_dir().unwrap_or_else(|| xdg.home_dir().join(".local/state")).join("egret"),
        };
        let policy = match (user, &ours) {
            (Some(0), _) | (_, None) => &system,
            (_, Some(ours)) => ours,
        };
        let known_good = policy.join("known-good.toml");
        let configs = [Some(system), ours].into_iter().flatten().map(|dir| dir.join("config.toml")).collect();
        let sudo = env::var("SUDO_UID").ok().and_then(|uid| uid.parse().ok()).filter(|_| user == Some(0));
        // systemd gives a service its directory.
        let state = env::var_os("STATE_DIRECTORY").map_or(state, PathBuf::from);
        let own = home.as_ref().map(|xdg| xdg.data_dir().join("egret"));
        let geo = own.into_iter().chain(DATABASES.iter().map(PathBuf::from)).collect();
        Self { configs, state, known_good, geo, who: user.into_iter().chain(sudo).collect() }
    }
}

/// The user whose rights the process has. Not the owner of `/proc/self`: that is root for a program with capabilities.
fn effective_uid() -> Option<u32> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_absolute_and_our_own_user_is_trusted() {
        let places = Places::find();
        assert!(places.configs.iter().chain([&places.state, &places.known_good]).all(|path| path.is_absolute()));
        assert_eq!(places.who.first().copied(), effective_uid());
    }
}
