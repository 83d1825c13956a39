package specs_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

// serviceImage makes the service's image by the instructions of its Dockerfile, without a container
// engine: the first stage builds the program of what it copies, and the last has only that program, since
// its base image can't be had here.
func serviceImage(ctx context.Context) envtest.Image {
	GinkgoHelper()
	tree, root := GinkgoT().TempDir(), filepath.Dir(examplesDir)
	program := filepath.Join(GinkgoT().TempDir(), "service")
	image, stages := envtest.Image{Files: map[string]string{}}, 0
	for line := range strings.Lines(string(must(os.ReadFile(filepath.Join(examplesDir, "service/Dockerfile"))))) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		rest, last := strings.Join(words[1:], " "), words[len(words)-1]
		switch {
		case words[0] == "FROM":
			stages++
		case stages == 1 && words[0] == "COPY":
			for _, from := range words[1 : len(words)-1] {
				outputOf(exec.CommandContext(ctx, "mkdir", "-p", filepath.Join(tree, last)))
				source := filepath.Join(root, from)
				if info, err := os.Stat(source); err == nil && info.IsDir() {
					source += "/."
				}
				outputOf(exec.CommandContext(ctx, "cp", "-R", source, filepath.Join(tree, last)))
			}
		case stages == 1 && words[0] == "RUN" && !strings.HasPrefix(rest, "go mod download "):
			build := exec.CommandContext(ctx, "sh", "-c", strings.Replace(rest, "-o /service", "-o "+program, 1))
			build.Dir = tree
			outputOf(build)
		case words[0] == "COPY":
			Expect(rest).To(Equal("--from=build /service /service"))
			image.Files[last] = program
		case words[0] == "USER":
			image.User = rest
		case words[0] == "EXPOSE":
			image.Ports = words[1:]
		case words[0] == "ENTRYPOINT":
			Expect(json.Unmarshal([]byte(rest), &image.Entrypoint)).To(Succeed())
		}
	}
	Expect(image.Files).To(HaveLen(1))
	return image
}

// serviceInPods is the service in pods of a real node, as its manifests deploy it.
type serviceInPods struct {
	namespace string
	web       *http.Client
}

func (s *serviceInPods) deploy(ctx context.Context, labels string) {
	GinkgoHelper()
	s.namespace = newNamespace(ctx)
	s.web = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	mergePatch(ctx, kube.CoreV1().Namespaces(), s.namespace, `{"metadata":{"labels":{`+labels+`}}}`)
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "target-credentials"},
		StringData: map[string]string{"username": "ann", "password": "planted"},
	}
	must(kube.CoreV1().Secrets(s.namespace).Create(ctx, secret, metav1.CreateOptions{}))
	applyExample(ctx, s.namespace, "backfill/manifests/bulk-load.yaml")
	deployService(ctx, s.namespace)
	s.ready(ctx)
}

// ready blocks until all of the service's pods are of the Deployment's present state, and serve.
func (s *serviceInPods) ready(ctx context.Context) {
	GinkgoHelper()
	Eventually(ctx, func(g Gomega) {
		d, err := kube.AppsV1().Deployments(s.namespace).Get(ctx, "backfill-service", metav1.GetOptions{})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(d.Status.ObservedGeneration).To(Equal(d.Generation))
		g.Expect(d.Status.UpdatedReplicas).To(BeEquivalentTo(2))
		g.Expect(d.Status.Replicas).To(BeEquivalentTo(2))
		g.Expect(d.Status.AvailableReplicas).To(BeEquivalentTo(2))
	}).WithTimeout(specTimeout).Should(Succeed())
}

func (s *serviceInPods) pods(ctx context.Context) []corev1.Pod {
	GinkgoHelper()
	return must(shared.pods(ctx, s.namespace, "app.kubernetes.io/name=backfill-service"))
}

// url returns the URL of a ready pod, as a proxy that knows the Service's endpoints finds it.
func (s *serviceInPods) url(ctx context.Context) string {
	GinkgoHelper()
	var found string
	Eventually(ctx, func(g Gomega) {
		ofService := metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=backfill-service"}
		slices, err := kube.DiscoveryV1().EndpointSlices(s.namespace).List(ctx, ofService)
		g.Expect(err).NotTo(HaveOccurred())
		found = ""
		for _, slice := range slices.Items {
			for _, endpoint := range slice.Endpoints {
				if endpoint.Conditions.Ready != nil && *endpoint.Conditions.Ready && slice.AddressType == discoveryv1.AddressTypeIPv4 {
					found = fmt.Sprintf("http://%s:%d", endpoint.Addresses[0], *slice.Ports[0].Port)
				}
			}
		}
		g.Expect(found).NotTo(BeEmpty())
	}).Should(Succeed())
	return found
}

// served returns the service at one of its pods.
func (s *serviceInPods) served(ctx context.Context) *servedBackfill {
	GinkgoHelper()
	return &servedBackfill{namespace: s.namespace, url: s.url(ctx), web: s.web}
}

// events follows the backfill, over all the pods that it needs, until ctx ends. It calls seen with each
// status.
func (s *serviceInPods) events(ctx context.Context, seen func(string)) (connections int) {
	GinkgoHelper()
	for ; ctx.Err() == nil; connections++ {
		req := must(http.NewRequestWithContext(ctx, http.MethodGet, s.url(ctx)+served+"/events", http.NoBody))
		resp, err := s.web.Do(req)
		if err != nil {
			continue // the pod has just ended
		}
		Expect(resp.StatusCode).To(Or(Equal(http.StatusOK), Equal(http.StatusServiceUnavailable)))
		lines := bufio.NewReader(resp.Body)
		for event := ""; err == nil && event != "bye"; {
			var line string
			line, err = lines.ReadString('\n')
			name, isEvent := strings.CutPrefix(line, "event: ")
			data, isData := strings.CutPrefix(line, "data: ")
			switch {
			case isEvent:
				event = strings.TrimSpace(name)
			case isData && event == "status":
				seen(data)
			}
		}
		_ = resp.Body.Close() // it has been read as far as it counts
	}
	return connections
}

// Serial, since only the first process has the registry of images.
var _ = Describe("examples/service on a real node", labelNode, Serial, Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		Expect(owned.AddImage("registry.example/backfill-service", serviceImage(ctx))).To(Succeed())
	}, NodeTimeout(startTimeout))

	It("runs where pods may do least, with its own account and token", func(ctx SpecContext) {
		s := &serviceInPods{}
		s.deploy(ctx, `"pod-security.kubernetes.io/enforce":"restricted"`)
		code, text := s.served(ctx).ask(ctx, http.MethodGet, served, "")
		Expect(code).To(Equal(http.StatusOK), text)
		Expect(text).To(ContainSubstring(`"state":"NotStarted"`))
		for _, path := range []string{"/healthz", "/readyz"} {
			code, text = s.served(ctx).ask(ctx, http.MethodGet, path, "")
			Expect(code).To(Equal(http.StatusOK), text)
		}
		for _, pod := range s.pods(ctx) {
			Expect(pod.Status.ContainerStatuses).To(HaveExactElements(HaveField("RestartCount", BeZero())))
		}

		By("losing readiness with its permissions")
		bindings := kube.RbacV1().RoleBindings(s.namespace)
		Expect(bindings.Delete(ctx, "backfill-service", metav1.DeleteOptions{})).To(Succeed())
		Eventually(ctx, kube.AppsV1().Deployments(s.namespace).Get).WithArguments("backfill-service", metav1.GetOptions{}).
			WithTimeout(specTimeout).Should(HaveField("Status.ReadyReplicas", BeZero()))
		for _, pod := range s.pods(ctx) {
			Expect(pod.Status.ContainerStatuses).To(HaveExactElements(HaveField("RestartCount", BeZero())), "it lives")
		}
	}, SpecTimeout(startTimeout))

	It("is updated while somebody follows a backfill", func(ctx SpecContext) {
		s := &serviceInPods{}
		s.deploy(ctx, `"a":"b"`)
		code, text := s.served(ctx).ask(ctx, http.MethodPost, served+"/start", "")
		Expect(code).To(Equal(http.StatusOK), text)
		following, stop := context.WithCancel(ctx)
		defer stop()
		var mu sync.Mutex
		var last string
		latest := func() string {
			mu.Lock()
			defer mu.Unlock()
			return last
		}
		connections := make(chan int, 1)
		go func() {
			defer GinkgoRecover()
			connections <- s.events(following, func(status string) {
				mu.Lock()
				defer mu.Unlock()
				last = status
			})
		}()
		Eventually(ctx, latest).Should(And(ContainSubstring(`"state":"Paused"`), ContainSubstring(`"name":"approve"`)))

		var before []types.UID
		for _, pod := range s.pods(ctx) {
			before = append(before, pod.UID)
		}
		mergePatch(ctx, kube.AppsV1().Deployments(s.namespace), "backfill-service",
			`{"spec":{"template":{"metadata":{"annotations":{"rolled":"out"}}}}}`)
		s.ready(ctx)
		Eventually(ctx, s.pods).WithTimeout(specTimeout).ShouldNot(ContainElement(HaveField("UID", BeElementOf(before))), "they drain")
		code, text = s.served(ctx).ask(ctx, http.MethodPost, served+"/gates/approve", `{"all":true,"outputs":{"approved-by":"ann"}}`)
		Expect(code).To(Equal(http.StatusOK), text)
		Eventually(ctx, latest).Should(ContainSubstring(`"state":"Running"`))
		stop()
		Eventually(ctx, connections).Should(Receive(BeNumerically(">", 1)), "the pod that it followed first has gone")
		code, text = s.served(ctx).ask(ctx, http.MethodPost, served+"/stop", "")
		Expect(code).To(Equal(http.StatusAccepted), text)
	}, SpecTimeout(startTimeout))

	It("lives in 256 MiB, whatever its workflow holds", func(ctx SpecContext) {
		s := &serviceInPods{}
		s.deploy(ctx, `"a":"b"`)
		limit := `[{"op": "replace", "path": "/spec/template/spec/containers/0/resources/limits/memory", "value": "256Mi"}]`
		must(kube.AppsV1().Deployments(s.namespace).Patch(ctx, "backfill-service", types.JSONPatchType, []byte(limit), metav1.PatchOptions{}))
		s.ready(ctx)
		one := s.served(ctx)
		code, text := one.ask(ctx, http.MethodPost, served+"/start", "")
		Expect(code).To(Equal(http.StatusOK), text)
		Eventually(ctx, func() string {
			_, text := one.ask(ctx, http.MethodGet, served, "")
			return text
		}).Should(ContainSubstring(`"name":"approve"`))
		for name, write := range hostileNodes() {
			By(name)
			one.store(ctx, write)
			one.readAndDecide(ctx)
			for _, pod := range s.pods(ctx) {
				Expect(pod.Status.ContainerStatuses).To(HaveExactElements(HaveField("RestartCount", BeZero())), name)
			}
		}
	}, SpecTimeout(startTimeout))
})
