package wfjson

// Slim appends to dst the JSON of the workflow in data without what [ReadWorkflow] ignores: managed
// fields and most other metadata, the spec except for arguments, template reference and suspension,
// and all of the templates except for the durations of suspend templates. Nodes stay as they are,
// also compressed ones. A status that is read from the result is the same as one that is read
// from data. The result is not a complete workflow and must not be written back.
//
// The error is a [*SyntaxError]; dst is then returned unchanged. Slim allocates only to extend dst,
// which grows by no more than len(data). data must not overlap with the capacity of dst.
func Slim(dst, data []byte) ([]byte, error) { return slim(dst, data, false) }

// SlimWithPolled is like Slim, but also leaves the resource templates that poll an object: those with
// the action get, a manifest and a condition of success.
func SlimWithPolled(dst, data []byte) ([]byte, error) { return slim(dst, data, true) }

func slim(dst, data []byte, polled bool) ([]byte, error) {
	s := slimmer{scanner: whole(data), dst: dst, polled: polled}
	err := s.copy(shapeWorkflow, 1)
	if err == nil {
		err = s.expectEnd()
	}
	if err != nil {
		return dst, s.syntaxError(err)
	}
	return s.dst, nil
}

// slimmer copies what a valueReader would read.
type slimmer struct {
	scanner

	dst []byte
	// polled says whether to copy resource templates that poll an object.
	polled bool
	// kept is the number of durations and resources of templates that were copied.
	kept int
}

// copy copies the next value as far as it has the shape.
func (s *slimmer) copy(as shape, depth int) error {
	c, err := s.next()
	switch {
	case err != nil:
		return err
	case c == '{' && as.object() && as != shapeNodes:
		return s.object(as, depth)
	case c == '[' && as.item() != shapeNone:
		return s.list(as.item(), depth)
	}
	raw, err := s.skip(depth)
	switch {
	case err != nil:
		return err
	case c == '{' && as != shapeNodes: // only that it has the wrong type is read
		s.dst = append(s.dst, "{}"...)
	case c == '[':
		s.dst = append(s.dst, "[]"...)
	default:
		s.dst = append(s.dst, raw...)
	}
	return nil
}

func (s *slimmer) object(as shape, depth int) error {
	s.dst = append(s.dst, '{')
	start := len(s.dst)
	copied := false // a part of templates
	err := s.eachMember(func(name []byte) error {
		inner, ok := as.memberNamed(name)
		if !ok || inner == shapeResource && !s.polled {
			_, err := s.skip(depth + 1)
			return err
		}
		before, kept := len(s.dst), s.kept
		s.separate(start)
		s.dst = append(append(s.dst, name...), ':')
		value := len(s.dst)
		if err := s.copy(inner, depth+1); err != nil {
			return err
		}
		if inner == shapeResource && pollsObject(s.dst[value:]) {
			s.kept++
		}
		switch {
		case as == shapeSuspend && statesDuration(s.dst[value:]):
			s.kept++
		case !inner.ofTemplates():
		case s.kept > kept:
			copied = true
		case copied:
			// It may have the name of a member that was copied, and the last one counts. 0 is not
			// longer than any value, and has no templates.
			s.dst = append(s.dst[:value], '0')
		default:
			s.dst = s.dst[:before]
		}
		return nil
	})
	s.dst = append(s.dst, '}')
	return err
}

// statesDuration reports whether the JSON of a duration is not an empty one.
func statesDuration(raw []byte) bool {
	switch raw[0] {
	case '"':
		return len(raw) > len(`""`)
	case 'n', '{', '[':
		return false
	}
	return true
}

// pollsObject reports whether the JSON of a resource template polls an object.
func pollsObject(raw []byte) bool {
	var values [3][]byte
	if raw[0] != '{' || Members(raw, values[:], "action", "manifest", "successCondition") != nil {
		return false
	}
	text := func(raw []byte) bool { return len(raw) > len(`""`) && raw[0] == '"' }
	return stringOf(values[0]) == "get" && text(values[1]) && text(values[2])
}

func (s *slimmer) list(item shape, depth int) error {
	s.dst = append(s.dst, '[')
	start := len(s.dst)
	err := s.eachItem(func() error {
		before, kept := len(s.dst), s.kept
		s.separate(start)
		err := s.copy(item, depth+1)
		if item.ofTemplates() && s.kept == kept {
			s.dst = s.dst[:before]
		}
		return err
	})
	s.dst = append(s.dst, ']')
	return err
}

// separate appends a comma unless the object or list that begins at start is empty so far.
func (s *slimmer) separate(start int) {
	if len(s.dst) > start {
		s.dst = append(s.dst, ',')
	}
}
