// Reads a cost file: prices of one's own hardware in place of some of a model that comes with sealtrace.
import { type At, documentAt } from '../base/json-at.js';
import { BASES, COSTS_SCHEMA, type CostModel, type Price, STEPS, type Step } from '../model/costs.js';

/** Above this (an hour, and a second a byte) a figure is a mistake. */
const MOST_FIXED_NS = 3.6e12;
const MOST_NS_PER_BYTE = 1e9;
const MOST_TEXT = 1000;

/** `name`: of the file, for messages. Throws a UserError that names the place, what was expected and what was found. */
export function readCosts(name: string, text: string, models: readonly CostModel[]): CostModel {
  const at = documentAt(name, text);
  const schema = at.get('schema');
  if (schema.value !== COSTS_SCHEMA)
    throw schema.wrong(`"${COSTS_SCHEMA}" (sealtrace calibrate TRACE -o costs.json writes it)`);
  const base = at.get('base').oneOf(models.map((model) => model.name));
  const own = at.get('name').text(MOST_TEXT);
  if (models.some((model) => model.name === own)) throw at.get('name').wrong('a name that no model has yet');
  const prices = at.get('prices').each((one, step) => {
    if (!STEPS.includes(step as Step)) throw one.wrong(`a step there is: ${STEPS.join(', ')}`, 'the price of another');
    return price(one);
  });
  const known = models.find((model) => model.name === base)!;
  return { name: own, title: at.get('title').text(MOST_TEXT), prices: { ...known.prices, ...prices } };
}

const price = (at: At): Price => ({
  fixedNs: at.get('fixedNs').number(0, MOST_FIXED_NS),
  nsPerByte: at.has('nsPerByte') ? at.get('nsPerByte').number(0, MOST_NS_PER_BYTE) : 0,
  basis: at.get('basis').oneOf(BASES),
  from: at.get('from').text(MOST_TEXT),
  range: at.has('range') ? at.get('range').text(MOST_TEXT) : '',
});
