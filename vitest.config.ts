import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/bench/**', 'node_modules/**'],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    maxWorkers: 2,
    // Files of one worker share what was loaded and compiled: a sixth of the CPU time less. Whoever spies or mocks puts it back.
    isolate: false,
  },
});
