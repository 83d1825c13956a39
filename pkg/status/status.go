package status

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// WorkflowStatus is one state of a workflow. It is a snapshot: nothing in it changes
// after [FromUnstructured] or [FromJSON] returned it, so it may be read by several goroutines.
type WorkflowStatus struct {
	Name, Namespace string
	// UID tells a workflow from a later one of the same name.
	UID types.UID
	// ResourceVersion names this state of the object.
	ResourceVersion     string
	CreationTime        time.Time // by the API server's clock; zero: not created (a dry run)
	DeletionTime        time.Time // when it was marked as deleted, if finalizers still hold it; zero: it is not
	Labels, Annotations map[string]string
	// Finalizers are what holds the object when it is deleted, until each is taken away.
	Finalizers []string

	// Template is the template the workflow was made from; empty if it carries its own.
	Template TemplateRef
	// Entrypoint as the workflow states it; "" leaves it to the template.
	Entrypoint string
	// Arguments are the parameters the workflow was started with. Those it left to the
	// template's defaults are not among them.
	Arguments []Parameter
	// Shutdown tells that the workflow was asked to stop or terminate.
	Shutdown ShutdownStrategy
	// SpecSuspended is spec.suspend: no new pod is started. See [WorkflowStatus.Suspended].
	SpecSuspended bool

	Phase   Phase
	Message string
	// StartTime and EndTime are zero as long as there is none. They have whole seconds.
	StartTime, EndTime time.Time
	Progress           Progress
	// EstimatedDuration is Argo's guess of the whole run, from earlier runs of the same
	// template; 0: none.
	EstimatedDuration time.Duration
	// ResourcesDuration is what the workflow used so far by Argo's rough reckoning:
	// seconds of one unit of each resource, e.g. "cpu": 12s.
	ResourcesDuration map[string]time.Duration
	Conditions        []Condition
	// Outputs are the workflow's global outputs.
	Outputs         Outputs
	Synchronization Synchronization
	// PersistentVolumeClaims are the names of the claims that were made for the workflow.
	PersistentVolumeClaims []string

	// Nodes are sorted by start time (those without last), then by name, with numbers in
	// names by value. They are empty with NodesErr set where they are not in the object or could not be read.
	Nodes []*Node
	// NodesErr is [ErrNodesOffloaded], a [*NodesError], or nil. All else in the status
	// holds in any case.
	NodesErr error
	// OffloadVersion is the version under which the controller's database has the nodes
	// that are offloaded; "": they are not.
	OffloadVersion string

	// StartDiagnostic says why probably no controller has taken the workflow up; nil: one has, or
	// it is too early to tell. Only what follows a workflow sets it, never [FromUnstructured].
	StartDiagnostic *StartDiagnostic

	// Dropped lists what could not be read, in no particular order; at most 1,000 fields. What
	// a node reads only when asked for (inputs, outputs, details) is not among it: see
	// [Node.Dropped].
	Dropped []Dropped

	raw *unstructured.Unstructured
}

// TemplateRef names a WorkflowTemplate, or with ClusterScope a ClusterWorkflowTemplate,
// and for a node also the template within it.
type TemplateRef struct {
	Name         string
	Template     string // "" for a workflow
	ClusterScope bool
}

// FromUnstructured reads a Workflow object of any version of Argo's API.
//
// The only error is a [*NotWorkflowError]: u is nil, or says itself that it is something
// else. An object without a kind is taken at its word as a workflow; whatever else is
// missing, null or malformed is left at its zero value and listed in Dropped.
//
// Compressed nodes are read as a stream up to [MaxNodesSize], those by other algorithms than gzip
// with [NodeDecoders] alone, as NodesErr then says. It takes memory for their
// fields, not for their JSON. u is not changed. The status keeps it, for
// [WorkflowStatus.Raw] and for what its nodes read only when asked, so the caller must not
// change it either. Where the object is still JSON, [FromJSON] is faster.
func FromUnstructured(u *unstructured.Unstructured) (*WorkflowStatus, error) {
	return NodeDecoders{}.FromUnstructured(u)
}

// fromFields reads the object that has these fields.
func fromFields(fields map[string]any, decoders NodeDecoders, ended func() error) (*WorkflowStatus, error) {
	root := &object{fields: fields, dropped: new([]Dropped)}
	apiVersion, kind := root.string("apiVersion"), root.string("kind")
	group, _, _ := strings.Cut(apiVersion, "/")
	if kind != "" && kind != "Workflow" || apiVersion != "" && group != "argoproj.io" {
		return nil, &NotWorkflowError{APIVersion: apiVersion, Kind: kind}
	}

	s := &WorkflowStatus{}
	spec, status := root.object("spec"), root.object("status")
	s.readMetadata(root.object("metadata"))
	s.readSpec(spec)
	s.readStatus(status, decoders, ended)
	if s.NodesErr != nil && ended != nil {
		if err := ended(); err != nil {
			return nil, err
		}
	}
	if err := s.readDelays(spec, status, ended); err != nil {
		return nil, err
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
	if len(s.Nodes) > 0 {
		s.Nodes[0].source.ended = s.Completed() // it is the source of all of them
	}
}

// Completed reports whether the workflow has ended. It goes by the phase alone: the
// label and the finish time can be stale or missing.
func (s *WorkflowStatus) Completed() bool {
	return s.Phase.Completed()
}

// Suspended reports whether the workflow waits for a decision: it has not ended, and it is at
// a gate (see [Node.Active]) or was suspended as a whole (spec.suspend). Pods that were
// running when it was suspended as a whole go on running.
func (s *WorkflowStatus) Suspended() bool {
	return !s.Completed() && (s.SpecSuspended || s.HasSuspendedNodes())
}

// Raw returns the object this status was read from; nil where it was not kept, or where the
// status comes from [FromJSON]. It is the caller's own object, not a copy: change a DeepCopy
// of it.
func (s *WorkflowStatus) Raw() *unstructured.Unstructured {
	return s.raw
}
