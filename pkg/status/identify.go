package status

import (
	"errors"

	"k8s.io/apimachinery/pkg/types"
)

// Identity tells which object, and which state of it, a Workflow's JSON is.
type Identity struct {
	Name            string
	UID             types.UID
	ResourceVersion string // which state it is
}

// errIdentified ends the way through JSON of which no more is needed.
var errIdentified = errors.New("identified")

// Identify reads only the [Identity] of the object in data, and not whether it is a Workflow.
// What is missing, null or of the wrong type is "". It stops behind metadata, so what follows
// need not be valid JSON. The API server sends metadata before spec and status, so a long
// object costs no more than a short one; with any other order it reads up to there.
//
// The error is a [*JSONError] where data is no JSON up to there, and a [*NotWorkflowError]
// where it is no object. data is not kept.
func Identify(data []byte) (Identity, error) {
	var id Identity
	s := whole(data)
	c, err := s.next()
	switch {
	case err != nil:
		return Identity{}, s.broken(err)
	case c != '{':
		if _, err := s.skip(1); err != nil {
			return Identity{}, s.broken(err)
		}
		return Identity{}, &NotWorkflowError{}
	}
	err = s.eachMember(func(name []byte) error {
		if as, _ := shapeWorkflow.memberNamed(name); as != shapeMetadata {
			_, err := s.skip(2)
			return err
		}
		if err := id.read(&s); err != nil {
			return err
		}
		return errIdentified
	})
	if err != nil && !errors.Is(err, errIdentified) {
		return Identity{}, s.broken(err)
	}
	return id, nil
}

// read reads the metadata that comes next.
func (id *Identity) read(s *scanner) error {
	c, err := s.next()
	if err != nil || c != '{' {
		_, err := s.skip(2)
		return err
	}
	const name, uid, resourceVersion, all = 0, 1, 2, 3
	var at [all]span
	err = s.members(2, func(key []byte) int {
		switch string(key) {
		case "name":
			return name
		case "uid":
			return uid
		case "resourceVersion":
			return resourceVersion
		}
		return notRead
	}, at[:])
	text := func(at span) string {
		if raw := s.bytes(at); len(raw) > 0 && raw[0] == '"' {
			return textIn(raw)
		}
		return ""
	}
	if err == nil {
		*id = Identity{Name: text(at[name]), UID: types.UID(text(at[uid])), ResourceVersion: text(at[resourceVersion])}
	}
	return err
}
