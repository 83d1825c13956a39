package main

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// tokenSeconds is the lifetime of the service's token: a day.
const tokenSeconds = int64(24 * 60 * 60)

// writeAccount writes a kubeconfig with the service's account and no other credentials.
func writeAccount(ctx context.Context, admin *rest.Config, path string) error {
	client, err := dynamic.NewForConfig(admin)
	if err != nil {
		return err
	}
	accounts := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}).Namespace(namespace)
	request := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
		"metadata": map[string]any{"name": account},
		"spec":     map[string]any{"expirationSeconds": tokenSeconds},
	}}
	answer, err := accounts.Create(ctx, request, metav1.CreateOptions{}, "token")
	if err != nil {
		return fmt.Errorf("get a token of service account %s/%s: %w", namespace, account, err)
	}
	token, _, err := unstructured.NestedString(answer.Object, "status", "token")
	if err != nil {
		return fmt.Errorf("get a token of service account %s/%s: %w", namespace, account, err)
	}
	file := clientcmdapi.NewConfig()
	file.Clusters[account] = &clientcmdapi.Cluster{
		Server: admin.Host, CertificateAuthority: admin.CAFile, CertificateAuthorityData: admin.CAData,
	}
	file.AuthInfos[account] = &clientcmdapi.AuthInfo{Token: token}
	file.Contexts[account] = &clientcmdapi.Context{Cluster: account, AuthInfo: account, Namespace: namespace}
	file.CurrentContext = account
	return clientcmd.WriteToFile(*file, path)
}
