// The crash table, second half: the line to Postgres is cut.

import { describeCuts } from './cut-table.ts';
import { POSTGRES_CUTS } from './cuts.ts';

describeCuts('the line to Postgres is cut', POSTGRES_CUTS);
