# smtpe in a container: built in the first stage, run as an unprivileged user in the second. Port 2525 inside; put your own option file
# and policy over /etc/smtpe/smtpe.cf and /etc/smtpe/smtpe.lua.
ARG NODE=24-bookworm-slim

FROM node:${NODE} AS build
WORKDIR /smtpe
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json build.mjs ./
COPY src ./src
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:${NODE}
ENV NODE_ENV=production
WORKDIR /smtpe
COPY --from=build /smtpe/node_modules ./node_modules
COPY --from=build /smtpe/dist ./dist
COPY package.json LICENSE README.md ./
COPY lib-lua ./lib-lua
COPY etc ./etc
COPY etc/docker.cf /etc/smtpe/smtpe.cf
COPY etc/smtpe.lua /etc/smtpe/smtpe.lua
RUN install -d -o node -g node -m 0700 /var/spool/smtpe && install -d -o node -g node -m 0750 /run/smtpe
USER node
EXPOSE 2525
STOPSIGNAL SIGTERM
# Asks at admin-listen: keep that line of etc/docker.cf in an option file of your own. It knows nothing of name servers and next hops.
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s --retries=3 CMD ["node", "/smtpe/dist/main.js", "status"]
ENTRYPOINT ["node", "/smtpe/dist/main.js"]
