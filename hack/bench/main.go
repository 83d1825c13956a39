// Command bench measures this library beside Argo's own module.
package main

import (
	"fmt"
	"os"
	"testing"
)

func main() {
	u, err := bigObject()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	fmt.Println("ours", testing.Benchmark(func(b *testing.B) { benchmark(b, u, decodeOurs) }))
	fmt.Println("argo", testing.Benchmark(func(b *testing.B) { benchmark(b, u, decodeArgo) }))
}
