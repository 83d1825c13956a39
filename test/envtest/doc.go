// Package envtest starts a Kubernetes cluster for specs: a real etcd,
// kube-apiserver, kube-controller-manager, kube-scheduler and Argo
// workflow-controller, with KWOK in the place of the kubelet. Everything listens
// on loopback and on free ports (but for the workflow-controller's health port, which
// Argo fixes at 6060 on all interfaces), and all of it ends with the process that called
// [Start], however that process ends (see package leash, whose Main has to be the
// first line of main or TestMain).
//
// Pods run nowhere. KWOK moves them through their phases: a pod that a Workflow
// owns runs and then ends, any other becomes ready and stays. What the executor
// in a Workflow's pod would do is done by a stand-in, which reports what these
// annotations of the pod say (in a template: metadata.annotations):
//
//	envtest.argoservice/duration   how long the pod runs, as a Go duration; default 50ms
//	envtest.argoservice/exit-code  the main containers' exit code; other than 0 the pod fails
//	envtest.argoservice/message    the termination message of a pod that fails
//	envtest.argoservice/outputs    what the node puts out, as the JSON of Argo's Outputs
//	envtest.argoservice/progress   the progress it reports, "N/M"
//
// A resource template (Argo's "Kubernetes resources") acts for real: the stand-in gets, creates,
// applies, patches or deletes what its manifest says, as the pod's service account, waits for the
// conditions, looking five times a second, and puts out what jsonPath finds. The pod then ends, or
// fails with exit code 64 and the executor's or kubectl's message. A template may set
// setOwnerReference, which is the controller's doing, mergeStrategy, and of kubectl's flags
// --ignore-not-found, --wait and --cascade, and KIND NAME in place of a manifest. It can't use
// replace, manifestFrom and jqFilter; that, too, is a failure that says so. Apply is server-side.
//
// Nobody prints anything, so a pod's logs are what [Cluster.WriteLog] puts there. KWOK serves
// them from files with the kubelet's own code, to follow or not, with tail, limit, times
// and since. It differs from a kubelet in that a followed log never ends, since KWOK
// doesn't know when its containers do, and in that a container for which nothing was
// written is answered with 400 rather than with an empty log.
//
// Faults are real: [Cluster.Kill], [Cluster.Restart], [Cluster.Pause] and [Cluster.Continue]
// send signals to the processes of etcd, the API server and the workflow-controller, and
// [Cluster.Compact] has etcd forget. What comes between a client and its server is in
// test/faults.
//
// Templates need an explicit command for their containers, otherwise the
// controller asks an image registry for the image's entrypoint.
//
// The binaries come from the environment; `eval "$(make -s tools-env)"` sets it.
package envtest
