// What the theme of the site (doc/.vitepress/theme) uses of packages that are installed only where the site is built.
declare module 'vitepress' {
  export function useRoute(): { readonly path: string };
}
declare module 'vitepress/theme' {
  const theme: object;
  export default theme;
}
declare module 'vue' {
  export function nextTick(then: () => void): Promise<void>;
  export function onMounted(then: () => void): void;
  export function watch(what: () => unknown, then: () => void): void;
}
declare module '*.css';
