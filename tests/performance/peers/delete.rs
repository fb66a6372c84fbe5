// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

//! Rust: deletes each path. With --time, prints the nanoseconds that took.

use std::{env, fs, io, time::Instant};

fn main() -> io::Result<()> {
    let mut paths: Vec<_> = env::args_os().skip(1).collect();
    let timed = paths.first().map_or(false, |first| first.to_str() == Some("--time"));
    if timed {
        paths.remove(0);
    }

    let start = Instant::now();
    for path in &paths {
        fs::remove_dir_all(path)?;
    }
    if timed {
        println!("{}", start.elapsed().as_nanos());
    }
    Ok(())
}
