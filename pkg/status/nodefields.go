package status

// The members of a node that are read at once.
const (
	fieldName = iota
	fieldDisplayName
	fieldType
	fieldTemplateName
	fieldTemplateRef
	fieldPhase
	fieldMessage
	fieldStartedAt
	fieldFinishedAt
	fieldProgress
	fieldSynchronizationStatus
	fieldBoundaryID
	fieldChildren
	fieldDaemoned
	fieldNodeFlag
	fieldCount
)

func nodeField(key []byte) int {
	switch string(key) {
	case "name":
		return fieldName
	case "displayName":
		return fieldDisplayName
	case "type":
		return fieldType
	case "templateName":
		return fieldTemplateName
	case "templateRef":
		return fieldTemplateRef
	case "phase":
		return fieldPhase
	case "message":
		return fieldMessage
	case "startedAt":
		return fieldStartedAt
	case "finishedAt":
		return fieldFinishedAt
	case "progress":
		return fieldProgress
	case "synchronizationStatus":
		return fieldSynchronizationStatus
	case "boundaryID":
		return fieldBoundaryID
	case "children":
		return fieldChildren
	case "daemoned":
		return fieldDaemoned
	case "nodeFlag":
		return fieldNodeFlag
	}
	return -1
}
