#!/usr/bin/env bash
# kubectl get workflow w
kubectl -n ma get workflow w -o json | jq .status
echo "argo submit" 'kubectl delete workflow w'
name=$(kubectl create -f workflow.yaml -o name)
if ! argo wait "$name"; then argo logs "$name"; fi
cat <<DOC
argo stop w
DOC
kubectl get pods -l app=x
kubectl logs -l workflows.argoproj.io/workflow=w --follow
timeout 10 kubectl wait --for=condition=Completed workflow/w
sudo env A=b argo \
  retry w
