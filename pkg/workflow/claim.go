package workflow

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/uuid"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
)

// claimVersion is the form of a claimRecord. A later version of this library that needs another form
// increments it and still reads this one; version, name and key are in every form.
const claimVersion = 1

// claimRecord is what a start writes on its workflow to recognise it.
type claimRecord struct {
	Version int `json:"version"`
	// Name is that of the workflow. On a copy under another name, such as `argo resubmit` makes,
	// the claim has no effect.
	Name string `json:"name"`
	// ID is random. The attempts of one call share it, so a call recognises the workflow that an
	// attempt without an answer has created.
	ID string `json:"id,omitempty"`
	// Key is the hash of the idempotency key.
	Key string `json:"key,omitempty"`

	fingerprint
}

// readClaim returns the claim on the workflow with that metadata, or the zero value if it has none,
// or one for another name. Of a claim of another version it returns only what every version has.
func readClaim(of metav1.Object) claimRecord {
	var common struct {
		Version int    `json:"version"`
		Name    string `json:"name"`
		Key     string `json:"key"`
	}
	encoded := []byte(of.GetAnnotations()[naming.AnnotationStart])
	if json.Unmarshal(encoded, &common) != nil || common.Name != of.GetName() {
		return claimRecord{}
	}
	if common.Version != claimVersion {
		return claimRecord{Version: common.Version, Name: common.Name, Key: common.Key}
	}
	var record claimRecord
	if json.Unmarshal(encoded, &record) != nil {
		return claimRecord{}
	}
	return record
}

// claim names the workflow that a call is to create, and marks it as the call's own.
type claim struct {
	claimRecord

	base      string // what a name is generated from
	named     bool   // the caller chose the name
	renewable bool   // any other generated name will do as well
}

// newClaim returns the claim of a workflow of that name. If that is empty, the name is made from the
// key alone, or without a key from base. fields are those of the request, see requestFields.
func newClaim(name, base, key string, fields map[string]string) claim {
	c := claim{
		claimRecord: claimRecord{Version: claimVersion, Name: name, ID: string(uuid.NewUUID())},
		base:        base, named: name != "",
	}
	if key == "" {
		if c.renewable = name == ""; c.renewable {
			c.Name = randomName(base)
		}
		return c
	}
	secret := newKeySecret(key)
	c.Key = secret.keyHash()
	if name == "" {
		c.Name = nameOfKey(key)
	}
	c.fingerprint = secret.fingerprint(fields)
	return c
}

// madeBy reports whether an attempt of the call with this claim created the workflow.
func (c claim) madeBy(existing *unstructured.Unstructured) bool {
	return readClaim(existing).ID == c.ID
}

// put names the workflow and puts the claim on it. The base becomes its generateName, so that a
// workflow that any client makes from this one has a similar name.
func (c claim) put(wf *unstructured.Unstructured) error {
	wf.SetName(c.Name)
	if c.base != "" {
		wf.SetGenerateName(nameBase(c.base, generatedLength))
	}
	encoded, err := json.Marshal(c.claimRecord)
	if err != nil {
		return err
	}
	wf.SetAnnotations(overlaid(wf.GetAnnotations(), map[string]string{naming.AnnotationStart: string(encoded)}))
	if c.Key != "" {
		wf.SetLabels(overlaid(wf.GetLabels(), map[string]string{naming.LabelKey: c.Key}))
	}
	return nil
}

// check returns nil if the workflow has this claim, else why it is another one.
func (c claim) check(existing *unstructured.Unstructured) error {
	found := readClaim(existing)
	switch {
	case found.ID == c.ID:
		return nil
	case c.Key == "":
		return fmt.Errorf("%w: it was not made by this request; "+
			"choose another name, or set an IdempotencyKey so that retries find the same workflow", ErrAlreadyExists)
	case found.Key == "":
		return fmt.Errorf("%w: it was not started with an idempotency key; choose another name", ErrAlreadyExists)
	case found.Key != c.Key:
		return fmt.Errorf("%w: the workflow was started with another idempotency key; "+
			"choose another name, or use that key", ErrConflict)
	case found.Version != claimVersion:
		return fmt.Errorf("%w: the idempotency key is in use, and its request is recorded in form %d, "+
			"which this version of argoservice cannot read; update it", ErrConflict, found.Version)
	case found.Request != c.Request:
		return fmt.Errorf("%w: the idempotency key is in use for a different request%s; "+
			"use another key, or repeat the same request", ErrConflict, differing(c.differences(found.fingerprint)))
	case existing.GetDeletionTimestamp() != nil:
		return fmt.Errorf("%w: it is being deleted; start again once it is deleted", ErrAlreadyExists)
	}
	return nil
}

// differing lists fields in which two requests differ, for an error. One of the requests is read
// from the workflow, to which any client can have written.
func differing(fields []string) string {
	if len(fields) == 0 {
		return ""
	}
	return " (it differs in " + shown.List(shown.Names(fields)) + ")"
}
