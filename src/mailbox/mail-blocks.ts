// Header blocks of many messages of a folder at once, as the port has them: by the thread that reads them (head-thread.ts), when there is one.
import type { Folder } from './folder.ts';
import type { ManyHeads } from './head-thread.ts';
import { FoundFile } from './mail-file.ts';
import { arrivalOf, sizeOf } from './mail-name.ts';
import type { MailBlock, MailBlocks, MailFile } from './port/mail.ts';

/** undefined: it cannot be done now, or not with these files. Rejects when the signal of the folder aborts. */
export async function readBlocks(
  folder: Folder,
  files: readonly MailFile[],
): Promise<MailBlocks | undefined> {
  const { heads } = folder.site.parts;
  if (heads === undefined) return undefined;
  const names: string[] = [];
  for (const file of files) {
    if (!(file instanceof FoundFile)) return undefined;
    const { fileName, isNew } = file.found;
    names.push(`${isNew ? 'new' : 'cur'}/${fileName}`);
  }
  const many = await heads.read(folder.path, names, folder.signal);
  return many === undefined ? undefined : new FolderBlocks(many, files as readonly FoundFile[]);
}

class FolderBlocks implements MailBlocks {
  readonly #many: ManyHeads;
  readonly #files: readonly FoundFile[];
  /** Where blocks begin, of those that were read. */
  readonly #begins: Float64Array;

  constructor(many: ManyHeads, files: readonly FoundFile[]) {
    this.#many = many;
    this.#files = files;
    this.#begins = new Float64Array(many.count);
    let end = 0;
    for (let at = 0; at < many.count; at++) {
      this.#begins[at] = end;
      end = many.endOf(at) ?? end;
    }
  }

  get count(): number {
    return this.#many.count;
  }

  get octets(): Buffer {
    return this.#many.octets;
  }

  block(at: number): MailBlock | undefined {
    const to = this.#many.endOf(at);
    const file = this.#files[at];
    if (to === undefined || file === undefined) return undefined;
    const { fileName } = file.found;
    const { seconds } = arrivalOf(fileName);
    return {
      ...{ from: this.#begins[at] as number, to },
      size: sizeOf(fileName) ?? this.#many.sizeOf(at),
      arrived: seconds > 0 ? seconds * 1000 : this.#many.changedOf(at),
    };
  }
}
