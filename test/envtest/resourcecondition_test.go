package envtest

import (
	"cmp"
	"fmt"
	"testing"
)

func TestConditions(t *testing.T) {
	object := map[string]any{
		"data": map[string]any{"state": "working", "a-b": "x"},
		"status": map[string]any{
			"succeeded": int64(2), "ratio": 0.5, "ready": true, "nothing": nil,
			"conditions": []any{map[string]any{"type": "Complete", "status": "True"}},
			"counts":     map[string]any{"n": int64(1)},
		},
	}
	for _, next := range []struct {
		success, failure string
		done             bool
		err              string
	}{
		{done: true},
		{success: "data.state == working", done: true},
		{success: "data.state = working", done: true},
		{success: "data.state == done"},
		{success: "data.state != done", done: true},
		{success: "data.other != done", done: true}, // like a label selector
		{success: "data.a-b == x", done: true},
		{success: "data.state in (working, done)", done: true},
		{success: "data.state notin (working, done)"},
		{success: "data.state", done: true},
		{success: "!data.state"},
		{success: "!data.other", done: true},
		{success: "data.other"},
		{success: "status.succeeded > 1", done: true},
		{success: "status.succeeded > 2"},
		{success: "status.succeeded < 3", done: true},
		{success: "data.state > 1"}, // not a number
		{success: "status.ratio == 0.5", done: true},
		{success: "status.ready == true", done: true},
		{success: "status.nothing", done: true},
		{success: "status.nothing.more"},
		{success: "status.conditions.0.type == Complete", done: true},
		{success: "status.conditions.1.type"},
		{success: "status.conditions.x"},
		{success: "status.counts.n == 1", done: true},
		{success: "data.state == working, status.succeeded == 2", done: true},
		{success: "data.state == working, status.succeeded == 3"}, // all parts are needed
		{failure: "data.state == done", done: true},               // an object that doesn't fail succeeds
		{failure: "data.state == working", err: "failure condition '{data.state == [working]}' evaluated true"},
		{failure: "data.state == done, status.ready", err: "failure condition '{status.ready exists []}' evaluated true"}, // one part is enough
		{success: "data.state == working", failure: "data.state in (working, failed)",
			err: "failure condition '{data.state in [failed working]}' evaluated true"},
		{success: "data.state == done", failure: "data.state == failed"},
	} {
		t.Run(next.success+";"+next.failure, func(t *testing.T) {
			c, err := parseConditions(&resourceSpec{SuccessCondition: next.success, FailureCondition: next.failure})
			if err != nil {
				t.Fatal(err)
			}
			done, err := c.check(object)
			if done != next.done || fmt.Sprint(err) != cmp.Or(next.err, "<nil>") {
				t.Errorf("got %v, %v; want %v, %q", done, err, next.done, next.err)
			}
		})
	}
}

func TestConditionsRefused(t *testing.T) {
	for _, next := range []struct {
		spec resourceSpec
		want string
	}{
		{resourceSpec{SuccessCondition: "a b"}, "success condition 'a b' failed to parse: "},
		{resourceSpec{FailureCondition: "a == b == c"}, "fail condition 'a == b == c' failed to parse: "},
		{resourceSpec{SuccessCondition: "a > b"}, "success condition 'a > b' failed to parse: "},
	} {
		_, err := parseConditions(&next.spec)
		expectPrefix(t, err, next.want)
	}
}

func TestFieldThatIsAnObjectIsItsJSON(t *testing.T) {
	fields := objectFields{"a": map[string]any{"b": []any{int64(1), "x"}}}
	if got := fields.Get("a"); got != `{"b":[1,"x"]}` {
		t.Error(got)
	}
	if fields.Has("a.b.2") || !fields.Has("a.b.1") || fields.Has("a.b.-1") || fields.Has("") {
		t.Error("has what it hasn't, or hasn't what it has")
	}
}
