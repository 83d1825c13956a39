// Command bench measures this library beside Argo's own module.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/leash"
)

func main() {
	leash.Main()
	ctx := context.Background()
	s, err := newScene(ctx, os.Args[1], func(step string) { fmt.Fprintln(os.Stderr, step) })
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	defer s.cluster.Stop()
	rows, err := s.measureGet(ctx)
	fmt.Println(err)
	more, err := s.measureStart(ctx)
	fmt.Println(err)
	writeTable(os.Stdout, append(rows, more...))
}
