# `make` lists what there is to do. REGISTRY, BOOTC_ORACLE, PREFIX and DESTDIR may be set.

REGISTRY ?= 127.0.0.1:5080
PREFIX ?= /usr
DESTDIR ?=
export REGISTRY

.DEFAULT_GOAL := help
.PHONY: help build oracle image registry demo demo-store demo-host test e2e bench bench-fleet bench-layering man format install clean

help: ## List the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  make %-14s %s\n", $$1, $$2 }'

build: ## Build out/bootc, one native executable, and out/bootc-prepare-root for the initramfs
	@build/deps.sh build
	@mkdir -p out
	dotnet publish src/Bootc.Cli -c Release -r linux-x64 -o out/publish --nologo -v quiet
	dotnet publish src/Bootc.PrepareRoot -c Release -r linux-x64 -o out/publish --nologo -v quiet
	@for program in bootc bootc-prepare-root; do \
	  cmp -s out/publish/$$program out/$$program || { cp out/publish/$$program out/$$program.new && mv out/$$program.new out/$$program; }; \
	done

oracle: ## Make out/oracle, the reference tools to check against
	@build/oracle.sh
	@build/cosign2.sh > /dev/null

image: build ## Build the Debian image and two derived from it
	@build/deps.sh image
	@build/registry.sh with build/image.sh

registry: image ## Start the registry with the images and leave it running
	@build/registry.sh start
	@echo "$(REGISTRY) has bootc/debian:13, bootc/example:v1 and bootc/example:v2; 'build/registry.sh stop' stops it"

demo: demo-store demo-host ## See it all at work: first the store, then a machine that lives by it

demo-store: build oracle ## See switch, upgrade and rollback on a directory, and libostree's view of it (2 minutes)
	@build/deps.sh image demo
	@build/registry.sh with sh -c 'build/image.sh && build/demo.sh'

demo-host: build ## See a machine live: installed, booted, updated, sent a broken update (in QEMU, 10 minutes)
	@build/deps.sh image e2e demo-host
	@build/registry.sh with sh -c 'build/image.sh && build/demo-host.sh'

test: build oracle ## Run all tests
	@build/deps.sh image test
	@build/registry.sh with sh -c 'build/image.sh && build/test.sh'

e2e: build ## Boot the images in virtual machines and look what they do; E2E="--filter-class NAME" for some
	@build/deps.sh image test e2e
	@build/registry.sh with sh -c 'build/image.sh && build/variant.sh && build/e2e.sh $(E2E)'

bench: build oracle ## Measure against the peers and print a table
	@build/deps.sh image bench
	@build/registry.sh with sh -c 'build/image.sh && bench/run.sh'

bench-layering: image ## Measure what adding a package takes, on a small image and on a large one
	@build/deps.sh bench
	@build/registry.sh with bench/layering.sh

bench-fleet: build ## Simulate HOSTS (10,000) hosts under fleet locks, with three lock managers on one etcd
	@build/deps.sh bench-fleet
	@bench/fleet.sh

man: build ## Write the manual pages anew, from what the commands say of themselves
	@rm -f docs/man/*.8
	out/bootc internals man docs/man

format: ## Format the sources
	dotnet format Bootc.sln

install: build ## Install the executables, systemd units, the dracut module and completions
	install -D -m 0755 out/bootc $(DESTDIR)$(PREFIX)/bin/bootc
	install -D -m 0755 out/bootc-prepare-root $(DESTDIR)$(PREFIX)/lib/bootc/bootc-prepare-root
	install -D -m 0755 src/Bootc.PrepareRoot/dracut/50bootc/module-setup.sh $(DESTDIR)$(PREFIX)/lib/dracut/modules.d/50bootc/module-setup.sh
	install -D -m 0644 src/Bootc.PrepareRoot/dracut/bootc-prepare-root.service $(DESTDIR)$(PREFIX)/lib/systemd/system/bootc-prepare-root.service
	for unit in systemd/system/*; do install -D -m 0644 $$unit $(DESTDIR)$(PREFIX)/lib/systemd/system/$${unit##*/}; done
	for generator in systemd/system-generators/*; do install -D -m 0755 $$generator $(DESTDIR)$(PREFIX)/lib/systemd/system-generators/$${generator##*/}; done
	install -d $(DESTDIR)$(PREFIX)/lib/bootc/bound-images.d
	ln -sfn /sysroot/ostree/bootc/storage $(DESTDIR)$(PREFIX)/lib/bootc/storage
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	out/bootc completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/bootc
	out/bootc completion zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_bootc
	out/bootc completion fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/bootc.fish
	@if ls docs/man/*.[1-8] > /dev/null 2>&1; then \
	  for page in docs/man/*.[1-8]; do install -D -m 0644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done; \
	fi

clean: ## Remove everything that was built
	@build/registry.sh stop
	@if [ -d out ]; then chattr -R -f -i out/demo out/bench 2> /dev/null; rm -rf out; fi
	@rm -rf src/*/bin src/*/obj tests/*/bin tests/*/obj e2e/*/bin e2e/*/obj
