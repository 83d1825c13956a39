package status

import (
	"strings"
	"testing"
)

func TestAllocatorSharesRecentStrings(t *testing.T) {
	a := newAllocator(0)
	group := []byte("w-3472938473")
	if allocations := testing.AllocsPerRun(100, func() { a.intern(group) }); allocations > 0 {
		t.Errorf("%v allocations for a string that it has", allocations)
	}
	long := []byte(strings.Repeat("x", 1<<20))
	for _, b := range [][]byte{nil, group, long, []byte("short")} {
		if got := a.copy(b); got != string(b) {
			t.Errorf("%.20q became %.20q", b, got)
		}
	}
}

func TestAllocatorMovesNothing(t *testing.T) {
	a := newAllocator(0)
	first, second := a.list(3), a.list(2)
	copy(first, []string{"a", "b", "c"})
	if _ = append(first, "d"); second[0] != "" {
		t.Error("lists overlap")
	}
	var nodes []*Node
	for i := range 3000 {
		n := a.node()
		n.start = uint32(i)
		nodes = append(nodes, n)
	}
	for i, n := range nodes {
		if n.start != uint32(i) {
			t.Fatalf("node %d was moved", i)
		}
	}
}
