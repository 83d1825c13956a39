package status

// ConditionType is what a [Condition] is about.
type ConditionType string

const (
	// ConditionCompleted is True when the workflow has ended; a retry sets it False.
	ConditionCompleted ConditionType = "Completed"
	// ConditionPodRunning tells whether a pod runs.
	ConditionPodRunning ConditionType = "PodRunning"
	// ConditionSpecWarning and ConditionSpecError tell of something dubious or wrong in the spec.
	ConditionSpecWarning ConditionType = "SpecWarning"
	ConditionSpecError   ConditionType = "SpecError"
	// ConditionMetricsError: metrics of the workflow could not be emitted.
	ConditionMetricsError ConditionType = "MetricsError"
	// ConditionArtifactGCError: artifacts could not be deleted. The workflow's finalizer
	// then holds the object when it is deleted.
	ConditionArtifactGCError ConditionType = "ArtifactGCError"
)

// Condition is an entry of status.conditions.
type Condition struct {
	Type ConditionType
	// Status is "True", "False" or "Unknown".
	Status  string
	Message string
}

// Condition returns the condition of that type, or nil.
func (s *WorkflowStatus) Condition(t ConditionType) *Condition {
	for _, c := range s.Conditions {
		if c.Type == t {
			return &c
		}
	}
	return nil
}
