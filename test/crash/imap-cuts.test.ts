// The crash table, first half: the line to the mail server is cut.

import { describeCuts } from './cut-table.ts';
import { IMAP_CUTS } from './cuts.ts';

describeCuts('the line to the mail server is cut', IMAP_CUTS);
