import { figure } from '../../report/words.js';
import { useServer } from '../context.js';

/** What the model is and how good it was found to be, the keys, and the way to the programmer's interface. */
export function About() {
  const { info } = useServer();
  const scores = Object.entries(info.scores ?? {});
  return (
    <footer>
      <details>
        <summary>About this model</summary>
        <dl class="facts">
          <div>
            <dt>Base</dt>
            <dd>{info.base}</dd>
          </div>
          <div>
            <dt>Image side</dt>
            <dd>{info.side} pixels</dd>
          </div>
          <div>
            <dt>Model (SHA-256)</dt>
            <dd>
              <code>{info.model}</code>
            </dd>
          </div>
        </dl>
        {scores.length > 0 && (
          <div class="scroll">
            <table>
              <caption>On held-out images, with 95 % intervals</caption>
              <tbody>
                {scores.map(([name, { value, low, high }]) => (
                  <tr key={name}>
                    <th scope="row">{name.replaceAll('_', ' ')}</th>
                    <td class="number">{figure(value)}</td>
                    <td class="number quiet">
                      {figure(low)} to {figure(high)}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </details>
      <p>
        Keys: <kbd>1</kbd> to <kbd>4</kbd> choose a view, <kbd>Ctrl</kbd> <kbd>V</kbd> pastes a picture anywhere; on the map
        arrows move, <kbd>+</kbd> <kbd>−</kbd> <kbd>0</kbd> zoom, <kbd>N</kbd> <kbd>P</kbd> go from image to image. For programs:{' '}
        <a href="docs">the HTTP interface</a>.
      </p>
    </footer>
  );
}
