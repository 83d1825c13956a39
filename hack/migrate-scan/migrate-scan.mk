# What the Makefile has of the scanner. It goes with the folder.

.PHONY: migrate-scan
migrate-scan: need ## find what a source tree has of the old way (ARGS="[flags] DIR…"; with make -s for its output alone)
	@$(call build,hack/migrate-scan,migrate-scan) .
	@exec "$(RUN)/migrate-scan" $(ARGS)

test-commands::
	@$(MAKE) -s migrate-scan ARGS="--format sarif --sure likely hack/migrate-scan/find/testdata" >/dev/null
