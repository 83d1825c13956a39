package main

import (
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func tallies() []tally {
	return []tally{
		{
			title: "10 %", wanted: 10, started: split{kubectl: 16, native: 4}, calls: split{kubectl: 65, native: 17},
			shadow: legacy.ShadowCounts{Agreed: 55, Differed: 1, Changed: 2, Failed: 3, Dropped: 5}, accounts: accounts{ended: 18, running: 6, duplicated: 7, lost: 8},
		},
		{title: "nothing"},
	}
}

func TestTallyText(t *testing.T) {
	want := `   workflows  kubectl 16  native 4  10 % wanted, 20 % got
   calls      kubectl 65  native 17
   compared   55 agreed, 1 differed, 2 changed meanwhile, 3 failed, 5 dropped
   accounts   20 started, 18 ended, 6 running, 7 duplicated, 8 lost`
	if got := tallies()[0].text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTable(t *testing.T) {
	lines := strings.Split(strings.TrimRight(table(tallies()), "\n"), "\n")
	if len(lines) != 4 {
		t.Fatalf("%q", lines)
	}
	for i, want := range []string{
		"workflows calls compared",
		"phase wanted got kubectl native kubectl native agreed differed ended duplicated lost",
		"10 % 10 % 20 % 16 4 65 17 55 1 18 7 8",
		"nothing 0 % 0 % 0 0 0 0 0 0 0 0 0",
	} {
		if got := strings.Join(strings.Fields(lines[i]), " "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if strings.Index(lines[0], "workflows")+len("workflows") != strings.Index(lines[1], "kubectl")+len("kubectl") {
		t.Errorf("the groups are not above their columns:\n%s", strings.Join(lines, "\n"))
	}
	if len([]rune(lines[1])) != len([]rune(lines[2])) {
		t.Errorf("the columns are not aligned:\n%s", strings.Join(lines, "\n"))
	}
}

func TestCounts(t *testing.T) {
	c := tallies()[0].shadow
	if total(c) != 66 || total(minus(c, c)) != 0 || minus(c, legacy.ShadowCounts{Agreed: 5}).Agreed != 50 {
		t.Errorf("%d, %+v", total(c), minus(c, c))
	}
	for r, want := range map[legacy.Rollout]float64{
		{Percent: 10}: 10, {Percent: 10, Force: workflow.BackendNative}: 100, {Percent: 10, Force: workflow.BackendKubectl}: 0,
	} {
		if got := wanted(r); got != want {
			t.Errorf("%+v: %g, want %g", r, got, want)
		}
	}
}
