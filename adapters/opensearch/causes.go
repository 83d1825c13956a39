package opensearch

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
)

// Limits for the causes of an error: each shard of an index can name one.
const (
	mostCauses = 3
	mostShards = 1000 // that are searched for different causes
)

// Cause is a reason that the server gives for an error, in its words.
type Cause struct{ Type, Reason string }

// String returns the type and the reason.
func (c Cause) String() string {
	if c.Type == "" || c.Reason == "" {
		return c.Type + c.Reason
	}
	return c.Type + ": " + c.Reason
}

// serverCause is the server's form of a cause.
type serverCause struct{ Cause }

// UnmarshalJSON also accepts plain strings, and ignores what it doesn't understand: the error itself
// is more important than its cause.
func (c *serverCause) UnmarshalJSON(data []byte) error {
	var plain struct {
		Type   string `json:"type"`
		Reason string `json:"reason"`
	}
	if json.Unmarshal(data, &plain.Reason) == nil || json.Unmarshal(data, &plain) == nil {
		c.Cause = Cause(plain)
	}
	return nil
}

// shardFailure is the failure of a shard in a list.
type shardFailure struct {
	Reason serverCause `json:"reason"`
}

// causes are the first different elements of a list of causes, as in error.root_cause.
type causes []Cause

func (c *causes) UnmarshalJSON(data []byte) error {
	*c = firstCauses(data, func(element serverCause) Cause { return element.Cause })
	return nil
}

// failures are those of a list of failed shards, as in error.failed_shards and _shards.failures. It
// is nil if there is no list.
type failures []Cause

func (f *failures) UnmarshalJSON(data []byte) error {
	*f = firstCauses(data, func(element shardFailure) Cause { return element.Reason.Cause })
	return nil
}

// firstCauses reads a list up to [mostCauses] different causes. An element takes many times the
// memory of its JSON, so it doesn't read the list as a whole.
func firstCauses[T any](data []byte, causeOf func(T) Cause) []Cause {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if opening, err := decoder.Token(); err != nil || opening != json.Delim('[') {
		return nil
	}
	found := []Cause{}
	for n := 0; decoder.More() && len(found) < mostCauses && n < mostShards; n++ {
		var element T
		var wrong *json.UnmarshalTypeError
		if err := decoder.Decode(&element); err != nil && !errors.As(err, &wrong) {
			break
		}
		found = appendCauses(found, causeOf(element))
	}
	return found
}

// appendCauses appends those that are not empty and not in the list, up to [mostCauses] of all.
func appendCauses(list []Cause, more ...Cause) []Cause {
	for _, cause := range more {
		if cause != (Cause{}) && len(list) < mostCauses && !slices.Contains(list, cause) {
			list = append(list, cause)
		}
	}
	return list
}

// without returns the causes that differ from an error's own words.
func without(list []Cause, own Cause) []Cause {
	return slices.DeleteFunc(list, func(c Cause) bool { return c == own })
}
