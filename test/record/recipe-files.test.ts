import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { recipeFiles } from '../support/recipe-files.js';

describe('the recorder in traces/recipes', () => {
  test.each(Object.entries(recipeFiles()))(
    '%s is what the recorder prints (npm run recipes writes it)',
    (name, text) => {
      const kept = readFileSync(join(import.meta.dirname, '..', '..', 'traces', 'recipes', name), 'utf8');
      expect(kept).toBe(text);
      execFileSync('sh', ['-n'], { input: kept });
      expect(kept).toContain('"$@"');
    },
  );
});
