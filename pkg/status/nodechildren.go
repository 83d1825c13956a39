package status

import (
	"bytes"
	"fmt"
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
		ids = r.arena.list(count)[:0]
	}
	r.inner = scanner{buf: raw, hold: true}
	index := 0
	err := r.inner.items(1, func(at span) {
		switch id := r.inner.bytes(at); {
		case id[0] == '"':
			ids = append(ids, r.arena.intern(r.content("children", id)))
			r.children++
		case r.droppedCount < maxDropped:
			r.dropType("children["+strconv.Itoa(index)+"]", "a string", id)
		}
		index++
	})
	if err == nil && r.children > r.mostChildren() {
		err = tooManyChildren()
	}
	if index == 0 {
		ids = nil
	}
	return ids, err
}

// countItems counts the texts in a list, which are no more than there may be.
func (r *nodeReader) countItems(raw []byte) (count int, err error) {
	r.inner = scanner{buf: raw, hold: true}
	err = r.inner.items(1, func(at span) {
		if r.inner.bytes(at)[0] == '"' {
			count++
		}
	})
	if err == nil && r.children+count > r.mostChildren() {
		err = tooManyChildren()
	}
	return count, err
}

// mostChildren is how many children the nodes so far may have.
func (r *nodeReader) mostChildren() int { return fewChildren + r.offset()/childBytes }

func tooManyChildren() error {
	return fmt.Errorf("they have more children than one for each %d bytes", childBytes)
}
