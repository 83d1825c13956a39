package wfjson

import (
	"cmp"
	"encoding/json"
	"errors"

	"k8s.io/apimachinery/pkg/types"
)

// Identity is the name, UID and version of an object.
type Identity struct {
	Name            string
	UID             types.UID
	ResourceVersion string
}

// Identify reads the [Identity] of the object in data. A value that is missing, null or of the
// wrong type is "". It stops behind metadata, so what follows need not be valid JSON. The API
// server sends metadata before spec and status, so a long object takes no longer than a short one.
//
// The error is a [*SyntaxError] or [ErrNotObject].
func Identify(data []byte) (Identity, error) {
	var raw [3][]byte
	if err := readMetadata(data, raw[:], "name", "uid", "resourceVersion"); err != nil {
		return Identity{}, err
	}
	return Identity{Name: stringOf(raw[0]), UID: types.UID(stringOf(raw[1])), ResourceVersion: stringOf(raw[2])}, nil
}

// Labels reads the labels of the object in data, and returns nil if there are none. Like [Identify]
// it stops behind metadata, and returns the same errors.
func Labels(data []byte) (map[string]string, error) {
	var raw [1][]byte
	if err := readMetadata(data, raw[:], "labels"); err != nil || len(raw[0]) == 0 {
		return nil, err
	}
	var values map[string]any
	if err := json.Unmarshal(raw[0], &values); err != nil || len(values) == 0 {
		return nil, nil //nolint:nilerr // a value of the wrong type counts as none
	}
	labels := make(map[string]string, len(values))
	for key, value := range values {
		labels[key], _ = value.(string)
	}
	return labels, nil
}

// stringOf returns the string in raw, or "" if raw is empty or another value.
func stringOf(raw []byte) string {
	if len(raw) == 0 || raw[0] != '"' {
		return ""
	}
	return Unquote(raw)
}

// errFound stops the reading of JSON of which no more is needed.
var errFound = errors.New("found")

// readMetadata puts the JSON of the named members of metadata into values; see [Members].
func readMetadata(data []byte, values [][]byte, names ...string) error {
	s := whole(data)
	c, err := s.next()
	switch {
	case err != nil:
		return s.syntaxError(err)
	case c != '{':
		if _, err := s.skip(1); err != nil {
			return s.syntaxError(err)
		}
		return ErrNotObject
	}
	err = s.eachMember(func(name []byte) error {
		if as, _ := shapeWorkflow.memberNamed(name); as != shapeMetadata {
			_, err := s.skip(2)
			return err
		}
		c, err := s.next()
		if err == nil && c == '{' {
			err = s.named(2, values, names)
		} else if err == nil {
			_, err = s.skip(2)
		}
		return cmp.Or(err, errFound)
	})
	if err != nil && !errors.Is(err, errFound) {
		return s.syntaxError(err)
	}
	return nil
}
