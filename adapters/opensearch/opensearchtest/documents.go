package opensearchtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Put writes a document, as JSON of source, whether or not it was there, and makes the index if
// there is none. Searches see it at once. Errors: source is no JSON object, or the mapping doesn't
// allow it.
func (c *Cluster) Put(name, id string, source any) error {
	text, err := json.Marshal(source)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ix, problem := c.indexToWrite(name)
	if problem != nil {
		return problem
	}
	d, problem := ix.write(c.number(), id, text)
	if problem != nil {
		return problem
	}
	ix.seen[id] = d
	return nil
}

// Update changes a document by itself: change gets its fields, numbers as [json.Number], and may
// add, change and delete them. Searches see that at once. Errors: there is no such document, or it
// must not be so.
func (c *Cluster) Update(name, id string, change func(fields map[string]any)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	ix, problem := c.index(name)
	if problem != nil {
		return problem
	}
	old, ok := ix.documents[id]
	if !ok {
		return fmt.Errorf("index %s has no document %q", name, id)
	}
	fields, err := decodeObject(old.source) // a copy
	if err != nil {
		return err
	}
	change(fields)
	text, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	d, problem := ix.write(old.number, id, text)
	if problem != nil {
		return problem
	}
	ix.seen[id] = d
	return nil
}

// Get reads a document, also one that searches don't see yet. nil: there is none.
func (c *Cluster) Get(name, id string) json.RawMessage {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ix, ok := c.indices[name]; ok && ix.documents[id] != nil {
		return slices.Clone(ix.documents[id].source)
	}
	return nil
}

// Documents reads every document of an index by its id; nil: there is no such index.
func (c *Cluster) Documents(name string) map[string]json.RawMessage {
	c.mu.Lock()
	defer c.mu.Unlock()
	ix, ok := c.indices[name]
	if !ok {
		return nil
	}
	all := make(map[string]json.RawMessage, len(ix.documents))
	for id, d := range ix.documents {
		all[id] = slices.Clone(d.source)
	}
	return all
}

// Indices are the names of the indices, sorted.
func (c *Cluster) Indices() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.indices))
}

// DeleteIndex deletes an index, if it is there.
func (c *Cluster) DeleteIndex(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.removeIndex(name)
}

// Rejection is why a document is not written.
type Rejection struct {
	Status       int
	Type, Reason string
}

// RejectWrites lets reject decide on every document that comes over HTTP; nil of it: the document
// is written. It is called while the cluster is locked, so it must not call the cluster. nil ends
// that.
func (c *Cluster) RejectWrites(reject func(index, id string) *Rejection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reject = reject
}
