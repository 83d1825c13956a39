package main

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestLedgerMatchesEnds(t *testing.T) {
	l := newLedger()
	l.wrote("10", writtenEnd{index: 1, answered: 100}) // before the window
	l.report(End{Index: 2, Version: "11", Arrived: 190, Reported: 220})
	l.wrote("11", writtenEnd{index: 2, answered: 200, counted: true}) // reported before it was answered
	l.wrote("12", writtenEnd{index: 3, answered: 300, counted: true})
	if l.open() != 2 {
		t.Errorf("%d open", l.open())
	}
	l.report(End{Index: 1, Version: "10", Arrived: 101, Reported: 102})
	l.report(End{Index: 3, Version: "12", Reported: 290})
	d, err := l.delays()
	slices.Sort(d.fromAnswer)
	if err != nil || !slices.Equal(d.fromArrival, []time.Duration{30}) || !slices.Equal(d.fromAnswer, []time.Duration{-10, 20}) {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestLedgerFindsWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		reports []End
		want    string
	}{
		{[]End{{Index: 1, Version: "10"}, {Index: 1, Version: "10"}}, "reported twice"},
		{[]End{{Index: 1, Version: "9"}}, "bulk-load-00001 was reported to have ended in version 9"},
		{[]End{{Index: 2, Version: "10"}}, "bulk-load-00002 was reported to have ended in version 10"},
	} {
		l := newLedger()
		l.wrote("10", writtenEnd{index: 1, counted: true})
		for _, e := range tt.reports {
			l.report(e)
		}
		if _, err := l.delays(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v, want %q", err, tt.want)
		}
	}
}

func TestLedgerSettles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLedger()
		l.wrote("1", writtenEnd{})
		if err := l.settle(t.Context(), time.Minute); err == nil || !strings.Contains(err.Error(), "1 ends were not reported within 1m0s") {
			t.Error(err)
		}
		time.AfterFunc(time.Second, func() { l.report(End{Version: "1"}) })
		if err := l.settle(t.Context(), time.Minute); err != nil {
			t.Error(err)
		}
	})
}
