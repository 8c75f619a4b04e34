// The order of spec files: in each project those first that take longest, so that no core waits at the end for a file that another one has just
// begun. Without this vitest goes by the size of files, which says little of programs that are started. Never leaves a file out.
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds, as measured on a machine that does other things too, of files that take longer than their size tells. What is not here comes behind, as vitest orders it. */
const SECONDS: Readonly<Record<string, number>> = {
  'spec/real/workers.spec.ts': 170,
  'spec/real/trouble.spec.ts': 95,
  'spec/real/start.spec.ts': 90,
  'spec/real/site.spec.ts': 88,
  'spec/real/shadow.spec.ts': 70,
  'spec/real/page.spec.ts': 42,
  'spec/real/check.spec.ts': 40,
  'spec/real/admin.spec.ts': 38,
  'spec/real/init.spec.ts': 37,
  'spec/real/cluster.spec.ts': 26,
  'spec/real/store-service.spec.ts': 30,
  'spec/real/store-verb.spec.ts': 25,
  'spec/real/start-page.spec.ts': 21,
  'spec/real/talk.spec.ts': 20,
  'spec/real/activation.spec.ts': 19,
  'spec/real/store-processes.spec.ts': 17,
  'spec/real/tls-service.spec.ts': 16,
  'spec/real/sink.spec.ts': 16,
  'spec/real/operate-page.spec.ts': 14,
  'spec/real/tls.spec.ts': 13,
  'spec/real/spamd.spec.ts': 12,
  'spec/real/rights.spec.ts': 10,
  'spec/load/library-worst-case.spec.ts': 172,
  'spec/load/chaos.spec.ts': 39,
  'spec/load/mime-worst-case.spec.ts': 25,
  'spec/load/chunks.spec.ts': 23,
  'spec/load/load-text.spec.ts': 20,
  'spec/load/mail-auth-worst-case.spec.ts': 15,
  'spec/load/part-contents.spec.ts': 13,
  'spec/unit/lua/isolation-walk.spec.ts': 68,
  'spec/property/held-memory.spec.ts': 40,
  'spec/session/transcripts.spec.ts': 34,
  'spec/session/isolation.spec.ts': 33,
  'spec/session/mail-auth-policy.spec.ts': 23,
  'spec/property/uri.spec.ts': 23,
  'spec/unit/lua/run/slices.spec.ts': 22,
  'spec/attack/smuggling.spec.ts': 21,
  'spec/property/mime-memory.spec.ts': 20,
  'spec/unit/ops/watchdog.spec.ts': 16,
  'spec/property/header-block.spec.ts': 15,
};

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const seconds = ({ moduleId }: TestSpecification): number =>
      SECONDS[relative(this.ctx.config.root, moduleId)] ?? 0;
    // Project by project, as vitest has put them: files that share a process must stay together.
    const projects = new Map<string, TestSpecification[]>();
    for (const file of await super.sort(files)) {
      const some = projects.get(file.project.name);
      if (some === undefined) projects.set(file.project.name, [file]);
      else some.push(file);
    }
    return [...projects.values()].flatMap((some) => some.toSorted((a, b) => seconds(b) - seconds(a)));
  }
}
