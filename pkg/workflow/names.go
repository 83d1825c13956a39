package workflow

// Names that Kubernetes and Argo have given.
const (
	apiVersion = "argoproj.io/v1alpha1"
	kind       = "Workflow"

	argoPrefix           = "workflows.argoproj.io/"
	labelTemplate        = argoPrefix + "workflow-template"
	labelClusterTemplate = argoPrefix + "cluster-workflow-template"
	labelCron            = argoPrefix + "cron-workflow"
	labelInstanceID      = argoPrefix + "controller-instanceid"
	labelCompleted       = argoPrefix + "completed"
	labelResubmitted     = argoPrefix + "resubmitted-from-workflow"
	annotationScheduled  = argoPrefix + "scheduled-time"
	finalizerArtifactGC  = argoPrefix + "artifact-gc"

	// maxNameLength: the name becomes the value of a label on every pod.
	maxNameLength = 63
)
