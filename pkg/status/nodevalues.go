package status

import (
	"bytes"
	"encoding/binary"
	"time"
	"unicode/utf8"
)

// read reads a node of the usual form; where it is not, r.odd is set. It is the twin of
// [Node.read], which says what each member means.
func (r *nodeReader) read(n *Node, fields *[fieldCount]span) {
	a := r.arena
	raw := func(field int) []byte { return r.bytes(fields[field]) }
	n.source = r.source
	n.Name = a.copy(r.content(raw(fieldName)))
	n.DisplayName = n.Name
	if display := r.content(raw(fieldDisplayName)); len(display) > 0 {
		if at := len(n.Name) - len(display); at >= 0 && n.Name[at:] == string(display) {
			n.DisplayName = n.Name[at:] // as it mostly is, the path's last part
		} else {
			n.DisplayName = a.copy(display)
		}
	}
	n.Type = NodeType(a.intern(r.content(raw(fieldType))))
	n.TemplateName = a.intern(r.content(raw(fieldTemplateName)))
	n.TemplateRef = r.templateRef(raw(fieldTemplateRef))
	n.Phase = NodePhase(a.intern(r.content(raw(fieldPhase))))
	n.Message = a.intern(r.content(raw(fieldMessage)))
	n.StartTime = r.time(raw(fieldStartedAt))
	n.EndTime = r.time(raw(fieldFinishedAt))
	n.Progress = r.progress(raw(fieldProgress))
	n.WaitingForLock = r.lock(raw(fieldSynchronizationStatus))
	n.BoundaryID = a.intern(r.content(raw(fieldBoundaryID)))
	n.Children = r.children(raw(fieldChildren))
	n.Daemoned = r.bool(raw(fieldDaemoned))
	n.Hooked, n.Retried = r.nodeFlag(raw(fieldNodeFlag))
}

func (r *nodeReader) bool(raw []byte) bool {
	switch {
	case len(raw) == 0 || raw[0] == 'n' || raw[0] == 'f':
		return false
	case raw[0] == 't':
		return true
	}
	r.odd = true
	return false
}

func (r *nodeReader) time(raw []byte) time.Time {
	text := r.content(raw)
	if len(text) == 0 {
		return time.Time{}
	}
	var t time.Time
	if err := t.UnmarshalText(text); err != nil { // stricter than what is dropped, never laxer
		r.odd = true
	}
	return t
}

func (r *nodeReader) progress(raw []byte) Progress {
	text := r.content(raw)
	if len(text) == 0 {
		return Progress{}
	}
	p, err := ParseProgress(r.arena.intern(text))
	if err != nil {
		r.odd = true
	}
	return p
}

// membersOf finds members of an object within a node, and reports whether there is one.
func (r *nodeReader) membersOf(raw []byte, slot func(key []byte) int, at []span) bool {
	if len(raw) == 0 || raw[0] == 'n' {
		return false
	}
	r.inner = scanner{buf: raw, hold: true}
	if raw[0] != '{' || r.inner.members(1, slot, at) != nil {
		r.odd = true
		return false
	}
	return true
}

func (r *nodeReader) templateRef(raw []byte) (ref TemplateRef) {
	const name, template, clusterScope, all = 0, 1, 2, 3
	var at [all]span
	found := r.membersOf(raw, func(key []byte) int {
		switch string(key) {
		case "name":
			return name
		case "template":
			return template
		case "clusterScope":
			return clusterScope
		}
		return -1
	}, at[:])
	if found {
		ref.Name = r.arena.intern(r.content(r.inner.bytes(at[name])))
		ref.Template = r.arena.intern(r.content(r.inner.bytes(at[template])))
		ref.ClusterScope = r.bool(r.inner.bytes(at[clusterScope]))
	}
	return ref
}

func (r *nodeReader) nodeFlag(raw []byte) (isHooked, isRetried bool) {
	const hooked, retried, all = 0, 1, 2
	var at [all]span
	found := r.membersOf(raw, func(key []byte) int {
		switch string(key) {
		case "hooked":
			return hooked
		case "retried":
			return retried
		}
		return -1
	}, at[:])
	if found {
		isHooked, isRetried = r.bool(r.inner.bytes(at[hooked])), r.bool(r.inner.bytes(at[retried]))
	}
	return isHooked, isRetried
}

func (r *nodeReader) lock(raw []byte) string {
	var waiting [1]span
	if !r.membersOf(raw, func(key []byte) int {
		if string(key) == "waiting" {
			return 0
		}
		return -1
	}, waiting[:]) {
		return ""
	}
	return r.arena.intern(r.content(r.inner.bytes(waiting[0])))
}

func (r *nodeReader) children(raw []byte) []string {
	if len(raw) == 0 || raw[0] == 'n' {
		return nil
	}
	if raw[0] != '[' {
		r.odd = true
		return nil
	}
	var ids []string
	if quotes := bytes.Count(raw, []byte{'"'}); quotes > 0 {
		ids = r.arena.list(quotes / 2)[:0] // that many, or fewer if there are escapes
	}
	r.inner = scanner{buf: raw, hold: true}
	err := r.inner.items(1, func(at span) {
		id := r.inner.bytes(at)
		if r.odd = r.odd || id[0] != '"'; !r.odd {
			ids = append(ids, r.arena.intern(r.content(id)))
		}
	})
	r.odd = r.odd || err != nil
	return ids
}

// simple reports whether a string stands in JSON as it is.
func simple(inside []byte) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	text := inside
	for ; len(text) >= 8; text = text[8:] {
		word := binary.LittleEndian.Uint64(text)
		slashes := word ^ (ones * '\\')
		if (word|(slashes-ones)&^slashes)&highs != 0 { // see plainLength
			return utf8.Valid(inside) && bytes.IndexByte(inside, '\\') < 0
		}
	}
	for _, c := range text {
		if c == '\\' || c >= utf8.RuneSelf {
			return utf8.Valid(inside) && bytes.IndexByte(inside, '\\') < 0
		}
	}
	return true
}
