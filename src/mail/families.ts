// The mail systems whose reports are read by their words, as the one list made of the families-*.ts tables, which stand by region and kind.
// free-form.ts holds the one matcher.
import { ASIA } from './families-asia.ts';
import { GATEWAYS } from './families-gateways.ts';
import { MICROSOFT } from './families-microsoft.ts';
import { PROVIDERS } from './families-providers.ts';
import { UNIX } from './families-unix.ts';
import { WORDS } from './families-words.ts';
import type { Family } from './family.ts';

export const FAMILIES: readonly Family[] = [...UNIX, ...MICROSOFT, ...PROVIDERS, ...ASIA, ...GATEWAYS, ...WORDS];
