package status

import (
	"fmt"
	"strconv"
	"strings"
)

// Progress counts the units of work of a node or workflow: pods, gates and HTTP calls, or what a
// pod reports. The zero value means that nothing is known yet.
type Progress struct {
	Done, Total int64 // Total grows as a workflow unfolds
}

// ParseProgress parses Argo's notation, "N/M" with 0 ≤ N ≤ M. It is the inverse of
// [Progress.String].
func ParseProgress(text string) (Progress, error) {
	done, total, ok := strings.Cut(text, "/")
	n, err1 := strconv.ParseInt(done, 10, 64)
	m, err2 := strconv.ParseInt(total, 10, 64)
	if !ok || err1 != nil || err2 != nil || n < 0 || n > m {
		return Progress{}, fmt.Errorf("%q is not a progress of the form N/M with N at most M", abbreviated(text))
	}
	return Progress{Done: n, Total: m}, nil
}

// Fraction returns the part that is done, from 0 to 1. It is 0 if the total is not known.
func (p Progress) Fraction() float64 {
	if p.Total <= 0 {
		return 0
	}
	return float64(p.Done) / float64(p.Total)
}

// String returns Argo's notation, "N/M".
func (p Progress) String() string {
	return strconv.FormatInt(p.Done, 10) + "/" + strconv.FormatInt(p.Total, 10)
}
