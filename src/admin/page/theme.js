// Light or dark, before anything is painted: as the system has it, or as the switch says.
(() => {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const chosen = () => localStorage.getItem('smtpe-theme');
  const isDark = () => (chosen() ?? (dark.matches ? 'dark' : 'light')) === 'dark';
  const apply = () => {
    document.documentElement.dataset.theme = isDark() ? 'dark' : 'light';
    dispatchEvent(new Event('theme'));
  };
  dark.addEventListener('change', apply);
  addEventListener('switch-theme', () => {
    localStorage.setItem('smtpe-theme', isDark() ? 'light' : 'dark');
    apply();
  });
  apply();
})();
