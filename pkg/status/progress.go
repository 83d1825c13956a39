package status

import (
	"fmt"
	"strconv"
	"strings"
)

// Progress counts the units of work of a node or workflow: pods, gates and HTTP calls,
// or what a pod reports of itself. The zero value means that nothing is known yet.
type Progress struct {
	Done, Total int64 // Total grows as a workflow unfolds
}

// ParseProgress reads Argo's form, "N/M" with 0 ≤ N ≤ M. It is the inverse of
// [Progress.String].
func ParseProgress(text string) (Progress, error) {
	done, total, ok := strings.Cut(text, "/")
	n, err1 := strconv.ParseInt(done, 10, 64)
	m, err2 := strconv.ParseInt(total, 10, 64)
	if !ok || err1 != nil || err2 != nil || n < 0 || n > m {
		return Progress{}, fmt.Errorf("%q is no progress of the form N/M with N at most M", abbreviated(text))
	}
	return Progress{Done: n, Total: m}, nil
}

// Fraction is how much is done, from 0 to 1; 0 where the total is not known.
func (p Progress) Fraction() float64 {
	if p.Total <= 0 {
		return 0
	}
	return float64(p.Done) / float64(p.Total)
}

// String gives Argo's form, "N/M".
func (p Progress) String() string {
	return strconv.FormatInt(p.Done, 10) + "/" + strconv.FormatInt(p.Total, 10)
}
