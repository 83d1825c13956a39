import asyncio
import os
import subprocess as sp
from subprocess import check_output as out

from console_link.models.command_runner import CommandRunner

namespace = "ma"
sp.run(["kubectl", "-n", namespace, "get", "workflow", "w", "-o", "json"])  # want: kubectl certain
sp.run(["kubectl", "get", "pods"])
out("kubectl get wf -n ma -l a=b", shell=True)  # want: kubectl certain
out(f"argo submit --from workflowtemplate/{namespace} | tee log", shell=True)  # want: argo certain
os.system("cd /tmp && argo stop w; echo argo stop")  # want: argo certain
sp.run("echo 'kubectl delete workflow w'", shell=True)
cmd = ["kubectl", "patch", "workflow", "w", "--type", "merge", "-p", '{"spec":{"shutdown":"Stop"}}']
sp.check_call(cmd)  # want: kubectl certain
asyncio.create_subprocess_exec("argo", "logs", "w", "--follow")  # want: argo certain
CommandRunner("kubectl", {"delete": None, "workflow": "w"})  # want: kubectl certain
text = "kubectl get workflows"
unused = ["kubectl", "get", "workflows"]  # want: kubectl likely
