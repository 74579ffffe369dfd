//! Lowers byte expressions: which bytes, and the protocol checks that come with them.

use super::super::condition::{Base, Compare, Condition, Place, Test, Value};
use super::super::syntax::{Arith, Relation, Size};
use super::super::words::{Layer, Protocol, ethertype};
use super::Lowering;

/// Further than any packet reaches, and short of the offsets that mean something else to the kernel.
const FURTHEST: u32 = 1 << 24;

impl Lowering {
    pub(super) fn relation(&self, left: &Arith, relation: Relation, right: &Arith) -> Result<Condition, &'static str> {
        let mut parts = Vec::new();
        let (mut left, mut right) = (self.value(left, &mut parts)?, self.value(right, &mut parts)?);
        let mut relation = relation;
        // The machine compares a computed number with a constant; the other way round is turned about.
        if matches!((&left, &right), (Value::Const(_), other) if !matches!(other, Value::Const(_))) {
            (left, right) = (right, left);
            relation = match relation {
                Relation::Less => Relation::Greater,
                Relation::LessOrEqual => Relation::GreaterOrEqual,
                Relation::Greater => Relation::Less,
                Relation::GreaterOrEqual => Relation::LessOrEqual,
                same => same,
            };
        }
        let (compare, holds) = match relation {
            Relation::Equal => (Compare::Equal, true),
            Relation::NotEqual => (Compare::Equal, false),
            Relation::Greater => (Compare::Greater, true),
            Relation::LessOrEqual => (Compare::Greater, false),
            Relation::GreaterOrEqual => (Compare::GreaterOrEqual, true),
            Relation::Less => (Compare::GreaterOrEqual, false),
        };
        let test = Condition::Test(Test { left, compare, right });
        parts.push(if holds { test } else { test.negate() });
        Ok(Condition::All(parts))
    }

    /// The value, and in `checks` what must hold for its bytes to be what they are taken for.
    fn value(&self, arith: &Arith, checks: &mut Vec<Condition>) -> Result<Value, &'static str> {
        Ok(match arith {
            Arith::Number(number) => Value::Const(*number),
            Arith::Length => Value::Length,
            Arith::Negate(inner) => Value::Negate(Box::new(self.value(inner, checks)?)),
            Arith::Binary(math, left, right) => {
                let left = self.value(left, checks)?;
                Value::Binary(*math, Box::new(left), Box::new(self.value(right, checks)?))
            }
            Arith::Bytes { of, index, size } => {
                let index = self.value(index, checks)?;
                let place = self.place(of, *size, checks);
                match index {
                    Value::Const(index) if index > FURTHEST => return Err("no packet is that long"),
                    Value::Const(index) => after(place, index),
                    computed => Value::LoadAt(place, Box::new(computed)),
                }
            }
        })
    }

    /// Where a protocol's header begins.
    fn place(&self, of: &Protocol, size: Size, checks: &mut Vec<Condition>) -> Place {
        match of.layer {
            Layer::Link => Place { size, base: Base::Frame, at: 0 },
            Layer::Ether(number) => {
                checks.push(self.layers.is(number));
                self.layers.network_place(size)
            }
            Layer::Ip { number, v4: false, .. } => {
                checks.push(self.layers.is(ethertype::IP6));
                checks.push(self.ip6_carries(u32::from(number)));
                let place = self.layers.network_place(size);
                Place { at: place.at + 40, ..place }
            }
            Layer::Ip { number, .. } => {
                checks.push(self.layers.is(ethertype::IP));
                checks.push(self.ip4_carries(u32::from(number)));
                checks.push(self.has_transport());
                self.layers.after_ip4(size)
            }
        }
    }
}

/// The bytes `index` after a place.
pub(super) fn after(place: Place, index: u32) -> Value {
    Value::Load(Place { at: place.at + index, ..place })
}
