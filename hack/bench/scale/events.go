package main

import (
	"bytes"
	"strconv"
)

// mostHead is how much of an event is looked at: its metadata comes first.
const mostHead = 4 << 10

// eventReader finds out which events pass in the bytes of a watch, one to a line.
type eventReader struct {
	stamps *stamps
	head   []byte // of the event that is coming
}

// read looks at the bytes that have just come.
func (r *eventReader) read(b []byte) {
	for len(b) > 0 {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			r.add(b)
			return
		}
		r.add(b[:end])
		if index, version, ok := identify(r.head); ok {
			r.stamps.arrived(index, version)
		}
		r.head = r.head[:0]
		b = b[end+1:]
	}
}

func (r *eventReader) add(b []byte) {
	r.head = append(r.head, b[:min(len(b), mostHead-len(r.head))]...)
}

// identify finds a workflow's number and version in its JSON. The API server writes the members of an
// object by their names, so that what is in metadata comes before any text of spec and status, and
// "managedFields", whose keys begin with "f:", before "name".
func identify(object []byte) (index int, version uint64, ok bool) {
	name, found := member(object, `"name":"`+namePrefix, len(namePrefix))
	if !found {
		return 0, 0, false
	}
	index, err := indexOf(name)
	if err != nil {
		return 0, 0, false
	}
	version, ok = versionOf(object)
	return index, version, ok
}

// versionOf finds the version in the JSON of an object.
func versionOf(object []byte) (uint64, bool) {
	text, found := member(object, `"resourceVersion":"`, 0)
	if !found {
		return 0, false
	}
	version, err := strconv.ParseUint(string(text), 10, 64)
	return version, err == nil
}

// member is the text after a key, of which keep bytes are the text's beginning.
func member(object []byte, key string, keep int) ([]byte, bool) {
	at := bytes.Index(object, []byte(key))
	if at < 0 {
		return nil, false
	}
	text := object[at+len(key)-keep:]
	end := bytes.IndexByte(text, '"')
	if end < 0 {
		return nil, false
	}
	return text[:end], true
}
