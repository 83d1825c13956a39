package watchhub

import (
	"bytes"
	"compress/flate"
	"io"
	"sync"

	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/source"
)

// snapshot is one state of a workflow as JSON, cut down to what a status has, or only a row of it. It
// is shared by all calls that follow the workflow, so it does not change.
type snapshot struct {
	id     wfjson.Identity // without the UID if there is only a row
	data   []byte
	packed bool
	row    *source.Row // nil if there is data
}

// newSnapshot copies what is needed of an object.
func (h *Hub) newSnapshot(item source.Item) (*snapshot, error) {
	if item.Err != nil {
		return nil, item.Err
	}
	object, err := item.JSON()
	if err != nil {
		return nil, err
	}
	slim := wfjson.Slim
	if h.cfg.Polled {
		slim = wfjson.SlimWithPolled
	}
	data, err := slim(make([]byte, 0, len(object)), object)
	if err != nil {
		return nil, err
	}
	if len(data) < cap(data)/2 {
		data = bytes.Clone(data)
	}
	return &snapshot{id: item.ID, data: data}, nil
}

// status decodes the state.
func (s *snapshot) status(decode func(data []byte) (*status.WorkflowStatus, error)) (*status.WorkflowStatus, error) {
	data := s.data
	if s.packed {
		var err error
		if data, err = io.ReadAll(flate.NewReader(bytes.NewReader(s.data))); err != nil {
			return nil, err // does not happen: it was packed here
		}
	}
	return decode(data)
}

// labels returns the workflow's labels. The snapshot must not be packed.
func (s *snapshot) labels() (map[string]string, error) { return wfjson.Labels(s.data) }

// newer reports whether an object's resource version comes after another one. Versions that are not
// numbers have no order; then any other version counts as newer.
func newer(version, than string) bool {
	order, err := resourceversion.CompareResourceVersion(version, than)
	if err != nil {
		return version != than
	}
	return order > 0
}

// packer compresses snapshots that are kept for long: a call keeps the last state for as long as it
// waits, and looks at it only if it waits in vain.
type packer struct {
	writers sync.Pool // of *flate.Writer, which are large
}

// packable reports whether it is worth compressing the snapshot.
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
	if err != nil {
		return s // does not happen: a buffer takes everything
	}
	p.writers.Put(w)
	return &snapshot{id: s.id, data: bytes.Clone(packed.Bytes()), packed: true}
}
