# `make` alone shows the targets; `make recipe=NAME` sets everything up and trains.
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := $(if $(recipe),train,help)

BIN := node_modules/.bin
# Named after the content of the lock file: a second call is instant, and another lock file installs anew.
PACKAGES := node_modules/.packages-$(firstword $(shell cksum package-lock.json))

.PHONY: help setup train test check format verify backbones exports bench bench-gpu serving placement loading forecast growth stores faults clean

help: ## show this
	@echo 'ft: fine-tunes a frozen ImageNet backbone on your own images and proves what each phase brought'
	@echo
	@echo '  make recipe=resnet-semihard                    set up, train on the built-in images, score, export'
	@echo '  make recipe=folder data=~/photos               the same on your own photos (photos/class/image.jpg)'
	@echo
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1@\2/' | column -t -s @ 2>/dev/null \
	  || grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1   \2/'

setup: $(PACKAGES) ## fetch the npm packages and build TensorFlow's binding (a second call does nothing)
	@$(BIN)/ft setup

$(PACKAGES):
	@sh src/cli/prerequisites.sh
	@echo 'installing the npm packages'
	@npm ci --loglevel=error
	@ln -sf ../../src/cli/ft.mjs $(BIN)/ft
	@touch $@

train: setup ## recipe=NAME [data=FOLDER]: train, score, export
	@$(if $(recipe),,echo 'ft: which recipe? make recipe=resnet-semihard'; exit 2)
	@data='$(data)'; case $$data in '~/'*) data="$$HOME/$${data#??}" ;; esac; \
	  $(BIN)/ft train '$(recipe)' $${data:+--data "$$data"}

test: setup ## run the tests
	@$(BIN)/vitest run

check: $(PACKAGES) ## types, lint, format, import rules
	@echo 'types'
	@$(BIN)/tsc -p . && $(BIN)/tsc -p src/web
	@echo 'lint and format'
	@$(BIN)/biome check --error-on-warnings
	@echo 'import rules'
	@$(BIN)/depcruise src --config .dependency-cruiser.cjs --output-type err

format: $(PACKAGES) ## format the sources and mend what lint can mend
	@$(BIN)/biome check --write

verify: setup ## hold exports and goldens to Python's TensorFlow, NumPy and PyTorch (minutes; test/**/*.verify.ts)
	@for kind in bench verify track export backbones stores docker tensorflowjs; do sh test/bench/venv.sh test/$$kind/requirements.txt >/dev/null || exit $$?; done
	@FT_TESTS=verify $(BIN)/vitest run

backbones: setup ## hold every network to its publisher's in every format [only='resnet|vgg'] [again=1] (an hour; goes on where it was)
	@for kind in verify backbones; do sh test/bench/venv.sh test/$$kind/requirements.txt >/dev/null || exit $$?; done
	@node --import tsx test/backbones/run.ts '$(only)' '$(again)'

exports: setup ## hold every export to its consumers, and write docs/exports.md (half an hour)
	@for kind in export backbones tensorflowjs; do sh test/bench/venv.sh test/$$kind/requirements.txt >/dev/null || exit $$?; done
	@node --import tsx test/export/run.ts

bench: setup ## measure ft beside PyTorch and Keras [options='--only thin --rounds 5'] (40 minutes; leave the machine alone)
	@python=$$(sh test/bench/venv.sh test/bench/requirements.txt) && keras=$$(sh test/bench/venv.sh test/verify/requirements.txt) && \
	  node --import tsx test/bench/run.ts --python "$$python" --keras "$$keras" $(options)

bench-gpu: setup ## measure ft beside PyTorch on an NVIDIA card [options='--only resnet50'] (an hour or two; goes on where it was)
	@node --import tsx test/bench/gpu/run.ts $(options)

placement: $(PACKAGES) ## say which operations of a step would run on a card, without one (5 GB are set up for it)
	@FT_DEVICE=gpu $(BIN)/ft setup && node --import tsx test/runtime/placement/run.ts

serving: setup ## measure ft serve under load beside FastAPI [options='--minutes 10'] (minutes; leave the machine alone)
	@python=$$(sh test/bench/venv.sh test/bench/serving/requirements.txt) && node --import tsx test/bench/serve.ts --python "$$python" $(options)

loading: setup ## measure how ft loads weights of every format beside Python's own loaders [options='--rounds 5'] (minutes; leave the machine alone)
	@pytorch=$$(sh test/bench/venv.sh test/backbones/requirements.txt) && tensorflow=$$(sh test/bench/venv.sh test/verify/requirements.txt) && \
	  tensorflowjs=$$(sh test/bench/venv.sh test/bench/loading/requirements.txt) && \
	  node --import tsx test/bench/loading.ts --pytorch "$$pytorch" --tensorflow "$$tensorflow" --tensorflowjs "$$tensorflowjs" $(options)

forecast: setup ## measure what ft plan foresees of memory beside the peak of runs [options='--only densenet121'] (minutes)
	@pytorch=$$(sh test/bench/venv.sh test/backbones/requirements.txt) && \
	  node --import tsx test/bench/forecast.ts --pytorch "$$pytorch" $(options)

growth: setup ## measure how time and memory grow [only='pairs retrieval'] (minutes; leave the machine alone)
	@node --import tsx test/bench/growth.ts $(only)

stores: setup ## measure the embedded vector stores that were weighed up [options='--sizes 10000'] (an hour; takes them from npm)
	@node --import tsx test/bench/stores.ts $(options)

faults: setup ## kill, fill and break things in the middle of runs (test/**/*.faults.ts)
	@FT_TESTS=faults $(BIN)/vitest run

clean: ## take away the npm packages and what the tests left here (the shared cache and your runs stay)
	@rm -rf node_modules .cache
