package main

import (
	"bytes"
	"image/color"
	"math"
	"os"

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
	plot.DefaultFont.Variant = "Sans"
	canvas := vgsvg.New(24*vg.Centimeter, 9*vg.Centimeter)
	whole := draw.New(canvas)
	whole.SetColor(color.White)
	whole.Fill(whole.Path())
	const pad = 5 * vg.Millimeter
	tiles := draw.Tiles{Rows: 1, Cols: 2, PadX: pad, PadTop: pad, PadBottom: pad, PadLeft: pad, PadRight: pad}
	for column, panel := range []struct {
		label string
		figure
	}{{"heap and stacks, MB", memoryFigure()}, {"CPU, % of one", cpuFigure()}} {
		p, err := f.panel(panel.label, panel.figure)
		if err != nil {
			return err
		}
		if column > 0 {
			p.Legend = plot.NewLegend() // one is enough
		}
		p.Draw(tiles.At(whole, column, 0))
	}
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return err
	}
	// If the font is not installed, a similar one is used.
	text := bytes.ReplaceAll(svg.Bytes(), []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,sans-serif;"))
	return os.WriteFile(path, text, 0o644)
}

// panel has a line for each way.
func (f *findings) panel(label string, fig figure) (*plot.Plot, error) {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = "workflows waited for", label
	p.Legend.Top, p.Legend.Left, p.Legend.Padding = true, true, vg.Points(4)
	p.Add(plotter.NewGrid())
	var lines []any
	for _, way := range []struct{ name, label string }{
		{ours, "argoservice, with its waiters"}, {informer, informerName}, {polling, "polling Get"},
	} {
		var points plotter.XYs
		for _, at := range f.sizes {
			if y := at.windows[way.name].of(fig.get); y > 0 { // the others have no logarithm
				points = append(points, plotter.XY{X: float64(at.workflows), Y: y / fig.unit})
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
