import { chunks, messages, observeChunks } from '/work/main/spec/load/mime-messages.ts';
const m = Object.entries(messages(10_000_000)).filter(([k]) => k.startsWith('HTML'));
for (const [k, msg] of m) { const p = chunks(msg); const t=[]; for (let i=0;i<8;i++){ const c=process.cpuUsage(); observeChunks(p,true); const d=process.cpuUsage(c); t.push((d.user+d.system)/1000);} console.log(k, Math.min(...t), JSON.stringify(observeChunks(p,true))); }
