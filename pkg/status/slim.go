package status

// Slim appends to dst the JSON of the workflow in data without what [FromJSON] reads nothing
// from: managed fields and most else of metadata, the spec but for arguments, template and
// suspension, all templates but the durations of suspend templates. Nodes, also compressed ones,
// stay as they are.
// FromJSON gives the same for both in every respect; the rest of the object is lost, so the
// result is to be read, not written back.
//
// The error is a [*JSONError] where data is no JSON, wherever in it that is; then dst is
// returned as it was. Nothing is allocated but where dst has to grow, by no more than data
// is long. data is neither kept nor changed, and must not overlap with what dst has room for.
func Slim(dst, data []byte) ([]byte, error) {
	s := slimmer{scanner: whole(data), dst: dst}
	err := s.copy(shapeWorkflow, 1)
	if err == nil {
		err = s.end()
	}
	if err != nil {
		return dst, s.broken(err)
	}
	return s.dst, nil
}

// slimmer copies what a partReader would read.
type slimmer struct {
	scanner

	dst []byte
	// durations is how many durations of templates were copied.
	durations int
}

// copy copies the next value, as far as it has that shape.
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
	case c == '{' && as != shapeNodes: // of the wrong type: more than that is not read
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
	kept := false // a part of templates
	err := s.eachMember(func(name []byte) error {
		inner, ok := as.memberNamed(name)
		if !ok {
			_, err := s.skip(depth + 1)
			return err
		}
		before, durations := len(s.dst), s.durations
		s.separate(start)
		s.dst = append(append(s.dst, name...), ':')
		value := len(s.dst)
		if err := s.copy(inner, depth+1); err != nil {
			return err
		}
		switch {
		case as == shapeSuspend && states(s.dst[value:]):
			s.durations++
		case !inner.ofTemplates():
		case s.durations > durations:
			kept = true
		case kept: // one of the same name may be there, and it is the last that counts
			s.dst = append(s.dst[:value], '0') // no templates, and no longer than they were
		default:
			s.dst = s.dst[:before]
		}
		return nil
	})
	s.dst = append(s.dst, '}')
	return err
}

// states reports whether the JSON of a duration states one.
func states(raw []byte) bool {
	switch raw[0] {
	case '"':
		return len(raw) > len(`""`)
	case 'n', '{', '[':
		return false
	}
	return true
}

func (s *slimmer) list(item shape, depth int) error {
	s.dst = append(s.dst, '[')
	start := len(s.dst)
	err := s.eachItem(func() error {
		before, durations := len(s.dst), s.durations
		s.separate(start)
		err := s.copy(item, depth+1)
		if item.ofTemplates() && s.durations == durations {
			s.dst = s.dst[:before]
		}
		return err
	})
	s.dst = append(s.dst, ']')
	return err
}

// separate puts a comma behind what an object or list that begins there has so far.
func (s *slimmer) separate(start int) {
	if len(s.dst) > start {
		s.dst = append(s.dst, ',')
	}
}
