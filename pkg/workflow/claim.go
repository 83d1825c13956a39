package workflow

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/uuid"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/startname"
)

// claimVersion is the version of a claimRecord's format. A later version of this library that needs
// another format increments it and still reads this one. Every format has version, name and key.
const claimVersion = 1

// claimRecord is stored on a workflow, so that a start recognizes its own workflow.
type claimRecord struct {
	Version int `json:"version"`
	// Name is the workflow's name. On a copy under another name, such as `argo resubmit` makes, the
	// claim has no effect.
	Name string `json:"name"`
	// ID is random. All attempts of one call share it, so a call recognizes a workflow that it
	// created with an attempt whose response was lost.
	ID string `json:"id,omitempty"`
	// Key is the hash of the idempotency key.
	Key string `json:"key,omitempty"`

	fingerprint
}

// readClaim returns the claim on the workflow with that metadata. It returns the zero value if
// there is none or it is for another name. Of another version's claim, it returns the fields that
// every version has.
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

// claim names the workflow that a call creates, and marks it as the call's own.
type claim struct {
	claimRecord

	base      string // what a name is generated from
	named     bool   // the caller chose the name
	renewable bool   // the name is generated, and may be replaced by another
}

// newClaim returns the claim of a workflow of that name. If name is empty, it derives one from the
// key alone, or without a key generates one from base. fields are the request's; see requestFields.
func newClaim(name, base, key string, fields map[string]string) claim {
	c := claim{
		claimRecord: claimRecord{Version: claimVersion, Name: name, ID: string(uuid.NewUUID())},
		base:        base, named: name != "",
	}
	if key == "" {
		if c.renewable = name == ""; c.renewable {
			c.Name = startname.Random(base)
		}
		return c
	}
	secret := newKeySecret(key)
	c.Key = startname.KeyHash(key)
	if name == "" {
		c.Name = startname.OfKey(key)
	}
	c.fingerprint = secret.fingerprint(fields)
	return c
}

// madeBy reports whether an attempt of the call with this claim created the workflow.
func (c claim) madeBy(existing *unstructured.Unstructured) bool {
	return readClaim(existing).ID == c.ID
}

// isOn reports whether the workflow was started by the call with this claim, or with its key.
func (c claim) isOn(wf *unstructured.Unstructured) bool {
	return c.madeBy(wf) || c.Key != "" && readClaim(wf).Key == c.Key
}

// put sets the workflow's name and adds the claim. The base becomes the generateName, so that
// workflows that other clients derive from this one have similar names.
func (c claim) put(wf *unstructured.Unstructured) error {
	wf.SetName(c.Name)
	if c.base != "" {
		wf.SetGenerateName(startname.Prefix(c.base))
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

// check returns nil if the workflow has this claim, or else an error that says how it differs.
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
		return fmt.Errorf("%w%s; use another key, or repeat the same request",
			ErrIdempotencyMismatch, differing(c.differences(found.fingerprint)))
	case existing.GetDeletionTimestamp() != nil:
		return errBeingDeleted()
	}
	return nil
}

// unreadableIn reports whether the workflow has the claim's key, with a request in the form of another
// version of this library. It may be the same request, so it must not be replaced as another one.
func (c claim) unreadableIn(existing *unstructured.Unstructured) bool {
	found := readClaim(existing)
	return c.Key != "" && found.Key == c.Key && found.Version != claimVersion
}

// differing formats the fields in which two requests differ, for an error. One request is read from
// the workflow, which any client may have written.
func differing(fields []string) string {
	if len(fields) == 0 {
		return ""
	}
	return " (it differs in " + shown.List(shown.Names(fields)) + ")"
}
