package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// draw draws memory and processor against the number of waits. Its white background is readable on
// light and on dark pages.
func (f *findings) draw(path string) error {
	heap, err := f.panel("heap and stacks, MB", func(m measured) float64 { return m.memory.total() / mega })
	if err != nil {
		return err
	}
	cpu, err := f.panel("CPU, % of one", func(m measured) float64 { return cpuFigure().get(m) / second * 100 })
	if err != nil {
		return err
	}
	cpu.Legend = plot.NewLegend() // that of the other panel is enough
	canvas := vgsvg.New(24*vg.Centimeter, 9*vg.Centimeter)
	panels := [][]*plot.Plot{{heap, cpu}}
	const pad = 10 * vg.Millimeter / 2
	tiles := draw.Tiles{Rows: 1, Cols: 2, PadX: 2 * pad, PadTop: pad, PadBottom: pad, PadLeft: pad, PadRight: pad}
	whole := draw.New(canvas)
	whole.SetColor(heap.BackgroundColor)
	whole.Fill(whole.Rectangle.Path())
	for i, c := range plot.Align(panels, tiles, whole)[0] {
		panels[0][i].Draw(c)
	}
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	// Where the font is not installed, one like it.
	text := bytes.ReplaceAll(svg.Bytes(), []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,sans-serif;"))
	return os.WriteFile(path, text, 0o644)
}

// panel has a line for each way.
func (f *findings) panel(label string, get func(measured) float64) (*plot.Plot, error) {
	plot.DefaultFont.Variant = "Sans"
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = "workflows waited for", label
	p.Legend.Top, p.Legend.Left = true, true
	p.Add(plotter.NewGrid())
	var lines []any
	for _, way := range []struct{ name, label string }{
		{ours, "argoservice, with its waiters"}, {informer, informerName}, {polling, "polling Get"},
	} {
		var points plotter.XYs
		for _, at := range f.sizes {
			if y := at.windows[way.name].of(get); y > 0 { // the others have no logarithm
				points = append(points, plotter.XY{X: float64(at.workflows), Y: y})
			}
		}
		if len(points) > 0 {
			lines = append(lines, way.label, points)
		}
	}
	if err := plotutil.AddLinePoints(p, lines...); err != nil {
		return nil, err
	}
	for _, axis := range []*plot.Axis{&p.X, &p.Y} { // over whole decades
		axis.Scale, axis.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
		axis.Min, axis.Max = math.Pow10(int(math.Floor(math.Log10(axis.Min)))), math.Pow10(int(math.Ceil(math.Log10(axis.Max))))
	}
	return p, nil
}
