# One image for every role: SERVICES says which of them a container plays. Without settings it runs all of them on
# SQLite: docker run -p 3000:3000 -v kalends:/data kalends

# The full image has a compiler, should a package have no binary for this platform.
FROM node:26 AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# The package `node` is for machines with an older one; this image is of the right version.
RUN npm ci --omit=dev --no-audit --no-fund && rm -rf node_modules/node node_modules/.bin/node

FROM node:26-slim
WORKDIR /app
ENV NODE_ENV=production KALENDS_DATA_DIR=/data KALENDS_HOST=0.0.0.0
COPY --from=packages /app/node_modules node_modules
COPY . .
# All that is ever written is below /data, and with MongoDB nothing is: the root file system may be read-only.
RUN mkdir /data && chown node:node /data
USER node
EXPOSE 3000
# Eight megabytes for young objects: a first sync needs 30 MB less, and no more time.
ENTRYPOINT ["node", "--max-semi-space-size=8", "tools/kalends.js"]
CMD ["start"]
