// `npm run recipes`: writes the recorder of traces/recipes.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recipeFiles } from './recipe-files.js';

for (const [name, text] of Object.entries(recipeFiles()))
  writeFileSync(join(import.meta.dirname, '..', '..', 'traces', 'recipes', name), text, { mode: 0o755 });
