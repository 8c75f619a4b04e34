# smtpe in a container: built in the first stage, run as an unprivileged user in the second. Port 2525 inside; put your own option file
# and policy over /etc/smtpe/smtpe.cf and /etc/smtpe/smtpe.lua.
ARG NODE=24-bookworm-slim

FROM node:${NODE} AS build
WORKDIR /smtpe
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
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
RUN install -d -o node -g node -m 0700 /var/spool/smtpe
USER node
EXPOSE 2525
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s --retries=3 \
  CMD ["node", "-e", "const s=require('node:net').connect(2525,'127.0.0.1');s.once('data',(d)=>{s.end('QUIT\\r\\n');process.exitCode=/^220/.test(d)?0:1}).on('error',()=>{process.exitCode=1}).setTimeout(4000,()=>process.exit(1))"]
ENTRYPOINT ["node", "/smtpe/dist/main.js"]
