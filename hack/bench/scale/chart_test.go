package main

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestAxis(t *testing.T) {
	for _, tt := range []struct {
		values    []float64
		low, high int
	}{
		{[]float64{100, 1000, 10000}, 2, 4},
		{[]float64{0.3, 42}, -1, 2},
		{[]float64{5}, 0, 1},
		{[]float64{10}, 1, 2},
		{[]float64{0, -3, math.NaN(), 20}, 1, 2},
		{nil, 0, 1},
	} {
		a := newAxis(tt.values, 300, 60)
		if a.low != tt.low || a.high != tt.high {
			t.Errorf("%v: from 10^%d to 10^%d", tt.values, a.low, a.high)
		}
	}
	a := newAxis([]float64{1, 100}, 300, 100)
	for value, want := range map[float64]float64{1: 300, 10: 200, 100: 100} {
		if got := a.place(value); math.Abs(got-want) > 1e-9 {
			t.Errorf("%g at %g, want %g", value, got, want)
		}
	}
	if ticks := a.ticks(); !slices.Equal(ticks, []float64{1, 10, 100}) {
		t.Errorf("%v", ticks)
	}
	for value, want := range map[float64]string{0.01: "0.01", 1: "1", 10000: "10,000"} {
		if got := tickText(value); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestChartIsWellFormedAndComplete(t *testing.T) {
	text := findingsOf(1).graph(200).svg()
	decoder := xml.NewDecoder(strings.NewReader(text))
	elements := map[string]int{}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			elements[e.Name.Local]++
		}
	}
	// Of each series a point for each size in both panels, and one in the legend.
	if elements["circle"] != 7 || elements["rect"] != 7 {
		t.Errorf("%v", elements)
	}
	for _, want := range []string{"prefers-color-scheme:dark", "workflows waited for", "heap and stacks, MB", "CPU, % of one", "10,000", informerName} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
}

func TestChartLeavesOutWhatHasNoPlace(t *testing.T) {
	c := chart{panels: []panel{{series: []series{{name: "a<b", points: []point{{0, 1}, {10, 0}, {10, math.NaN()}}}}}}}
	text := c.svg()
	if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") || strings.Contains(text, "a<b") {
		t.Error(text)
	}
}
