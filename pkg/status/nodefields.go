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

// nodeMember is nodeField for a node of which other members are read too, but late.
func nodeMember(key []byte) int {
	field := nodeField(key)
	if _, late := memberOfNode(key); field == notRead && late {
		return readLate
	}
	return field
}

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
	return notRead
}
