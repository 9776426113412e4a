# The controller as one file in an image without a shell: `docker buildx build --platform=linux/amd64,linux/arm64 .`
FROM --platform=$BUILDPLATFORM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY LICENSE ./
COPY scripts ./scripts
COPY src ./src
RUN node scripts/bundle.ts

# JavaScript alone is copied, so that one build serves every platform.
FROM gcr.io/distroless/nodejs24-debian13:nonroot
WORKDIR /app
COPY --from=build /app/LICENSE ./
COPY --from=build /app/dist ./
USER 65532:65532
ENV NODE_ENV=production
EXPOSE 8080 61779
# A heap that grows to 70 % of the container's memory: Node ends with a message before the kernel ends it without one.
# Room for young objects that stays small: of 50,000 pods that are read at once, 150 MiB less are held at the peak.
ENTRYPOINT ["/nodejs/bin/node", "--max-old-space-size-percentage=70", "--max-semi-space-size=8", "/app/albatross.mjs"]
