package old

import "strings"

// The old API's own names.
const (
	Module         = "console_link.models.argo_service"
	Class          = "ArgoService"
	EndedError     = "WorkflowEndedBeforeSuspend"
	EndingPhases   = "ENDING_ARGO_PHASES"
	TimeoutError   = "TimeoutError"
	RunnerError    = "CommandRunnerError"
	Runner         = "CommandRunner"
	runnerModule   = "console_link.models.command_runner"
	moduleBaseName = "argo_service"
)

// IsModule reports whether a dotted name is that of the old module, and how sure that is. With
// something before it, it is the same module under another root; without its package it is
// probably imported from inside.
func IsModule(path string) (Sure, bool) {
	switch {
	case path == Module, strings.HasSuffix(path, "."+Module):
		return Certain, true
	case path == moduleBaseName, path == "models."+moduleBaseName, strings.HasSuffix(path, ".models."+moduleBaseName):
		return Likely, true
	case strings.HasPrefix(path, "?.") && strings.HasSuffix(path, "."+moduleBaseName):
		return Likely, true
	}
	return 0, false
}

// Exports returns what a star import of the old module binds.
func Exports() []string { return []string{Class, EndedError, EndingPhases} }

// ErrorReplacement says what replaces one of the old errors; ok is false for any other name.
func ErrorReplacement(name string) (r Replacement, ok bool) {
	switch name {
	case EndedError:
		return Replacement{
			New:  "errors.Is(err, workflow.ErrCompleted)",
			Note: "of a Wait for workflow.Suspended; a *workflow.EndedBeforeSuspendError in it has name, phase and last state",
		}, true
	case TimeoutError:
		return Replacement{
			New:  "errors.Is(err, context.DeadlineExceeded)",
			Note: "a *workflow.WaitError in it has the last state",
		}, true
	case RunnerError:
		return Replacement{
			New:  "errors.Is(err, workflow.ErrNotFound)",
			Note: "or another kind, such as workflow.ErrForbidden or workflow.ErrUnavailable; each is a *workflow.Error",
		}, true
	}
	return Replacement{}, false
}

// PhasesReplacement is what replaces the list of ending phases.
func PhasesReplacement() Replacement {
	return Replacement{
		New:  "state.Completed()",
		Note: "Stopped and Terminated were never phases: state.Outcome() is status.OutcomeStopped or status.OutcomeTerminated",
	}
}

// ConstructReplacement is what replaces the constructor.
func ConstructReplacement() Replacement {
	return Replacement{
		New:  "workflow.NewForConfig(cfg, workflow.Options{Namespace: namespace})",
		Note: "image and service account are not needed, since no pod is started",
	}
}

// ReferenceReplacement is what replaces the class where it is only named.
func ReferenceReplacement() Replacement {
	return Replacement{New: "workflow.Interface", Note: "or a smaller one, such as workflow.Starter or workflow.Waiter"}
}

// ImportReplacement is what replaces the import.
func ImportReplacement() Replacement {
	return Replacement{New: "workflow.NewForConfig"}
}

// SubclassReplacement is what replaces deriving from the class, or overriding its methods.
func SubclassReplacement() Replacement {
	return Replacement{New: "workflow.Interface", Note: "embed it in a struct, and write the methods that differ"}
}
