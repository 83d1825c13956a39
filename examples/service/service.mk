# The Makefile targets of this example, deleted together with the folder.

.PHONY: demo-service
demo-service: tools programs ## run the service with its page on a local cluster until Ctrl-C (ARGS=--yes to have it walked through)
	@exec env $(PARENT) "$(TOOLS)" build examples/service "$(RUN)/service" .
	@exec env $(PARENT) "$(TOOLS)" build examples/service "$(RUN)/demo-service" ./demo
	@[ -t 0 ] || set -- --yes; exec $(CLUSTER) --apply examples/backfill/manifests/bulk-load.yaml \
		--apply examples/service/deploy/serviceaccount.yaml --apply examples/service/deploy/rbac.yaml \
		--apply examples/service/deploy/secret-access.yaml -- \
		"$(RUN)/demo-service" --service "$(RUN)/service" --target "$(RUN)/target" --config examples/service/deploy/backfill.yaml "$$@" $(ARGS)

test-commands::
	@$(MAKE) demo-service ARGS=--yes
