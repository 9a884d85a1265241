# No build stage: TypeScript runs from source. Node comes with the image, so the one that npm brings for development is left out.
FROM node:24-slim

ENV NODE_ENV=production \
    DATA_DIR=/data \
    PORT=8080

WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev && npm cache clean --force
COPY tsconfig.json ./
COPY config ./config
COPY providers ./providers
COPY src ./src

# The embedded database and the secrets made on the first start; not used with DATABASE_URL.
RUN install -d -o node -g node -m 0700 /data
VOLUME /data
USER node
EXPOSE 8080

HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]

# Exec form: SIGTERM reaches Node itself, which drains and exits within ten seconds.
CMD ["node", "src/main.ts"]
