import { counted, figure } from '../../report/words.js';
import type { Answer } from '../../serve/api.js';
import { useServer } from '../context.js';
import { type Judged, judge } from '../threshold/words.js';
import { AnswerCard } from './answer-card.js';
import { EmptyGallery } from './nothing-yet.js';
import { Probabilities } from './probabilities.js';
import type { Question } from './question.js';

/** The most that is shown of a gallery at once. */
const MOST = 96;

/** The nearest images of one question, the classifier's answer, and both in a sentence that is read out. */
export function Answers({ question, more }: { question: Question; more: () => void }) {
  const { point } = useServer();
  const { found, state, top } = question;
  if (found === null)
    return (
      <>
        <h2>Nearest images</h2>
        <p class="summary quiet" role="status">
          Looking for what is nearest to {question.name} …
        </p>
        <ol class="answers waiting" aria-hidden="true">
          {Array.from({ length: top }, (_, index) => (
            <li key={index} class="answer">
              <span class="picture" />
            </li>
          ))}
        </ol>
      </>
    );
  const judged = found.answers.map(({ similarity }) => judge(similarity, point));
  return (
    <>
      {found.classes !== null && <Probabilities classes={found.classes} />}
      <h2>Nearest images</h2>
      <p class="summary" role="status">
        {summary(found.answers, judged)}
      </p>
      {found.answers.length === 0 && <EmptyGallery />}
      <ol class="answers">
        {found.answers.map((answer, index) => (
          <AnswerCard key={answer.id} answer={answer} judged={judged[index] ?? null} />
        ))}
      </ol>
      {found.answers.length === top && top < MOST && (
        <button type="button" class="button" disabled={state === 'waiting'} onClick={more}>
          Show more
        </button>
      )}
    </>
  );
}

function summary(answers: readonly Answer[], judged: readonly (Judged | null)[]): string {
  const [first] = answers;
  if (first === undefined) return 'Nothing was found.';
  const nearest = `Nearest: ${first.class ?? first.file}, cosine ${figure(first.similarity)}`;
  const verdict = judged[0];
  if (verdict == null) return `${nearest}.`;
  const same = judged.filter((one) => one?.same === true).length;
  return `${nearest}, ${verdict.words}. ${same} of ${counted(answers.length, 'answer')} ${same === 1 ? 'counts' : 'count'} as the same.`;
}
