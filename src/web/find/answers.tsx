import { useServer } from '../context.js';
import { judge } from '../threshold/words.js';
import { AnswerCard } from './answer-card.js';
import { EmptyGallery } from './nothing-yet.js';
import { Probabilities } from './probabilities.js';
import type { Question } from './question.js';

/** The most that is shown of a gallery at once. */
const MOST = 96;

/** The classifier's answer to one question, and its nearest images; their places are there before they are. */
export function Answers({ question, more }: { question: Question; more: () => void }) {
  const { point } = useServer();
  const { found, state, top } = question;
  if (found === null)
    return (
      <>
        <h2>Nearest images</h2>
        <ol class="answers waiting" aria-hidden="true">
          {Array.from({ length: top }, (_, index) => (
            <li key={index} class="answer">
              <span class="picture" />
            </li>
          ))}
        </ol>
      </>
    );
  return (
    <>
      {found.classes !== null && <Probabilities classes={found.classes} />}
      <h2>Nearest images</h2>
      {found.answers.length === 0 && <EmptyGallery />}
      <ol class="answers">
        {found.answers.map((answer) => (
          <AnswerCard key={answer.id} answer={answer} judged={judge(answer.similarity, point)} />
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
