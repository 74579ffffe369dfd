//! Small questions about text protocols.

/// The first line without its end, and whether the end was there.
pub(super) fn first_line(bytes: &[u8]) -> (&[u8], bool) {
    match bytes.iter().position(|&b| b == b'\n') {
        Some(end) => {
            let line = bytes.get(..end).unwrap_or(bytes);
            (line.strip_suffix(b"\r").unwrap_or(line), true)
        }
        None => (bytes, false),
    }
}

/// Whether what there is could be the beginning of one of the words, or begins with one.
pub(super) fn begins(bytes: &[u8], words: &[&[u8]]) -> Begins {
    let mut answer = Begins::No;
    for word in words {
        if bytes.starts_with(word) {
            return Begins::Yes;
        }
        if word.starts_with(bytes) {
            answer = Begins::Perhaps;
        }
    }
    answer
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begins {
    Yes,
    /// More bytes are needed to say.
    Perhaps,
    No,
}

/// Whether every byte is printable ASCII, a tab or the end of a line.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|&b| matches!(b, b'\t' | b'\r' | b'\n' | 0x20..=0x7e))
}

/// The value of a header such as `Host:` among lines that end in CRLF or LF; the name is given in lower case.
pub(super) fn header<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    headers(head).take(MOST_HEADERS).find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Names and values behind the first line, up to the blank one.
pub(super) fn headers(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let lines = head.split(|&b| b == b'\n').skip(1).take_while(|line| !matches!(line, [] | [b'\r']));
    lines.filter_map(|line| {
        let colon = line.iter().position(|&b| b == b':')?;
        let (key, value) = line.split_at(colon);
        Some((key, value.strip_prefix(b":")?.trim_ascii()))
    })
}

/// Lines of one head that are looked at.
const MOST_HEADERS: usize = 64;

/// Whether a text holds a word, written in small letters here, whatever its case there.
pub(super) fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

/// Whether a line is one of the commands, alone or with arguments, whatever its case.
pub(super) fn is_command(line: &[u8], commands: &[&[u8]]) -> bool {
    let word = line.split(|&b| b == b' ').next().unwrap_or(line);
    commands.iter().any(|command| word.eq_ignore_ascii_case(command))
}
