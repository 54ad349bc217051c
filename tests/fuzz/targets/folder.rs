//! Folders of text: whatever stands in a file, reading it ends, every complaint points at a place that is
//! there, and what is accepted is a whole configuration that can be laid over the built-in one.
#![no_main]

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use lockgate_flows::{Folder, Loaded, Lookups, Nobody, builtin, check, merge, render, to_annotations};
use lockgate_model::ObjectSet;
use std::{hint::black_box, sync::LazyLock};

static BELOW: LazyLock<Loaded> =
    LazyLock::new(|| builtin(&Nobody, &Nobody, DateTime::UNIX_EPOCH).expect("what ships is sound"));

fuzz_target!(|data: &[u8]| {
    let Some((flags, sent)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(sent) else { return };
    // Two files, where the text says so.
    let name = ["a.yaml", "a.rhai", "a.cedar"][usize::from(*flags) % 3];
    let (first, second) = text.split_once("\n####\n").unwrap_or((text, ""));
    let folder = Folder::of([(name, first), ("b.yaml", second)]);
    let lookups = Lookups {
        objects: &Nobody,
        directory: &Nobody,
        secrets: &Nobody,
        builtin: Some(&BELOW),
        now: DateTime::UNIX_EPOCH,
    };
    let checked = check(&folder, &lookups);
    for found in &checked.diagnostics {
        let lines = folder.files.iter().find(|f| *f.path == *found.span.file).map_or(0, |f| f.text.lines().count());
        assert!(found.span.line as usize <= lines.max(1), "{} points behind the end", found.span);
    }
    black_box((render(&checked.diagnostics), to_annotations(&checked.diagnostics, ".")));
    if checked.is_sound() {
        let merged = merge(Vec::new(), &BELOW, Some(&checked.loaded));
        ObjectSet::parse(merged.upserts, &|_| true).expect("what is accepted is whole");
    }
});
