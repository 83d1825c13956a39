package workflow

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// markVersion is the form of a startMark. A later version of this library that needs another form
// counts it up and goes on reading this one; version, name and key stay in every form.
const markVersion = 1

// startMark is what a Start leaves on its workflow to know it again.
type startMark struct {
	Version int `json:"version"`
	// Name is that of the workflow. On a copy under another name, such as `argo resubmit` makes,
	// the mark counts for nothing.
	Name string `json:"name"`
	// ID is random. The attempts of one call share it, so a call knows the workflow that an attempt
	// without an answer has created.
	ID string `json:"id,omitempty"`
	// Key is the hash of the idempotency key.
	Key string `json:"key,omitempty"`

	fingerprint
}

// readMark returns the mark of the workflow with that metadata; the zero value if it has none, or
// one that was made for another name. A mark of another version has only what each version has.
func readMark(of metav1.Object) startMark {
	var common struct {
		Version int    `json:"version"`
		Name    string `json:"name"`
		Key     string `json:"key"`
	}
	text := []byte(of.GetAnnotations()[annotationStart])
	if json.Unmarshal(text, &common) != nil || common.Name != of.GetName() {
		return startMark{}
	}
	if common.Version != markVersion {
		return startMark{Version: common.Version, Name: common.Name, Key: common.Key}
	}
	var mark startMark
	if json.Unmarshal(text, &mark) != nil {
		return startMark{}
	}
	return mark
}

// marker names and marks the workflow that a call is to make.
type marker struct {
	startMark

	base      string // of a generated name
	named     bool   // the name is the caller's own
	renewable bool   // another name would do as well
}

// newMarker makes the mark of a workflow that is to have that name, or if it is "", one made from
// the key alone or, without a key, from base. fields are those of the request, see requestFields.
func newMarker(name, base, key string, fields map[string]string) marker {
	m := marker{
		startMark: startMark{Version: markVersion, Name: name, ID: string(uuid.NewUUID())},
		base:      base, named: name != "",
	}
	if key == "" {
		if m.renewable = name == ""; m.renewable {
			m.Name = m.anotherName()
		}
		return m
	}
	secret := newKeySecret(key)
	m.Key = secret.keyHash()
	if name == "" {
		m.Name = nameOfKey(key)
	}
	m.fingerprint = secret.fingerprint(fields)
	return m
}

// generatedLength is that of the random part that the API server adds to a generateName.
const generatedLength = 5

func (m marker) anotherName() string {
	return nameBase(m.base, generatedLength) + rand.String(generatedLength)
}

// nameBase cuts base so that with a dash and a suffix it is a valid name.
func nameBase(base string, suffix int) string {
	if most := maxNameLength - suffix - 1; len(base) > most {
		base = base[:most]
	}
	return strings.TrimRight(base, ".-") + "-"
}

// madeBy reports whether an attempt of the call that has the mark created the workflow.
func (m marker) madeBy(existing *unstructured.Unstructured) bool {
	return readMark(existing).ID == m.ID
}

// put names and marks the workflow. The base stays with it as generateName, so that a
// workflow made from this one, by whichever client, has a name like it.
func (m marker) put(wf *unstructured.Unstructured) error {
	wf.SetName(m.Name)
	if m.base != "" {
		wf.SetGenerateName(nameBase(m.base, generatedLength))
	}
	text, err := json.Marshal(m.startMark)
	if err != nil {
		return err
	}
	wf.SetAnnotations(overlaid(wf.GetAnnotations(), map[string]string{annotationStart: string(text)}))
	if m.Key != "" {
		wf.SetLabels(overlaid(wf.GetLabels(), map[string]string{labelKey: m.Key}))
	}
	return nil
}

// check returns nil if the workflow carries the mark, else why it is another one.
func (m marker) check(existing *unstructured.Unstructured) error {
	found := readMark(existing)
	switch {
	case found.ID == m.ID:
		return nil
	case m.Key == "":
		return fmt.Errorf("%w: it was not made by this request; "+
			"choose another name, or set an IdempotencyKey so that retries find the same workflow", ErrAlreadyExists)
	case found.Key == "":
		return fmt.Errorf("%w: it was not started with an idempotency key; choose another name", ErrAlreadyExists)
	case found.Key != m.Key:
		return fmt.Errorf("%w: the workflow was started with another idempotency key; "+
			"choose another name, or use that key", ErrConflict)
	case found.Version != markVersion:
		return fmt.Errorf("%w: the idempotency key is in use, and its request is recorded in form %d, "+
			"which this version of argoservice cannot read; update it", ErrConflict, found.Version)
	case found.Request != m.Request:
		return fmt.Errorf("%w: the idempotency key is in use for a different request%s; "+
			"use another key, or repeat the same request", ErrConflict, differing(m.differences(found.fingerprint)))
	case existing.GetDeletionTimestamp() != nil:
		return fmt.Errorf("%w: it is being deleted; start again once it is deleted", ErrAlreadyExists)
	}
	return nil
}

// differing names fields in which requests differ, for the text of an error. One of the requests is
// read from the workflow, where any client can have written.
func differing(fields []string) string {
	if len(fields) == 0 {
		return ""
	}
	return " (it differs in " + shown.List(shown.Names(fields)) + ")"
}

// WorkflowName returns the name of the workflow that Start makes of the request: Name, or that of
// the manifest, or with an IdempotencyKey one that is made from the key alone. Without any of these
// it is "": Start chooses one at random, of the kind that [StartRequest.AnyName] returns.
// It is for callers that decide by name before they call Start. It sends nothing and checks nothing.
func (r StartRequest) WorkflowName() string {
	name := r.Name
	if name == "" && len(r.Manifest) > 0 {
		if obj, err := spec.Parse(r.Manifest); err == nil {
			name = obj.GetName()
		}
	}
	return givenName(name, r.IdempotencyKey)
}

// AnyName returns a name at random, of the kind that Start chooses for the request; "" where
// there is nothing to make a valid one from.
func (r StartRequest) AnyName() string {
	base := cmp.Or(r.Template, r.CronWorkflow)
	if len(r.Manifest) > 0 {
		base = ""
		if obj, err := spec.Parse(r.Manifest); err == nil {
			base = spec.NameBase(obj, r.Name)
		}
	}
	return anyName(base)
}

// WorkflowName returns the name of the workflow that Resubmit makes: Name, or with an
// IdempotencyKey one that is made from the key alone; see [StartRequest.WorkflowName].
func (o ResubmitOptions) WorkflowName(_ string) string { return givenName(o.Name, o.IdempotencyKey) }

// AnyName returns a name at random, of the kind that Resubmit chooses; "" where there is nothing
// to make a valid one from.
func (o ResubmitOptions) AnyName(old string) string {
	base := old
	// What looks like the random part of a name is replaced, not added to. The letters are those
	// of k8s.io/apimachinery's util/rand.
	const alphabet = "bcdfghjklmnpqrstvwxz2456789"
	if at := len(old) - generatedLength - 1; at > 0 && old[at] == '-' && strings.Trim(old[at+1:], alphabet) == "" {
		base = old[:at]
	}
	return anyName(base)
}

func anyName(base string) string {
	if len(validation.IsDNS1123Subdomain(base)) > 0 {
		return ""
	}
	return marker{base: base}.anotherName()
}

func givenName(name, key string) string {
	if name == "" && key != "" {
		return nameOfKey(key)
	}
	return name
}

// nameOfKey is the name that a key makes. It has no text of the key, which may be a secret, nor of
// what is started: so two processes that use a key for different requests meet at the same name, and
// the API server lets one of them have it.
func nameOfKey(key string) string { return "key-" + newKeySecret(key).keyHash() }
