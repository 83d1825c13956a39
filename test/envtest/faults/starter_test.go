package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// asStarter is an environment variable that makes the test binary a process that starts workflows.
// Its value is the work.
const asStarter = "FAULTS_TEST_STARTER"

// nobody is an instance ID that no controller has. These specs count created workflows, and a
// controller that runs them would only take time.
const (
	nobody        = "nobody"
	labelInstance = "workflows.argoproj.io/controller-instanceid"
	labelPhase    = "workflows.argoproj.io/phase" // set once a controller has picked it up
)

// work is what a process starts: workflows without a key, numbered from First, and workflows with
// the keys 0 to Keyed-1.
type work struct {
	Host      string
	CAData    []byte
	Namespace string
	First     int
	Keyless   int
	Keyed     int
}

// made is the result of one start in a process.
type made struct {
	ID    string // label of the started workflow
	UID   string
	Error string
}

// startInProcess runs a process that does the work, and returns its results.
func startInProcess(ctx context.Context, w work) []made {
	GinkgoHelper()
	data, err := json.Marshal(w)
	Expect(err).NotTo(HaveOccurred())
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), asStarter+"="+string(data))
	cmd.Stderr = GinkgoWriter
	out, err := cmd.Output()
	Expect(err).NotTo(HaveOccurred())
	var result []made
	Expect(json.Unmarshal(out, &result)).To(Succeed())
	return result
}

// startAll does the work and prints the results. It runs in a process of its own.
func startAll(data string) error {
	var w work
	if err := json.Unmarshal([]byte(data), &w); err != nil {
		return fmt.Errorf("read %s: %w", asStarter, err)
	}
	cfg := &rest.Config{Host: w.Host, TLSClientConfig: rest.TLSClientConfig{CAData: w.CAData}}
	client, err := workflow.NewForConfig(cfg, unmanaged(w.Namespace))
	if err != nil {
		return err
	}
	result := make([]made, w.Keyless+w.Keyed)
	each(len(result), func(i int) {
		req := workflow.StartRequest{Template: "gate"}
		if i < w.Keyless {
			result[i].ID = strconv.Itoa(w.First + i)
		} else {
			req.IdempotencyKey = strconv.Itoa(i - w.Keyless)
			result[i].ID = "key-" + req.IdempotencyKey
		}
		req.Labels = map[string]string{labelStart: result[i].ID}
		s, err := client.Start(context.Background(), req)
		if err != nil {
			result[i].Error = err.Error()
			return
		}
		result[i].UID = string(s.UID)
	})
	return json.NewEncoder(os.Stdout).Encode(result)
}
