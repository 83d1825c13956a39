import asyncio, os, shlex, subprocess
import subprocess as sp
from subprocess import Popen, check_output as out
from console_link.models.command_runner import CommandRunner, FlagOnlyArgument

KUBECTL = "kubectl"
subprocess.run(["kubectl", "get", "workflow", name, "-o", "json"])
subprocess.run(args=("kubectl", "-n", ns, "--context", "x", "get", "wf"))
sp.call(f"{KUBECTL} -n {ns} delete wf {name} && argo stop {name}  # argo retry x", shell=True)
Popen([KUBECTL, *rest])
Popen([KUBECTL, "patch", "wf", n, "--type", "merge", "-p", '{"spec":{"suspend":false}}'])
command = ["argo", "submit"]
command += ["--from", f"wftmpl/{name}"]
command.append("--wait")
command.extend(["-p", "a=b"])
out(command)
os.system("kubectl get wf %s | grep argo" % name)
os.popen("argo logs {} --follow".format(name))
os.execvp("argo", ["argo", "list"])
os.execlp("argo", "argo", "get", "x")
asyncio.run(asyncio.create_subprocess_exec("kubectl", "wait", "wf/x"))
sp.run(shlex.split("kubectl describe wf x"))
sp.run("kubectl delete workflow x".split())
sp.run(["bash", "-c", "for w in $(kubectl get wf -o name); do argo terminate $w; done"])
sp.run(["sudo", "timeout", "5", "kubectl", "get", "wf", "x"])
sp.run(["kubectl", "run", "argo-x", "--image=quay.io/argoproj/argocli:v3", "--", "stop", name])
CommandRunner("kubectl", {"delete": "workflow", name: FlagOnlyArgument, "--namespace": ns}).run()
CommandRunner(command_root="kubectl", command_args={"get": "pods"})
helper.run_command("kubectl get wf x")
helper.anything("kubectl", "get", "wf", "x")
WORDS = ("kubectl", "delete", "workflow")

print("kubectl get wf")
log.info("run kubectl get wf %s", name)
raise ValueError("kubectl get wf")
sp.run(["kubectl", "get", "pods"])
sp.run("echo 'kubectl get wf'", shell=True)
sp.run("""cat <<X
kubectl get wf
X
""", shell=True)
sp.run(["echo", "argo", "list"])
