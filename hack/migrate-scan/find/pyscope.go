package find

import "strings"

// pyScope is what names mean within a module, class or function.
type pyScope struct {
	outer *pyScope
	class *pyClassInfo // of a class's body
	fn    *pyFuncInfo  // of a function's body
	// now has the values at this point; one that is there and nil is unknown. Attributes of
	// what is unknown are in it by their dotted names.
	now *pyLayer
	// ever merges all values that a name has had. Functions see those of the scopes around
	// them, since it isn't known when they are called.
	ever    map[string]*pyValue
	globals map[string]*pyScope // names that belong to another scope
	dotted  map[string][]string // dotted names that were bound, by their first part
	// inline tells that the scope runs where it stands, as a comprehension does.
	inline bool
}

// pyLayer has what was bound since ways parted; what it hasn't is in the layer under it.
type pyLayer struct {
	vars  map[string]pyBinding
	under *pyLayer
}

// pyBinding is what a name is bound to, or that it was unbound.
type pyBinding struct {
	v    *pyValue
	gone bool
}

func newLayer(under *pyLayer) *pyLayer {
	return &pyLayer{vars: map[string]pyBinding{}, under: under}
}

func (l *pyLayer) get(name string) (v *pyValue, bound bool) {
	for ; l != nil; l = l.under {
		if b, ok := l.vars[name]; ok {
			return b.v, !b.gone
		}
	}
	return nil, false
}

// meet binds in this layer what names mean where several ways that parted from it meet. A name
// that is bound on some ways only is what it is on those.
func (l *pyLayer) meet(ways ...*pyLayer) {
	met := map[string]pyBinding{}
	for _, way := range ways {
		for name := range way.vars {
			if _, done := met[name]; done {
				continue
			}
			all := pyBinding{gone: true}
			for _, other := range ways {
				v, bound := other.get(name)
				switch {
				case !bound:
				case all.gone:
					all = pyBinding{v: v}
				default:
					all.v = merge(all.v, v)
				}
			}
			met[name] = all
		}
	}
	for name, b := range met {
		l.vars[name] = b
	}
}

func newScope(outer *pyScope) *pyScope {
	return &pyScope{outer: outer, now: newLayer(nil), ever: map[string]*pyValue{}}
}

func (s *pyScope) module() *pyScope {
	for s.outer != nil {
		s = s.outer
	}
	return s
}

// set binds a name.
func (s *pyScope) set(name string, v *pyValue) {
	if owner := s.globals[name]; owner != nil {
		owner.ever[name] = mergeEver(owner.ever, name, v)
		return
	}
	if root, _, isDotted := strings.Cut(name, "."); isDotted {
		if s.dotted == nil {
			s.dotted = map[string][]string{}
		}
		s.dotted[root] = append(s.dotted[root], name)
	} else if others := s.dotted[name]; others != nil {
		for _, other := range others {
			s.now.vars[other] = pyBinding{gone: true}
		}
		delete(s.dotted, name)
	}
	s.now.vars[name] = pyBinding{v: v}
	s.ever[name] = mergeEver(s.ever, name, v)
}

func mergeEver(ever map[string]*pyValue, name string, v *pyValue) *pyValue {
	if before, ok := ever[name]; ok {
		return merge(before, v)
	}
	return v
}

// unset ends a binding.
func (s *pyScope) unset(name string) {
	s.set(name, nil)
	s.now.vars[name] = pyBinding{gone: true}
}

// get looks a name up; bound is false where no scope of the file has it.
func (s *pyScope) get(name string) (v *pyValue, bound bool) {
	if owner := s.globals[name]; owner != nil {
		v, bound = owner.ever[name]
		return v, bound
	}
	deferred := false
	for at := s; at != nil; at = at.outer {
		if at.class != nil && at != s && (!s.inline || at != s.outer) {
			continue // a method doesn't see the names of its class
		}
		if deferred {
			if v, bound := at.ever[name]; bound {
				return v, true
			}
		} else if v, bound := at.now.get(name); bound {
			return v, true
		}
		deferred = deferred || !at.inline
	}
	return nil, false
}
