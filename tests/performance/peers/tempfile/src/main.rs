// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

//! Creates and closes COUNT directories of FILES files in DIRECTORY, one after the other, with the
//! crate `tempfile`. Prints the nanoseconds that the creations and the closes took, without the
//! files.

use std::{env, fs::File, io, path::Path, time::Duration, time::Instant};

fn create_close(parent: &Path, files: u32) -> io::Result<Duration> {
    let start = Instant::now();
    let directory = tempfile::TempDir::new_in(parent)?;
    let mut elapsed = start.elapsed();

    for i in 0..files {
        File::options()
            .write(true)
            .create_new(true)
            .open(directory.path().join(format!("file-{i:06}")))?;
    }

    let start = Instant::now();
    directory.close()?;
    elapsed += start.elapsed();
    Ok(elapsed)
}

fn main() -> io::Result<()> {
    let arguments: Vec<_> = env::args().collect();
    let parent = Path::new(&arguments[1]);
    let count: u32 = arguments[2].parse().expect("COUNT is a number");
    let files: u32 = arguments[3].parse().expect("FILES is a number");
    let mut elapsed = Duration::ZERO;

    create_close(parent, files)?;
    for _ in 0..count {
        elapsed += create_close(parent, files)?;
    }
    println!("{}", elapsed.as_nanos());
    Ok(())
}
