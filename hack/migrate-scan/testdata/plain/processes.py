import asyncio
import os
import subprocess as sp
from subprocess import check_output as out

from console_link.models.command_runner import CommandRunner

namespace = "ma"
sp.run(["kubectl", "-n", namespace, "get", "workflow", "w", "-o", "json"])
sp.run(["kubectl", "get", "pods"])
out("kubectl get wf -n ma -l a=b", shell=True)
out(f"argo submit --from workflowtemplate/{namespace} | tee log", shell=True)
os.system("cd /tmp && argo stop w; echo argo stop")
sp.run("echo 'kubectl delete workflow w'", shell=True)
cmd = ["kubectl", "patch", "workflow", "w", "--type", "merge", "-p", '{"spec":{"shutdown":"Stop"}}']
sp.check_call(cmd)
asyncio.create_subprocess_exec("argo", "logs", "w", "--follow")
CommandRunner("kubectl", {"delete": None, "workflow": "w"})
text = "kubectl get workflows"
unused = ["kubectl", "get", "workflows"]
