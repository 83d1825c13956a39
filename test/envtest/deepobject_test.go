package envtest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// The API server reads objects that are nested as deep as 10,000, which is all that encoding/json
// and client-go read. A list of them is nested deeper.
var _ = Describe("an object nested as deep as the API server stores", func() {
	const deep = "deep"

	DescribeTable("harms no wait and no other element of a list",
		func(ctx SpecContext, newClient func(namespace string) *workflow.WorkflowClient, listsAll bool) {
			const many = 12
			namespace := newNamespace(ctx)
			template := createTemplate(ctx, namespace)
			depth := storeDeepest(ctx, namespace, deep)
			GinkgoLogr.Info("stored", "depth", depth)
			Expect(depth).To(BeNumerically(">", 9_900))
			client := newClient(namespace)
			names := make([]string, many)
			for i := range many {
				s, err := client.Start(ctx, workflow.StartRequest{Template: template, Name: fmt.Sprint("w", i)})
				Expect(err).NotTo(HaveOccurred())
				names[i] = s.Name
			}

			By("waiting beside it")
			ends := make(chan error, many)
			var waiting sync.WaitGroup
			defer waiting.Wait()
			for _, name := range names {
				waiting.Go(func() { ends <- second(client.Wait(ctx, name, workflow.Completed)) })
			}
			for _, name := range names { // joins those that wait
				_, err := client.Wait(ctx, name, workflow.Suspended)
				Expect(err).NotTo(HaveOccurred())
			}
			touched := []byte(`{"metadata":{"annotations":{"touched":"yes"}}}`)
			_, err := workflows(dyn, namespace).Patch(ctx, deep, types.MergePatchType, touched, metav1.PatchOptions{})
			Expect(err).NotTo(HaveOccurred())
			for _, name := range names {
				_, err := client.Resume(ctx, name, workflow.ResumeOptions{})
				Expect(err).NotTo(HaveOccurred())
			}
			for range many {
				Eventually(ctx, ends).Should(Receive(Succeed()))
			}

			By("listing it")
			listed, problems := listedNames(ctx, client)
			GinkgoLogr.Info("listed", "states", len(listed), "errors", fmt.Sprint(problems))
			if listsAll {
				Expect(problems).To(BeEmpty())
				Expect(listed).To(ConsistOf(append(names, deep)))
			} else {
				Expect(problems).To(HaveExactElements(MatchError(workflow.ErrUnsupported)))
				Expect(listed).To(BeEmpty())
			}
			_, err = client.Get(ctx, deep)
			Expect(err).NotTo(HaveOccurred())
			Expect(client.Delete(ctx, deep, workflow.DeleteOptions{})).To(Succeed())
			listed, problems = listedNames(ctx, client)
			Expect(problems).To(BeEmpty())
			Expect(listed).To(ConsistOf(names))
		},
		Entry("with NewForConfig", func(namespace string) *workflow.WorkflowClient {
			return nativeClient(cluster.Config(), namespace)
		}, true, SpecTimeout(specTimeout)),
		Entry("with New, whose pages are read as a whole", func(namespace string) *workflow.WorkflowClient {
			client, err := workflow.New(dyn, workflow.Options{Namespace: namespace, Observer: logging()})
			Expect(err).NotTo(HaveOccurred())
			return client
		}, false, SpecTimeout(specTimeout)),
	)
})

// listedNames are the names of the states of a list, and its errors, each of which has to be an
// *Error.
func listedNames(ctx context.Context, client *workflow.WorkflowClient) (names []string, problems []error) {
	GinkgoHelper()
	for s, err := range client.List(ctx, workflow.ListOptions{}) {
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

// storeDeepest stores a workflow that is nested as deep as the API server accepts, and returns how
// deep that is.
func storeDeepest(ctx context.Context, namespace, name string) int {
	GinkgoHelper()
	const deepest, tries = 10_000, 20
	var refused error
	for depth := deepest; depth > deepest-tries; depth-- {
		inner := depth - 2 // in status, in the object
		text := fmt.Sprintf(`{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow","metadata":{"name":%q,"namespace":%q,`+
			`"labels":{"workflows.argoproj.io/completed":"true"}},`+
			`"spec":{"entrypoint":"main","templates":[{"name":"main","suspend":{}}]},"status":{"phase":"Succeeded","deep":%s%s}}`,
			name, namespace, strings.Repeat("[", inner), strings.Repeat("]", inner))
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
