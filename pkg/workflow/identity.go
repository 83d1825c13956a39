package workflow

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/uuid"
)

// Annotations by which a workflow is known to be the one that a Start meant.
const (
	annotationStartID = "argoservice.opensearch.org/start-id"
	annotationKey     = "argoservice.opensearch.org/idempotency-key-hash"
	annotationRequest = "argoservice.opensearch.org/request-hash"
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

func newMarker(req StartRequest, args arguments) (marker, error) {
	m := marker{name: req.Name, base: req.Template}
	if req.IdempotencyKey == "" {
		m.startID = string(uuid.NewUUID())
		if m.renewable = req.Name == ""; m.renewable {
			m.name = m.anotherName()
		}
		return m, nil
	}
	m.keyHash = hash([]byte(req.IdempotencyKey))
	if m.name == "" {
		const length = 10
		m.name = nameBase(m.base, length) + m.keyHash[:length]
	}
	// What the workflow is made of; json.Marshal sorts the keys of maps.
	request, err := json.Marshal([]any{
		req.Template, req.ClusterScope, req.Name, req.Entrypoint, args.required, args.optional,
		req.ServiceAccount, req.Labels, req.Annotations, req.Spec,
	})
	if err != nil {
		return marker{}, err
	}
	m.requestHash = hash(request)
	return m, nil
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}

func (m marker) anotherName() string {
	const length = 5 // as the API server's generateName
	return nameBase(m.base, length) + rand.String(length)
}

// nameBase cuts base so that with a dash and a suffix it is a valid name.
func nameBase(base string, suffix int) string {
	if most := maxNameLength - suffix - 1; len(base) > most {
		base = base[:most]
	}
	return strings.TrimRight(base, ".-") + "-"
}

func (m marker) annotate(annotations map[string]string) {
	if m.startID != "" {
		annotations[annotationStartID] = m.startID
		return
	}
	annotations[annotationKey] = m.keyHash
	annotations[annotationRequest] = m.requestHash
}

// check returns nil if the workflow carries the mark, else why it is another one.
func (m marker) check(existing *unstructured.Unstructured) error {
	marks := existing.GetAnnotations()
	switch {
	case m.startID != "" && marks[annotationStartID] == m.startID:
		return nil
	case m.keyHash == "" || marks[annotationKey] != m.keyHash:
		return fmt.Errorf("%w: it was not made by this request", ErrAlreadyExists)
	case marks[annotationRequest] != m.requestHash:
		return fmt.Errorf("%w: the idempotency key is in use for a different request; use another key, or repeat the same request", ErrConflict)
	case existing.GetDeletionTimestamp() != nil:
		return fmt.Errorf("%w: it is being deleted; start again when it is gone", ErrAlreadyExists)
	}
	return nil
}
