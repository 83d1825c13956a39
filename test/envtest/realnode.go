package envtest

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
	crenvtest "sigs.k8s.io/controller-runtime/pkg/envtest"
)

const (
	// PartKubelet is the kubelet of a real node. While it is killed, its containers run on.
	PartKubelet Part = kubelet
	// PartContainerd is containerd, the container runtime of a real node. While it is killed, its
	// containers run on.
	PartContainerd Part = containerd

	kubelet    = "kubelet"
	containerd = "containerd"
)

// hack/node sets these addresses up.
const (
	// serverAddress is the first address of the Services' range.
	serverAddress = "10.0.0.1"
	nodeAddress   = "10.88.0.1"
	podNetwork    = "10.88.0.0/16"

	runtimeSocket = "/run/containerd/containerd.sock"
	kubeletFolder = "/var/lib/kubelet"
	podLogsFolder = "/var/log/pods"

	executorImage = "quay.io/argoproj/argoexec"
)

// startRealNode starts a registry of images, containerd and a kubelet. The returned function blocks
// until the node accepts pods.
func (c *Cluster) startRealNode(ctx context.Context) (func(context.Context) error, error) {
	c.opts.Progress("starting containerd and kubelet")
	if err := c.startRegistry(); err != nil {
		return nil, err
	}
	pod := Image{Files: map[string]string{"/bin/pod": c.bin.pod}, Links: map[string]string{}, Entrypoint: []string{"/bin/pod"}}
	for _, name := range []string{"true", "echo", "sleep", "sh"} {
		pod.Links["/bin/"+name] = "/bin/pod"
	}
	executor := Image{Files: map[string]string{"/bin/argoexec": c.bin.argoexec}, Entrypoint: []string{"/bin/argoexec"}}
	for repository, image := range map[string]Image{"": pod, executorImage: executor} {
		if err := c.AddImage(repository, image); err != nil {
			return nil, err
		}
	}
	if err := c.writeNodeFiles(); err != nil {
		return nil, err
	}
	runtime, err := c.newProcess(containerd, c.bin.containerd, nil, []string{"--config=" + c.path("containerd.toml")})
	if err != nil {
		return nil, err
	}
	serves := func(ctx context.Context) error {
		return until(ctx, "containerd serves", func(ctx context.Context) error {
			conn, err := (&net.Dialer{}).DialContext(ctx, "unix", runtimeSocket)
			if err != nil {
				return err
			}
			return conn.Close()
		}, runtime)
	}
	c.addPart(&part{name: PartContainerd, gone: runtime.wait, launch: runtime.launch, ready: serves, end: runtime.stop})
	if err := serves(ctx); err != nil { // a kubelet that can't reach it ends
		return nil, err
	}
	node, err := c.newProcess(kubelet, c.bin.kubelet, nil, []string{
		"--config=" + c.path("kubelet.yaml"),
		"--kubeconfig=" + c.path(kubelet+".kubeconfig"),
		"--root-dir=" + kubeletFolder,
		"--cert-dir=" + c.path("kubelet-pki"),
		"--hostname-override=" + NodeName,
		"--node-ip=" + nodeAddress,
	})
	if err != nil {
		return nil, err
	}
	ready := func(ctx context.Context) error { return until(ctx, "the node takes pods", c.nodeReady, runtime, node) }
	c.addPart(&part{name: PartKubelet, gone: node.wait, launch: node.launch, ready: ready, end: node.stop})
	return func(ctx context.Context) error {
		c.opts.Progress("waiting for the node")
		return ready(ctx)
	}, c.steerPods()
}

// addNodeUser makes the kubelet's user.
func (c *Cluster) addNodeUser(plane *crenvtest.ControlPlane) error {
	user, err := plane.AddUser(crenvtest.User{Name: "system:node:" + NodeName, Groups: []string{"system:nodes"}}, nil)
	if err != nil {
		return fmt.Errorf("make user of the node: %w", err)
	}
	_, err = c.WriteKubeconfig(kubelet+".kubeconfig", user.Config())
	return err
}

// writeNodeFiles writes the configurations of containerd, its network and the kubelet.
func (c *Cluster) writeNodeFiles() error {
	registry := "http://" + c.registry.address
	for name, text := range map[string]string{
		"registries/_default/hosts.toml": fmt.Sprintf("server = %q\n[host.%[1]q]\ncapabilities = [\"pull\", \"resolve\"]\n", registry),
		"network/pods.conflist": fmt.Sprintf(`{"cniVersion": "1.0.0", "name": "pods", "plugins": [{
			"type": "bridge", "bridge": "cni0", "isGateway": true,
			"ipam": {"type": "host-local", "dataDir": "/run/cni", "ranges": [[{"subnet": %q}]], "routes": [{"dst": "0.0.0.0/0"}]}
		}]}`, podNetwork),
		"containerd.toml": fmt.Sprintf(containerdConfig, c.path(containerd), runtimeSocket, c.path("registries"),
			filepath.Dir(c.bin.cniBridge), c.path("network"), c.bin.shim, c.bin.runc),
		"kubelet.yaml": fmt.Sprintf(kubeletConfig, nodeAddress, c.bin.nodeCgroup, runtimeSocket, c.path("volume-plugins")),
	} {
		path := c.path(name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return fmt.Errorf("create folder: %w", err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}

// containerdConfig needs nothing of systemd, iptables or a network outside.
const containerdConfig = `
version = 3
root = %q
state = "/run/containerd"
[grpc]
address = %q
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = "registry.k8s.io/pause:node"
[plugins.'io.containerd.cri.v1.images'.registry]
config_path = %q
[plugins.'io.containerd.cri.v1.runtime']
restrict_oom_score_adj = true # root may lack the right to decrease it
[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = [%q]
conf_dir = %q
use_internal_loopback = true
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
runtime_path = %q
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
BinaryName = %q
`

// kubeletConfig evicts no pods, since other programs fill the same disk, and rotates logs early.
const kubeletConfig = `
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: %s
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
cgroupDriver: cgroupfs
cgroupRoot: %s
enforceNodeAllocatable: []
failCgroupV1: false
failSwapOn: false
makeIPTablesUtilChains: false
oomScoreAdj: 0
containerRuntimeEndpoint: unix://%s
volumePluginDir: %s
resolvConf: ""
evictionHard: {memory.available: 0%%, nodefs.available: 0%%, nodefs.inodesFree: 0%%, imagefs.available: 0%%}
imageGCHighThresholdPercent: 100
containerLogMaxSize: 1Mi
containerLogMaxFiles: 3
containerLogMonitorInterval: 3s
`

// steerPods passes changes of the duration annotation on to the programs in Workflows' pods, until the
// cluster ends.
func (c *Cluster) steerPods() error {
	factory := informers.NewSharedInformerFactoryWithOptions(c.kube, 0, informers.WithTweakListOptions(
		func(o *metav1.ListOptions) { o.LabelSelector = labelWorkflow }))
	ctx, cancel := context.WithCancel(context.Background())
	c.started("steering of pods", func() error {
		cancel()
		factory.Shutdown()
		return nil
	})
	_, err := factory.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		UpdateFunc: func(before, after any) {
			was, known := before.(*corev1.Pod)
			pod, ok := after.(*corev1.Pod)
			if !known || !ok || was.Annotations[AnnotationDuration] == pod.Annotations[AnnotationDuration] {
				return
			}
			folder := filepath.Join(kubeletFolder, "pods", string(pod.UID), "volumes", "kubernetes.io~empty-dir", "var-run-argo")
			path := filepath.Join(folder, "envtest-duration")
			if os.WriteFile(path+".new", []byte(pod.Annotations[AnnotationDuration]), 0o644) == nil {
				_ = os.Rename(path+".new", path)
			}
		},
	})
	if err != nil {
		return fmt.Errorf("watch pods: %w", err)
	}
	factory.Start(ctx.Done())
	return nil
}

// writeRealLog is WriteLog on a real node: it appends to the file that containerd writes.
func (c *Cluster) writeRealLog(ctx context.Context, namespace, pod, container string, lines []string) error {
	var file string
	err := until(ctx, "the container has a log", func(ctx context.Context) error {
		now, err := c.kube.CoreV1().Pods(namespace).Get(ctx, pod, metav1.GetOptions{})
		if err != nil {
			return err
		}
		pattern := filepath.Join(podLogsFolder, strings.Join([]string{namespace, pod, string(now.UID)}, "_"), container, "*.log")
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			return fmt.Errorf("no file is %s: %w", pattern, os.ErrNotExist)
		}
		file = files[len(files)-1]
		return nil
	})
	if err != nil {
		return err
	}
	return appendLines(file, &c.podLogs.last, lines)
}
