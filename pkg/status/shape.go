package status

import "unicode/utf8"

// shape says which parts of a JSON value are read. Of the rest no more is known than what
// type it has, so that it takes no memory: a list of a million empty ones is a few bytes.
type shape int

const (
	shapeScalar shape = iota // a text, number or bool
	shapeTexts
	shapeNamed // scalars by names of any kind

	shapeNode
	shapeRef
	shapeFlag
	shapeLock
	shapeCache
	shapeOutputs
	shapeParameters
	shapeParameter
	shapeSource
	shapeArtifacts
	shapeArtifact

	shapeWorkflow
	shapeMetadata
	shapeSpec
	shapeArguments
	shapeStatus
	shapeNodes // read by a nodeReader
	shapeConditions
	shapeCondition
	shapeSynchronization
	shapeLockSets
	shapeLocks
	shapeHeldLock
	shapeVolumes
	shapeVolume
	shapeClaim

	// Those from here on are of templates, of which nothing counts but durations.
	shapeTemplateSpec
	shapeStoredTemplates
	shapeTemplates
	shapeTemplate
	shapeDAG
	shapeSteps
	shapeStepGroup
	shapeStep
	shapeInline
	shapeSuspend
)

// member returns the shape of an object's member, and whether that is read.
func (s shape) member(key []byte) (shape, bool) {
	switch s {
	case shapeNode:
		return memberOfNode(key)
	case shapeNamed:
		return shapeScalar, true
	case shapeRef:
		return shapeScalar, is(key, "name", "template", "clusterScope")
	case shapeFlag:
		return shapeScalar, is(key, "hooked", "retried")
	case shapeLock:
		return shapeScalar, is(key, "waiting")
	case shapeCache:
		return shapeScalar, is(key, "hit", "key", "cacheName")
	case shapeSource:
		return shapeScalar, is(key, "supplied", "default")
	case shapeArtifact:
		return shapeScalar, is(key, "name")
	case shapeOutputs:
		switch string(key) {
		case "parameters":
			return shapeParameters, true
		case "artifacts":
			return shapeArtifacts, true
		}
		return shapeScalar, is(key, "result", "exitCode")
	case shapeParameter:
		switch string(key) {
		case "enum":
			return shapeTexts, true
		case "valueFrom":
			return shapeSource, true
		case "name", "description", "globalName", "value", "default":
			return shapeScalar, true
		}
		return shapeScalar, false
	}
	if s.ofTemplates() {
		return s.memberOfTemplates(key)
	}
	return s.memberOfWorkflow(key)
}

func is(key []byte, names ...string) bool {
	for _, name := range names {
		if string(key) == name {
			return true
		}
	}
	return false
}

// memberNamed is member by the JSON of the name.
func (s shape) memberNamed(raw []byte) (shape, bool) {
	inside := raw[1 : len(raw)-1]
	if s == shapeNamed || simple(inside) {
		return s.member(inside)
	}
	const longest = 256 // longer than any name that is known, also as escapes
	if len(inside) > longest {
		return shapeScalar, false
	}
	var name [longest * utf8.UTFMax]byte
	return s.member(unescape(name[:0], inside))
}

func memberOfNode(key []byte) (shape, bool) {
	switch string(key) {
	case "inputs", "outputs":
		return shapeOutputs, true
	case "templateRef":
		return shapeRef, true
	case "nodeFlag":
		return shapeFlag, true
	case "synchronizationStatus":
		return shapeLock, true
	case "memoizationStatus":
		return shapeCache, true
	case "children", "outboundNodes":
		return shapeTexts, true
	case "resourcesDuration":
		return shapeNamed, true
	case "estimatedDuration", "podIP", "hostNodeName", "templateScope", "taskResultSynced", "failedPodRestarts":
		return shapeScalar, true
	}
	return shapeScalar, nodeField(key) >= 0
}

// object reports whether it is that of an object.
func (s shape) object() bool { return s != shapeScalar && s.item() == shapeNone }

const shapeNone shape = -1

// item returns the shape of a list's items; shapeNone if it is not that of a list.
func (s shape) item() shape {
	switch s {
	case shapeTexts:
		return shapeScalar
	case shapeParameters:
		return shapeParameter
	case shapeArtifacts:
		return shapeArtifact
	case shapeConditions:
		return shapeCondition
	case shapeLocks:
		return shapeHeldLock
	case shapeVolumes:
		return shapeVolume
	case shapeTemplates:
		return shapeTemplate
	case shapeSteps:
		return shapeStepGroup
	case shapeStepGroup:
		return shapeStep
	}
	return shapeNone
}
