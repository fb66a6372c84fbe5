// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Go: deletes each path. With --time, prints the nanoseconds that took.
package main

import (
	"fmt"
	"log"
	"os"
	"time"
)

func main() {
	paths := os.Args[1:]
	timed := len(paths) > 0 && paths[0] == "--time"
	if timed {
		paths = paths[1:]
	}

	start := time.Now()
	for _, path := range paths {
		if err := os.RemoveAll(path); err != nil {
			log.Fatal(err)
		}
	}
	if timed {
		fmt.Println(time.Since(start).Nanoseconds())
	}
}
