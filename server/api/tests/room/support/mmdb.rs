//! Makes databases in MaxMind's format that know one network, as the format's specification (version 2.0)
//! describes it: a search tree, what it leads to, and what it is.

use serde_json::{Value, json};
use std::net::Ipv4Addr;

/// Stands between the data and what the database is.
const MARKER: &[u8] = b"\xAB\xCD\xEFMaxMind.com";

/// A database that says `data` of an IPv4 network, and knows nothing else.
pub(crate) fn database(network: Ipv4Addr, bits: u32, data: &Value) -> Vec<u8> {
    let mut file = Vec::new();
    for bit in 0..bits {
        // A record is the next node, or "nothing" (the number of nodes), or data, behind both.
        let onwards = if bit + 1 == bits { bits + 16 } else { bit + 1 };
        let is_set = network.to_bits() >> (31 - bit) & 1 == 1;
        for record in if is_set { [bits, onwards] } else { [onwards, bits] } {
            file.extend_from_slice(&record.to_be_bytes()[1..]);
        }
    }
    file.extend([0; 16]);
    encode(data, &mut file);
    file.extend_from_slice(MARKER);
    let about = json!({
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1,
        "database_type": "Test", "description": {"en": "Test"}, "ip_version": 4, "languages": ["en"],
        "node_count": bits, "record_size": 24,
    });
    encode(&about, &mut file);
    file
}

fn encode(value: &Value, file: &mut Vec<u8>) {
    match value {
        Value::Object(map) => {
            control(7, map.len(), file);
            for (key, value) in map {
                encode(&json!(key), file);
                match key.as_str() {
                    // The only numbers of other sizes, all of them about the database.
                    "binary_format_major_version" | "binary_format_minor_version" | "ip_version" | "record_size" => {
                        number(5, 2, value, file);
                    }
                    "build_epoch" => number(9, 8, value, file),
                    _ => encode(value, file),
                }
            }
        }
        Value::Array(list) => {
            control(11, list.len(), file);
            list.iter().for_each(|value| encode(value, file));
        }
        Value::String(text) => {
            control(2, text.len(), file);
            file.extend_from_slice(text.as_bytes());
        }
        Value::Number(number) if number.is_f64() => {
            control(3, 8, file);
            file.extend_from_slice(&number.as_f64().expect("a number").to_be_bytes());
        }
        Value::Number(_) => number(6, 4, value, file),
        other => panic!("{other} has no form here"),
    }
}

/// A whole number of so many bytes.
fn number(kind: u8, size: usize, value: &Value, file: &mut Vec<u8>) {
    control(kind, size, file);
    let bytes = value.as_u64().expect("a number").to_be_bytes();
    file.extend_from_slice(&bytes[8 - size..]);
}

/// Type and size of what follows.
fn control(kind: u8, size: usize, file: &mut Vec<u8>) {
    let size = u8::try_from(size).expect("small things");
    let (short, more) = if size < 29 { (size, None) } else { (29, Some(size - 29)) };
    match kind {
        1..=7 => file.push(kind << 5 | short),
        kind => file.extend([short, kind - 7]),
    }
    file.extend(more);
}
