package nodecodecs_test

import (
	"fmt"

	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/nodecodecs"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func ExampleDecoders() {
	cfg := &rest.Config{Host: "https://127.0.0.1:6443"}
	client, err := workflow.NewForConfig(cfg, workflow.Options{NodeDecoders: nodecodecs.Decoders()})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(client.Namespace())
	// Output: ma
}
