# SPDX-License-Identifier: Apache-2.0
# Every way to build and check gantry, each from a fresh clone with nothing before it; the build itself is CMake's.

TORCH  ?= auto
BUILD  ?= $(if $(filter debian,$(TORCH)),build/debian,build)
ENGINE ?=
PREFIX ?= $(BUILD)/install
# A translation unit that includes LibTorch needs about 1.2 GB: no more jobs than memory allows.
JOBS   ?= $(shell awk -v cores=$$(nproc) '/MemAvailable/ {jobs = int($$2 / 1.2e6); print jobs < 1 ? 1 : jobs < cores ? jobs : cores}' /proc/meminfo)
CMAKE_ARGS ?=

ifneq ($(filter-out torchscript aoti executorch,$(ENGINE)),)
$(error ENGINE is torchscript, aoti or executorch, or not given, for all of them; not '$(ENGINE)')
endif
PACKAGES := $(BUILD)/models
PACKAGE  := $(PACKAGES)/efficientnet-lite0/1
EXECUTORCH_PACKAGE := $(PACKAGES)/efficientnet-lite0-executorch/1
DEMO_PACKAGE := $(if $(filter torchscript,$(ENGINE)),$(PACKAGE),$(PACKAGES)/efficientnet-lite0-$(ENGINE)/1)
DEMO_HOST    := $(if $(filter executorch,$(ENGINE)),09_small_host,01_classify)
ENGINE_PACKAGES := $(EXECUTORCH_PACKAGE) $(PACKAGES)/efficientnet-lite0-aoti/1 $(PACKAGE)
EXPORTER := examples/models/efficientnet_lite0.py
PACKER   := examples/models/exporting.py $(shell find lib/pack/gantry_pack -name '*.py')
SHELL    := /bin/bash
in_build = . $(BUILD)/bootstrap.env &&
ctest    = ctest --output-on-failure --no-tests=error -j $(JOBS)
# scikit-image's photo of a cat, found without importing the package
photo    = "$$GANTRY_PYTHON" -c 'import importlib.util as u; print(u.find_spec("skimage").submodule_search_locations[0] + "/data/chelsea.png")'
sources  = find include lib tests bench examples -name '*.cpp' -o -name '*.hpp' -o -name '*.h'

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help bootstrap configure build demo server-demo test lint asan tsan server-asan server-tsan server-soak abi bench bench-image bench-detect bench-engines bench-server install docker-demo docker-test format check-format op-tables tidy clean

help: ## list the targets
	@echo "make <target>, each from a fresh clone; the variables in brackets are optional:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name what; do printf '  %-12s %s\n' "$$name" "$$what"; done

bootstrap: ## install what the machine lacks (Debian packages, LibTorch, .venv) and say what and why
	@cmake/bootstrap.sh --torch $(TORCH) --build $(BUILD) $(NEEDS)

configure: bootstrap
	@$(in_build) cmake/configure.sh $(BUILD) release -DGANTRY_TORCH_ROOT="$$GANTRY_TORCH_ROOT" -DGANTRY_PYTHON="$$GANTRY_PYTHON" $(CMAKE_ARGS)

build: configure ## compile everything into build/ (Release)
	@ninja -C $(BUILD) -j $(JOBS)

# The export takes half a minute (AOTInductor: one or two), so a package is made again only when its maker changed.
$(PACKAGES)/efficientnet-lite0/1/gantry.json: $(EXPORTER) $(PACKER) | bootstrap
	@echo "exporting and packing EfficientNet-lite0 (TorchScript) into $(@D)"
	@rm -rf $(@D) && mkdir -p $(dir $(@D)) && $(in_build) "$$GANTRY_PYTHON" $(EXPORTER) --out $(@D) --engine torchscript
$(PACKAGES)/efficientnet-lite0-aoti/1/gantry.json: $(EXPORTER) $(PACKER) | bootstrap
	@echo "exporting, compiling and packing EfficientNet-lite0 (AOTInductor) into $(@D); this takes a minute or two"
	@rm -rf $(@D) && mkdir -p $(dir $(@D)) && $(in_build) "$$GANTRY_PYTHON" $(EXPORTER) --out $(@D) --engine aoti

$(PACKAGES)/efficientnet-lite0-executorch/1/gantry.json: $(EXPORTER) $(PACKER) | bootstrap
	@echo "exporting, lowering and packing EfficientNet-lite0 (ExecuTorch) into $(@D)"
	@rm -rf $(@D) && mkdir -p $(dir $(@D)) && $(in_build) "$$GANTRY_PYTHON" $(EXPORTER) --out $(@D) --engine executorch

# One engine's package, or, packed and measured by examples/demo.py, those of all engines that there are.
demo: configure $(if $(ENGINE),$(DEMO_PACKAGE)/gantry.json) ## classify a real photo with a real ImageNet model, with every engine [ENGINE=torchscript|aoti|executorch, TORCH=debian]
	@ninja -C $(BUILD) -j $(JOBS) gantry_tool $(if $(ENGINE),$(DEMO_HOST),demo_programs)
ifeq ($(ENGINE),)
	@$(in_build) "$$GANTRY_PYTHON" examples/demo.py --build $(BUILD) --photo "$$($(photo))"
else
	@$(in_build) photo=$$($(photo)) && set -x && $(BUILD)/bin/$(DEMO_HOST) $(DEMO_PACKAGE) "$$photo" && \
	$(BUILD)/bin/gantry run $(DEMO_PACKAGE) "$$photo" --explain
endif

server-demo: configure $(PACKAGE)/gantry.json ## serve the demo's model over HTTP on port 8080 (examples/server)
	@ninja -C $(BUILD) -j $(JOBS) gantry-server
	@mkdir -p $(BUILD)/server-demo/efficientnet-lite0 && ln -sfn $(abspath $(PACKAGE)) $(BUILD)/server-demo/efficientnet-lite0/1
	@$(in_build) echo "in a browser: http://localhost:8080/"; echo "classes for a photo: curl -H 'Content-Type: image/jpeg' --data-binary @photo.jpg http://localhost:8080/v2/models/efficientnet-lite0/infer"; \
	echo "for example $$($(photo)), which is image/png"; \
	exec $(BUILD)/bin/gantry-server --models.directory $(BUILD)/server-demo

test: NEEDS = --clients
test: build $(PACKAGE)/gantry.json ## build everything and run every test [TORCH=debian, BUILD=dir]
	@$(ctest) --test-dir $(BUILD)

asan: bootstrap ## AddressSanitizer and UndefinedBehaviorSanitizer over the unit, parity and engine tests (build/asan)
	@$(in_build) cmake/configure.sh $(BUILD)/asan asan -DGANTRY_TORCH_ROOT="$$GANTRY_TORCH_ROOT" -DGANTRY_PYTHON="$$GANTRY_PYTHON" $(CMAKE_ARGS)
	@ninja -C $(BUILD)/asan -j $(JOBS)
	@$(ctest) --test-dir $(BUILD)/asan -L '^(unit|parity|engine)$$'

# By clang, whose -Wthread-safety checks on the way what locks guard.
tsan: NEEDS = --checks
tsan: bootstrap ## ThreadSanitizer over the runtime, model and pipeline tests, without LibTorch (build/tsan)
	@cmake/configure.sh $(BUILD)/tsan tsan $(CMAKE_ARGS)
	@ninja -C $(BUILD)/tsan build.ninja   # so that the list of targets is that of now
	@ninja -C $(BUILD)/tsan -j $(JOBS) $$(ninja -C $(BUILD)/tsan -t targets all | sed -nE 's/^(bin\/(runtime|model|pipeline)_[a-z0-9_]*):.*/\1/p')
	@$(ctest) --test-dir $(BUILD)/tsan -R '^(runtime|model|pipeline)_'

# The engine is ExecuTorch, as it comes: LibTorch would take the time.
SERVER_OPTIONS := -DGANTRY_TORCH=OFF -DGANTRY_TESTS=OFF -DGANTRY_TOOL=OFF -DGANTRY_EXAMPLES=ON
SERVER_MODELS  := $(BUILD)/server-models-executorch
ABUSE_SECONDS ?= 300
server-asan: bootstrap ## gantry-server with AddressSanitizer under abusive clients, for five minutes [ABUSE_SECONDS]
server-tsan: NEEDS = --checks
# gRPC's library is not instrumented.
server-tsan: SERVER_OPTIONS += -DGANTRY_SERVER_GRPC=OFF
server-tsan: ABUSE_FLAGS := --no-grpc
server-tsan: bootstrap ## the same with ThreadSanitizer, over HTTP [ABUSE_SECONDS]
server-asan server-tsan:
	@$(in_build) cmake/configure.sh $(BUILD)/$@ $(@:server-%=%) $(SERVER_OPTIONS) -DGANTRY_PYTHON="$$GANTRY_PYTHON" $(CMAKE_ARGS)
	@ninja -C $(BUILD)/$@ -j $(JOBS) gantry-server
	@$(in_build) "$$GANTRY_PYTHON" tests/server/make_packages.py $(SERVER_MODELS) executorch && \
	PYTHONPATH="$$(dirname "$$GANTRY_PYTHON")/../server-clients" \
	"$$GANTRY_PYTHON" tests/server/abuse.py $(BUILD)/$@/bin/gantry-server $(SERVER_MODELS) $(ABUSE_SECONDS) $(ABUSE_FLAGS)

SOAK_SECONDS ?= 1800
server-soak: configure ## gantry-server at 80 % of what it can answer, for half an hour: does its memory grow? [SOAK_SECONDS]
	@ninja -C $(BUILD) -j $(JOBS) gantry-server
	@$(in_build) "$$GANTRY_PYTHON" tests/server/make_packages.py $(BUILD)/server-models && \
	"$$GANTRY_PYTHON" tests/server/soak.py $(BUILD)/bin/gantry-server $(BUILD)/server-models $(SOAK_SECONDS)

abi: NEEDS = --checks
abi: configure ## compare libgantry_core.so with the last release of this minor version; compiles both (build/tests/abi)
	@GANTRY_ABI_TEST=1 $(ctest) --verbose --test-dir $(BUILD) -R '^abi$$'

bench: bootstrap $(PACKAGE)/gantry.json ## build and run the benchmarks (bench/README.md says what they measure)
	@$(in_build) cmake/configure.sh $(BUILD)/bench bench -DGANTRY_TORCH_ROOT="$$GANTRY_TORCH_ROOT" -DGANTRY_PYTHON="$$GANTRY_PYTHON" $(CMAKE_ARGS)
	@ninja -C $(BUILD)/bench -j $(JOBS)
	@ninja -C $(BUILD)/bench run_benchmarks

bench-image: bootstrap ## measure the image engine beside Pillow, torchvision and OpenCV (bench/README.md)
	@$(in_build) cmake/configure.sh $(BUILD)/bench bench -DGANTRY_TORCH_ROOT="$$GANTRY_TORCH_ROOT" -DGANTRY_PYTHON="$$GANTRY_PYTHON" $(CMAKE_ARGS)
	@ninja -C $(BUILD)/bench -j $(JOBS) run_image_benchmarks

# ONNX Runtime, OpenVINO and what exports to them lie in a folder of their own; the rest is .venv's.
bench-engines: bootstrap $(ENGINE_PACKAGES:=/gantry.json) ## measure the engines beside ONNX Runtime and OpenVINO (bench/README.md)
	@$(in_build) cmake/configure.sh $(BUILD)/bench bench -DGANTRY_TORCH_ROOT="$$GANTRY_TORCH_ROOT" -DGANTRY_PYTHON="$$GANTRY_PYTHON" $(CMAKE_ARGS)
	@ninja -C $(BUILD)/bench -j $(JOBS) gantry_tool bench_engines_worker_torch bench_engines_worker_executorch
	@$(in_build) "$$GANTRY_PYTHON" -m pip install --quiet --no-deps --upgrade --target $(BUILD)/engine-peers -r bench/engines/requirements.txt
	@$(in_build) PYTHONPATH=$(abspath $(BUILD)/engine-peers) "$$GANTRY_PYTHON" bench/engines/engines_bench.py \
	  --bin $(BUILD)/bench/bin --models $(BUILD)/engine-models --package $(ENGINE_PACKAGES)

LAYOUT_PACKAGE := $(PACKAGES)/page-layout/1
FACES_PACKAGE := $(PACKAGES)/mtcnn/1
bench-detect: bootstrap ## measure detection beside torchvision, rapid-layout and facenet_pytorch (bench/README.md)
	@$(in_build) cmake/configure.sh $(BUILD)/bench bench -DGANTRY_TORCH_ROOT="$$GANTRY_TORCH_ROOT" -DGANTRY_PYTHON="$$GANTRY_PYTHON" $(CMAKE_ARGS)
	@ninja -C $(BUILD)/bench -j $(JOBS) gantry_tool bench_nms_worker bench_decoder_worker bench_draw_worker bench_paste_worker bench_db_worker bench_engines_worker_torch bench_engines_worker_executorch
	@$(in_build) GANTRY_TOOL=$(abspath $(BUILD)/bench/bin/gantry) "$$GANTRY_PYTHON" examples/models/page_layout.py --engine all --out $(LAYOUT_PACKAGE)
	@$(in_build) "$$GANTRY_PYTHON" -m pip install --quiet --no-deps --upgrade --target $(BUILD)/engine-peers -r bench/engines/requirements.txt
	@$(in_build) PYTHONPATH=$(abspath $(BUILD)/engine-peers) "$$GANTRY_PYTHON" bench/detect/detect_bench.py --bin $(BUILD)/bench/bin --package $(LAYOUT_PACKAGE)
	@$(in_build) GANTRY_TOOL=$(abspath $(BUILD)/bench/bin/gantry) "$$GANTRY_PYTHON" examples/models/mtcnn.py --out $(FACES_PACKAGE)
	@$(in_build) "$$GANTRY_PYTHON" bench/detect/faces_bench.py --bin $(BUILD)/bench/bin --package $(FACES_PACKAGE)
	@$(in_build) "$$GANTRY_PYTHON" bench/detect/decoder_bench.py --bin $(BUILD)/bench/bin
	@$(in_build) "$$GANTRY_PYTHON" bench/detect/paste_bench.py --bin $(BUILD)/bench/bin
	@$(in_build) "$$GANTRY_PYTHON" bench/detect/draw_bench.py --bin $(BUILD)/bench/bin
	@$(in_build) "$$GANTRY_PYTHON" bench/detect/db_bench.py --bin $(BUILD)/bench/bin

# Other servers to measure: mosec, litserve, kserve, triton. Each gets a Python environment of its own.
PEERS ?=
bench-server: bootstrap ## measure gantry-server, beside other servers [PEERS="mosec litserve kserve triton"]
	@$(in_build) cmake/configure.sh $(BUILD)/bench-server bench -DGANTRY_TORCH=OFF -DGANTRY_EXAMPLES=ON -DGANTRY_PYTHON="$$GANTRY_PYTHON" $(CMAKE_ARGS)
	@ninja -C $(BUILD)/bench-server -j $(JOBS) gantry-server bench_server_http_load bench_server_floor
	@$(if $(PEERS),bench/server/peers/install.sh $(BUILD)/server-peers $(PEERS))
	@$(in_build) $(if $(PEERS),"$$GANTRY_PYTHON" -m pip install --quiet --no-deps --upgrade --target $(BUILD)/engine-peers -r bench/engines/requirements.txt && PYTHONPATH=$(abspath $(BUILD)/engine-peers)) \
	"$$GANTRY_PYTHON" bench/server/packages.py $(BUILD)/bench-server/packages $(if $(PEERS),--onnx $(BUILD)/bench-server/network.onnx)
	@$(in_build) "$$GANTRY_PYTHON" bench/server/server_bench.py --bin $(BUILD)/bench-server/bin --packages $(BUILD)/bench-server/packages \
	$(if $(PEERS),--onnx $(BUILD)/bench-server/network.onnx) $(foreach peer,$(PEERS),--peer $(peer)=$(abspath $(BUILD)/server-peers/$(peer)/bin/python))

install: configure ## install the library, its CMake package, bin/gantry and bin/gantry-pack [PREFIX=dir]
	@ninja -C $(BUILD) -j $(JOBS) gantry_core gantry_torch gantry_tool gantry_pack gantry_op_table_json
	@cmake --install $(BUILD) --prefix "$(abspath $(PREFIX))" >$(BUILD)/install.log || { tail -n 20 $(BUILD)/install.log; exit 1; }
	@echo "installed in $(abspath $(PREFIX)): use -DCMAKE_PREFIX_PATH=$(abspath $(PREFIX)) and find_package(gantry)"
	@$(in_build) echo "programs load LibTorch from $$GANTRY_TORCH_ROOT, or from beside libgantry_torch.so; keep one of them"; \
	echo "gantry-pack needs a Python with torch: $$GANTRY_PYTHON $(abspath $(PREFIX))/bin/gantry-pack --help"

ifeq ($(ENGINE),executorch)
docker-demo: IMAGE := gantry-small-host
docker-demo: CONTAINED := $(EXECUTORCH_PACKAGE)
docker-demo: $(EXECUTORCH_PACKAGE)/gantry.json
else
docker-demo: IMAGE := gantry-classify
docker-demo: CONTAINED := $(PACKAGE)
docker-demo: $(PACKAGE)/gantry.json
endif
docker-demo: ## build a container of docker/ and classify the photo in it, locked down [ENGINE=executorch: the small one]
	@docker/build.sh $(IMAGE)
	@$(in_build) docker/run.sh $(IMAGE) $(CONTAINED) "$$($(photo))"

# With Debian's PyTorch nothing can be exported to ExecuTorch.
SMALL_HOST_PACKAGE := $(if $(filter debian,$(TORCH)),,$(EXECUTORCH_PACKAGE))
docker-test: NEEDS = --clients
docker-test: configure $(PACKAGE)/gantry.json $(SMALL_HOST_PACKAGE:=/gantry.json) ## build all containers, and check that their answers equal the host's, that they run as nobody, and what they weigh
	@ninja -C $(BUILD) -j $(JOBS) gantry_tool gantry-server
	@$(ctest) --test-dir $(BUILD) -R '^server_perf_analyzer$$'   # runs in a container
	@$(in_build) docker/test.sh $(BUILD)/bin/gantry $(PACKAGE) "$$($(photo))" "$$GANTRY_PYTHON"
ifeq ($(SMALL_HOST_PACKAGE),)
	@echo "docker-test: the small host was NOT checked: nothing can be exported to ExecuTorch with TORCH=debian"
else
	@$(in_build) docker/test_small_host.sh $(BUILD)/bin/gantry $(SMALL_HOST_PACKAGE) "$$($(photo))" "$$GANTRY_PYTHON"
endif

lint: NEEDS = --checks
lint: bootstrap ## what reads the sources: clang-format, the layers, ruff and mypy over the packer
	@$(MAKE) --no-print-directory check-format
	@$(in_build) "$$GANTRY_PYTHON" tests/layering/check_layering.py . && "$$GANTRY_PYTHON" tests/pack/lint_test.py

format: ## clang-format the C++ files
	@$(sources) | xargs clang-format -i

check-format: ## list the C++ files that `make format` would change; fails if there are any
	@$(sources) | xargs clang-format --dry-run --Werror

op-tables: configure ## write the tables of ops in lib/model/manifest.schema.md, from what the ops are registered with
	@ninja -C $(BUILD) -j $(JOBS) gantry_op_table_json
	@$(in_build) "$$GANTRY_PYTHON" lib/ops/schema_tables.py $(BUILD)/share/gantry/ops.json --write

# The sources are read together as they are compiled, which shares the headers: a tenth of the time.
tidy: NEEDS = --checks
tidy: configure ## clang-tidy over the library; fails on any finding
	@cmake/tidy.sh $(BUILD) $(JOBS)

clean: ## remove build/ (the Python environment .venv stays)
	rm -rf $(BUILD)
