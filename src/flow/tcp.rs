//! The state of a TCP connection as the packets of both ends show it (RFC 9293 §3.3.2, seen from outside).

use crate::model::packet::tcp_flag::{ACK, FIN, RST, SYN};
use crate::model::{Side, TcpState};

use super::record::{Record, bit};

/// Flags that always mean something for the state.
pub(super) const NOTABLE: u8 = FIN | SYN | RST;

/// What a segment meant for the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing that counts.
    Went,
    /// A new connection on these ends; `by` opened it.
    Opened { by: Side },
}

/// Takes a segment from `sender` into account.
pub(super) fn step(record: &mut Record, sender: Side, flags: u8, is_new: bool) -> Step {
    if flags & RST != 0 {
        let was_live = !matches!(record.state, TcpState::None | TcpState::Closed);
        if was_live || is_new {
            record.state = TcpState::Reset;
        }
        return Step::Went;
    }
    if flags & SYN != 0 {
        return handshake(record, sender, flags & ACK != 0);
    }
    if flags & FIN != 0 {
        record.bits |= if sender == Side::First { bit::FIN_FIRST } else { bit::FIN_SECOND };
        let both = record.is(bit::FIN_FIRST) && record.is(bit::FIN_SECOND);
        record.state = if both { TcpState::Closed } else { TcpState::FinWait };
        return Step::Went;
    }
    match record.state {
        TcpState::SynReceived if sender == record.opener() => record.state = TcpState::Established,
        // Seen from the middle, or the SYN-ACK was missed.
        TcpState::None => record.state = TcpState::Established,
        TcpState::SynSent if sender != record.opener() => record.state = TcpState::Established,
        _ => {}
    }
    Step::Went
}

fn handshake(record: &mut Record, sender: Side, is_answer: bool) -> Step {
    let by = if is_answer { sender.other() } else { sender };
    let is_repeat = match record.state {
        TcpState::SynSent => !is_answer && record.opener() == by,
        TcpState::SynReceived => true,
        TcpState::Established | TcpState::FinWait => is_answer,
        _ => false,
    };
    if is_repeat {
        return Step::Went;
    }
    let answers_open = is_answer && record.state == TcpState::SynSent && record.opener() == by;
    record.state = if is_answer { TcpState::SynReceived } else { TcpState::SynSent };
    if answers_open {
        return Step::Went;
    }
    record.bits &= !(bit::FIN_FIRST | bit::FIN_SECOND | bit::OPENED_BY_SECOND);
    record.bits |= bit::HANDSHAKE | if by == Side::Second { bit::OPENED_BY_SECOND } else { 0 };
    Step::Opened { by }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Side::{First, Second};
    use TcpState::{Closed, Established, FinWait, Reset, SynReceived, SynSent};

    #[test]
    fn follows_connections() {
        // Segments as (sender, flags), the state after the last, and how often it was opened.
        type Case = (&'static [(Side, u8)], TcpState, u32);
        let cases: &[Case] = &[
            (&[(First, SYN)], SynSent, 1),
            (&[(First, SYN), (First, SYN)], SynSent, 1),
            (&[(First, SYN), (Second, SYN | ACK)], SynReceived, 1),
            (&[(First, SYN), (Second, SYN | ACK), (First, ACK)], Established, 1),
            (&[(First, SYN), (Second, SYN | ACK), (First, ACK), (Second, FIN | ACK)], FinWait, 1),
            (&[(First, SYN), (Second, SYN | ACK), (Second, FIN | ACK), (First, FIN | ACK), (Second, ACK)], Closed, 1),
            (&[(First, SYN), (Second, RST | ACK)], Reset, 1),
            (&[(First, ACK)], Established, 0),
            (&[(Second, SYN | ACK)], SynReceived, 1),
            (&[(First, SYN), (Second, RST | ACK), (First, SYN)], SynSent, 2),
            (&[(First, SYN), (Second, SYN | ACK), (First, ACK), (First, SYN)], SynSent, 2),
        ];
        for (segments, state, opened) in cases {
            let mut record = Record::EMPTY;
            let mut count = 0;
            for (at, (sender, flags)) in segments.iter().enumerate() {
                if let Step::Opened { .. } = step(&mut record, *sender, *flags, at == 0) {
                    count += 1;
                }
            }
            assert_eq!((record.state, count), (*state, *opened), "{segments:?}");
        }
    }

    #[test]
    fn knows_the_opener_from_the_answer_alone() {
        let mut record = Record::EMPTY;
        assert_eq!(step(&mut record, First, SYN | ACK, true), Step::Opened { by: Second });
        assert_eq!(record.opener(), Second);
    }
}
