package workflow

import (
	"bytes"
	"compress/flate"
	"io"
	"sync"

	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// snapshot is one state of a workflow as it came, cut down to what a status has. It is shared
// by all that follow the workflow, so it doesn't change.
type snapshot struct {
	id     wfjson.Identity
	data   []byte
	packed bool
}

// newSnapshot copies what is needed of an object.
func newSnapshot(id wfjson.Identity, object []byte) (*snapshot, error) {
	data, err := wfjson.Slim(make([]byte, 0, len(object)), object)
	if err != nil {
		return nil, err
	}
	if len(data) < cap(data)/2 {
		data = bytes.Clone(data)
	}
	return &snapshot{id: id, data: data}, nil
}

// status decodes the state by read.
func (s *snapshot) status(read func(data []byte) (*status.WorkflowStatus, error)) (*status.WorkflowStatus, error) {
	data := s.data
	if s.packed {
		var err error
		if data, err = io.ReadAll(flate.NewReader(bytes.NewReader(s.data))); err != nil {
			return nil, err // it was packed here, so this does not happen
		}
	}
	return read(data)
}

// labels are those of the workflow.
func (s *snapshot) labels() (map[string]string, error) { return wfjson.Labels(s.data) }

// newer reports whether an object's version comes after another of the same resource. There is
// no telling between versions that are no numbers; then any other one is taken for newer.
func newer(version, than string) bool {
	order, err := resourceversion.CompareResourceVersion(version, than)
	if err != nil {
		return version != than
	}
	return order > 0
}

// packer compresses snapshots that are kept for long: what a follower has seen last is kept as
// long as it waits, and only looked at if it waits in vain.
type packer struct {
	writers sync.Pool // of *flate.Writer, which are large
}

// packable reports whether it is worth it to compress the snapshot.
func (s *snapshot) packable() bool {
	const small = 512
	return !s.packed && len(s.data) > small
}

// pack returns the snapshot compressed.
func (p *packer) pack(s *snapshot) *snapshot {
	var packed bytes.Buffer
	w, ok := p.writers.Get().(*flate.Writer)
	if ok {
		w.Reset(&packed)
	} else {
		w, _ = flate.NewWriter(&packed, flate.BestSpeed) // fails for unknown levels only
	}
	_, err := w.Write(s.data)
	if err == nil {
		err = w.Close()
	}
	if err != nil { // a buffer takes everything
		return s
	}
	p.writers.Put(w)
	return &snapshot{id: s.id, data: bytes.Clone(packed.Bytes()), packed: true}
}
