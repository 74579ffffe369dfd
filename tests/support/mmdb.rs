//! Makes MaxMind DB files (format 2.0): a binary tree over address bits, a data section, metadata.

use std::net::IpAddr;

use ipnet::IpNet;

pub(crate) enum Value {
    Text(String),
    U32(u32),
    Map(Vec<(String, Self)>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

pub(crate) fn map(pairs: &[(&str, Value)]) -> Value {
    fn copy(value: &Value) -> Value {
        match value {
            Value::Text(text) => Value::Text(text.clone()),
            Value::U32(n) => Value::U32(*n),
            Value::Map(pairs) => Value::Map(pairs.iter().map(|(key, value)| (key.clone(), copy(value))).collect()),
        }
    }
    Value::Map(pairs.iter().map(|(key, value)| ((*key).to_owned(), copy(value))).collect())
}

fn control(out: &mut Vec<u8>, kind: u8, size: usize) {
    assert!(size < 285);
    let (bits, more) = if size < 29 { (size as u8, None) } else { (29, Some((size - 29) as u8)) };
    if kind < 8 {
        out.push(kind << 5 | bits);
    } else {
        out.extend([bits, kind - 7]);
    }
    out.extend(more);
}

fn write(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Text(text) => {
            control(out, 2, text.len());
            out.extend(text.as_bytes());
        }
        Value::U32(n) => {
            control(out, 6, 4);
            out.extend(n.to_be_bytes());
        }
        Value::Map(pairs) => {
            control(out, 7, pairs.len());
            for (key, value) in pairs {
                write(out, &Value::Text(key.clone()));
                write(out, value);
            }
        }
    }
}

/// What a branch of the tree leads to.
#[derive(Clone, Copy)]
enum Branch {
    Nothing,
    Node(usize),
    Data(usize),
}

pub(crate) struct Builder {
    kind: String,
    nodes: Vec<[Branch; 2]>,
    data: Vec<u8>,
    v4_only: bool,
}

impl Builder {
    pub(crate) fn new(kind: &str) -> Self {
        Self { kind: kind.to_owned(), nodes: vec![[Branch::Nothing; 2]], data: Vec::new(), v4_only: false }
    }

    /// A tree of IPv4 addresses alone; before anything is added.
    pub(crate) fn v4(mut self) -> Self {
        self.v4_only = true;
        self
    }

    pub(crate) fn add(mut self, net: &str, value: &Value) -> Self {
        let net: IpNet = net.parse().unwrap();
        // IPv4 addresses are the first 2^32 of a tree of IPv6 addresses.
        let (bits, depth) = match (net.addr(), self.v4_only) {
            (IpAddr::V4(ip), true) => (u128::from(u32::from(ip)) << 96, net.prefix_len()),
            (IpAddr::V4(ip), false) => (u128::from(u32::from(ip)), net.prefix_len() + 96),
            (IpAddr::V6(ip), _) => (u128::from(ip), net.prefix_len()),
        };
        let leaf = Branch::Data(self.data.len());
        write(&mut self.data, value);
        let mut node = 0;
        for level in 0..depth {
            let side = (bits >> (127 - level) & 1) as usize;
            if level + 1 == depth {
                self.nodes[node][side] = leaf;
                break;
            }
            node = match self.nodes[node][side] {
                Branch::Node(next) => next,
                Branch::Nothing => {
                    self.nodes.push([Branch::Nothing; 2]);
                    let next = self.nodes.len() - 1;
                    self.nodes[node][side] = Branch::Node(next);
                    next
                }
                Branch::Data(_) => panic!("networks may not overlap"),
            };
        }
        self
    }

    /// Makes the file larger by data that nothing leads to.
    pub(crate) fn pad(mut self, bytes: usize) -> Self {
        self.data.resize(self.data.len() + bytes, 0x40);
        self
    }

    pub(crate) fn build(self) -> Vec<u8> {
        let count = self.nodes.len();
        let mut out = Vec::new();
        for branch in self.nodes.iter().flatten() {
            let record = match branch {
                Branch::Nothing => count,
                Branch::Node(next) => *next,
                Branch::Data(at) => count + 16 + at,
            } as u32;
            out.extend(&record.to_be_bytes()[1..]);
        }
        out.extend([0; 16]);
        out.extend(&self.data);
        out.extend(b"\xab\xcd\xefMaxMind.com");
        let mut meta = Vec::new();
        control(&mut meta, 7, 9);
        let mut pair = |key: &str, kind: u8, bytes: &[u8]| {
            write(&mut meta, &key.into());
            control(&mut meta, kind, bytes.len());
            meta.extend(bytes);
        };
        pair("node_count", 6, &(count as u32).to_be_bytes());
        pair("record_size", 5, &24_u16.to_be_bytes());
        pair("ip_version", 5, &(if self.v4_only { 4_u16 } else { 6 }).to_be_bytes());
        pair("database_type", 2, self.kind.as_bytes());
        pair("languages", 11, &[]);
        pair("binary_format_major_version", 5, &2_u16.to_be_bytes());
        pair("binary_format_minor_version", 5, &0_u16.to_be_bytes());
        // The first second of 2026.
        pair("build_epoch", 9, &1_767_225_600_u64.to_be_bytes());
        pair("description", 7, &[]);
        out.extend(meta);
        out
    }
}
