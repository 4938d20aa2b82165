/** How the suites run: one process per file, side by side, with a reporter whose last line counts tests. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // No log of anything that a test starts may hold a secret that a test used.
    globalSetup: ['test/support/traces-setup.ts'],
    pool: 'forks',
    // One for each core: left to itself vitest keeps a core free, which on two cores means one file at a time.
    maxWorkers: '100%',
    testTimeout: 30_000,
    hookTimeout: 120_000,
    reporters: ['default'],
  },
});
