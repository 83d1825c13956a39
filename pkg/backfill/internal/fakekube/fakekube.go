// Package fakekube is a small API server in memory, for tests of what backfills do with
// Deployments, ReplicaSets, pods, and the objects that hold records about them.
//
// Unlike client-go's fake it evaluates label selectors and compares resource versions. It grants
// the role of a backfill: a Deployment or ReplicaSet can be scaled, and cannot be patched
// otherwise. Every review of permissions is allowed.
package fakekube

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

// Cluster holds the objects. It is safe for concurrent use.
type Cluster struct {
	mu      sync.Mutex
	objects []*unstructured.Unstructured
}

// New returns a cluster that holds the objects of a YAML list.
func New(t testing.TB, list string) *Cluster {
	t.Helper()
	c := &Cluster{}
	c.Add(t, list)
	return c
}

// Add adds the objects of a YAML list.
func (c *Cluster) Add(t testing.TB, list string) {
	t.Helper()
	var all []map[string]any
	if err := yaml.Unmarshal([]byte(list), &all); err != nil {
		t.Fatal(err)
	}
	for _, fields := range all {
		o := &unstructured.Unstructured{}
		data, err := json.Marshal(fields)
		if err := errors.Join(err, o.UnmarshalJSON(data)); err != nil {
			t.Fatal(err)
		}
		o.SetResourceVersion("1")
		c.Edit(func(objects []*unstructured.Unstructured) []*unstructured.Unstructured { return append(objects, o) })
	}
}

// Edit replaces the objects by those that change returns, without a new resource version.
func (c *Cluster) Edit(change func([]*unstructured.Unstructured) []*unstructured.Unstructured) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.objects = change(c.objects)
}

// Object returns a copy of an object, or nil if it does not exist.
func (c *Cluster) Object(kind, name string) *unstructured.Unstructured {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o := c.find(kind, name); o != nil {
		return o.DeepCopy()
	}
	return nil
}

// find must be called with the lock held.
func (c *Cluster) find(kind, name string) *unstructured.Unstructured {
	for _, o := range c.objects {
		if o.GetKind() == kind && o.GetName() == name {
			return o
		}
	}
	return nil
}

// Around is called for each request in place of send, which sends it. Its error is the answer.
type Around func(write bool, send func() error) error

// Before returns an Around that calls do before it sends a request.
func Before(do func()) Around {
	return func(_ bool, send func() error) error {
		do()
		return send()
	}
}

// FailWrites returns an Around that calls fail before each write, and answers with its error.
func FailWrites(fail func() error) Around {
	return func(write bool, send func() error) error {
		if write {
			if err := fail(); err != nil {
				return err
			}
		}
		return send()
	}
}

// FailReads returns an Around that calls fail before each request other than a write, and answers
// with its error.
func FailReads(fail func() error) Around {
	return func(write bool, send func() error) error {
		if !write {
			if err := fail(); err != nil {
				return err
			}
		}
		return send()
	}
}

// Client returns a client of the cluster. around may be nil.
func (c *Cluster) Client(around Around) dynamic.Interface {
	if around == nil {
		around = func(_ bool, send func() error) error { return send() }
	}
	return &client{cluster: c, around: around}
}
