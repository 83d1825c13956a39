package wfjson_test

import (
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
)

func TestMembersAndItems(t *testing.T) {
	var values [3][]byte
	err := wfjson.Members([]byte(`{"x":[{"a":1}], "a" : 2 ,"\u0062":{},"a":[ 3 ]}`), values[:], "a", "b", "c")
	if err != nil || string(values[0]) != "[ 3 ]" || string(values[1]) != "{}" || values[2] != nil {
		t.Errorf("%q, %v", values, err)
	}
	var items []string
	if err := wfjson.Items([]byte(`[1, "a" ,[2,3],{}]`), func(item []byte) { items = append(items, string(item)) }); err != nil {
		t.Error(err)
	}
	if !slices.Equal(items, []string{"1", `"a"`, "[2,3]", "{}"}) {
		t.Errorf("%q", items)
	}
}

func TestCheck(t *testing.T) {
	if err := wfjson.Check([]byte(` {"a":[1.5e3,"\u0061",null]} `)); err != nil {
		t.Error(err)
	}
	var syntax *wfjson.SyntaxError
	if err := wfjson.Check([]byte(`{"a":s3cret}`)); !errors.As(err, &syntax) || *syntax != (wfjson.SyntaxError{Offset: 5, Reason: "want a value"}) {
		t.Errorf("%v", err)
	}
	if err := wfjson.Check([]byte(`{"a":`)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
}

func TestUnquote(t *testing.T) {
	var scratch []byte
	for raw, want := range map[string]string{
		`""`: "", `"plain"`: "plain", `"\u0061\n\/"`: "a\n/", `"\ud83d\ude00"`: "😀", `"\ud83dx"`: "\uFFFDx", "\"\xff\"": "\uFFFD",
	} {
		if got := wfjson.Unquote([]byte(raw)); got != want {
			t.Errorf("%s: %q", raw, got)
		}
		if got := wfjson.UnquoteBytes([]byte(raw), &scratch); string(got) != want {
			t.Errorf("%s: %q", raw, got)
		}
	}
}
