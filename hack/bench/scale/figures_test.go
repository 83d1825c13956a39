package main

import (
	"math"
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i) // of 100 to 1: it has to sort
	}
	for _, tt := range []struct {
		values []float64
		share  float64
		want   float64
	}{
		{hundred, 50, 50}, {hundred, 90, 90}, {hundred, 99, 99}, {hundred, 100, 100}, {hundred, 0, 1},
		{[]float64{7}, 99, 7}, {[]float64{3, 1, 2}, 50, 2}, {[]float64{2, 1}, 99, 2}, {[]float64{1, 2, 3}, 99, 3},
	} {
		if got := percentile(tt.values, tt.share); got != tt.want {
			t.Errorf("p%g of %v: %g, want %g", tt.share, tt.values, got, tt.want)
		}
	}
	if got := percentile([]time.Duration{}, 50); !math.IsNaN(got) {
		t.Errorf("of nothing: %g", got)
	}
}

func TestMedianOfWindows(t *testing.T) {
	w := windows{{rate: 5}, {rate: 1}, {rate: 900}}
	if got := w.of(func(m measured) float64 { return m.rate }); got != 5 {
		t.Errorf("%g", got)
	}
}

func TestUsageSince(t *testing.T) {
	before := usage{At: 1e9, CPU: 10, In: 100, Out: 1, Requests: 5, MostOpen: 1}
	after := usage{At: 3e9, CPU: 30, In: 500, Out: 101, Requests: 9, Failed: 2, Dialled: 3, Held: 1, MostOpen: 2}
	got := after.since(before)
	if got != (usage{At: 2e9, CPU: 20, In: 400, Out: 100, Requests: 4, Failed: 2, Dialled: 3, Held: 1, MostOpen: 2}) {
		t.Errorf("%+v", got)
	}
	if rate := got.perSecond(got.bytes()); rate != 250 {
		t.Errorf("%g bytes a second", rate)
	}
}

func TestTexts(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{kilobytes(7123), "7.12 KB"}, {megabytes(2.5e6), "2.50 MB"}, {milliseconds(1.5e6), "1.50 ms"}, {duration(3.7e9), "3.70 s"},
		{microseconds(1.5e6), "1500 µs"}, {cpuText(5e8), "50.0 % of one"}, {perSecond(megabytes)(1e6), "1.00 MB/s"}, {small(0.0001), "0.0001"},
		{grouped(7), "7"}, {grouped(1000), "1,000"}, {grouped(1234567), "1,234,567"}, {count(3), "3"}, {tenths(2.25), "2.2"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %s, want %s", tt.got, tt.want)
		}
	}
}
