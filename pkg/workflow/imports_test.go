package workflow_test

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/opensearch-project/opensearch-migrations/argoservice"

// A host that embeds these packages links everything that they import. The typed clientset alone
// would triple the size of its binary, and Argo's module would pin its Kubernetes libraries.
func TestImportSet(t *testing.T) {
	for _, tc := range []struct {
		pkg     string
		allowed []string // prefixes of the packages outside the standard library
		most    int      // number of packages, including the standard library's
	}{
		{module + "/pkg/status", []string{
			"k8s.io/apimachinery/", "k8s.io/klog/", "k8s.io/utils/", "k8s.io/kube-openapi/", "sigs.k8s.io/",
			module + "/pkg/internal/wfjson", module + "/pkg/internal/nesting", module + "/pkg/internal/jsonfield",
		}, 280},
		{module + "/pkg/internal/fault", []string{
			"k8s.io/apimachinery/", "k8s.io/klog/", "k8s.io/utils/", "k8s.io/kube-openapi/", "sigs.k8s.io/", module + "/pkg/status",
			module + "/pkg/internal/wfjson", module + "/pkg/internal/nesting", module + "/pkg/internal/jsonfield",
		}, 285},
		{module + "/pkg/internal/pace", []string{
			"k8s.io/apimachinery/", "k8s.io/klog/", "k8s.io/utils/", "k8s.io/kube-openapi/", "sigs.k8s.io/",
			module + "/pkg/status", module + "/pkg/internal/fault", module + "/pkg/internal/wfjson", module + "/pkg/internal/nesting", module + "/pkg/internal/jsonfield",
		}, 290},
		{module + "/pkg/workflow/internal/spec", []string{
			"k8s.io/apimachinery/", "k8s.io/klog/", "k8s.io/utils/", "k8s.io/kube-openapi/", "sigs.k8s.io/", module + "/pkg/status",
			module + "/pkg/internal/expression", module + "/pkg/internal/naming", module + "/pkg/internal/shown",
			module + "/pkg/internal/wfjson", module + "/pkg/internal/nesting", module + "/pkg/internal/jsonfield",
		}, 290},
		{module + "/pkg/workflow/internal/podlogs", []string{
			"k8s.io/apimachinery/", "k8s.io/klog/", "k8s.io/utils/", "k8s.io/kube-openapi/", "sigs.k8s.io/",
			"k8s.io/client-go/", module + "/pkg/status", module + "/pkg/internal/fault", module + "/pkg/internal/pace",
			module + "/pkg/internal/naming", module + "/pkg/internal/nesting", module + "/pkg/internal/jsonfield", module + "/pkg/internal/wfjson",
			module + "/pkg/workflow/internal/source",
		}, 340},
		{module + "/pkg/workflow/internal/source", []string{
			"k8s.io/apimachinery/", "k8s.io/klog/", "k8s.io/utils/", "k8s.io/kube-openapi/", "sigs.k8s.io/",
			"k8s.io/client-go/", module + "/pkg/status", module + "/pkg/internal/fault", module + "/pkg/internal/nesting", module + "/pkg/internal/jsonfield", module + "/pkg/internal/wfjson",
		}, 340},
		{module + "/pkg/workflow/internal/watchhub", []string{
			"k8s.io/apimachinery/", "k8s.io/klog/", "k8s.io/utils/", "k8s.io/kube-openapi/", "sigs.k8s.io/",
			"k8s.io/client-go/", module + "/pkg/status", module + "/pkg/internal/fault", module + "/pkg/internal/pace",
			module + "/pkg/internal/naming", module + "/pkg/internal/nesting", module + "/pkg/internal/jsonfield", module + "/pkg/internal/wfjson",
			module + "/pkg/workflow/internal/source",
		}, 340},
		{module + "/pkg/workflow/internal/nodeselection", []string{
			"k8s.io/apimachinery/", "k8s.io/klog/", "k8s.io/utils/", "k8s.io/kube-openapi/", "sigs.k8s.io/",
			module + "/pkg/status", module + "/pkg/internal/nesting", module + "/pkg/internal/jsonfield", module + "/pkg/internal/wfjson",
		}, 285},
		{module + "/pkg/workflow/internal/retryplan", []string{
			"k8s.io/apimachinery/", "k8s.io/klog/", "k8s.io/utils/", "k8s.io/kube-openapi/", "sigs.k8s.io/",
			module + "/pkg/status", module + "/pkg/internal/naming", module + "/pkg/internal/nesting", module + "/pkg/internal/jsonfield", module + "/pkg/internal/wfjson",
			module + "/pkg/workflow/internal/nodeselection",
		}, 285},
		{module + "/pkg/workflow", []string{
			"k8s.io/apimachinery/", "k8s.io/klog/", "k8s.io/utils/", "k8s.io/kube-openapi/", "sigs.k8s.io/",
			"k8s.io/client-go/", module + "/pkg/status", module + "/pkg/internal/fault", module + "/pkg/internal/pace",
			module + "/pkg/internal/expression", module + "/pkg/internal/strictyaml", module + "/pkg/internal/wfjson",
			module + "/pkg/internal/manifest", module + "/pkg/internal/startname",
			module + "/pkg/internal/naming", module + "/pkg/internal/shown", module + "/pkg/workflow/internal/spec",
			module + "/pkg/workflow/internal/source", module + "/pkg/workflow/internal/watchhub",
			module + "/pkg/workflow/internal/podlogs",
			module + "/pkg/internal/nesting", module + "/pkg/internal/jsonfield", module + "/pkg/workflow/internal/retryplan", module + "/pkg/workflow/internal/nodeselection",
		}, 340},
	} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", tc.pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		deps := strings.Fields(string(out))
		for _, dep := range deps {
			ours := strings.HasPrefix(dep, module+"/") && dep != tc.pkg
			if (ours || strings.HasPrefix(dep, "k8s.io/")) && !hasPrefix(dep, tc.allowed) {
				t.Errorf("%s imports %s", tc.pkg, dep)
			}
			for _, banned := range []string{
				"k8s.io/api/", "k8s.io/client-go/kubernetes", "k8s.io/client-go/informers", "k8s.io/client-go/dynamic/dynamicinformer",
				"github.com/argoproj/", "github.com/onsi/",
			} {
				if strings.HasPrefix(dep, banned) {
					t.Errorf("%s imports %s", tc.pkg, dep)
				}
			}
		}
		all, err := exec.CommandContext(t.Context(), "go", "list", "-deps", tc.pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		if n := len(strings.Fields(string(all))); n > tc.most {
			t.Errorf("%s imports %d packages, more than %d: is the new one worth it to every host?", tc.pkg, n, tc.most)
		}
	}
}

func hasPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s+"/", p) {
			return true
		}
	}
	return false
}
