// The crash table with batches that follow each other directly: one is on its way while another is stored.

import { describeCuts } from './cut-table.ts';
import { BATCH_CUTS } from './cuts.ts';
import { threeBatches } from './post.ts';

describeCuts('a line is cut among several batches', BATCH_CUTS, threeBatches);
