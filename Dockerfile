# The service in a container. Built in one stage with a compiler, run in another without. A key is needed:
#   docker build -t vamana-ssd .
#   docker run -p 6333:6333 -v vamana:/data -e VAMANA__SERVICE__API_KEY=... vamana-ssd
# io_uring is forbidden in most containers; vectors are then read with pread, and the status says so.
FROM node:20-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends cmake g++ make
WORKDIR /app
COPY . .
RUN npm ci && npm run build && npm prune --omit=dev --ignore-scripts

FROM node:20-bookworm-slim
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/build/Release/vamana.node build/Release/vamana.node
COPY --from=build /app/dist dist
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 6333
ENV VAMANA__SERVICE__HOST=0.0.0.0 VAMANA__STORAGE__DATA_DIR=/data
HEALTHCHECK --interval=10s --start-period=60s CMD ["node", "-e", "fetch('http://127.0.0.1:6333/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/tools/vamana.js", "serve"]
