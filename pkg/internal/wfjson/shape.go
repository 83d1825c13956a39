package wfjson

import "unicode/utf8"

// shape says which parts of a JSON value are read. Of everything else only the type is read, so
// that a long list of values that no field comes from takes no memory.
type shape int

const (
	shapeScalar shape = iota // a string, number or bool
	shapeStrings
	shapeMap // scalars under any names

	shapeNode
	shapeRef
	shapeFlag
	shapeNodeLock
	shapeMemoization
	shapeOutputs
	shapeParameters
	shapeParameter
	shapeValueFrom
	shapeArtifacts
	shapeArtifact

	shapeWorkflow
	shapeMetadata
	shapeSpec
	shapeArguments
	shapeStatus
	shapeNodes // see nodeReader
	shapeConditions
	shapeCondition
	shapeSynchronization
	shapeLockSets
	shapeLocks
	shapeLock
	shapeVolumes
	shapeVolume
	shapeClaim

	// The shapes from here on are those of templates, of which only durations and polled objects are read.
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
	shapeResource
)

// member returns the shape of an object's member, and whether the member is read.
func (s shape) member(key []byte) (shape, bool) {
	switch s {
	case shapeNode:
		return memberOfNode(key)
	case shapeMap:
		return shapeScalar, true
	case shapeRef:
		return shapeScalar, is(key, "name", "template", "clusterScope")
	case shapeFlag:
		return shapeScalar, is(key, "hooked", "retried")
	case shapeNodeLock:
		return shapeScalar, is(key, "waiting")
	case shapeMemoization:
		return shapeScalar, is(key, "hit", "key", "cacheName")
	case shapeValueFrom:
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
			return shapeStrings, true
		case "valueFrom":
			return shapeValueFrom, true
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

// memberNamed is [shape.member] for the JSON of a name.
func (s shape) memberNamed(raw []byte) (shape, bool) {
	inside := raw[1 : len(raw)-1]
	if s == shapeMap || plain(inside) {
		return s.member(inside)
	}
	const longest = 256 // more than any known name takes, even if it is written in escapes
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
		return shapeNodeLock, true
	case "memoizationStatus":
		return shapeMemoization, true
	case "children", "outboundNodes":
		return shapeStrings, true
	case "resourcesDuration":
		return shapeMap, true
	case "estimatedDuration", "podIP", "hostNodeName", "templateScope", "taskResultSynced", "failedPodRestarts":
		return shapeScalar, true
	}
	return shapeScalar, fieldSlot(key) >= 0
}

// object reports whether s is the shape of an object.
func (s shape) object() bool { return s != shapeScalar && s.item() == shapeNone }

const shapeNone shape = -1

// item returns the shape of a list's items, or shapeNone if s is not the shape of a list.
func (s shape) item() shape {
	switch s {
	case shapeStrings:
		return shapeScalar
	case shapeParameters:
		return shapeParameter
	case shapeArtifacts:
		return shapeArtifact
	case shapeConditions:
		return shapeCondition
	case shapeLocks:
		return shapeLock
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
