import type { ClassProbability } from '../../serve/api.js';
import { share } from '../threshold/rates.js';

/** What the classifier says, the likeliest first. */
export function Probabilities({ classes }: { classes: readonly ClassProbability[] }) {
  return (
    <div class="probabilities">
      <h2>The classifier says</h2>
      <ol>
        {classes.map(({ class: name, probability }) => (
          <li key={name}>
            <bdi class="name">{name}</bdi>
            <span class="bar" aria-hidden="true">
              <span style={{ width: `${probability * 100}%` }} />
            </span>
            <span class="number">{share(probability)}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}
