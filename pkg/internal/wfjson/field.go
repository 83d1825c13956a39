package wfjson

// Field is a member of a node that is read with the node; see [Node.Field].
type Field int

// The fields of a node.
const (
	FieldName Field = iota
	FieldDisplayName
	FieldType
	FieldTemplateName
	FieldTemplateRef
	FieldPhase
	FieldMessage
	FieldStartedAt
	FieldFinishedAt
	FieldProgress
	FieldSynchronizationStatus
	FieldBoundaryID
	FieldChildren
	FieldDaemoned
	FieldNodeFlag
	fieldCount
)

// nodeSlot is the slot function for the members of a node.
func nodeSlot(key []byte) int {
	field := fieldSlot(key)
	if _, late := memberOfNode(key); field == ignored && late {
		return readLate
	}
	return field
}

// fieldSlot returns the field of that name, or ignored.
func fieldSlot(key []byte) int {
	field := Field(ignored)
	switch string(key) {
	case "name":
		field = FieldName
	case "displayName":
		field = FieldDisplayName
	case "type":
		field = FieldType
	case "templateName":
		field = FieldTemplateName
	case "templateRef":
		field = FieldTemplateRef
	case "phase":
		field = FieldPhase
	case "message":
		field = FieldMessage
	case "startedAt":
		field = FieldStartedAt
	case "finishedAt":
		field = FieldFinishedAt
	case "progress":
		field = FieldProgress
	case "synchronizationStatus":
		field = FieldSynchronizationStatus
	case "boundaryID":
		field = FieldBoundaryID
	case "children":
		field = FieldChildren
	case "daemoned":
		field = FieldDaemoned
	case "nodeFlag":
		field = FieldNodeFlag
	}
	return int(field)
}
