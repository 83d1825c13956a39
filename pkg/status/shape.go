package status

// shape says which parts of a JSON value are read. Of the rest no more is known than what
// type it has, so that it takes no memory: a list of a million empty ones is a few bytes.
type shape int

const (
	shapeScalar shape = iota // a text, number or bool
	shapeTexts
	shapeNumbers // by names of any kind

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
)

// member returns the shape of an object's member, and whether that is read.
func (s shape) member(key string) (shape, bool) {
	switch s {
	case shapeNode:
		return memberOfNode(key)
	case shapeNumbers:
		return shapeScalar, true
	case shapeRef:
		return shapeScalar, key == "name" || key == "template" || key == "clusterScope"
	case shapeFlag:
		return shapeScalar, key == "hooked" || key == "retried"
	case shapeLock:
		return shapeScalar, key == "waiting"
	case shapeCache:
		return shapeScalar, key == "hit" || key == "key" || key == "cacheName"
	case shapeSource:
		return shapeScalar, key == "supplied" || key == "default"
	case shapeArtifact:
		return shapeScalar, key == "name"
	case shapeOutputs:
		switch key {
		case "parameters":
			return shapeParameters, true
		case "artifacts":
			return shapeArtifacts, true
		}
		return shapeScalar, key == "result" || key == "exitCode"
	case shapeParameter:
		switch key {
		case "enum":
			return shapeTexts, true
		case "valueFrom":
			return shapeSource, true
		case "name", "description", "globalName", "value", "default":
			return shapeScalar, true
		}
	}
	return shapeScalar, false
}

func memberOfNode(key string) (shape, bool) {
	switch key {
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
		return shapeNumbers, true
	case "estimatedDuration", "podIP", "hostNodeName", "templateScope", "taskResultSynced", "failedPodRestarts":
		return shapeScalar, true
	}
	return shapeScalar, nodeField([]byte(key)) >= 0
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
	}
	return shapeNone
}
