package workflow

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/uuid"
)

// Annotations by which a workflow is known to be the one that a Start meant.
const (
	annotationPrefix  = "argoservice.opensearch.org/"
	annotationStartID = annotationPrefix + "start-id"
	annotationKey     = annotationPrefix + "idempotency-key-hash"
	annotationRequest = annotationPrefix + "request-hash"

	// annotationAsked is when a shutdown was asked for again.
	annotationAsked = annotationPrefix + "shutdown-asked-again"
)

// marker is what a Start leaves on its workflow to know it again. Without a key it is a
// random id, good for the retries of one call; with a key it is made of hashes, the same in
// every process.
type marker struct {
	name                 string // of the workflow
	startID              string
	keyHash, requestHash string
	base                 string // of a generated name
	renewable            bool   // another name would do as well
}

// newMarker makes the mark of a workflow that is to have that name, or if it is "", one
// made from base. With a key, request is everything the workflow is made of.
func newMarker(name, base, key string, request ...any) (marker, error) {
	m := marker{name: name, base: base}
	if key == "" {
		m.startID = string(uuid.NewUUID())
		if m.renewable = name == ""; m.renewable {
			m.name = m.anotherName()
		}
		return m, nil
	}
	m.keyHash = hash([]byte(key))
	if name == "" {
		m.name = nameOfKey(base, m.keyHash)
	}
	for i, part := range request {
		// Whether something is nil or empty makes no other workflow.
		if v := reflect.ValueOf(part); (v.Kind() == reflect.Map || v.Kind() == reflect.Slice) && v.Len() == 0 {
			request[i] = nil
		}
	}
	text, err := json.Marshal(request) // which sorts the keys of maps
	if err != nil {
		return marker{}, err
	}
	m.requestHash = hash(text)
	return m, nil
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
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

// own reports whether only the call itself leaves this mark.
func (m marker) own() bool { return m.startID != "" }

// put names and marks the workflow. The base stays with it as generateName, so that a
// workflow made from this one, by whichever client, has a name like it.
func (m marker) put(wf *unstructured.Unstructured) {
	wf.SetName(m.name)
	if m.base != "" {
		wf.SetGenerateName(nameBase(m.base, generatedLength))
	}
	annotations := wf.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	if m.startID != "" {
		annotations[annotationStartID] = m.startID
	} else {
		annotations[annotationKey] = m.keyHash
		annotations[annotationRequest] = m.requestHash
	}
	wf.SetAnnotations(annotations)
}

// check returns nil if the workflow carries the mark, else why it is another one.
func (m marker) check(existing *unstructured.Unstructured) error {
	marks := existing.GetAnnotations()
	switch {
	case m.startID != "" && marks[annotationStartID] == m.startID:
		return nil
	case m.keyHash == "" || marks[annotationKey] != m.keyHash:
		return fmt.Errorf("%w: it was not made by this request; choose another name, or an idempotency key that finds one's own again", ErrAlreadyExists)
	case marks[annotationRequest] != m.requestHash:
		return fmt.Errorf("%w: the idempotency key is in use for a different request; use another key, or repeat the same request", ErrConflict)
	case existing.GetDeletionTimestamp() != nil:
		return fmt.Errorf("%w: it is being deleted; start again when it is gone", ErrAlreadyExists)
	}
	return nil
}

// WorkflowName is the name of the workflow that Start makes of the request: the one it gives, or
// that of the manifest, or with an IdempotencyKey the one made from that, always the same. Without
// any of these it is "": Start chooses one at random, of the kind that [StartRequest.AnyName] returns.
// It is for those who decide by name before they call Start. It sends nothing and checks nothing.
func (r StartRequest) WorkflowName() string {
	d, _ := checkSource(r, "")
	name := r.Name
	if name == "" && d.obj != nil {
		name = d.obj.GetName()
	}
	return givenName(name, d.base, r.IdempotencyKey)
}

// AnyName returns a name at random, of the kind that Start chooses for the request; "" where
// there is nothing to make it from.
func (r StartRequest) AnyName() string {
	d, _ := checkSource(r, "")
	if d.base == "" {
		return ""
	}
	return marker{base: d.base}.anotherName()
}

// WorkflowName is the name of the workflow that Resubmit makes like the one of the given name;
// see [StartRequest.WorkflowName].
func (o ResubmitOptions) WorkflowName(old string) string {
	return givenName(o.Name, old, o.IdempotencyKey)
}

// AnyName returns a name at random, of the kind that Resubmit chooses; "" where there is nothing
// to make it from.
func (o ResubmitOptions) AnyName(old string) string {
	base := old
	// What looks like the random part of a name is replaced, not added to. The letters are those
	// of k8s.io/apimachinery's util/rand.
	const alphabet = "bcdfghjklmnpqrstvwxz2456789"
	if at := len(old) - generatedLength - 1; at > 0 && old[at] == '-' && strings.Trim(old[at+1:], alphabet) == "" {
		base = old[:at]
	}
	if base == "" {
		return ""
	}
	return marker{base: base}.anotherName()
}

func givenName(name, base, key string) string {
	if name == "" && key != "" {
		return nameOfKey(base, hash([]byte(key)))
	}
	return name
}

// nameOfKey is the name that a key makes.
func nameOfKey(base, keyHash string) string {
	const length = 10
	return nameBase(base, length) + keyHash[:length]
}
