# docker build -t asyncprod .
# docker run --read-only --tmpfs /tmp -e EMBEDDED=allowed -v asyncprod:/data -p 8080:8080 asyncprod

FROM node:24.19.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && npm ci --omit=dev --ignore-scripts && mkdir /data
# Files that no program reads: 60 of 153 MB
RUN find node_modules -type f \( -name '*.map' -o -name '*.d.*ts' -o -path '*/dist-es/*' \
  -o -path '*/pglite*/*.tar.gz' ! -name 'pg_trgm*' \) -delete

# No shell, no package manager, a user that is not root. The digest is there for want of version tags.
FROM gcr.io/distroless/nodejs24-debian12:nonroot@sha256:14d42e2511532589a7c7e01a753667a74fcc96266e137e8125006b87b0c32d0a
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/console ./console
COPY --from=build /app/sql ./sql
COPY --from=build /app/dist ./dist
COPY --from=build --chown=65532:65532 /data /data
# glibc keeps memory that held pictures. With this threshold it does not: 13 to 19 instead of 60 MB.
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data MALLOC_MMAP_THRESHOLD_=131072
USER 65532
EXPOSE 8080
VOLUME /data
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["/nodejs/bin/node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8080}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# The entry point is node. To run a command: docker run asyncprod dist/cli.js check
# V8 reads these options only at its start. Without them ROLE=api takes up to 200 MB after load, not 140.
CMD ["--min-semi-space-size=4", "--max-semi-space-size=4", "dist/cli.js"]
