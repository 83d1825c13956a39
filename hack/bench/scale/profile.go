package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
)

// profile writes a profile of the processor, and at the end one of memory, if the task asks for it.
func profile(t task) (finish func() error, err error) {
	if t.Profile == "" {
		return func() error { return nil }, nil
	}
	name := filepath.Join(t.Profile, fmt.Sprintf("%s-%d-%d", t.Way, t.Workflows, os.Getpid()))
	file, err := os.Create(name + ".cpu")
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, err
	}
	return func() error {
		pprof.StopCPUProfile()
		if err := file.Close(); err != nil {
			return err
		}
		heap, err := os.Create(name + ".heap")
		if err != nil {
			return err
		}
		if err := pprof.WriteHeapProfile(heap); err != nil {
			return err
		}
		return heap.Close()
	}, nil
}
