// Package envtest starts a Kubernetes cluster for specs: a real etcd, kube-apiserver,
// kube-controller-manager, kube-scheduler and Argo workflow-controller, with KWOK in place of the
// kubelet. Everything listens on loopback and on free ports, except for the workflow-controller's
// health port, which Argo fixes at 6060 on all interfaces. The cluster ends with the process that
// called [Start], however that process ends. For that, leash.Main must be called in the first line
// of main or TestMain (see package leash).
//
// No containers run. KWOK moves pods through their phases: a pod that a Workflow owns runs and then
// ends, and any other pod becomes ready and stays. A stand-in replaces the executor in a Workflow's
// pod. As the pod's service account, which needs the permissions of Argo's executor, it reports the
// results in these annotations of the pod (metadata.annotations in a template):
//
//	envtest.argoservice/duration   how long the pod runs, as a Go duration; default 50ms
//	envtest.argoservice/exit-code  the main containers' exit code; other than 0 the pod fails
//	envtest.argoservice/message    the termination message of a pod that fails
//	envtest.argoservice/outputs    the node's outputs, as the JSON of Argo's Outputs
//	envtest.argoservice/progress   the progress it reports, "N/M"
//
// A resource template (Argo's "Kubernetes resources") is performed for real. As the pod's service
// account, the stand-in gets, creates, applies, patches or deletes the objects of the manifest. It
// checks the conditions five times a second, and outputs the values that jsonPath finds. The pod
// then ends, or fails with exit code 64 and the executor's or kubectl's message. Apply is
// server-side. A template may set setOwnerReference (which the controller implements) and
// mergeStrategy, use kubectl's flags --ignore-not-found, --wait and --cascade, and have KIND NAME
// instead of a manifest. The stand-in doesn't support replace, manifestFrom and jqFilter; the pod
// of such a template fails with a message that says so.
//
// No container prints anything, so a pod's logs contain only what [Cluster.WriteLog] writes. KWOK
// serves them from files with the kubelet's own code, with the options follow, tail, limit, times
// and since. It differs from a kubelet in two ways. A followed log never ends, because KWOK doesn't
// know when its containers end. The response for a container without a log is 400 rather than an
// empty log.
//
// With [Options.Node], a real kubelet, containerd and Argo's executor take the place of KWOK and of
// the stand-in, in namespaces that hack/node makes. Containers run then, whatever their image: each
// has only the program of folder pod, which obeys the annotations above. [Cluster.AddImage] adds
// other images, and WriteLog appends to what a container has printed.
//
// With [Options].Database, a PostgreSQL or MariaDB server of the machine runs beside the cluster, with
// data of its own, on loopback, and the workflow-controller keeps its archive and offloaded nodes there.
// PostgreSQL refuses to run as root: it then runs as the user postgres, or else nobody. If its wrapper is
// killed by SIGKILL, a server that runs as another user stays.
//
// With [Options].Server, a real Argo server runs beside the controller, without TLS and without its page. It
// listens on all interfaces, and requires the token of an account of the cluster.
//
// Faults are real: [Cluster.Kill], [Cluster.Restart], [Cluster.Pause] and [Cluster.Continue] send
// signals to the processes of etcd, the API server, the workflow-controller, the database and the Argo
// server, and [Cluster.Compact] compacts etcd. Faults between a client and its server are in package faults.
//
// Templates need an explicit command for their containers. Otherwise the controller asks an image
// registry for the image's entrypoint.
//
// Environment variables name the binaries; `eval "$(make -s tools-env)"` sets them.
package envtest
