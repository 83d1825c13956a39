#!/usr/bin/env bash
# kubectl get workflow w
kubectl -n ma get workflow w -o json | jq .status  # want: kubectl certain
echo "argo submit" 'kubectl delete workflow w'
name=$(kubectl create -f workflow.yaml -o name)  # want: kubectl likely
if ! argo wait "$name"; then argo logs "$name"; fi  # want: argo certain; argo certain
cat <<DOC
argo stop w
DOC
kubectl get pods -l app=x
kubectl logs -l workflows.argoproj.io/workflow=w --follow  # want: kubectl certain
timeout 10 kubectl wait --for=condition=Completed workflow/w  # want: kubectl certain
sudo env A=b argo \
  retry w  # want-line 13: argo certain
