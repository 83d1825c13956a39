package workflow

import "github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"

const (
	argoGroup   = naming.Group
	argoVersion = naming.Version
	apiVersion  = naming.APIVersion
	kind        = naming.Kind
	argoPrefix  = naming.ArgoPrefix

	labelTemplate        = naming.LabelTemplate
	labelClusterTemplate = naming.LabelClusterTemplate
	labelCron            = naming.LabelCron
	labelInstanceID      = naming.LabelInstanceID
	labelCompleted       = naming.LabelCompleted
	labelPhase           = naming.LabelPhase
	labelArchiving       = naming.LabelArchiving
	labelWorkflow        = naming.LabelWorkflow
	labelResubmitted     = naming.LabelResubmitted
	labelAction          = naming.LabelAction
	labelCreator         = naming.LabelCreator
	labelActor           = naming.LabelActor
	labelKey             = naming.LabelKey
	annotationStart      = naming.AnnotationStart
	annotationAsked      = naming.AnnotationAsked
	annotationNodeID     = naming.AnnotationNodeID
	annotationScheduled  = naming.AnnotationScheduled
	finalizerArtifactGC  = naming.FinalizerArtifactGC
	ownPrefix            = naming.OwnPrefix

	maxNameLength = naming.MaxLength
)

func canHavePods(name string) bool { return naming.CanHavePods(name) }
