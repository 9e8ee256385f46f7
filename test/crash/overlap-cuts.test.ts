// The crash table where batches overlap: one is stored while the one before it is disposed.

import { describeCuts } from './cut-table.ts';
import { OVERLAP_CUTS } from './cuts.ts';
import { threeBatches } from './post.ts';

describeCuts('a line is cut while one batch is stored and another disposed', OVERLAP_CUTS, threeBatches);
