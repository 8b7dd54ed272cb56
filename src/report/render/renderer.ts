// What a renderer file exports.
import type { Run } from '../../results/types.js';
import type { Report } from '../model.js';

export interface Renderer {
  readonly name: string;
  readonly title: string;
  readonly extension: string;
  render(report: Report, run: Run): string;
}
