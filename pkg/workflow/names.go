package workflow

// Names that Kubernetes and Argo have given.
const (
	argoGroup   = "argoproj.io"
	argoVersion = "v1alpha1"
	apiVersion  = argoGroup + "/" + argoVersion
	kind        = "Workflow"

	argoPrefix           = "workflows.argoproj.io/"
	labelTemplate        = argoPrefix + "workflow-template"
	labelClusterTemplate = argoPrefix + "cluster-workflow-template"
	labelCron            = argoPrefix + "cron-workflow"
	labelInstanceID      = argoPrefix + "controller-instanceid"
	labelCompleted       = argoPrefix + "completed"
	labelPhase           = argoPrefix + "phase"
	labelArchiving       = argoPrefix + "workflow-archiving-status"
	labelWorkflow        = argoPrefix + "workflow"
	labelResubmitted     = argoPrefix + "resubmitted-from-workflow"
	labelAction          = argoPrefix + "action"
	labelCreator         = argoPrefix + "creator" // and creator-email, …
	labelActor           = argoPrefix + "actor"   // of an action, likewise
	annotationNodeID     = argoPrefix + "node-id"
	annotationNodeName   = argoPrefix + "node-name"
	annotationPodNames   = argoPrefix + "pod-name-format"
	annotationScheduled  = argoPrefix + "scheduled-time"
	finalizerArtifactGC  = argoPrefix + "artifact-gc"

	// maxNameLength: the name becomes the value of a label on every pod.
	maxNameLength = 63
)

// canHavePods reports whether a workflow of that name can have pods: they carry its name as a
// label. Argo's controller fails a workflow with a longer one.
func canHavePods(name string) bool { return len(name) <= maxNameLength }
