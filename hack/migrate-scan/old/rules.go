package old

// The kinds of findings.
const (
	RuleImport     = "import"
	RuleConstruct  = "construct"
	RuleReference  = "reference"
	RuleSubclass   = "subclass"
	RuleDefinition = "definition"
	RuleMethod     = "method"
	RuleMethodRef  = "method-reference"
	RuleResult     = "result"
	RuleHandler    = "handler"
	RuleError      = "error"
	RulePhases     = "phases"
	RuleDotted     = "dotted-name"
	RuleKubectl    = "kubectl"
	RuleArgo       = "argo"
)

// Rule is a kind of findings.
type Rule struct {
	ID    string
	Title string // what was found
	Help  string // what to do about it
}

// Rules returns all kinds of findings.
func Rules() []Rule {
	return []Rule{
		{RuleImport, "The old module is imported", "Goes when nothing of the module is used any more."},
		{RuleConstruct, "An ArgoService is made", "Make one client for each namespace when the program starts, and share it."},
		{RuleReference, "ArgoService is named, such as in an annotation", "Depend on workflow.Interface, or on the smallest of the interfaces it is made of."},
		{RuleSubclass, "ArgoService is derived from", "Wrap workflow.Interface: embed it, and have a method of your own where something differs."},
		{RuleDefinition, "The old API itself, or a method that overrides it", "Delete it when nothing uses it, or move what it adds to a wrapper around workflow.Interface."},
		{RuleMethod, "A method of ArgoService is called", "Call what replaces it. The context given to it is the only timeout."},
		{RuleMethodRef, "A method of ArgoService is passed on or replaced", "Pass a function that calls what replaces it; in tests implement the interface instead of patching."},
		{RuleResult, "A field of a CommandResult is used", "The new calls return a typed value and an error."},
		{RuleHandler, "An error of the old API is handled", "Compare the returned error by errors.Is or errors.As."},
		{RuleError, "An error of the old API is raised, expected or named", "Use the error that replaces it."},
		{RulePhases, "The list of ending phases is used", "Ask the state: Completed and Outcome."},
		{RuleDotted, "A text names something of the old module", "If it is imported or patched by this name, it has to change with the module."},
		{RuleKubectl, "kubectl is run on workflows", "Call the library in place of a process."},
		{RuleArgo, "The argo CLI is run on workflows", "Call the library in place of a process."},
	}
}
