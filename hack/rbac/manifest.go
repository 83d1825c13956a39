package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// kustomizedNamespace is what Kustomizations in this checkout change into that of their own.
const kustomizedNamespace = workflow.DefaultNamespace

// manifest is a role's file: a Role with a ServiceAccount, unless another file has that, and what
// binds them; or a ClusterRole.
func manifest(r role) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Written by go run ./hack/rbac; see docs/rbac.md.\n#\n# %s\n", r.about)
	switch {
	case r.cluster:
		fmt.Fprintf(&b, "# kubectl create clusterrolebinding NAME --clusterrole=%s --serviceaccount=NAMESPACE:ACCOUNT\n", r.name)
	case r.kustomized:
		b.WriteString("# For the namespace of the workflows: kubectl apply -k . with that namespace in kustomization.yaml\n")
	default:
		fmt.Fprintf(&b, "# For the namespace of the workflows: kubectl apply -n NAMESPACE -f %s\n", path.Base(r.file))
	}
	b.WriteString("#\n# Above each rule is what its verbs are for. In brackets are the parts that need them, of the operations\n" +
		"# before, back to a semicolon. What has a star, these operations can do without.\n")
	if r.cluster {
		r.write(&b, "ClusterRole")
		return b.String()
	}
	if !r.kustomized {
		fmt.Fprintf(&b, "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: %s\n---\n", r.name)
	}
	r.write(&b, "Role")
	fmt.Fprintf(&b, `---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: %[1]s
%[2]sroleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: %[1]s
subjects:
- kind: ServiceAccount
  name: %[1]s
%[2]s`, r.name, r.namespaceLine())
	return b.String()
}

// namespaceLine is for what is in a namespace; "": who applies it says which.
func (r role) namespaceLine() string {
	if !r.kustomized {
		return ""
	}
	return "  namespace: " + kustomizedNamespace + "\n"
}

func (r role) write(b *strings.Builder, kind string) {
	fmt.Fprintf(b, "apiVersion: rbac.authorization.k8s.io/v1\nkind: %s\nmetadata:\n  name: %s\n%srules:\n", kind, r.name, r.namespaceLine())
	for _, each := range rules(r) {
		names := make([]string, len(each.verbs))
		for i, v := range each.verbs {
			names[i] = v.name
			for _, line := range comments(v) {
				fmt.Fprintf(b, "# %s\n", line)
			}
		}
		fmt.Fprintf(b, "- apiGroups: [%s]\n  resources: [%s]\n", quoted(each.group), each.resource)
		if each.name != "" {
			fmt.Fprintf(b, "  resourceNames: [%s]\n", each.name)
		}
		fmt.Fprintf(b, "  verbs: [%s]\n", strings.Join(names, ", "))
	}
}

// quoted is the name of a group; that of Kubernetes' own resources is "".
func quoted(group string) string {
	if group == "" {
		return `""`
	}
	return group
}

// comments say what a verb is for: for each source, the operations with the same parts together.
func comments(v verb) []string {
	var lines []string
	for _, source := range distinct(v.uses, func(u use) string { return u.source }) {
		uses := slices.DeleteFunc(slices.Clone(v.uses), func(u use) bool { return u.source != source })
		var groups []string
		for _, part := range distinct(uses, use.part) {
			var ops []string
			for _, u := range uses {
				if u.part() == part {
					ops = append(ops, string(u.op))
				}
			}
			group := strings.Join(ops, ", ")
			if part != "" {
				group += " (" + part + ")"
			}
			groups = append(groups, group)
		}
		name := v.name
		if source != "" {
			name += ", provider " + source
		}
		lines = append(lines, wrapped(name+": "+strings.Join(groups, "; "))...)
	}
	return lines
}

// distinct are the keys, each once.
func distinct(uses []use, key func(use) string) []string {
	var keys []string
	for _, u := range uses {
		if k := key(u); !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return keys
}

// wrapped breaks a text into lines; those that follow are indented.
func wrapped(text string) []string {
	const most = 110
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) > most:
			lines = append(lines, line)
			line = "  " + word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
