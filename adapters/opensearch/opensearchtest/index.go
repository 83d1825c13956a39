package opensearchtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// document is one state of a document; it is never changed.
type document struct {
	id     string
	number int64 // the order in which documents came
	source json.RawMessage
	fields map[string]any
}

type index struct {
	name      string
	documents map[string]*document
	seen      map[string]*document // by searches
	types     map[string]string    // of fields, given by a mapping or found by themselves
	settings  settings
	assigned  bool // its shard
}

func (c *Cluster) newIndex(name string) *index {
	return &index{assigned: c.allocates(), name: name, documents: map[string]*document{}, seen: map[string]*document{}, types: map[string]string{}, settings: settings{}}
}

// index finds an index.
func (c *Cluster) index(name string) (*index, *problem) {
	if p := nameProblem(name); p != nil {
		return nil, p
	}
	if ix, ok := c.indices[name]; ok {
		return ix, nil
	}
	return nil, &problem{Status: http.StatusNotFound, Type: "index_not_found_exception", Reason: "no such index [" + name + "]", Index: name}
}

// indexToWrite finds an index, and makes it if there is none.
func (c *Cluster) indexToWrite(name string) (*index, *problem) {
	if ix, p := c.index(name); p == nil || p.Status != http.StatusNotFound {
		return ix, p
	}
	ix := c.newIndex(name)
	c.indices[name] = ix
	return ix, nil
}

func (c *Cluster) removeIndex(name string) {
	delete(c.indices, name)
	maps.DeleteFunc(c.scrolls, func(_ string, s *scroll) bool { return s.index == name })
	for id, p := range c.pits {
		if p.deleted = p.deleted || p.index == name; p.deleted && !c.isElasticsearch() {
			delete(c.pits, id)
		}
	}
}

func nameProblem(name string) *problem {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	if name != "" && name != "." && name != ".." && strings.Trim(name, letters+"._+-") == "" && strings.IndexAny(name, letters+".") == 0 {
		return nil
	}
	return &problem{Status: http.StatusBadRequest, Type: "invalid_index_name_exception", Index: name,
		Reason: "Invalid index name [" + name + "]: the double knows exact names only"}
}

func (ix *index) refresh() { ix.seen = maps.Clone(ix.documents) }

// write puts a document, which only [Cluster.Get] and _doc see before a refresh.
func (ix *index) write(number int64, id string, source []byte) (*document, *problem) {
	fields, err := decodeObject(source)
	if err != nil {
		return nil, &problem{Status: http.StatusBadRequest, Type: "mapper_parsing_exception", Reason: "failed to parse: " + err.Error()}
	}
	for name, value := range fields {
		if p := ix.allow(id, name, value); p != nil {
			return nil, p
		}
	}
	d := &document{id: id, number: number, source: bytes.Clone(source), fields: fields}
	ix.documents[id] = d
	return d, nil
}

// allow checks a value against the field's type, which an integer sets where there is none.
func (ix *index) allow(id, name string, value any) *problem {
	values, isList := value.([]any)
	if !isList {
		values = []any{value}
	}
	for _, v := range values {
		number, isNumber := v.(json.Number)
		if _, err := number.Int64(); isNumber && err == nil && ix.types[name] == "" {
			ix.types[name] = "long"
		}
		if ix.types[name] != "long" || v == nil || isNumber {
			continue
		}
		text, isText := v.(string)
		if _, err := strconv.ParseFloat(text, 64); !isText || err != nil {
			return &problem{Status: http.StatusBadRequest, Type: "mapper_parsing_exception",
				Reason: fmt.Sprintf("failed to parse field [%s] of type [long] in document with id '%s'. Preview of field's value: '%v'", name, id, v)}
		}
	}
	return nil
}

// decodeObject reads a JSON object, with numbers as they are written.
func decodeObject(text []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var fields map[string]any
	if err := decoder.Decode(&fields); err != nil {
		return nil, err
	}
	if fields == nil || decoder.More() {
		return nil, fmt.Errorf("one object is expected")
	}
	return fields, nil
}
