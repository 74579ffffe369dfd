//! Names of containers, from the files that their runtimes keep; no daemon is asked.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::cgroup::{Container, Runtime};
use crate::model::Label;

/// Containers whose name is remembered.
const REMEMBERED: usize = 4096;
/// How much of an id stands for a container without a name: as the runtimes' own lists show it.
const SHORT: usize = 12;
/// A runtime's file that is larger than this is not read.
const LARGEST: u64 = 1 << 22;

/// Names of containers by their ids.
#[derive(Debug)]
pub struct Containers {
    root: PathBuf,
    names: HashMap<String, Label>,
}

impl Default for Containers {
    fn default() -> Self {
        Self::below(Path::new("/"))
    }
}

impl Containers {
    pub fn below(root: &Path) -> Self {
        Self { root: root.to_owned(), names: HashMap::new() }
    }

    /// The name its runtime gave it, `pod/name` in a pod, else the beginning of its id.
    pub fn name(&mut self, container: &Container) -> Label {
        if let Some(name) = self.names.get(&container.id) {
            return name.clone();
        }
        let name = self.look_up(container).unwrap_or_else(|| container.id.chars().take(SHORT).collect());
        let name = Label::new(&name);
        if self.names.len() >= REMEMBERED {
            self.names.clear();
        }
        self.names.insert(container.id.clone(), name.clone());
        name
    }

    fn look_up(&self, container: &Container) -> Option<String> {
        let id = container.id.as_str();
        match container.runtime {
            Runtime::Lxc | Runtime::Nspawn => Some(id.to_owned()),
            Runtime::Docker => self.docker(id),
            Runtime::Podman => self.podman(id),
            Runtime::Containerd => self.containerd(id).or_else(|| self.docker(id)),
            Runtime::Crio => self.crio(id),
            Runtime::Other => self.containerd(id).or_else(|| self.crio(id)).or_else(|| self.docker(id)),
        }
    }

    fn json(&self, path: &str) -> Option<Value> {
        let path = self.root.join(path.trim_start_matches('/'));
        let is_small = fs::metadata(&path).ok()?.len() <= LARGEST;
        serde_json::from_slice(&fs::read(path).ok().filter(|_| is_small)?).ok()
    }

    /// Docker writes `"Name": "/web"`; in a pod (dockershim) the name holds the pod's.
    fn docker(&self, id: &str) -> Option<String> {
        let config = self.json(&format!("/var/lib/docker/containers/{id}/config.v2.json"))?;
        Some(config.get("Name")?.as_str()?.trim_start_matches('/').to_owned()).filter(|name| !name.is_empty())
    }

    /// Podman lists all its containers in one file.
    fn podman(&self, id: &str) -> Option<String> {
        let list = self.json("/var/lib/containers/storage/overlay-containers/containers.json")?;
        let one = list.as_array()?.iter().find(|one| one.get("id").and_then(Value::as_str) == Some(id))?;
        Some(one.get("names")?.get(0)?.as_str()?.to_owned())
    }

    /// containerd keeps the OCI bundle of each task, by namespace.
    fn containerd(&self, id: &str) -> Option<String> {
        ["k8s.io", "default", "moby"].iter().find_map(|namespace| {
            let path = format!("/run/containerd/io.containerd.runtime.v2.task/{namespace}/{id}/config.json");
            let config = self.json(&path)?;
            annotated(&config, "io.kubernetes.cri.sandbox-name", "io.kubernetes.cri.container-name")
                .or_else(|| Some(config.pointer("/annotations/nerdctl~1name")?.as_str()?.to_owned()))
        })
    }

    fn crio(&self, id: &str) -> Option<String> {
        let path = format!("/run/containers/storage/overlay-containers/{id}/userdata/config.json");
        annotated(&self.json(&path)?, "io.kubernetes.pod.name", "io.kubernetes.container.name")
    }
}

/// `pod/name` from the annotations of an OCI bundle.
fn annotated(config: &Value, pod: &str, name: &str) -> Option<String> {
    let annotations = config.get("annotations")?;
    let text = |key: &str| annotations.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    match (text(pod), text(name)) {
        (Some(pod), Some(name)) => Some(format!("{pod}/{name}")),
        (pod, name) => name.or(pod).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(runtime: Runtime, id: &str) -> Container {
        Container { runtime, id: id.to_owned(), pod: None }
    }

    #[test]
    fn reads_the_files_of_the_runtimes() {
        let root = tempfile::tempdir().unwrap();
        let files = [
            ("var/lib/docker/containers/d1/config.v2.json", r#"{"ID":"d1","Name":"/web"}"#),
            (
                "var/lib/containers/storage/overlay-containers/containers.json",
                r#"[{"id":"x","names":["y"]},{"id":"p1","names":["db"]}]"#,
            ),
            (
                "run/containerd/io.containerd.runtime.v2.task/k8s.io/c1/config.json",
                r#"{"annotations":{"io.kubernetes.cri.container-name":"app","io.kubernetes.cri.sandbox-name":"shop-7"}}"#,
            ),
            (
                "run/containerd/io.containerd.runtime.v2.task/default/n1/config.json",
                r#"{"annotations":{"nerdctl/name":"cache"}}"#,
            ),
            (
                "run/containers/storage/overlay-containers/o1/userdata/config.json",
                r#"{"annotations":{"io.kubernetes.container.name":"api","io.kubernetes.pod.name":"pay-1"}}"#,
            ),
            ("var/lib/docker/containers/bad/config.v2.json", "{\"Name\":"),
        ];
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let mut containers = Containers::below(root.path());
        for (runtime, id, name) in [
            (Runtime::Docker, "d1", "web"),
            (Runtime::Podman, "p1", "db"),
            (Runtime::Containerd, "c1", "shop-7/app"),
            (Runtime::Containerd, "n1", "cache"),
            (Runtime::Other, "o1", "pay-1/api"),
            (Runtime::Crio, "o1", "pay-1/api"),
            (Runtime::Lxc, "web1", "web1"),
            (Runtime::Docker, "bad", "bad"),
            (Runtime::Docker, "0123456789abcdef", "0123456789ab"),
        ] {
            assert_eq!(containers.name(&container(runtime, id)).as_str(), name, "{runtime:?} {id}");
        }
    }

    #[test]
    fn remembers_a_bounded_number() {
        let mut containers = Containers::below(Path::new("/nonexistent"));
        for n in 0..REMEMBERED * 2 {
            containers.name(&container(Runtime::Docker, &n.to_string()));
        }
        assert!(containers.names.len() <= REMEMBERED);
    }
}
