package journal

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// What clients put on workflows: a start with a key, and a retry.
const (
	ownPrefix       = "argoservice.opensearch.org/"
	labelKey        = ownPrefix + "idempotency-key"
	annotationStart = ownPrefix + "start"
	annotationRetry = ownPrefix + "retry-id"
	labelSession    = ownPrefix + "session" // of the runs of a backfill
)

const (
	mostText       = 4 << 10  // bytes of a message
	mostValue      = 32 << 10 // bytes of a parameter's value; a longer one is left out
	mostAnnotation = 1 << 10  // bytes of an annotation that is not the client's own
	mostClaim      = 256      // bytes of each field of a start; a longer one was not made by a client
)

// record is a state of a workflow as it is stored.
type record struct {
	point

	cluster, namespace, name string
	uid                      types.UID
	start                    start
	session                  string
	phase                    string
	started                  time.Time
	object                   []byte
}

// point is what orders the states of a workflow.
type point struct {
	version int64  // 0: unknown
	run     string // its start, and the last retry
	ended   int64  // when the run has ended, in microseconds; 0: it has not
	whole   int    // 1 unless the nodes of an end could not be read, or there was no room for them
}

// pointOf returns the point of a state.
func pointOf(s *status.WorkflowStatus) point {
	p := point{version: versionOf(s), run: column(cut(s.StartTime.UTC().Format(time.RFC3339) + " " + s.Annotations[annotationRetry]))}
	if s.Completed() {
		p.ended = max(1, s.EndTime.UnixMicro())
	}
	if !s.Completed() || s.NodesErr == nil {
		p.whole = 1
	}
	return p
}

// after reports whether a state at p is to be kept instead of one at other.
func (p point) after(other point) bool {
	if p.ended != 0 && p.run == other.run {
		switch {
		case p.ended != other.ended:
			// Not by their versions: those go back if the cluster is restored from a backup.
			return p.ended > other.ended
		case p.whole != other.whole:
			return p.whole > other.whole
		}
	}
	return p.version == 0 || p.version > other.version
}

// start is what a workflow says about the start with an idempotency key that has created it. It is zero if
// none has.
type start struct {
	Name    string
	Key     string // its hash
	ID      string // of the call
	Request string // a hash of the request
}

func (r record) identity() identity { return identity{r.namespace, r.uid} }

func (r record) compare(other record) int {
	return cmp.Or(strings.Compare(r.namespace, other.namespace), strings.Compare(string(r.uid), string(other.uid)))
}

// versionOf returns a resource version as a number, by which versions of one object compare; 0 if it is
// none.
func versionOf(s *status.WorkflowStatus) int64 {
	version, err := strconv.ParseInt(s.ResourceVersion, 10, 64)
	if err != nil {
		return 0
	}
	return version
}

// newRecord returns what is stored of a state. If brief is set, that is only what is small. It does not keep s.
func (j *Journal) newRecord(s *status.WorkflowStatus, brief bool) (record, error) {
	r := record{
		point: pointOf(s), cluster: j.opts.Cluster, namespace: column(s.Namespace), name: column(s.Name),
		uid: types.UID(column(string(s.UID))), start: startOf(s), session: column(s.Labels[labelSession]),
		phase: column(string(s.Phase)), started: s.StartTime,
	}
	if r.started.IsZero() {
		r.started = s.CreationTime
	}
	if r.started.IsZero() {
		r.started = time.Now()
	}
	omitted := []string{"spec", "spec nodes", "spec nodes outputs"}
	switch {
	case !s.Completed(): // the states follow each other too fast to keep these parts of them
		omitted = omitted[2:]
	case brief:
		omitted, r.whole = omitted[2:], 0
	case s.NodesErr != nil:
		omitted = omitted[1:]
	}
	var err error
	for _, omitted := range omitted {
		r.object, err = encode(s, j.opts.Parameters, omitted, j.opts.MaxObject)
		if !errors.Is(err, errTooLarge) {
			return r, err
		}
	}
	// Labels and own annotations, which the API server bounds, and arguments.
	r.object, err = encode(s, false, "spec nodes outputs", math.MaxInt)
	return r, err
}

// startOf returns the start that has created the workflow. A copy that another client made has the label
// of the original, and its annotation with the original's name.
func startOf(s *status.WorkflowStatus) start {
	var of start
	if json.Unmarshal([]byte(s.Annotations[annotationStart]), &of) != nil || of.Name != s.Name || of.Key == "" {
		return start{}
	}
	if max(len(of.Key), len(of.ID), len(of.Request)) > mostClaim {
		return start{}
	}
	return start{Name: of.Name, Key: column(of.Key), ID: column(of.ID), Request: column(of.Request)}
}

// column returns a string that every database takes.
func column(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

var errTooLarge = errors.New("the object is too large")

// encode returns a Workflow object with what is kept of s, as JSON. The error matches errTooLarge if that
// takes more than most bytes. It then does little more work than for so many.
func encode(s *status.WorkflowStatus, parameters bool, omitted string, most int) ([]byte, error) {
	m := mask{most: most}
	object := map[string]any{
		"apiVersion": "argoproj.io/v1alpha1",
		"kind":       "Workflow",
		"metadata":   metadata(s, omitted),
		"spec":       spec(&m, s, parameters),
		"status":     statusFields(&m, s, omitted),
	}
	if m.full() {
		return nil, errTooLarge
	}
	if err := m.apply(); err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(object)
	if len(encoded) > most {
		return nil, errTooLarge
	}
	return encoded, err
}

func metadata(s *status.WorkflowStatus, omitted string) map[string]any {
	annotations := map[string]string{}
	for key, value := range s.Annotations {
		// Other tools keep whole manifests in annotations, with parameters.
		own := strings.HasPrefix(key, ownPrefix)
		if own || len(value) <= mostAnnotation && key != "kubectl.kubernetes.io/last-applied-configuration" {
			annotations[key] = value
		}
	}
	annotations[workflow.AnnotationAbridged] = omitted
	fields := map[string]any{"name": s.Name, "namespace": s.Namespace, "annotations": annotations}
	put(fields, "uid", string(s.UID))
	put(fields, "resourceVersion", s.ResourceVersion)
	putTime(fields, "creationTimestamp", s.CreationTime)
	if len(s.Labels) > 0 {
		fields["labels"] = maps.Clone(s.Labels)
	}
	return fields
}

func spec(m *mask, s *status.WorkflowStatus, parameters bool) map[string]any {
	fields := map[string]any{}
	if s.Template.Name != "" {
		ref := map[string]any{"name": s.Template.Name}
		if s.Template.ClusterScope {
			ref["clusterScope"] = true
		}
		fields["workflowTemplateRef"] = ref
	}
	put(fields, "entrypoint", s.Entrypoint)
	put(fields, "shutdown", string(s.Shutdown))
	if s.SpecSuspended {
		fields["suspend"] = true
	}
	if parameters && len(s.Arguments) > 0 {
		fields["arguments"] = map[string]any{"parameters": m.parameters(s.Arguments)}
	}
	return fields
}

// statusFields returns the status.
func statusFields(m *mask, s *status.WorkflowStatus, omitted string) map[string]any {
	fields := map[string]any{}
	put(fields, "phase", string(s.Phase))
	m.put(fields, "message", s.Message)
	putTime(fields, "startedAt", s.StartTime)
	putTime(fields, "finishedAt", s.EndTime)
	if s.Progress != (status.Progress{}) {
		fields["progress"] = s.Progress.String()
	}
	if !strings.Contains(omitted, "outputs") {
		putOutputs(m, fields, s.Outputs)
	}
	if !strings.Contains(omitted, "nodes") && len(s.Nodes) > 0 {
		nodes := map[string]any{}
		for _, n := range s.Nodes {
			if m.full() {
				break
			}
			nodes[n.ID] = node(m, n)
		}
		fields["nodes"] = nodes
	}
	return fields
}

func node(m *mask, n *status.Node) map[string]any {
	const least = len(`"":{"displayName":"","id":"","name":"","type":""}`)
	m.grow(least + 2*len(n.ID) + len(n.Name) + len(n.DisplayName))
	for _, child := range n.Children {
		m.grow(len(child))
	}
	fields := map[string]any{"id": n.ID, "name": n.Name, "displayName": n.DisplayName, "type": string(n.Type)}
	put(fields, "templateName", n.TemplateName)
	put(fields, "phase", string(n.Phase))
	put(fields, "boundaryID", n.BoundaryID)
	m.put(fields, "message", n.Message)
	putTime(fields, "startedAt", n.StartTime)
	putTime(fields, "finishedAt", n.EndTime)
	if n.Progress != (status.Progress{}) {
		fields["progress"] = n.Progress.String()
	}
	if n.TemplateRef.Name != "" {
		ref := map[string]any{"name": n.TemplateRef.Name, "template": n.TemplateRef.Template}
		if n.TemplateRef.ClusterScope {
			ref["clusterScope"] = true
		}
		fields["templateRef"] = ref
	}
	if len(n.Children) > 0 {
		fields["children"] = slices.Clone(n.Children)
	}
	flag := map[string]any{}
	if n.Hooked {
		flag["hooked"] = true
	}
	if n.Retried {
		flag["retried"] = true
	}
	if len(flag) > 0 {
		fields["nodeFlag"] = flag
	}
	putOutputs(m, fields, n.Outputs())
	return fields
}

func putOutputs(m *mask, fields map[string]any, o status.Outputs) {
	outputs := map[string]any{}
	if len(o.Parameters) > 0 {
		outputs["parameters"] = m.parameters(o.Parameters)
	}
	if len(o.Artifacts) > 0 {
		artifacts := make([]any, len(o.Artifacts))
		for i, name := range o.Artifacts {
			m.grow(len(name))
			artifacts[i] = map[string]any{"name": name}
		}
		outputs["artifacts"] = artifacts
	}
	put(outputs, "exitCode", o.ExitCode)
	if len(o.Result) <= mostValue {
		m.put(outputs, "result", o.Result)
	}
	if len(outputs) > 0 {
		fields["outputs"] = outputs
	}
}

func put(fields map[string]any, key, value string) {
	if value != "" {
		fields[key] = value
	}
}

func putTime(fields map[string]any, key string, t time.Time) {
	if !t.IsZero() {
		fields[key] = t.UTC().Format(time.RFC3339)
	}
}

// cut returns at most the first mostText bytes of text.
func cut(text string) string {
	if len(text) <= mostText {
		return text
	}
	end := mostText
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
