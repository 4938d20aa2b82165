/** The contract of documents on SQLite in memory: the engine of tests and of the simulation. */
import { openSqlite } from '../../store/engines/sqlite.ts';
import { documentsContract } from '../contracts/documents.contract.ts';
import { modelled } from './model.ts';

documentsContract('SQLite in memory', { again: false, full: false, unavailable: false }, async () => {
  const documents = openSqlite({ path: ':memory:' });
  await documents.open();
  return { documents: async () => documents, end: () => documents.close() };
});

modelled('SQLite in memory', { runs: 300 }, async () => {
  const documents = openSqlite({ path: ':memory:' });
  await documents.open();
  return documents;
});
