package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestConfig(t *testing.T) {
	c, err := parseConfig(nil, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.sizes, []int{100, 1000, 10000}) || c.rate != 200 || c.interval != 5*time.Second {
		t.Errorf("%+v", c)
	}
	if c.windowsAt(10000) != 3 || c.windowsAt(100) != fewWindows {
		t.Errorf("%d and %d windows", c.windowsAt(10000), c.windowsAt(100))
	}
}

func TestShortConfig(t *testing.T) {
	c, err := parseConfig([]string{"--graph", "docs/images/scale.svg", "--short"}, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	if c.graph != "" || !slices.Equal(c.sizes, []int{20, 60}) || c.windows != 1 || !c.short {
		t.Errorf("it would overwrite the published graph, or take long: %+v", c)
	}
}

func TestConfigRefusesWhatIsWrong(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"--sizes 10,x", `"x" is no number from 1 to 100000`},
		{"--sizes 0", `"0" is no number`},
		{"--sizes 100001", `"100001" is no number`},
		{"--sizes 100,100", "have to ascend"},
		{"--sizes 100,10", "have to ascend"},
		{"--windows 0", "--windows"},
		{"--window 0s", "--window"},
		{"--poll -1s", "--poll"},
		{"--warm-up 0s", "--warm-up"},
		{"--rate 0", "--rate"},
		{"--rate 10001", "--rate"},
		{"--colour", "not defined"},
		{"more", `"more"`},
	} {
		var out bytes.Buffer
		if _, err := parseConfig(strings.Fields(tt.args), &out); err == nil || !strings.Contains(out.String(), tt.want) {
			t.Errorf("%s: %v, want %q in %q", tt.args, err, tt.want, out.String())
		}
	}
}
