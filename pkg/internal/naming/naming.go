// Package naming has the names that Argo and this library give to API groups, labels, annotations
// and finalizers. It does not know who may set them; pkg/workflow/internal/spec does.
package naming

// The API of Argo's resources.
const (
	Group      = "argoproj.io"
	Version    = "v1alpha1"
	APIVersion = Group + "/" + Version
	// Kind is that of a workflow.
	Kind = "Workflow"
)

// Labels and annotations of Argo.
const (
	ArgoPrefix = "workflows.argoproj.io/"

	LabelTemplate        = ArgoPrefix + "workflow-template"
	LabelClusterTemplate = ArgoPrefix + "cluster-workflow-template"
	LabelCron            = ArgoPrefix + "cron-workflow"
	LabelInstanceID      = ArgoPrefix + "controller-instanceid"
	LabelCompleted       = ArgoPrefix + "completed"
	LabelPhase           = ArgoPrefix + "phase"
	LabelArchiving       = ArgoPrefix + "workflow-archiving-status"
	LabelWorkflow        = ArgoPrefix + "workflow" // of a pod
	LabelResubmitted     = ArgoPrefix + "resubmitted-from-workflow"
	LabelAction          = ArgoPrefix + "action"
	LabelCreator         = ArgoPrefix + "creator" // also a prefix: creator-email, …
	LabelActor           = ArgoPrefix + "actor"   // also a prefix: actor-email, …
	LabelActorEmail      = LabelActor + "-email"
	LabelActorUsername   = LabelActor + "-preferred-username"

	AnnotationNodeID    = ArgoPrefix + "node-id"   // of a pod
	AnnotationNodeName  = ArgoPrefix + "node-name" // of a pod
	AnnotationPodNames  = ArgoPrefix + "pod-name-format"
	AnnotationScheduled = ArgoPrefix + "scheduled-time"

	FinalizerArtifactGC = ArgoPrefix + "artifact-gc"
)

// Labels and annotations of this library.
const (
	OwnPrefix = "argoservice.opensearch.org/"

	// AnnotationStart records which start made a workflow.
	AnnotationStart = OwnPrefix + "start"
	// LabelKey has the hash of the idempotency key, so that the key's workflow can be found under
	// any name.
	LabelKey = OwnPrefix + "idempotency-key"
	// AnnotationAsked is when the controller was last asked to look at the workflow again.
	AnnotationAsked = OwnPrefix + "asked-again"
	// AnnotationRetryID identifies the last retry of a workflow, so that a retry recognises its
	// own write after the response was lost.
	AnnotationRetryID = OwnPrefix + "retry-id"
	// AnnotationDecisions has the IDs of the last decisions about gates, so that a decision
	// recognises its own write after the response was lost.
	AnnotationDecisions = OwnPrefix + "decisions"
	// AnnotationDecision records the last decision that was written to the object of a gate: who made it,
	// when, and for which workflow.
	AnnotationDecision = OwnPrefix + "decision"
	// AnnotationAbridged says which parts of a recorded workflow are left out.
	AnnotationAbridged = OwnPrefix + "abridged"
)

// MaxLength is the most characters of a workflow's name. Argo labels each pod with it.
const MaxLength = 63

// CanHavePods reports whether a workflow of that name can have pods. Argo's controller fails one
// with a longer name than [MaxLength].
func CanHavePods(name string) bool { return len(name) <= MaxLength }
