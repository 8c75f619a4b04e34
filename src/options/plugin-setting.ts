// The settings `plugin-NAME` that scripts of Dovecot are given by any name: what each of them is like.
import { atStart, text } from './table/option-spec.ts';

export const pluginSetting = atStart(
  text('', 'any', 'A setting for scripts of Dovecot: plugin_getenv("NAME").'),
);
