package status

// Parameter is a parameter of a workflow or node.
type Parameter struct {
	Name string
	// Value is a string even if the object has a number or bool. Set reports whether there is a
	// value, which may be empty.
	Value string
	Set   bool
	// Supplied means that the value comes from the decision about the gate that the parameter
	// belongs to.
	Supplied bool
	// Default is the value if none is supplied. HasDefault reports whether there is a default,
	// which may be empty.
	Default    string
	HasDefault bool
	// Enum lists the allowed values. If it is empty, any value is allowed.
	Enum        []string
	Description string
	// GlobalName is the name under which the value also becomes an output of the workflow.
	GlobalName string
}

// complete takes from a gate's input what the output of the same name does not have.
func (p *Parameter) complete(input Parameter) {
	if len(p.Enum) == 0 {
		p.Enum = input.Enum
	}
	if p.Description == "" {
		p.Description = input.Description
	}
	if p.HasDefault || !input.HasDefault {
		return
	}
	p.Default, p.HasDefault = input.Default, true
	if len(input.Enum) == 0 && input.Value != "" {
		p.Default = input.Value
	}
}

func readParameters(o *object) []Parameter {
	items := o.objects("parameters")
	if len(items) == 0 {
		return nil
	}
	parameters := make([]Parameter, len(items))
	for i, item := range items {
		p := Parameter{
			Name:        item.string("name"),
			Enum:        item.strings("enum"),
			Description: item.string("description"),
			GlobalName:  item.string("globalName"),
		}
		p.Value, p.Set = item.text("value")
		from := item.object("valueFrom")
		_, p.Supplied = from.fields["supplied"]
		// The default of a gate's output is in valueFrom, that of a template's input beside it.
		if p.Default, p.HasDefault = from.text("default"); !p.HasDefault {
			p.Default, p.HasDefault = item.text("default")
		}
		parameters[i] = p
	}
	return parameters
}
