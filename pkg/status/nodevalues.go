package status

import "time"

// read reads the fields of a node. It is the twin of [Node.read], which says what each
// member means, and notes the same where one is not as it should be.
func (r *nodeReader) read(n *Node, fields *[fieldCount]span) (err error) {
	a := r.arena
	raw := func(field int) []byte { return r.bytes(fields[field]) }
	n.source = r.source
	n.Name = a.copy(r.content("name", raw(fieldName)))
	n.DisplayName = n.Name
	if display := r.content("displayName", raw(fieldDisplayName)); len(display) > 0 {
		if at := len(n.Name) - len(display); at >= 0 && n.Name[at:] == string(display) {
			n.DisplayName = n.Name[at:] // as it mostly is, the path's last part
		} else {
			n.DisplayName = a.copy(display)
		}
	}
	n.Type = NodeType(a.intern(r.content("type", raw(fieldType))))
	n.TemplateName = a.intern(r.content("templateName", raw(fieldTemplateName)))
	n.TemplateRef = r.templateRef(raw(fieldTemplateRef))
	n.Phase = NodePhase(a.intern(r.content("phase", raw(fieldPhase))))
	n.Message = a.intern(r.content("message", raw(fieldMessage)))
	n.StartTime = r.time("startedAt", raw(fieldStartedAt))
	n.EndTime = r.time("finishedAt", raw(fieldFinishedAt))
	n.Progress = r.progress(raw(fieldProgress))
	n.WaitingForLock = r.lock(raw(fieldSynchronizationStatus))
	n.BoundaryID = a.intern(r.content("boundaryID", raw(fieldBoundaryID)))
	n.Children, err = r.readChildren(raw(fieldChildren))
	n.Daemoned = r.bool("daemoned", raw(fieldDaemoned))
	n.Hooked, n.Retried = r.nodeFlag(raw(fieldNodeFlag))
	return err
}

// content returns what the string in raw says, until the next call; nil for null or none.
func (r *nodeReader) content(key string, raw []byte) []byte {
	switch {
	case len(raw) == 0 || raw[0] == 'n':
		return nil
	case raw[0] != '"':
		r.dropType(key, "a string", raw)
		return nil
	case len(raw) > maxText:
		r.drop(key, longText{}.reason())
		return nil
	}
	return r.inside(raw)
}

// inside returns what the string in raw says, until the next call.
func (r *nodeReader) inside(raw []byte) []byte {
	inside := raw[1 : len(raw)-1]
	if !simple(inside) {
		r.scratch = unescape(r.scratch[:0], inside)
		return r.scratch
	}
	return inside
}

func (r *nodeReader) bool(key string, raw []byte) bool {
	switch {
	case len(raw) == 0 || raw[0] == 'n' || raw[0] == 'f':
		return false
	case raw[0] == 't':
		return true
	}
	r.dropType(key, "a bool", raw)
	return false
}

func (r *nodeReader) time(key string, raw []byte) time.Time {
	text := r.content(key, raw)
	if len(text) == 0 {
		return time.Time{}
	}
	var t time.Time
	if err := t.UnmarshalText(text); err == nil {
		return t
	}
	t, err := parseTime(string(text)) // laxer
	if err != nil {
		r.drop(key, err.Error())
	}
	return t
}

func (r *nodeReader) progress(raw []byte) Progress {
	text := r.content("progress", raw)
	if len(text) == 0 {
		return Progress{}
	}
	p, err := ParseProgress(r.arena.intern(text))
	if err != nil {
		r.drop("progress", err.Error())
	}
	return p
}

// membersOf finds members of an object within a node, and reports whether there is one.
func (r *nodeReader) membersOf(key string, raw []byte, slot func(key []byte) int, at []span) bool {
	if len(raw) == 0 || raw[0] == 'n' {
		return false
	}
	if raw[0] != '{' {
		r.dropType(key, "an object", raw)
		return false
	}
	r.inner = scanner{buf: raw, hold: true}
	return r.inner.members(1, slot, at) == nil // as it was when the node was skipped over
}

func (r *nodeReader) templateRef(raw []byte) (ref TemplateRef) {
	const name, template, clusterScope, all = 0, 1, 2, 3
	var at [all]span
	found := r.membersOf("templateRef", raw, func(key []byte) int {
		switch string(key) {
		case "name":
			return name
		case "template":
			return template
		case "clusterScope":
			return clusterScope
		}
		return notRead
	}, at[:])
	if found {
		ref.Name = r.arena.intern(r.content("templateRef.name", r.inner.bytes(at[name])))
		ref.Template = r.arena.intern(r.content("templateRef.template", r.inner.bytes(at[template])))
		ref.ClusterScope = r.bool("templateRef.clusterScope", r.inner.bytes(at[clusterScope]))
	}
	return ref
}

func (r *nodeReader) nodeFlag(raw []byte) (isHooked, isRetried bool) {
	const hooked, retried, all = 0, 1, 2
	var at [all]span
	found := r.membersOf("nodeFlag", raw, func(key []byte) int {
		switch string(key) {
		case "hooked":
			return hooked
		case "retried":
			return retried
		}
		return notRead
	}, at[:])
	if found {
		isHooked = r.bool("nodeFlag.hooked", r.inner.bytes(at[hooked]))
		isRetried = r.bool("nodeFlag.retried", r.inner.bytes(at[retried]))
	}
	return isHooked, isRetried
}

func (r *nodeReader) lock(raw []byte) string {
	var waiting [1]span
	if !r.membersOf("synchronizationStatus", raw, func(key []byte) int {
		if string(key) == "waiting" {
			return 0
		}
		return notRead
	}, waiting[:]) {
		return ""
	}
	return r.arena.intern(r.content("synchronizationStatus.waiting", r.inner.bytes(waiting[0])))
}
