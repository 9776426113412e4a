# The controller alone: production dependencies and src, run as is by Node 24, which strips the types.
FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Optional packages are Node itself, for machines with an older one: the image has its own.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM gcr.io/distroless/nodejs24-debian13:nonroot
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY src ./src
ENV NODE_ENV=production
EXPOSE 8080 61779
ENTRYPOINT ["/nodejs/bin/node", "--max-old-space-size-percentage=70", "src/main.ts"]
