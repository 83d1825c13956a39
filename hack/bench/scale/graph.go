package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// graph has memory and processor against the number of waits.
func (f *findings) graph(changes int) chart {
	xLabel := "workflows waited for"
	heap := panel{xLabel: xLabel, yLabel: "heap and stacks, MB"}
	cpu := panel{xLabel: xLabel, yLabel: "CPU, % of one"}
	for _, way := range []struct{ name, label string }{
		{ours, "argoservice, with its waiters"}, {informer, informerName}, {polling, "polling Get"},
	} {
		inMemory, inCPU := series{name: way.label}, series{name: way.label}
		for _, at := range f.sizes {
			w, x := at.windows[way.name], float64(at.workflows)
			inMemory.points = append(inMemory.points, point{x, w.of(heapFigure().get) * x / 1e6})
			inCPU.points = append(inCPU.points, point{x, w.of(cpuFigure().get) / float64(time.Second) * 100})
		}
		heap.series, cpu.series = append(heap.series, inMemory), append(cpu.series, inCPU)
	}
	return chart{
		title:  fmt.Sprintf("What it takes to wait for many workflows, at %d changes a second", changes),
		panels: []panel{heap, cpu},
	}
}

func (f *findings) writeGraph(path string, changes int) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(f.graph(changes).svg()), 0o644)
}
