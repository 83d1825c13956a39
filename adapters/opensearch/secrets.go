package opensearch

import (
	"context"
	"encoding/base64"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// SecretsFromCluster reads Kubernetes Secrets of a namespace, which need the keys username and
// password. The service account needs get on these Secrets, and nothing else.
func SecretsFromCluster(kube dynamic.Interface, namespace string) SecretReader {
	secrets := kube.Resource(schema.GroupVersionResource{Version: "v1", Resource: "secrets"}).Namespace(namespace)
	return func(ctx context.Context, name string) (Credentials, error) {
		object, err := secrets.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return Credentials{}, fmt.Errorf("read secret %s/%s: %w", namespace, name, err)
		}
		value := func(key string) string {
			encoded, _, _ := unstructured.NestedString(object.Object, "data", key)
			text, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil {
				return "" // which the API server prevents
			}
			return string(text)
		}
		credentials := Credentials{Username: value("username"), Password: backfill.NewSecret(value("password"))}
		for key, got := range map[string]string{"username": credentials.Username, "password": credentials.Password.Reveal()} {
			if got == "" {
				return Credentials{}, fmt.Errorf("secret %s/%s has no key %q, or it is empty", namespace, name, key)
			}
		}
		return credentials, nil
	}
}
