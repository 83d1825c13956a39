package wfjson

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// ExactFloat reports whether a number that is decoded as a float64 is written with the same digits
// again, unless it has a fraction or an exponent.
func ExactFloat(n json.Number) bool {
	if strings.ContainsAny(string(n), ".eE") {
		return true
	}
	f, err := n.Float64()
	return err == nil && strconv.FormatFloat(f, 'f', -1, 64) == string(n)
}

// Inexact reports whether a decoded value has a float64 that may have been written with other
// digits.
func Inexact(value any) bool {
	switch v := value.(type) {
	case float64:
		return math.Abs(v) >= 1<<53 // from there on, float64 does not have every whole number
	case []any:
		return slices.ContainsFunc(v, Inexact)
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(v)), Inexact)
	}
	return false
}
