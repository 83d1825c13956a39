package status

// Inputs is what a node was given.
type Inputs struct {
	Parameters []Parameter
	// Artifacts are the artifacts' names.
	Artifacts []string
}

// Outputs is what a node or workflow has produced. [Outputs.Decode] reads the parameters into a
// struct.
type Outputs struct {
	Parameters []Parameter
	// Artifacts are the artifacts' names.
	Artifacts []string
	// Result is the standard output of a script.
	Result string
	// ExitCode is the exit code of the main container, or "".
	ExitCode string
}

// Parameter returns the value of the named parameter, and reports whether it has one.
func (i Inputs) Parameter(name string) (value string, ok bool) {
	return parameterValue(i.Parameters, name)
}

// Parameter returns the value of the named parameter, and reports whether it has one.
func (o Outputs) Parameter(name string) (value string, ok bool) {
	return parameterValue(o.Parameters, name)
}

func parameterValue(parameters []Parameter, name string) (value string, ok bool) {
	for _, p := range parameters {
		if p.Name == name && p.Set {
			return p.Value, true
		}
	}
	return "", false
}

func readInputs(o *object) Inputs {
	return Inputs{Parameters: readParameters(o), Artifacts: readArtifacts(o)}
}

func readOutputs(o *object) Outputs {
	outputs := Outputs{Parameters: readParameters(o), Artifacts: readArtifacts(o), Result: o.string("result")}
	outputs.ExitCode, _ = o.text("exitCode")
	return outputs
}

func readArtifacts(o *object) (names []string) {
	for _, artifact := range o.objects("artifacts") {
		names = append(names, artifact.string("name"))
	}
	return names
}
