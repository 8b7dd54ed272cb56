// The run as it is: what every figure of the report was computed from.
import type { Renderer } from './renderer.js';

export const json: Renderer = {
  name: 'json',
  title: 'the whole run as one JSON document',
  extension: 'json',
  render: (_report, run) => `${JSON.stringify(run)}\n`,
};
