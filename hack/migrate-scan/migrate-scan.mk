# What the Makefile has of the scanner. It goes with the folder.

.PHONY: migrate-scan
migrate-scan: need ## find what a source tree has of the old way (ARGS="[flags] DIR…"; with make -s for its output alone)
	@[ -n "$(CGO)" ] || { echo "migrate-scan needs a C compiler and cgo: its parser of Python is written in C" >&2; exit 1; }
	@$(call build,hack/migrate-scan,migrate-scan) .
	@exec "$(RUN)/migrate-scan" $(ARGS)

test-commands::
	@$(MAKE) -s migrate-scan ARGS="--format sarif --sure hack/migrate-scan/testdata" >/dev/null
