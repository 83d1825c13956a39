package specs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// The API server reads objects that are nested up to 10,000 levels deep, the limit of encoding/json
// and client-go. A list of them is nested deeper. Argo's controller lists, so it stops working
// beside such an object. Therefore all objects here have an instance ID without a controller.
var _ = Describe("an object nested as deep as the API server stores", func() {
	const (
		deep     = "deep"
		instance = "no-controller"
	)

	DescribeTable("harms no wait and no other element of a list",
		func(ctx SpecContext, newClient func(workflow.Options) (*workflow.WorkflowClient, error), readsIt bool) {
			const many = 12
			namespace := newNamespace(ctx)
			workflows := argotest.Workflows(dyn, namespace)
			depth := storeDeepest(ctx, namespace, deep, instance)
			Expect(depth).To(BeNumerically(">", 9_900))
			client := must(newClient(workflow.Options{Namespace: namespace, InstanceID: instance, Observer: logging()}))
			names := make([]string, many)
			for i := range many {
				names[i] = must(client.Start(ctx, workflow.StartRequest{Manifest: []byte(gatedWorkflow)})).Name
			}

			By("waiting beside it")
			ends := make(chan error, many)
			var waiting, seen sync.WaitGroup
			defer waiting.Wait()
			for _, name := range names {
				seen.Add(1)
				once := sync.OnceFunc(seen.Done)
				waiting.Go(func() {
					defer once()
					ends <- second(client.Wait(ctx, name, func(s *status.WorkflowStatus) (bool, error) {
						once()
						return s.Completed(), nil
					}))
				})
			}
			seen.Wait()
			mergePatch(ctx, workflows, deep, `{"metadata":{"annotations":{"touched":"yes"}}}`)
			for _, name := range names {
				mergePatch(ctx, workflows, name, `{"status":{"phase":"Succeeded","finishedAt":"2026-01-01T00:00:00Z"}}`)
			}
			for range many {
				Eventually(ctx, ends).Should(Receive(Succeed()))
			}

			By("listing it")
			listed, problems := listedNames(ctx, client, workflow.ListOptions{})
			if readsIt {
				Expect(problems).To(BeEmpty())
				Expect(listed).To(ConsistOf(slices.Concat(names, []string{deep})))
			} else {
				Expect(problems).To(HaveExactElements(MatchError(workflow.ErrUnreadable)))
				Expect(listed).To(BeEmpty())
			}
			must(client.Get(ctx, deep))
			Expect(client.Delete(ctx, deep, workflow.DeleteOptions{})).To(Succeed())
			listed, problems = listedNames(ctx, client, workflow.ListOptions{})
			Expect(problems).To(BeEmpty())
			Expect(listed).To(ConsistOf(names))
		},
		Entry("with NewForConfig", func(opts workflow.Options) (*workflow.WorkflowClient, error) {
			return workflow.NewForConfig(cluster.Config(), opts)
		}, true, SpecTimeout(specTimeout)),
		Entry("with New, where a page is lost as a whole", func(opts workflow.Options) (*workflow.WorkflowClient, error) {
			return workflow.New(dyn, opts)
		}, false, SpecTimeout(specTimeout)),
	)
})

// listedNames returns the names of the states of a list, and its errors, each of which must be an
// *Error.
func listedNames(
	ctx context.Context, client *workflow.WorkflowClient, opts workflow.ListOptions,
) (names []string, problems []error) {
	GinkgoHelper()
	for s, err := range client.List(ctx, opts) {
		if err == nil {
			names = append(names, s.Name)
			continue
		}
		var failed *workflow.Error
		Expect(errors.As(err, &failed)).To(BeTrue(), "%v", err)
		problems = append(problems, err)
	}
	return names, problems
}

// storeDeepest stores a workflow that is nested as deep as the API server accepts, and returns that
// depth.
func storeDeepest(ctx context.Context, namespace, name, instance string) int {
	GinkgoHelper()
	const deepest, tries = 10_000, 20
	var refused error
	for depth := deepest; depth > deepest-tries; depth-- {
		inner := depth - 3 // in storedTemplates, which can have any fields, in status, in the object
		text := fmt.Sprintf(`{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow","metadata":{"name":%q,"namespace":%q,`+
			`"labels":{"workflows.argoproj.io/controller-instanceid":%q}},`+
			`"spec":{"entrypoint":"main","templates":[{"name":"main","suspend":{}}]},"status":{"phase":"Succeeded","storedTemplates":{"deep":%s%s}}}`,
			name, namespace, instance, strings.Repeat("[", inner), strings.Repeat("]", inner))
		refused = kube.Discovery().RESTClient().Post().
			AbsPath("/apis/argoproj.io/v1alpha1/namespaces", namespace, "workflows").
			SetHeader("Content-Type", "application/json").Body([]byte(text)).Do(ctx).Error()
		if refused == nil {
			return depth
		}
	}
	Fail(fmt.Sprintf("the API server accepts none of them: %v", refused))
	return 0
}
