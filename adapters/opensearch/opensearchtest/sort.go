package opensearchtest

import (
	"encoding/json"
)

// sortKey is one thing to sort by.
type sortKey struct {
	field      string
	descending bool
}

// parseSort reads a key or a list of keys; none: in no order that is promised.
func parseSort(text json.RawMessage) ([]sortKey, *problem) {
	if text == nil {
		return nil, nil
	}
	var list []json.RawMessage
	if json.Unmarshal(text, &list) != nil {
		list = []json.RawMessage{text}
	}
	keys := make([]sortKey, len(list))
	for i, one := range list {
		if json.Unmarshal(one, &keys[i].field) == nil {
			continue
		}
		field, how, p := only(one, "sort")
		if p != nil {
			return nil, p
		}
		if inner, p := members(how, "sort", "order"); p == nil {
			how = inner["order"]
		}
		var order string
		if json.Unmarshal(how, &order) != nil || order != "asc" && order != "desc" {
			return nil, unknown("the order %s of [%s]", how, field)
		}
		keys[i] = sortKey{field: field, descending: order == "desc"}
	}
	return keys, nil
}

// shardDoc is the place of a document in all shards; there is only one.
const shardDoc = "_shard_doc"

func (k sortKey) byPlace() bool { return k.field == "_doc" || k.field == shardDoc }

// value is a document's value for the key; nil: none.
func (k sortKey) value(d *document) any {
	if k.byPlace() {
		return d.number
	}
	if values := d.values(k.field); len(values) > 0 {
		return values[0]
	}
	return nil
}

// compare puts documents without a value last.
func (k sortKey) compare(a, b *document) int {
	if k.byPlace() {
		return int(a.number - b.number)
	}
	x, y := k.value(a), k.value(b)
	switch {
	case x == nil && y == nil:
		return 0
	case x == nil:
		return 1
	case y == nil:
		return -1
	}
	order, _ := compare(x, y)
	if k.descending {
		return -order
	}
	return order
}
