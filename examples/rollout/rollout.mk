# The Makefile targets of this example, deleted together with the folder.

.PHONY: demo-rollout
demo-rollout: tools programs ## go from kubectl to the native client and back on a local cluster (ARGS="--workflows 40" for more)
	@exec env $(PARENT) "$(TOOLS)" build examples/rollout "$(RUN)/rollout" .
	@# kubectl is where the tools are, which the command in the cluster is told by its environment
	@exec $(CLUSTER) --apply examples/rollout/manifests/rollout-job.yaml -- \
		sh -c 'exec "$$0" --kubectl "$$KUBEBUILDER_ASSETS/kubectl" "$$@"' "$(RUN)/rollout" $(ARGS)

test-commands::
	@$(MAKE) demo-rollout
	@$(MAKE) test-legacy ARGS='--fail-on-empty --focus "$(call started,kubectl)"'
