// Loaded into a process by NODE_OPTIONS: SIGWINCH makes its event loop stand still for ever, as a bug would. Nothing that a policy can
// call does (spec/load/library-worst-case.spec.ts), so the watchdog needs this to be seen at work.
process.on('SIGWINCH', () => {
  for (;;);
});
