package status

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// WorkflowStatus is a snapshot of a workflow. Nothing in it changes after [FromUnstructured] or
// [FromJSON] has returned it, so it is safe for concurrent use.
type WorkflowStatus struct {
	Name, Namespace string
	// UID tells a workflow from a later one of the same name.
	UID types.UID
	// Source is where a client has read the workflow.
	Source Source
	// ResourceVersion is the version of the object.
	ResourceVersion     string
	CreationTime        time.Time // by the API server's clock; zero after a dry run
	DeletionTime        time.Time // when the deletion was requested, if finalizers still keep the object; else zero
	Labels, Annotations map[string]string
	// Finalizers keep an object that is being deleted until all of them are removed.
	Finalizers []string

	// Template is the template that the workflow was made from. It is empty if the workflow has its
	// own templates.
	Template TemplateRef
	// Entrypoint is the workflow's own entrypoint; "" means that of the template.
	Entrypoint string
	// Arguments are the parameters that the workflow was started with, without defaults of the
	// template.
	Arguments []Parameter
	// Shutdown is set if the workflow was asked to stop or terminate.
	Shutdown ShutdownStrategy
	// SpecSuspended is spec.suspend: no new pods are started. See [WorkflowStatus.Suspended].
	SpecSuspended bool

	Phase   Phase
	Message string
	// StartTime and EndTime are zero until they are known. They have whole seconds.
	StartTime, EndTime time.Time
	Progress           Progress
	// EstimatedDuration is Argo's estimate for the whole run from earlier runs of the same
	// template, or 0.
	EstimatedDuration time.Duration
	// ResourcesDuration is what the workflow has used so far by Argo's estimate: seconds of one
	// unit of each resource, e.g. "cpu": 12s.
	ResourcesDuration map[string]time.Duration
	Conditions        []Condition
	// Outputs are the workflow's global outputs.
	Outputs         Outputs
	Synchronization Synchronization
	// PersistentVolumeClaims are the names of the claims that were created for the workflow.
	PersistentVolumeClaims []string

	// Nodes are sorted by start time (nodes without one are last), then by name, with numbers in
	// names compared by value. They are empty if NodesErr is set.
	Nodes []*Node
	// NodesErr is [ErrNodesOffloaded], a [*NodesError] (which matches [ErrUnreadable]), the error of a function
	// that reads offloaded nodes (see [NodeDecoders.WithOffloaded]), [ErrNodesNotRead], or nil. The other
	// fields are valid in any case.
	NodesErr error
	// OffloadVersion is the version of offloaded nodes in the controller's database; "" if the
	// nodes are not offloaded. It is also set if they were read from there.
	OffloadVersion string

	// StartDiagnostic says why probably no controller has picked up the workflow. It is nil if one
	// has, or if it is too early to tell. Only calls that watch a workflow set it, never
	// [FromUnstructured].
	StartDiagnostic *StartDiagnostic

	// Dropped lists up to 1,000 fields that could not be read, in no particular order. What nodes
	// read on demand (inputs, outputs, details) is not included; see [Node.Dropped].
	Dropped []Dropped

	raw *unstructured.Unstructured
}

// Source is where a workflow was read.
type Source string

const (
	// SourceLive means that the workflow was in the cluster. [FromUnstructured] and [FromJSON] always
	// set it, since they don't know where an object comes from.
	SourceLive Source = "live"
	// SourceHistory means that the workflow is no longer in the cluster, and the state is what a history
	// has recorded last. If it has not completed, it is unknown how the workflow ended.
	SourceHistory Source = "history"
)

// TemplateRef names a WorkflowTemplate, or if ClusterScope is set a ClusterWorkflowTemplate, and
// for a node also the template within it.
type TemplateRef struct {
	Name         string
	Template     string // "" for a workflow
	ClusterScope bool
}

// FromUnstructured reads a Workflow object of any version of Argo.
//
// The only error is a [*NotWorkflowError]: u is nil or has another kind. An object without a kind
// counts as a Workflow. What is missing, null or malformed is left at its zero value; malformed
// fields are listed in Dropped.
//
// FromUnstructured reads compressed nodes as a stream up to [MaxNodesSize], so it takes memory for
// their fields, not for their JSON. Algorithms other than gzip need [NodeDecoders]; NodesErr says
// so. u is not changed. The status keeps it for [WorkflowStatus.Raw] and for what nodes read on
// demand, so the caller must not change it. If the object is still JSON, [FromJSON] is faster.
func FromUnstructured(u *unstructured.Unstructured) (*WorkflowStatus, error) {
	return NodeDecoders{}.FromUnstructured(u)
}

// fromFields reads the object with these fields.
func fromFields(fields map[string]any, decoders NodeDecoders, ended func() error) (*WorkflowStatus, error) {
	root := &object{fields: fields, dropped: new([]Dropped)}
	apiVersion, kind := root.string("apiVersion"), root.string("kind")
	group, _, _ := strings.Cut(apiVersion, "/")
	if kind != "" && kind != "Workflow" || apiVersion != "" && group != "argoproj.io" {
		return nil, &NotWorkflowError{APIVersion: apiVersion, Kind: kind}
	}

	s := &WorkflowStatus{Source: SourceLive}
	spec, status := root.object("spec"), root.object("status")
	s.readMetadata(root.object("metadata"))
	s.readSpec(spec)
	var t *templates
	if decoders.gates != nil {
		t = readTemplates(spec, status, true)
		decoders.keep = t.mayPoll
	}
	s.readStatus(status, decoders, ended)
	if s.NodesErr != nil && ended != nil {
		if err := ended(); err != nil {
			return nil, err
		}
	}
	if err := s.readDelays(spec, status, t, ended); err != nil {
		return nil, err
	}
	if t != nil {
		if err := s.markGates(t, decoders.gates, ended); err != nil {
			return nil, err
		}
	}
	s.Dropped = (*root.dropped)[:min(len(*root.dropped), maxDropped)]
	return s, nil
}

func (s *WorkflowStatus) readMetadata(metadata *object) {
	s.Name = metadata.string("name")
	s.Namespace = metadata.string("namespace")
	s.UID = types.UID(metadata.string("uid"))
	s.ResourceVersion = metadata.string("resourceVersion")
	s.CreationTime = metadata.time("creationTimestamp")
	s.DeletionTime = metadata.time("deletionTimestamp")
	s.Labels = metadata.stringMap("labels")
	s.Annotations = metadata.stringMap("annotations")
	s.Finalizers = metadata.strings("finalizers")
}

func (s *WorkflowStatus) readSpec(spec *object) {
	ref := spec.object("workflowTemplateRef")
	s.Template = TemplateRef{Name: ref.string("name"), ClusterScope: ref.bool("clusterScope")}
	s.Entrypoint = spec.string("entrypoint")
	s.Arguments = readParameters(spec.object("arguments"))
	s.Shutdown = ShutdownStrategy(spec.string("shutdown"))
	s.SpecSuspended = spec.bool("suspend")
}

func (s *WorkflowStatus) readStatus(status *object, decoders NodeDecoders, ended func() error) {
	s.Phase = Phase(status.string("phase"))
	s.Message = status.string("message")
	s.StartTime = status.time("startedAt")
	s.EndTime = status.time("finishedAt")
	s.Progress = status.progress("progress")
	s.EstimatedDuration = status.seconds("estimatedDuration")
	s.ResourcesDuration = status.durations("resourcesDuration")
	for _, c := range status.objects("conditions") {
		s.Conditions = append(s.Conditions, Condition{
			Type: ConditionType(c.string("type")), Status: c.string("status"), Message: c.string("message"),
		})
	}
	s.Outputs = readOutputs(status.object("outputs"))
	s.Synchronization = readSynchronization(status.object("synchronization"))
	for _, volume := range status.objects("persistentVolumeClaims") {
		claim := volume.object("persistentVolumeClaim").string("claimName")
		s.PersistentVolumeClaims = append(s.PersistentVolumeClaims, claim)
	}
	s.OffloadVersion = status.string("offloadNodeStatusVersion")
	s.Nodes, s.NodesErr = readNodes(status, decoders, ended)
	if s.NodesErr == ErrNodesOffloaded && decoders.load != nil { //nolint:errorlint // as returned by readNodes
		s.Nodes, s.NodesErr = s.loadNodes(decoders, status.dropped, ended)
	}
	if len(s.Nodes) > 0 {
		s.Nodes[0].source.ended = s.Completed() // the nodes share one source
	}
}

// Completed reports whether the workflow has ended. It only looks at the phase, since the label and
// the end time can be stale or missing.
func (s *WorkflowStatus) Completed() bool {
	return s.Phase.Completed()
}

// Suspended reports whether the workflow waits for a decision: it has not ended, and a gate waits
// (see [Node.Waiting]) or it was suspended as a whole (spec.suspend). Pods that were running when it
// was suspended as a whole continue.
func (s *WorkflowStatus) Suspended() bool {
	return !s.Completed() && (s.SpecSuspended || s.HasSuspendedNodes())
}

// Raw returns the object that the status was read from. It is nil if the object was not kept or the
// status comes from [FromJSON]. It is not a copy, so make a DeepCopy before changing it.
func (s *WorkflowStatus) Raw() *unstructured.Unstructured {
	return s.raw
}
