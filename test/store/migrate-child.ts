// Migrates the database whose URL is the argument, in a process of its own. Prints the names of the migrations that ran.

import { migrate } from '../../src/store/migrate.ts';

process.stdout.write(JSON.stringify(await migrate(process.argv[2] ?? '')));
