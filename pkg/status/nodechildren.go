package status

import (
	"bytes"
	"strconv"
)

func (r *nodeReader) readChildren(raw []byte) ([]string, error) {
	if len(raw) == 0 || raw[0] == 'n' {
		return nil, nil
	}
	if raw[0] != '[' {
		r.dropType("children", "a list", raw)
		return nil, nil
	}
	ids := []string{}
	// At most that many, or fewer if there are escapes.
	if count := bytes.Count(raw, []byte{'"'}) / 2; count > 0 {
		const many = 1 << 12
		if count > many {
			var err error
			if count, err = r.countItems(raw); err != nil {
				return nil, err
			}
		}
		if r.heavy(childWeight * count) {
			return nil, errHeavy
		}
		ids = r.arena.list(count)[:0]
	}
	r.inner = scanner{buf: raw, hold: true}
	index := 0
	err := r.inner.items(1, func(at span) {
		switch id := r.inner.bytes(at); {
		case id[0] == '"':
			ids = append(ids, r.arena.intern(r.content("children", id)))
		case r.droppedCount < maxDropped:
			r.dropType("children["+strconv.Itoa(index)+"]", "a string", id)
		}
		index++
	})
	if index == 0 {
		ids = nil
	}
	return ids, err
}

// countItems counts the texts in a list.
func (r *nodeReader) countItems(raw []byte) (count int, err error) {
	r.inner = scanner{buf: raw, hold: true}
	err = r.inner.items(1, func(at span) {
		if r.inner.bytes(at)[0] == '"' {
			count++
		}
	})
	return count, err
}
