package opensearch

import (
	"runtime"
	"strings"
	"testing"
)

// A large error message takes no more memory than a part of it, and the cut shows no part of a
// secret.
func TestLargeReasons(t *testing.T) {
	const secret, size = "0123456789abcdef", 8 << 20
	s := &sent{}
	s.secret(secret)
	for _, before := range []int{0, mostHidden - 15, mostHidden - 1, mostHidden} {
		text := strings.Repeat("x", before) + secret + strings.Repeat("y", size)
		var hidden string
		var start, end runtime.MemStats
		runtime.ReadMemStats(&start)
		hidden = s.hide(text, mostHidden)
		runtime.ReadMemStats(&end)
		if took := end.TotalAlloc - start.TotalAlloc; took > 2<<20 || strings.Contains(hidden, "0") {
			t.Errorf("%d before it: %d MiB, ends with %.20q", before, took>>20, hidden[len(hidden)-20:])
		}
	}
}
