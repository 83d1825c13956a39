package status

import (
	"encoding/json"
	"errors"
)

// Labels reads only the labels of the object in data, as [FromJSON] reads them, and not whether it
// is a Workflow. It stops behind metadata, as [Identify] does, and has its errors. The result is nil
// if there are none.
func Labels(data []byte) (map[string]string, error) {
	s := whole(data)
	c, err := s.next()
	switch {
	case err != nil:
		return nil, s.broken(err)
	case c != '{':
		return nil, &NotWorkflowError{}
	}
	var labels map[string]string
	err = s.eachMember(func(name []byte) error {
		if as, _ := shapeWorkflow.memberNamed(name); as != shapeMetadata {
			_, err := s.skip(2)
			return err
		}
		var err error
		if labels, err = s.labels(); err != nil {
			return err
		}
		return errIdentified
	})
	if err != nil && !errors.Is(err, errIdentified) {
		return nil, s.broken(err)
	}
	return labels, nil
}

// labels reads the labels of the metadata that come next.
func (s *scanner) labels() (map[string]string, error) {
	c, err := s.next()
	if err != nil || c != '{' {
		_, err := s.skip(2)
		return nil, err
	}
	var at [1]span
	err = s.members(2, func(key []byte) int {
		if string(key) == "labels" {
			return 0
		}
		return notRead
	}, at[:])
	if err != nil {
		return nil, err
	}
	raw := s.bytes(at[0])
	if len(raw) == 0 || raw[0] != '{' {
		return nil, nil
	}
	var values map[string]any
	if err := json.Unmarshal(raw, &values); err != nil || len(values) == 0 {
		return nil, nil //nolint:nilerr // malformed labels count as none, as everywhere
	}
	labels := make(map[string]string, len(values))
	for key, value := range values {
		labels[key], _ = value.(string)
	}
	return labels, nil
}
