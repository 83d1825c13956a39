package status

import (
	"bytes"
	"strconv"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
)

// readNode reads the fields of a node from JSON. [Node.readFields] reads them from maps; both have to report
// the same values and the same dropped fields.
func (b *nodeBuilder) readNode(n *Node, raw *wfjson.Node) (err error) {
	a := &b.alloc
	n.Name = a.copy(b.string("name", raw.Field(wfjson.FieldName)))
	n.DisplayName = n.Name
	if display := b.string("displayName", raw.Field(wfjson.FieldDisplayName)); len(display) > 0 {
		if at := len(n.Name) - len(display); at >= 0 && n.Name[at:] == string(display) {
			n.DisplayName = n.Name[at:] // usually it is the last part of the path
		} else {
			n.DisplayName = a.copy(display)
		}
	}
	n.Type = NodeType(a.intern(b.string("type", raw.Field(wfjson.FieldType))))
	n.TemplateName = a.intern(b.string("templateName", raw.Field(wfjson.FieldTemplateName)))
	n.TemplateRef = b.templateRef(raw.Field(wfjson.FieldTemplateRef))
	n.Phase = NodePhase(a.intern(b.string("phase", raw.Field(wfjson.FieldPhase))))
	n.Message = a.intern(b.string("message", raw.Field(wfjson.FieldMessage)))
	n.StartTime = b.time("startedAt", raw.Field(wfjson.FieldStartedAt))
	n.EndTime = b.time("finishedAt", raw.Field(wfjson.FieldFinishedAt))
	n.Progress = b.progress(raw.Field(wfjson.FieldProgress))
	n.WaitingForLock = b.waitingForLock(raw.Field(wfjson.FieldSynchronizationStatus))
	n.BoundaryID = a.intern(b.string("boundaryID", raw.Field(wfjson.FieldBoundaryID)))
	n.Children, err = b.children(raw)
	n.Daemoned = b.bool("daemoned", raw.Field(wfjson.FieldDaemoned))
	n.Hooked, n.Retried = b.nodeFlag(raw.Field(wfjson.FieldNodeFlag))
	return err
}

// missing reports whether a field is missing or null.
func missing(raw []byte) bool { return len(raw) == 0 || raw[0] == 'n' }

// string returns the value of a string, which is valid until the next call.
func (b *nodeBuilder) string(key string, raw []byte) []byte {
	switch {
	case missing(raw):
		return nil
	case raw[0] != '"':
		b.dropType(key, "a string", raw)
		return nil
	case len(raw) > wfjson.MaxString:
		b.drop(key, wfjson.LongString{}.String())
		return nil
	}
	return wfjson.UnquoteBytes(raw, &b.scratch)
}

func (b *nodeBuilder) bool(key string, raw []byte) bool {
	switch {
	case missing(raw) || raw[0] == 'f':
		return false
	case raw[0] == 't':
		return true
	}
	b.dropType(key, "a bool", raw)
	return false
}

func (b *nodeBuilder) time(key string, raw []byte) time.Time {
	text := b.string(key, raw)
	if len(text) == 0 {
		return time.Time{}
	}
	var t time.Time
	if err := t.UnmarshalText(text); err == nil {
		return t
	}
	t, err := parseTime(string(text)) // is more tolerant
	if err != nil {
		b.drop(key, err.Error())
	}
	return t
}

func (b *nodeBuilder) progress(raw []byte) Progress {
	text := b.string("progress", raw)
	if len(text) == 0 {
		return Progress{}
	}
	p, err := ParseProgress(b.alloc.intern(text))
	if err != nil {
		b.drop("progress", err.Error())
	}
	return p
}

// members puts the named members of an object within a node into values.
func (b *nodeBuilder) members(key string, raw []byte, values [][]byte, names ...string) {
	if missing(raw) {
		return
	}
	if raw[0] != '{' {
		b.dropType(key, "an object", raw)
		return
	}
	_ = wfjson.Members(raw, values, names...) // the syntax was checked before
}

func (b *nodeBuilder) templateRef(raw []byte) TemplateRef {
	var values [3][]byte
	b.members("templateRef", raw, values[:], "name", "template", "clusterScope")
	return TemplateRef{
		Name:         b.alloc.intern(b.string("templateRef.name", values[0])),
		Template:     b.alloc.intern(b.string("templateRef.template", values[1])),
		ClusterScope: b.bool("templateRef.clusterScope", values[2]),
	}
}

func (b *nodeBuilder) nodeFlag(raw []byte) (hooked, retried bool) {
	var values [2][]byte
	b.members("nodeFlag", raw, values[:], "hooked", "retried")
	return b.bool("nodeFlag.hooked", values[0]), b.bool("nodeFlag.retried", values[1])
}

func (b *nodeBuilder) waitingForLock(raw []byte) string {
	var values [1][]byte
	b.members("synchronizationStatus", raw, values[:], "waiting")
	return b.alloc.intern(b.string("synchronizationStatus.waiting", values[0]))
}

func (b *nodeBuilder) children(node *wfjson.Node) ([]string, error) {
	raw := node.Field(wfjson.FieldChildren)
	if missing(raw) {
		return nil, nil
	}
	if raw[0] != '[' {
		b.dropType("children", "a list", raw)
		return nil, nil
	}
	ids := []string{}
	// Quotes within the strings make it an upper bound.
	if count := bytes.Count(raw, []byte{'"'}) / 2; count > 0 {
		const many = 1 << 12
		if count > many {
			var err error
			if count, err = countStrings(raw); err != nil {
				return nil, err
			}
		}
		if b.exceeds(childMemory*count, node) {
			return nil, errTooMuchMemory
		}
		ids = b.alloc.list(count)[:0]
	}
	index := 0
	err := wfjson.Items(raw, func(id []byte) {
		switch {
		case id[0] == '"':
			ids = append(ids, b.alloc.intern(b.string("children", id)))
		case b.droppedCount < maxDropped:
			b.dropType("children["+strconv.Itoa(index)+"]", "a string", id)
		}
		index++
	})
	if index == 0 {
		ids = nil
	}
	return ids, err
}

// countStrings counts the strings in a list.
func countStrings(list []byte) (count int, err error) {
	err = wfjson.Items(list, func(item []byte) {
		if item[0] == '"' {
			count++
		}
	})
	return count, err
}
