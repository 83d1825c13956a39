package main

import (
	"math"
	"strconv"
)

// axis maps values to places in the picture, by their logarithms, over whole decades.
type axis struct {
	low, high  int     // powers of ten
	start, end float64 // their places
}

// newAxis makes an axis that has room for all values. Those that are not positive have no
// logarithm and don't count.
func newAxis(values []float64, start, end float64) axis {
	least, most := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if v > 0 {
			least, most = min(least, v), max(most, v)
		}
	}
	if least > most {
		least, most = 1, 1
	}
	a := axis{low: int(math.Floor(math.Log10(least))), high: int(math.Ceil(math.Log10(most))), start: start, end: end}
	if a.low == a.high {
		a.high++
	}
	return a
}

// place is where a positive value goes.
func (a axis) place(value float64) float64 {
	share := (math.Log10(value) - float64(a.low)) / float64(a.high-a.low)
	return a.start + share*(a.end-a.start)
}

// ticks are the powers of ten.
func (a axis) ticks() []float64 {
	var all []float64
	for power := a.low; power <= a.high; power++ {
		all = append(all, math.Pow10(power))
	}
	return all
}

// tickText writes a power of ten.
func tickText(value float64) string {
	if value < 1 {
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	return grouped(int(math.Round(value)))
}
