package status

// ConditionType is the type of a [Condition].
type ConditionType string

const (
	// ConditionCompleted is True once the workflow has ended. A retry sets it to False.
	ConditionCompleted ConditionType = "Completed"
	// ConditionPodRunning says whether a pod is running.
	ConditionPodRunning ConditionType = "PodRunning"
	// ConditionSpecWarning and ConditionSpecError report something dubious or wrong in the spec.
	ConditionSpecWarning ConditionType = "SpecWarning"
	ConditionSpecError   ConditionType = "SpecError"
	// ConditionMetricsError means that metrics of the workflow could not be emitted.
	ConditionMetricsError ConditionType = "MetricsError"
	// ConditionArtifactGCError means that artifacts could not be deleted. The workflow's finalizer
	// then keeps the object when it is deleted.
	ConditionArtifactGCError ConditionType = "ArtifactGCError"
)

// Condition is an entry of status.conditions.
type Condition struct {
	Type ConditionType
	// Status is "True", "False" or "Unknown".
	Status  string
	Message string
}

// Condition returns the condition of type t, or nil.
func (s *WorkflowStatus) Condition(t ConditionType) *Condition {
	for _, c := range s.Conditions {
		if c.Type == t {
			return &c
		}
	}
	return nil
}
