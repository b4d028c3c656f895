# syntax=docker/dockerfile:1
# ft in a container, set up: nothing is fetched when it starts.
#   docker build -t ft .                     for the processor
#   docker build -t ft:gpu --target gpu .    for NVIDIA's cards: start it with --gpus all
#   docker run --rm -p 127.0.0.1:8501:8501 -e FT_SERVE_TOKEN=… -v ./runs:/runs -v ./photos:/photos ft serve /runs/latest --gallery /photos --host 0.0.0.0
ARG NODE=22

# What set-up needs: compiler, make, Python's pip.
FROM node:${NODE}-bookworm AS tools
# Debian takes old versions away: a pinned one would end the build some day.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ make python3 python3-pip \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /ft
ENV XDG_CACHE_HOME=/cache
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev
COPY . .

FROM tools AS set-up-cpu
RUN FT_DEVICE=cpu src/cli/ft.mjs setup --quiet

FROM tools AS set-up-gpu
RUN FT_DEVICE=gpu src/cli/ft.mjs setup --quiet

FROM node:${NODE}-bookworm-slim AS runtime
WORKDIR /work
ENV XDG_CACHE_HOME=/cache
# What outlives a container: runs, and the rows of a gallery with the classes that were enrolled. A volume takes its owner from here.
RUN mkdir -p /cache/ft/serve /runs && chown -R node:node /cache /runs /work
VOLUME ["/cache/ft/serve", "/runs"]
EXPOSE 8501
# node's own user
USER 1000:1000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8501/health/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/ft/src/cli/ft.mjs"]
CMD ["--help"]

FROM runtime AS gpu
ENV FT_DEVICE=auto NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=set-up-gpu --chown=node:node /ft /ft
COPY --from=set-up-gpu --chown=node:node /cache /cache

FROM runtime AS cpu
COPY --from=set-up-cpu --chown=node:node /ft /ft
COPY --from=set-up-cpu --chown=node:node /cache /cache
