package wfjson

// memberOfWorkflow is [shape.member] for everything outside of the nodes. It names exactly what
// package status reads there.
func (s shape) memberOfWorkflow(key []byte) (shape, bool) {
	switch s {
	case shapeWorkflow:
		switch string(key) {
		case "metadata":
			return shapeMetadata, true
		case "spec":
			return shapeSpec, true
		case "status":
			return shapeStatus, true
		}
		return shapeScalar, is(key, "apiVersion", "kind")
	case shapeMetadata:
		if is(key, "labels", "annotations") {
			return shapeMap, true
		}
		if is(key, "finalizers") {
			return shapeStrings, true
		}
		return shapeScalar, is(key, "name", "namespace", "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp")
	case shapeSpec:
		switch string(key) {
		case "workflowTemplateRef":
			return shapeRef, true
		case "arguments":
			return shapeArguments, true
		case "templates":
			return shapeTemplates, true
		case "templateDefaults":
			return shapeInline, true
		}
		return shapeScalar, is(key, "entrypoint", "shutdown", "suspend")
	case shapeArguments:
		return shapeParameters, is(key, "parameters")
	case shapeStatus:
		return memberOfStatus(key)
	case shapeCondition:
		return shapeScalar, is(key, "type", "status", "message")
	case shapeSynchronization:
		return shapeLockSets, is(key, "semaphore", "mutex")
	case shapeLockSets:
		return shapeLocks, is(key, "holding", "waiting")
	case shapeLock:
		if is(key, "holders") {
			return shapeStrings, true
		}
		return shapeScalar, is(key, "semaphore", "mutex", "holder")
	case shapeVolume:
		return shapeClaim, is(key, "persistentVolumeClaim")
	case shapeClaim:
		return shapeScalar, is(key, "claimName")
	}
	return shapeScalar, false
}

func memberOfStatus(key []byte) (shape, bool) {
	switch string(key) {
	case "nodes":
		return shapeNodes, true
	case "resourcesDuration":
		return shapeMap, true
	case "conditions":
		return shapeConditions, true
	case "outputs":
		return shapeOutputs, true
	case "synchronization":
		return shapeSynchronization, true
	case "persistentVolumeClaims":
		return shapeVolumes, true
	case "storedTemplates":
		return shapeStoredTemplates, true
	case "storedWorkflowTemplateSpec":
		return shapeTemplateSpec, true
	case "phase", "message", "startedAt", "finishedAt", "progress", "estimatedDuration",
		"compressedNodes", "offloadNodeStatusVersion":
		return shapeScalar, true
	}
	return shapeScalar, false
}

// ofTemplates reports whether s is the shape of templates or of a part of them.
func (s shape) ofTemplates() bool { return s >= shapeTemplateSpec }

func (s shape) memberOfTemplates(key []byte) (shape, bool) {
	switch s {
	case shapeTemplateSpec:
		switch string(key) {
		case "arguments":
			return shapeArguments, true
		case "templates":
			return shapeTemplates, true
		}
		return shapeInline, is(key, "templateDefaults")
	case shapeStoredTemplates:
		return shapeTemplate, true
	case shapeTemplate:
		switch string(key) {
		case "dag":
			return shapeDAG, true
		case "steps":
			return shapeSteps, true
		case "suspend":
			return shapeSuspend, true
		case "resource":
			return shapeResource, true
		}
		return shapeScalar, is(key, "name")
	case shapeDAG:
		return shapeStepGroup, is(key, "tasks")
	case shapeStep:
		if is(key, "inline") {
			return shapeInline, true
		}
		return shapeScalar, is(key, "name")
	case shapeInline:
		if is(key, "resource") {
			return shapeResource, true
		}
		return shapeSuspend, is(key, "suspend")
	case shapeResource:
		return shapeScalar, is(key, "action", "manifest", "successCondition")
	}
	return shapeScalar, s == shapeSuspend && is(key, "duration")
}
