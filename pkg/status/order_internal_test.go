package status

import "testing"

func TestCompareNatural(t *testing.T) {
	ascending := []string{
		"", "load", "load(0:a)", "load(1:a)", "load(2:2)", "load(10:2)", "load(10:10)", "load(10:10).x", "load1", "load1b", "load2", "load12", "load12b", "load100", "loaf", "z0", "z00", "z0b",
	}
	for i, a := range ascending {
		for j, b := range ascending {
			got := compareNatural(a, b)
			if want := min(1, max(-1, i-j)); got != want {
				t.Errorf("compare %q with %q: %d, want %d", a, b, got, want)
			}
		}
	}
	for _, same := range [][2]string{{"a01", "a1"}, {"a007b2", "a7b02"}} {
		if c := compareNatural(same[0], same[1]); c != 0 {
			t.Errorf("compare %q with %q: %d", same[0], same[1], c)
		}
	}
}
