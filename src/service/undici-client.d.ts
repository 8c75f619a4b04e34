// The one part of undici that we use, without the 90 files around it (fetch, caches, proxies, WebSocket): loading it takes a third of the time
// and half of the memory. The version is pinned; spec/unit/service/http-client.spec.ts fails if the file moves.
declare module 'undici/lib/dispatcher/client.js' {
  export { Client as default } from 'undici';
}
