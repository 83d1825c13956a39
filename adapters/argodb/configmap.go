package argodb

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

// DefaultConfigMap is the name of the controller's ConfigMap in Argo's manifests.
const DefaultConfigMap = "workflow-controller-configmap"

// Configuration is what the controller's configuration says of its database. It contains no
// credentials: the controller has them in Secrets.
type Configuration struct {
	// Options are those for [New].
	Options Options
	// Archive reports whether the controller archives ended workflows, at least those that its
	// archiveLabelSelector selects, and Offload whether it stores nodes in the database.
	Archive, Offload bool
}

// FromConfigMap reads the controller's ConfigMap, usually [DefaultConfigMap], in the controller's
// namespace, which needs the permission to get that one. The controller reads the part about its
// database only when it starts, so it may still use an earlier one. An error of the API server is in the
// chain; it is an error too if persistence is not configured.
func FromConfigMap(ctx context.Context, kube dynamic.Interface, namespace, name string) (Configuration, error) {
	maps := kube.Resource(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}).Namespace(namespace)
	object, err := maps.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return Configuration{}, fmt.Errorf("read ConfigMap %s/%s: %w", namespace, name, err)
	}
	data, _, err := unstructured.NestedStringMap(object.Object, "data")
	if err != nil {
		return Configuration{}, fmt.Errorf("ConfigMap %s/%s: data is not a map of strings", namespace, name)
	}
	configuration, err := ParseConfigMap(data)
	if err != nil {
		return Configuration{}, fmt.Errorf("ConfigMap %s/%s: %w", namespace, name, err)
	}
	return configuration, nil
}

// controllerConfig is the part of the controller's configuration that is read here.
type controllerConfig struct {
	InstanceID  string           `json:"instanceID"`
	Persistence *persistenceText `json:"persistence"`
}

type persistenceText struct {
	ClusterName string      `json:"clusterName"`
	Archive     bool        `json:"archive"`
	Offload     bool        `json:"nodeStatusOffLoad"`
	PostgreSQL  *serverText `json:"postgresql"`
	MySQL       *serverText `json:"mysql"`
}

type serverText struct {
	TableName string `json:"tableName"`
}

// ParseConfigMap is [FromConfigMap] for the data of a ConfigMap. Errors contain none of its values.
func ParseConfigMap(data map[string]string) (Configuration, error) {
	var config controllerConfig
	if whole, ok := data["config"]; ok {
		// The older form: everything under one key.
		if err := yaml.Unmarshal([]byte(whole), &config); err != nil {
			return Configuration{}, errors.New("config is not valid YAML of the expected form")
		}
	} else {
		for key, into := range map[string]any{"instanceID": &config.InstanceID, "persistence": &config.Persistence} {
			if err := yaml.Unmarshal([]byte(data[key]), into); err != nil {
				return Configuration{}, errors.New(key + " is not valid YAML of the expected form")
			}
		}
	}
	if config.Persistence == nil {
		return Configuration{}, errors.New("persistence is not configured: the controller has no database")
	}
	c := Configuration{Archive: config.Persistence.Archive, Offload: config.Persistence.Offload}
	c.Options.ClusterName, c.Options.InstanceID = config.Persistence.ClusterName, config.InstanceID
	switch { // in the controller's order
	case config.Persistence.PostgreSQL != nil:
		c.Options.Dialect, c.Options.NodesTable = PostgreSQL, config.Persistence.PostgreSQL.TableName
	case config.Persistence.MySQL != nil:
		c.Options.Dialect, c.Options.NodesTable = MySQL, config.Persistence.MySQL.TableName
	default:
		return Configuration{}, errors.New("persistence has neither postgresql nor mysql")
	}
	return c, nil
}
