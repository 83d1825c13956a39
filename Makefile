# Every target that needs something gets it first; see CONTRIBUTING.md.
# What is built goes to a cache outside the checkout, see hack/README.md.

.DEFAULT_GOAL := help
SHELL := /bin/sh
.NOTPARALLEL: # only what at_once is given runs side by side

CACHE := $(or $(ARGOSERVICE_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/argoservice)
ifeq ($(filter /%,$(firstword $(CACHE))),) # a relative path; abspath doesn't know spaces
CACHE := $(CURDIR)/$(CACHE)
endif
# Recipes run programs in other folders too, where a relative path means another cache.
override ARGOSERVICE_CACHE := $(CACHE)
export ARGOSERVICE_CACHE
# Programs of this checkout itself.
RUN := $(CACHE)/run-$(shell printf %s "$$(pwd -P)" | cksum | cut -d' ' -f1)
TOOLS := $(CURDIR)/hack/tools/tools
OPENSEARCH := $(CURDIR)/hack/opensearch/opensearch
NODE := $(CURDIR)/hack/node
# build is go build of a module, into RUN, where nobody else may write whatever the user's umask is.
build = umask 022; go build -C $(1) -buildvcs=false -o "$(RUN)/$(2)"
# What a killed build or test leaves behind stays in the cache too,
export GOTMPDIR := $(RUN)/tmp
# and so do the port files that controller-runtime keeps in the user's cache folder.
# What runs long ends when make does, also if make was killed before it could look.
PARENT := ARGOSERVICE_PARENT=$(shell echo $$PPID)
# With a real node, as ARGS=--node asks for, the cluster runs in namespaces of its own.
on_node = ARGOSERVICE_POD="$(RUN)/pod" "$(NODE)" exec
with_node = case " $(ARGS) " in *" --node "*) why=$$("$(NODE)" lacks) || exit; \
	[ -z "$$why" ] || { $(call skip,$(1) ARGS=--node,$$why); exit 0; }; \
	$(MAKE) node-programs || exit;; esac
CLUSTER = env $(PARENT) XDG_CACHE_HOME="$(RUN)/cache" "$(TOOLS)" exec \
	$(if $(filter --node,$(ARGS)),env $(on_node)) "$(RUN)/cluster" $(filter --node,$(ARGS))

# A compiler does not live long: it saves a third of its time by collecting less garbage. The programs that
# go test runs are left alone, and what is compiled is the same, so that it is found in the build cache.
ifeq ($(findstring -toolexec,$(GOFLAGS)),)
export GOFLAGS := $(strip $(shell go env GOFLAGS) '-toolexec=env GOGC=800')
endif
# The linters run go vet, on all code. Before a test it would look at all that the test is built from, too.
ifeq ($(findstring -vet=,$(GOFLAGS)),)
export GOFLAGS += -vet=off
endif

# skip says that $(1) is skipped since $(2): this machine can't have what it needs. With NO_SKIPS=1, as in
# CI, that is an error.
skip = { echo "skipped: $(1): $(2)" >&2; [ -z "$(NO_SKIPS)" ] || exit 1; }

# A C compiler, for the race detector and for hack/migrate-scan.
CGO := $(if $(filter 0,$(shell go env CGO_ENABLED)),,$(shell command -v "$${CC:-cc}" || command -v gcc))
# The modules that hold code; the tool modules under hack/tools hold versions only.
MODULES := . \
	adapters/argodb adapters/argoserver adapters/journal adapters/nodecodecs adapters/opensearch \
	adapters/otel adapters/prometheus \
	examples \
	test/envtest test/promrules \
	hack/tools $(if $(CGO),$(wildcard hack/migrate-scan))
# Those whose tests need no cluster, and nothing said of how they run.
UNIT_MODULES := $(filter-out . adapters/nodecodecs adapters/opensearch test/envtest test/promrules hack/migrate-scan,$(MODULES))
# Without the race detector: what decodes megabytes, which takes ten times as long with it, but for the
# tests there that have goroutines; hack/migrate-scan, which has none; and test/promrules, for which all
# of Prometheus would be built once more.
packages = $$(go list ./... | grep -v '/pkg/status$$')
units = echo "-C . $(RACE) -skip 'Hostile|Huge'" $(packages); \
	echo "-C . -run 'Hostile|Huge'" $(packages); \
	echo -C . ./pkg/status; \
	echo -C . $(RACE) -run AtOnce ./pkg/status; \
	echo -C adapters/nodecodecs ./...; \
	echo -C hack/bench ./hostile; \
	echo "-C adapters/opensearch $(RACE) -skip 'Memory|Large' ./..."; \
	echo "-C adapters/opensearch -run 'Memory|Large' ./..."; \
	echo -C test/promrules ./...; \
	$(if $(filter hack/migrate-scan,$(MODULES)),echo -C hack/migrate-scan ./...;) \
	echo -C hack/bench $(RACE) ./bulkload ./scale; \
	echo -C test/envtest $(RACE) . ./cmd/... ./leash/... ./otel ./schema ./target;
# Those that compile Argo's module, which takes minutes: for bench, test-argo and verify only. Of hack/bench,
# the packages named elsewhere here don't.
BENCH_MODULES := hack/argotypes hack/bench hack/bench/argocheck hack/bench/weight/argoservice hack/bench/weight/argo
# These have the versions that the workflow-controller is built with (the first two but for Kubernetes' libraries).
# So with the flags of hack/tools most of what they need has been compiled for that.
AS_TOOLS := hack/argotypes|hack/bench/argocheck|hack/bench/weight/argo
as_tools = export CGO_ENABLED=0 GOFLAGS="$$GOFLAGS $$("$(TOOLS)" flags)"
TOOL_MODULES := $(patsubst %/go.mod,%,$(wildcard hack/tools/*/go.mod))

RACE := $(if $(CGO),-race)
# What hangs ends then. A busy machine needs several times the usual time.
UNIT_TIMEOUT := 30m
INTEGRATION_TIMEOUT := 30m
FAULTS_TIMEOUT := 30m
gotest = go test -C $(1) $(RACE) -shuffle=on -timeout $(UNIT_TIMEOUT)
# Inputs are counted, since go test fails now and then where a time is over. make test-all has fewer, which
# find a careless mistake.
FUZZTIME := 200000x

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

##@ run

.PHONY: demo
demo: tools-demo programs ## run a backfill on a local cluster from start to archive (ARGS=--fail to see it fail, --opensearch for a real target cluster, --node for a real node)
	@$(call with_node,make demo); \
	case " $(ARGS) " in *" --opensearch "*) \
		why=$$("$(OPENSEARCH)" lacks opensearch-2.19.6) || exit; \
		[ -z "$$why" ] || { $(call skip,make demo ARGS=--opensearch,$$why); exit 0; }; \
		env $(PARENT) "$(OPENSEARCH)" install opensearch-2.19.6 || exit;; esac; \
	[ -t 0 ] || set -- --yes; exec $(CLUSTER) --apply examples/backfill/manifests/bulk-load.yaml -- \
		examples/backfill/demo --backfill "$(RUN)/backfill" --target "$(RUN)/target" "$$@" $(filter-out --node,$(ARGS))

.PHONY: cluster
cluster: tools programs ## run a local cluster in the foreground, to play with by kubectl (ARGS=--node: with a real node)
	@$(call with_node,make cluster); exec $(CLUSTER) --apply examples/backfill/manifests/bulk-load.yaml $(ARGS)

# All but kubectl, so that the first demo comes sooner.
.PHONY: tools-demo
tools-demo: need
	@exec env $(PARENT) "$(TOOLS)" install etcd kube-apiserver kube-controller-manager kube-scheduler kwok workflow-controller

.PHONY: programs
programs: need ## build the local cluster, the stand-in for the target cluster and the example
	@echo "building the local cluster and the example (some minutes the first time)" >&2
	@exec env $(PARENT) "$(TOOLS)" build test/envtest "$(RUN)/cluster" ./cmd/cluster
	@exec env $(PARENT) "$(TOOLS)" build test/envtest "$(RUN)/target" ./target
	@exec env $(PARENT) "$(TOOLS)" build examples/backfill "$(RUN)/backfill" .

.PHONY: node-programs
node-programs: need ## get the programs of a real node: kubelet, containerd, Argo's executor (minutes, but only once)
	@exec env $(PARENT) "$(NODE)" install
	@exec env $(PARENT) "$(TOOLS)" build test/envtest "$(RUN)/pod" ./pod

##@ check

# These suites wait most of their time, so two run at once; each prints its output when it ends.
at_once = xargs -P 2 -I COMMAND sh -c 'echo "COMMAND" >&2; said=$$(COMMAND 2>&1); code=$$?; printf "%s\n" "$$said"; exit $$code'

.PHONY: test
test: test-unit docs test-integration ## what protects the promises: unit, documentation, integration, faults, browser, databases, beside Argo
	@printf '%s\n' "$(MAKE) test-faults-short" "$(MAKE) test-browser" "$(MAKE) test-argo" "$(MAKE) test-databases DATABASES=postgresql" | $(at_once)

.PHONY: test-all
test-all: test ## make test, what is slow and rarely finds something, and a short form of every other command that the documentation names
	@printf '%s\n' "$(MAKE) test-rare" "$(MAKE) test-commands" "$(MAKE) test-commands-real" "$(MAKE) test-386 test-fuzz FUZZTIME=10000x" | $(at_once)

# fails runs $(1), which has to fail and to say $(2) then.
fails = @echo '$(1), which has to fail' >&2; said=$$($(1) 2>&1) && { echo "it did not fail" >&2; exit 1; }; \
	case "$$said" in *'$(2)'*) ;; *) printf '%s\n' "$$said" "it did not say: $(2)" >&2; exit 1;; esac

# A make for each, since each has arguments of its own. The makefiles of the examples add theirs.
.PHONY: test-commands
test-commands:: tools ## a short form of every other command that the documentation names
	@$(MAKE) -s help tools-env >/dev/null
	@$(MAKE) test-busy TIMES=2 SUITES=need
	@$(MAKE) cluster ARGS="--quiet -- true"
	@$(MAKE) cluster ARGS="--quiet -- sh -c '$(MAKE) test-cluster KUBECONFIG=\"\$$\$$KUBECONFIG\" ARGS=-ginkgo.focus=workflow.that.runs.to.its.end'"
	@$(MAKE) demo
	$(call fails,$(MAKE) demo ARGS=--fail,as was asked for by --fail)
	@$(MAKE) bench ARGS=--short
	go test -C hack/bench -run '^$$' -bench Decode -benchtime 1x .
	@$(MAKE) bench-scale ARGS=--short
	@$(MAKE) soak SOAK_FOR=30s
	@$(MAKE) test-databases DATABASES=mariadb ARGS=-short
	@$(MAKE) test-faults ARGS='-ginkgo.fail-on-empty -ginkgo.focus "watches are answered with 410"'
	@$(MAKE) test-matrix ROWS=4.0/1.37 SUITES=test-versions ARGS='--fail-on-empty --focus "$(call started,native)"'
	@$(MAKE) test-latest RACE= ARGS='-ginkgo.fail-on-empty -ginkgo.focus "$(call started,native)"'
	@$(MAKE) check-api api api-since release-rehearsal
	$(call fails,$(MAKE) release VERSION=0.1,0.1 is not a version such as)

# Apart from those, so that it runs beside them.
.PHONY: test-commands-real
test-commands-real: tools ## the same of the commands that run real nodes and servers
	@$(MAKE) demo ARGS="--opensearch --node"
	@$(MAKE) test-opensearch SERVERS=opensearch-2.19.6 ARGS=-short
	@$(MAKE) test-opensearch SERVERS=opensearch-2.19.1-security ARGS='-short -run "OnARealServer/(every|least|password)"'
	@$(MAKE) test-node SHORT=1

# The spec that shows that a suite works.
started = conformance of the $(1) client .* starts a workflow that runs to its end

.PHONY: vet
vet: need ## go vet on every module
	@printf '%s\n' $(MODULES) | xargs -P 2 -I MODULE sh -c 'echo "vet MODULE" >&2; go vet -C MODULE ./...'
	go vet -C hack/bench ./bulkload ./hostile ./scale

.PHONY: test-unit
test-unit: need ## the tests that need no cluster
	@[ -n "$(CGO)" ] || $(call skip,the race detector and hack/migrate-scan,they need a C compiler and cgo)
	@# three at once, since most of a module is the work of one core; each says all it has to say at its end
	@{ $(units) $(foreach module,$(UNIT_MODULES),echo -C $(module) $(RACE) ./...;) } | xargs -P 3 -L 1 sh -c \
		'said=$$(go test "$$@" -shuffle=on -timeout $(UNIT_TIMEOUT) 2>&1); code=$$?; printf "test %s\n%s\n" "$$2" "$$said"; exit $$code' sh

# Without symbols, since everything is compiled once more.
.PHONY: test-386
test-386: need ## the unit tests of pkg on a platform of 32 bits, as Linux on amd64 can run them
	@case "$$(go env GOHOSTOS GOHOSTARCH | xargs)" in \
		"linux amd64"|"linux 386") GOARCH=386 CGO_ENABLED=0 go test -ldflags="-s -w" -shuffle=on -timeout $(UNIT_TIMEOUT) ./pkg/...;; \
		*) $(call skip,make test-386,a program for linux/386 does not run on this machine);; esac

.PHONY: test-fuzz
test-fuzz: need ## every fuzz target, 200,000 inputs each (10,000 in make test-all; FUZZTIME=1m for a time)
	@for package in ./pkg/status ./pkg/workflow ./pkg/workflow/internal/nodeselection ./pkg/workflow/internal/podlogs ./pkg/workflow/internal/source ./pkg/backfill adapters/argodb adapters/argoserver adapters/nodecodecs $(wildcard ./pkg/legacy) $(if $(CGO),$(wildcard hack/migrate-scan)); do \
		targets=$$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' $$package/*_test.go); \
		[ -n "$$targets" ] || { echo "no fuzz target in $$package" >&2; exit 1; }; \
		for target in $$targets; do \
			echo "fuzz $$package $$target for $(FUZZTIME)" >&2; \
			go test -C $$package -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x . || exit 1; done; done

# Most specs wait most of the time, so some processes at once, on one cluster. What they have in
# common is the API server, which collects garbage less often for more memory.
PROCESSES := 6
ginkgo = "$(TOOLS)" exec env GOGC=200 $(1) go tool -C test/envtest ginkgo run $(RACE) --procs=$(PROCESSES) --randomize-all \
	--output-interceptor-mode=none $(2)
integration = $(call ginkgo) --timeout=$(INTEGRATION_TIMEOUT) --label-filter='($(1)) && !node' $(ARGS) ./specs

# databases gets the servers of $(1), or says why they are skipped.
databases = @lacking=$$(hack/databases $(1)) || exit; [ -z "$$lacking" ] || $(call skip,the specs on a database,$$lacking)

.PHONY: test-integration
test-integration: tools ## the specs on a real control plane with the real Argo controller, by all implementations
	$(call databases,postgresql)
	$(call integration,!rare)

# The Argo server, which only some specs run.
.PHONY: tools-server
tools-server: tools
	@exec env $(PARENT) "$(TOOLS)" install argo

.PHONY: test-rare
test-rare: tools-server ## those that are slow and rarely break: the local cluster's own, the Argo server, the service's memory, backfills at length and by the router, longer random sequences
	$(call databases,postgresql)
	$(call integration,rare && !matrix)

.PHONY: test-legacy
test-legacy: tools ## of these only what kubectl, the router and the differential suite need
	$(call databases,postgresql mariadb)
	$(call integration,legacy)

# Those that depend on the versions of Argo and Kubernetes.
.PHONY: test-versions
test-versions: tools-server ## of these what depends on the versions of Argo and Kubernetes, and the same on other databases and definitions and by the router (ARGO=3.7 KUBERNETES=1.33 for others)
	$(call databases,postgresql mariadb)
	$(call integration,!rare || versions)

# With RECORD=1 what a run has printed goes into the page that shows it.
record = $(if $(RECORD),go run ./hack/record $(1),:)
# Such a run says on its standard output what is to be shown, and nothing else.
recorded = @$(1) > "$(RUN)/$(3).md"; code=$$?; cat "$(RUN)/$(3).md"; \
	[ $$code -ne 0 ] || $(call record,$(2) $(3)) < "$(RUN)/$(3).md" || exit; exit $$code

# The table is written by one of several processes, none of which has the terminal.
FAULTS_TABLE ?= $(RUN)/faults.md
TABLE = $(if $(filter /%,$(firstword $(FAULTS_TABLE))),,$(CURDIR)/)$(FAULTS_TABLE)
testfaults = @rm -f "$(TABLE)"; \
	$(call ginkgo,FAULTS=$(1) FAULTS_TABLE="$(TABLE)") --timeout=$(FAULTS_TIMEOUT) --label-filter='!soak' ./faults -- $(ARGS); \
	code=$$?; [ ! -e "$(TABLE)" ] || cat "$(TABLE)"; \
	[ $$code -ne 0 ] || $(2) < "$(TABLE)" || exit; exit $$code

.PHONY: test-faults
test-faults: tools ## waits and starts under every fault a cluster has, in full (FAULTS_TABLE=file keeps the table, RECORD=1 puts it into its page)
	$(call databases,postgresql mariadb)
	$(call testfaults,long,$(call record,docs/measured.md faults))

.PHONY: test-faults-short
test-faults-short: tools ## the same in a shorter form
	$(call databases,postgresql)
	$(call testfaults,short,:)

# Beside those of make test: Argo and Kubernetes by minor release, each pinned in a folder of hack/tools.
ROWS := 4.0/1.33 3.7/1.37 3.6/1.37

.PHONY: test-matrix
test-matrix: SUITES := test-versions test-faults-short
test-matrix: need ## the specs that depend on versions on others of Argo and Kubernetes (ROWS=3.7/1.37 for one; RECORD=1 as above)
	$(call recorded,env $(PARENT) MAKE="$(MAKE)" SUITES="$(SUITES)" "$(TOOLS)" leash hack/matrix $(ROWS),docs/compatibility.md,matrix)

.PHONY: soak
soak: tools ## 50 starts a second for SOAK_FOR (10m) under one fault after the other: nothing lost, no memory kept (RECORD=1 as above)
	@# without the race detector, which alone would take more time than there is
	"$(TOOLS)" exec env GOGC=400 FAULTS_TABLE="$(RUN)/soak.md" go test -C test/envtest/faults -count=1 -timeout 65m -run '^TestFaults$$' -ginkgo.label-filter=soak $(ARGS)
	@$(call record,docs/measured.md soak) < "$(RUN)/soak.md"

# Suites may be any targets.
SUITES := test-unit test-integration test-faults-short test-browser
TIMES := 3

.PHONY: test-busy
test-busy: tools ## the suites TIMES times (3) beside a load on every core, and how often they passed (SUITES=test-browser for one)
	@+exec env $(PARENT) MAKE="$(MAKE)" hack/busy $(TIMES) $(SUITES)

.PHONY: test-browser
test-browser: tools ## the service's page in a real Chromium, with the service on a real control plane; keeps pictures of it
	@chromium=$$(hack/browser) || { [ $$? = 3 ] || exit 1; $(call skip,make test-browser,there is no Chromium); exit 0; }; \
		mkdir -p "$(RUN)/artifacts" && \
		CHROMIUM="$$chromium" ARTIFACTS="$(RUN)/artifacts" "$(TOOLS)" exec go test -C test/envtest/browser -count=1 -timeout $(INTEGRATION_TIMEOUT) . $(ARGS) && \
		echo "pictures of the page: $(RUN)/artifacts/service.png, service-gate.png, service-phone.png, service-past.png" >&2

# Which servers there are, says hack/opensearch/pom.xml.
SERVERS = $(shell "$(OPENSEARCH)" servers)

# Without the race detector, with which a million documents take several times as long: the double runs the
# same specs with it.
.PHONY: test-opensearch
test-opensearch: need ## adapters/opensearch on all real servers, one after the other (SERVERS=opensearch-2.19.6 for one, ARGS=-short: fewer documents)
	@why=$$("$(OPENSEARCH)" lacks $(SERVERS)) && able=$$("$(OPENSEARCH)" able $(SERVERS)) || exit; \
		[ -z "$$why" ] || $(call skip,make test-opensearch,$$why); \
		begin=$$(date +%s); all='' failed=''; for server in $$able; do \
			from=$$(date +%s); said=passed; \
			env $(PARENT) "$(OPENSEARCH)" install $$server && \
			env $(PARENT) "$(OPENSEARCH)" exec $$server \
				go test -C adapters/opensearch -count=1 -timeout $(UNIT_TIMEOUT) -run OnARealServer $(ARGS) . || \
				{ said=FAILED; failed="$$failed $$server"; }; \
			all="$$all$$(printf '\n  %-26s %s in %ds' $$server $$said $$(($$(date +%s) - from)))"; done; \
		[ -z "$$able" ] || echo "make test-opensearch: $$(($$(date +%s) - begin))s in all$$all" >&2; \
		[ -z "$$failed" ] || exit 1

# Each server that is there is started by the tests, and ended with them.
DATABASES := postgresql mariadb

.PHONY: test-databases
test-databases: need ## adapters/argodb on real PostgreSQL and MariaDB servers (DATABASES=postgresql for one, ARGS=-short: without a million rows)
	@lacking=$$(hack/databases $(DATABASES)) || exit; able="$(DATABASES)"; \
		if [ -n "$$lacking" ]; then \
			$(call skip,a part of make test-databases,$$lacking); \
			for server in $(DATABASES); do case "$$lacking" in *"$$server: "*) able=$$(printf %s "$$able" | sed "s/$$server//");; esac; done; fi; \
		[ -z "$$(echo $$able)" ] || \
			DATABASES="$$able" go test -C test/envtest $(RACE) -count=1 -timeout $(UNIT_TIMEOUT) $(ARGS) ./argodb

# Only what the command line names: a shell's KUBECONFIG or NAMESPACE may be meant for something else. make
# exports what is named, and the shell reads it from there, so that a quote in it is a character like others.
named = $(if $(findstring command line,$(origin $(1))),-$(2) "$$$(1)")

.PHONY: test-cluster
test-cluster: need ## the conformance suite on your own cluster (KUBECONFIG=file; also CONTEXT, NAMESPACE, SERVICE_ACCOUNT, IMAGE, REPORT=file)
	@set -- $(call named,KUBECONFIG,kubeconfig); [ -n "$$2" ] || \
		{ echo "name your cluster: make test-cluster KUBECONFIG=file" >&2; exit 2; }
	@echo "building the suite" >&2
	@umask 022; go test -C test/envtest/anycluster -c -o "$(RUN)/anycluster" .
	@exec "$(RUN)/anycluster" -test.timeout=0 $(call named,KUBECONFIG,kubeconfig) $(call named,CONTEXT,context) \
		$(call named,NAMESPACE,namespace) $(call named,SERVICE_ACCOUNT,service-account) \
		$(call named,IMAGE,image) $(call named,REPORT,report) $(ARGS)

# Two at once, since pods that run take more than pods that only seem to. What is compiled in the namespaces,
# where there is no network, is compiled before.
SHORT_NODE := native client .* (starts a workflow that runs to its end|merges the logs)|node runs|exit codes|has lost them
node_specs = $(if $(SHORT),$(SHORT_NODE),conformance of the native client|real node|examples/backfill takes a backfill)

.PHONY: test-node
test-node: need ## workflows, logs, a backfill and the service on a real node: kubelet, containerd, Argo's executor (SHORT=1 for a few of the specs)
	@why=$$("$(NODE)" lacks) || exit; [ -z "$$why" ] || { $(call skip,make test-node,$$why); exit 0; }; \
		$(MAKE) tools programs node-programs && go test -C test/envtest $(RACE) -count=1 -run '^$$' ./specs && \
		go list -C examples -deps ./service >/dev/null && \
		env $(PARENT) $(call ginkgo,GOPROXY=off $(on_node),--procs=2 --timeout=$(NODE_TIMEOUT) \
			--label-filter='!rare || node' --focus '$(node_specs)' $(ARGS) ./specs)
NODE_TIMEOUT := 60m

.PHONY: test-latest
test-latest: tools ## with the newest Kubernetes libraries: the root's unit tests, and the specs without kubectl
	$(call databases,postgresql)
	$(call gotest,.) -modfile="$(CURDIR)/hack/latest/argoservice.mod" ./...
	"$(TOOLS)" exec $(call gotest,test/envtest) -modfile="$(CURDIR)/hack/latest/envtest.mod" ./specs \
		-ginkgo.randomize-all -ginkgo.label-filter='!legacy && !rare && !node' $(ARGS)

.PHONY: bench
bench: tools bench-hostile ## speed and weight beside raw HTTP, kubectl and Argo's own clients, as ratios with limits (ARGS=--short: without; RECORD=1 as above)
	@echo "building the benchmarks, with Argo's module (minutes the first time)" >&2
	@go test -C hack/bench .
	@$(call build,hack/bench,bench) .
	$(call recorded,"$(TOOLS)" exec "$(RUN)/bench" --root "$(CURDIR)" $(ARGS),docs/measured.md,bench)

.PHONY: bench-hostile
bench-hostile: tools ## memory and time that hostile inputs take, with limits (ARGS=--short: a few, without; RECORD=1 as above)
	@$(call build,hack/bench,hostile) ./hostile
	$(call recorded,"$(TOOLS)" exec "$(RUN)/hostile" $(ARGS),docs/measured.md,hostile)

.PHONY: bench-scale
bench-scale: tools ## ten thousand waits beside client-go's informer and polling, with limits (ARGS=--short: without; RECORD=1 as above)
	@$(call build,hack/bench,scale) ./scale
	$(call recorded,"$(TOOLS)" exec "$(RUN)/scale" --graph "$(CURDIR)/docs/images/scale.svg" $(ARGS),docs/measured.md,scale)

.PHONY: test-argo
test-argo: need ## retries and decoding beside Argo's own code, on all workflows in its module (minutes to build, once)
	$(as_tools); go test -C hack/argotypes -shuffle=on .
	$(as_tools); go test -C hack/bench/argocheck -shuffle=on .

.PHONY: verify
verify: lint tidy check-api vulncheck ## lint with go vet, tidy go.mod files, exported API, known vulnerabilities

.PHONY: lint
lint: need ## golangci-lint on every module
	@env $(PARENT) "$(TOOLS)" install golangci-lint
	@# with the flags of the module's tests, or of the tools, or its dependencies would be compiled once more,
	@# and with less garbage collection, for the same reason as the compiler
	@lint=$$("$(TOOLS)" path golangci-lint); for module in $(MODULES) $(BENCH_MODULES); do echo "lint $$module" >&2; \
		(case $$module in $(AS_TOOLS)) $(as_tools);; \
			hack/bench*|test/promrules) ;; *) export GOFLAGS="$$GOFLAGS $(RACE)";; esac; \
		cd $$module && GOGC=400 "$$lint" run --allow-parallel-runners --config "$(CURDIR)/.golangci.yml" ./...) || exit 1; done

.PHONY: tidy
tidy: need ## check that every go.mod is tidy
	@for module in $(MODULES) $(BENCH_MODULES) $(TOOL_MODULES); do echo "tidy $$module" >&2; go mod tidy -C $$module -diff || exit 1; done
	@hack/latest/check

.PHONY: docs
docs: need ## check links, snippets and names in all documentation (ARGS=--online requests external links too, --write updates snippets and the drawing)
	@$(call build,hack/tools,docs) ./docs
	@exec "$(RUN)/docs" --root "$(CURDIR)" $(ARGS)

.PHONY: api
api: need ## write docs/api, the exported API
	@hack/api write

.PHONY: check-api
check-api: need ## check that docs/api is up to date
	@hack/api check

.PHONY: api-since
api-since: need ## what the exported API has gained and lost since a tag or commit (SINCE=v0.1.0)
	@env $(PARENT) "$(TOOLS)" install apidiff
	@hack/api since "$(SINCE)" "$$("$(TOOLS)" path apidiff)"
SINCE = $(shell git describe --tags --abbrev=0 2>/dev/null || echo HEAD)

.PHONY: release
release: need ## make the commits and tags of a release, and push nothing (VERSION=v0.1.0)
	@hack/release "$(VERSION)"

.PHONY: release-rehearsal
release-rehearsal: need ## release a copy, and build a host with it from a module proxy in a folder
	@hack/release rehearse

# govulncheck exits with 3 for what it has found, and with 1 for a database that it can't reach.
.PHONY: vulncheck
vulncheck: need ## known vulnerabilities, where the database can be reached (REQUIRED=1 makes that an error)
	@env $(PARENT) "$(TOOLS)" install govulncheck
	@found=0; govulncheck=$$("$(TOOLS)" path govulncheck); for module in $(MODULES); do echo "vulncheck $$module" >&2; \
		"$$govulncheck" -C $$module ./... || case $$? in \
		3) found=1;; \
		*) [ -z "$(REQUIRED)" ] || exit 1; echo "vulncheck: not checked, see above" >&2; break;; esac; done; \
		[ $$found = 0 ] || { echo "there are known vulnerabilities" >&2; exit 1; }

##@ tools

.PHONY: tools
tools: need ## get the programs that demo and tests run (minutes, but only once; PROGRAMS=benchstat for another one)
	@exec env $(PARENT) "$(TOOLS)" install $(PROGRAMS)

.PHONY: tools-env
tools-env: need ## print the variables that `go test` needs in test/envtest/specs: eval "$(make -s tools-env)"
	@exec "$(TOOLS)" env

.PHONY: clean
clean: ## remove what was built of this checkout; the tools stay
	rm -rf "$(RUN)"

.PHONY: need
need:
	@for program in go git; do command -v $$program >/dev/null || \
		{ echo "$$program is missing: install it (Go 1.26 or later, git and make are all this needs)" >&2; exit 1; }; done
	@# What is built here is run from here, so it is looked at before anything is built in it.
	@umask 022; mkdir -p "$(GOTMPDIR)"
	@"$(TOOLS)" private "$(GOTMPDIR)"

# What goes with its folder.
include $(wildcard examples/rollout/rollout.mk examples/service/service.mk hack/migrate-scan/migrate-scan.mk)
