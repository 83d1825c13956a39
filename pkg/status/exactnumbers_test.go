package status_test

import (
	"encoding/json"
	"reflect"
	"testing"
)

type loose struct {
	Any  any
	List [2]any
	promoted
	Map     map[string]struct{ Any any }
	Pointer *loose
	Number  json.Number
	Float   float64
	Own     keeping
}

type promoted struct{ Inner any }

// keeping reads itself, with numbers as it likes them.
type keeping struct{ any }

func (k *keeping) UnmarshalJSON([]byte) error {
	k.any = json.Number("3")
	return nil
}

// An integer keeps its digits in a value of type any, and every other number is a float64.
func TestDecodeKeepsTheDigitsOfIntegers(t *testing.T) {
	const large = json.Number("9007199254740993")
	for _, tc := range []struct {
		into  func(string) (any, error)
		value string
		want  any
	}{
		{into[any], "9007199254740993", large}, {into[any], "-9007199254740993", "-" + large}, {into[any], "9007199254740992", float64(1 << 53)},
		{into[any], "0.12345678901234567", 0.12345678901234567}, {into[any], "123456789012345678901234567890", json.Number("123456789012345678901234567890")},
		{into[any], "9007199254740993 x", "9007199254740993 x"}, {into[any], `"9007199254740993"`, "9007199254740993"},
		{into[map[string]any], `{"a":9007199254740993,"b":[3,null,{"c":4}]}`, map[string]any{"a": large, "b": []any{3.0, nil, map[string]any{"c": 4.0}}}},
		{into[[]any], "[9007199254740993,1.5]", []any{large, 1.5}},
		{into[*map[string]any], `{"a":9007199254740993}`, &map[string]any{"a": large}},
		{into[int64], "9007199254740993", int64(9007199254740993)}, {into[float64], "9007199254740993", float64(9007199254740992)},
		{
			into[loose],
			`{"Any":9007199254740993,"List":[1,9007199254740993],"Inner":2,"Map":{"m":{"Any":3}},"Pointer":{"Any":4},"Number":5,"Float":6,"Own":7}`,
			loose{
				Any: large, List: [2]any{1.0, large}, promoted: promoted{2.0}, Map: map[string]struct{ Any any }{"m": {3.0}},
				Pointer: &loose{Any: 4.0}, Number: "5", Float: 6, Own: keeping{json.Number("3")},
			},
		},
	} {
		got, err := tc.into(tc.value)
		if err != nil || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%q into %T: %#v, %v; want %#v", tc.value, tc.want, got, err, tc.want)
		}
	}
	for _, value := range []string{"[9007199254740993,1e999]", `{"a":9007199254740993}{}`} {
		if got, err := into[[]any](value); err == nil {
			t.Errorf("%q is %v", value, got)
		}
	}
}
