package main

import (
	"fmt"
	"html"
	"strings"
)

// chart is panels side by side, which share a legend.
type chart struct {
	title  string
	panels []panel
}

type panel struct {
	xLabel, yLabel string
	series         []series
}

type series struct {
	name   string
	points []point
}

type point struct{ x, y float64 }

// The picture's measures.
const (
	panelWidth, panelHeight = 440.0, 330.0
	marginLeft, marginRight = 70.0, 20.0
	marginTop, marginBottom = 60.0, 56.0
	marker                  = 4.5
)

// style has colours for light and dark pages. Lines differ by dashes and markers too.
const style = `<style>
text{font:13px system-ui,sans-serif;fill:#1f2328}
.grid{stroke:#d0d7de;stroke-width:1}
.line{fill:none;stroke-width:2}
.s0{stroke:#0969da}.s1{stroke:#bc4c00;stroke-dasharray:7 4}.s2{stroke:#1a7f37;stroke-dasharray:2 4}
.m0{fill:#0969da}.m1{fill:#bc4c00}.m2{fill:#1a7f37}
@media(prefers-color-scheme:dark){
text{fill:#e6edf3}.grid{stroke:#3d444d}
.s0{stroke:#58a6ff}.s1{stroke:#f0883e}.s2{stroke:#56d364}
.m0{fill:#58a6ff}.m1{fill:#f0883e}.m2{fill:#56d364}
}
</style>
`

// svg draws the chart. There is no background, so that it takes the page's.
func (c chart) svg() string {
	var b strings.Builder
	width := panelWidth * float64(len(c.panels))
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" role="img" aria-label="%s">`+"\n",
		width, panelHeight, html.EscapeString(c.title))
	b.WriteString(style)
	c.legend(&b)
	for i, p := range c.panels {
		p.draw(&b, panelWidth*float64(i))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// legend is above the panels.
func (c chart) legend(b *strings.Builder) {
	text(b, marginLeft, 18, "start", c.title)
	if len(c.panels) == 0 {
		return
	}
	const width = 250.0
	for i, s := range c.panels[0].series {
		x, y := marginLeft+width*float64(i), 40.0
		fmt.Fprintf(b, `<path class="line s%d" d="M%g %gh34"/>`+"\n", i, x, y-4)
		mark(b, i, x+17, y-4)
		text(b, x+42, y, "start", s.name)
	}
}

func (p panel) draw(b *strings.Builder, left float64) {
	var xs, ys []float64
	for _, s := range p.series {
		for _, pt := range s.points {
			xs, ys = append(xs, pt.x), append(ys, pt.y)
		}
	}
	x := newAxis(xs, left+marginLeft, left+panelWidth-marginRight)
	y := newAxis(ys, panelHeight-marginBottom, marginTop)
	for _, tick := range x.ticks() {
		fmt.Fprintf(b, `<path class="grid" d="M%.1f %gV%g"/>`+"\n", x.place(tick), y.start, y.end)
		text(b, x.place(tick), y.start+18, "middle", tickText(tick))
	}
	for _, tick := range y.ticks() {
		fmt.Fprintf(b, `<path class="grid" d="M%g %.1fH%g"/>`+"\n", x.start, y.place(tick), x.end)
		text(b, x.start-8, y.place(tick)+4, "end", tickText(tick))
	}
	text(b, (x.start+x.end)/2, y.start+42, "middle", p.xLabel)
	fmt.Fprintf(b, `<text transform="translate(%g %g) rotate(-90)" text-anchor="middle">%s</text>`+"\n",
		left+16, (y.start+y.end)/2, html.EscapeString(p.yLabel))
	for i, s := range p.series {
		s.draw(b, i, x, y)
	}
}

func (s series) draw(b *strings.Builder, number int, x, y axis) {
	var path, marks strings.Builder
	step := "M"
	for _, pt := range s.points {
		if !(pt.x > 0 && pt.y > 0) {
			continue // no place on these axes
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", step, x.place(pt.x), y.place(pt.y))
		mark(&marks, number, x.place(pt.x), y.place(pt.y))
		step = "L"
	}
	if path.Len() > 0 {
		fmt.Fprintf(b, `<path class="line s%d" d="%s"/>`+"\n", number, path.String())
		b.WriteString(marks.String())
	}
}

// mark draws the marker of a series: a circle, a square, or a triangle.
func mark(b *strings.Builder, number int, x, y float64) {
	switch number {
	case 0:
		fmt.Fprintf(b, `<circle class="m0" cx="%.1f" cy="%.1f" r="%g"/>`+"\n", x, y, marker)
	case 1:
		fmt.Fprintf(b, `<rect class="m1" x="%.1f" y="%.1f" width="%g" height="%g"/>`+"\n", x-marker, y-marker, 2*marker, 2*marker)
	default:
		fmt.Fprintf(b, `<path class="m%d" d="M%.1f %.1fl%g %gh%gz"/>`+"\n", number, x, y-marker, marker, 2*marker, -2*marker)
	}
}

func text(b *strings.Builder, x, y float64, anchor, label string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", x, y, anchor, html.EscapeString(label))
}
