package envtest

import (
	"fmt"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// WriteKubeconfig writes a kubeconfig file with the given name for a client's configuration, and
// returns its path. The file is in the work folder, which Stop removes. An existing file is
// replaced.
func (c *Cluster) WriteKubeconfig(name string, cfg *rest.Config) (string, error) {
	const only = "envtest" // one cluster, one user, one context
	file := clientcmdapi.NewConfig()
	file.Clusters[only] = &clientcmdapi.Cluster{
		Server:                   cfg.Host,
		CertificateAuthorityData: cfg.CAData,
	}
	file.AuthInfos[only] = &clientcmdapi.AuthInfo{
		ClientCertificateData: cfg.CertData,
		ClientKeyData:         cfg.KeyData,
		Token:                 cfg.BearerToken,
	}
	file.Contexts[only] = &clientcmdapi.Context{Cluster: only, AuthInfo: only}
	file.CurrentContext = only
	path := c.path(name)
	if err := clientcmd.WriteToFile(*file, path); err != nil {
		return "", fmt.Errorf("write %s: %w", name, err)
	}
	return path, nil
}
