package argoserver_test

import (
	"context"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argoserver"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// A client whose workflows are found after their TTL, through the Argo server.
func Example() {
	run := func(ctx context.Context, cfg *rest.Config) error {
		// The file of the token is read again when the token rotates.
		http, err := rest.HTTPClientFor(&rest.Config{
			BearerTokenFile: "/var/run/secrets/kubernetes.io/serviceaccount/token",
			TLSClientConfig: rest.TLSClientConfig{CAFile: "/etc/argo-server/ca.crt"},
		})
		if err != nil {
			return err
		}
		history, err := argoserver.New(argoserver.Options{URL: "https://argo-server.argo:2746", HTTP: http})
		if err != nil {
			return err // names the invalid options
		}
		client, err := workflow.NewForConfig(cfg, workflow.Options{Namespace: "ma", History: history})
		if err != nil {
			return err
		}
		st, err := client.Get(ctx, "full-migration") // from the cluster or, if it is no longer there, from the archive
		if err != nil {
			return err
		}
		fmt.Println(st.Source, st.Outcome())
		return nil
	}
	_ = run
}

// Print the log of a step of a workflow whose pods are gone, if archiveLogs is on.
func ExampleClient_Artifact() {
	run := func(ctx context.Context, server *argoserver.Client, uid types.UID, nodeID string) error {
		log, err := server.Artifact(ctx, argoserver.ArtifactRef{
			Namespace: "ma", UID: uid, NodeID: nodeID, Name: "main-logs",
		})
		if err != nil {
			return err
		}
		_, err = io.Copy(os.Stdout, log)
		if closed := log.Close(); err == nil {
			err = closed
		}
		return err
	}
	_ = run
}
