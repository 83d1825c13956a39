package opensearchtest

import (
	"encoding/json"
)

// aggregation is a number over documents; nil: there is none.
type aggregation func(documents []*document) any

func parseAggregations(text json.RawMessage) (map[string]aggregation, *problem) {
	if text == nil {
		return nil, nil
	}
	var given map[string]json.RawMessage
	if json.Unmarshal(text, &given) != nil {
		return nil, malformed("aggs must be an object")
	}
	all := map[string]aggregation{}
	for name, one := range given {
		kind, body, p := only(one, "an aggregation")
		if p != nil {
			return nil, p
		}
		fields, p := members(body, "an aggregation", "field")
		if p != nil {
			return nil, p
		}
		var field string
		if json.Unmarshal(fields["field"], &field) != nil {
			return nil, malformed("[%s] must have a field", name)
		}
		switch kind {
		case "max":
			all[name] = extreme(field, func(a, b float64) bool { return a > b })
		case "min":
			all[name] = extreme(field, func(a, b float64) bool { return a < b })
		case "value_count":
			all[name] = func(documents []*document) any {
				count := 0
				for _, d := range documents {
					count += len(d.values(field))
				}
				return count
			}
		default:
			return nil, unknown("the aggregation [%s]", kind)
		}
	}
	return all, nil
}

// extreme finds the number that is better than all others.
func extreme(field string, better func(a, b float64) bool) aggregation {
	return func(documents []*document) any {
		var best any
		for _, d := range documents {
			for _, value := range d.values(field) {
				number, ok := value.(json.Number)
				if !ok {
					continue
				}
				n, err := number.Float64()
				if err != nil {
					continue
				}
				if b, some := best.(float64); !some || better(n, b) {
					best = n
				}
			}
		}
		return best
	}
}
