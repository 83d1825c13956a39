package main

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// manifest is a role's file: a Role with a ServiceAccount, unless another file has that, and what
// binds them; or a ClusterRole.
func manifest(r role) string {
	kind, namespace := "Role", ""
	usage := "For the namespace of the workflows: kubectl apply -n NAMESPACE -f " + path.Base(r.file)
	switch {
	case r.cluster:
		kind = "ClusterRole"
		usage = "kubectl create clusterrolebinding NAME --clusterrole=" + r.name + " --serviceaccount=NAMESPACE:ACCOUNT"
	case r.kustomized:
		namespace = "  namespace: " + workflow.DefaultNamespace + "\n" // Kustomizations in this checkout replace it
		usage = "For the namespace of the workflows: kubectl apply -k . with that namespace in kustomization.yaml"
	}
	var b strings.Builder
	fmt.Fprintf(&b, `# Written by go run ./hack/rbac; see docs/rbac.md.
#
# %s
# %s
#
# Above each rule is what its verbs are for. In brackets are the parts that need them, of the operations
# before, back to a semicolon. What has a star, these operations can do without.
`, r.about, usage)
	if !r.cluster && !r.kustomized && r.accounts == nil {
		fmt.Fprintf(&b, "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: %s\n---\n", r.name)
	}
	fmt.Fprintf(&b, "apiVersion: rbac.authorization.k8s.io/v1\nkind: %s\nmetadata:\n  name: %s\n%srules:\n", kind, r.name, namespace)
	for _, rule := range groupBy(r.needs(), func(n need) workflow.Permission { return object(n.Permission) }) {
		verbs := groupBy(rule, func(n need) string { return n.Verb })
		for _, uses := range verbs {
			for _, line := range comments(uses) {
				fmt.Fprintf(&b, "# %s\n", line)
			}
		}
		group := cmp.Or(rule[0].Group, `""`) // that of Kubernetes' own resources has no name
		fmt.Fprintf(&b, "- apiGroups: [%s]\n  resources: [%s]\n", group, resource(rule[0].Permission))
		if rule[0].Name != "" {
			fmt.Fprintf(&b, "  resourceNames: [%s]\n", rule[0].Name)
		}
		fmt.Fprintf(&b, "  verbs: [%s]\n", join(verbs, ", ", func(uses []need) string { return uses[0].Verb }))
	}
	if r.cluster {
		return b.String()
	}
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
`, r.name, namespace)
	accounts := r.accounts
	if accounts == nil {
		accounts = []string{r.name}
	}
	for _, account := range accounts {
		fmt.Fprintf(&b, "- kind: ServiceAccount\n  name: %s\n%s", account, namespace)
	}
	return b.String()
}

// comments say what a verb of a rule is for: for each source, the operations with the same parts
// together.
func comments(uses []need) []string {
	var lines []string
	for _, ofSource := range groupBy(uses, func(n need) string { return n.source }) {
		title := ofSource[0].Verb
		if source := ofSource[0].source; source != "" {
			title += ", provider " + source
		}
		byOp := groupBy(ofSource, func(n need) workflow.Op { return n.op })
		purposes := join(groupBy(byOp, parts), "; ", func(same [][]need) string {
			ops := join(same, ", ", func(ofOp []need) string { return string(ofOp[0].op) })
			if needing := parts(same[0]); needing != "" {
				return ops + " (" + needing + ")"
			}
			return ops
		})
		lines = append(lines, wrapped(title+": "+purposes)...)
	}
	return lines
}

// parts are those for which an operation needs a verb, with a star if it can do without; "": always.
func parts(ofOp []need) string {
	if slices.ContainsFunc(ofOp, func(n need) bool { return n.Part == "" }) {
		return ""
	}
	return join(ofOp, ", ", func(n need) string {
		if n.Optional {
			return n.Part + "*"
		}
		return n.Part
	})
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
