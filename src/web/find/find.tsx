import { useEffect, useRef, useState } from 'preact/hooks';
import { useServer } from '../context.js';
import { FailureNotice } from '../frame/failure-notice.js';
import { DropZone } from '../images/drop-zone.js';
import { useIntake } from '../images/intake.js';
import { Preview } from '../images/preview.js';
import { ThresholdPanel } from '../threshold/threshold-panel.js';
import { Answers } from './answers.js';
import { NothingYet } from './nothing-yet.js';
import { askedAgain, changed, type Question } from './question.js';
import { summaryOf } from './summary.js';

interface Properties {
  readonly shown: boolean;
  readonly ask: (images: readonly File[]) => void;
  readonly questions: readonly Question[];
  readonly setQuestions: (change: (questions: readonly Question[]) => readonly Question[]) => void;
}

/** Images in, their nearest images out. */
export function Find({ shown, ask, questions, setQuestions }: Properties) {
  const { client, point, report, returns, changes } = useServer();
  const [chosenId, setChosenId] = useState<number | null>(null);
  const chosen = questions.find(({ id }) => id === chosenId) ?? questions[0] ?? null;
  const busy = useRef(false);
  const intake = useIntake(shown, (images) => {
    ask(images);
    setChosenId(null);
  });

  // Each return of the server, and nothing else.
  useEffect(() => setQuestions(askedAgain), [returns]);
  // Each change of the gallery, and nothing else.
  useEffect(() => {
    if (changes > 0) setQuestions((all) => all.map((one) => (one.state === 'answered' ? { ...one, state: 'waiting' } : one)));
  }, [changes]);
  // One after the other: each shows its answer as soon as it has one, and a bad file spoils no other.
  useEffect(() => {
    const next = questions.find(({ state }) => state === 'waiting');
    if (next === undefined || busy.current) return;
    busy.current = true;
    void client.search(next.image, next.top).then((outcome) => {
      busy.current = false;
      if (!outcome.ok) report(outcome.failure);
      const found = outcome.ok ? (outcome.value.queries[0] ?? null) : null;
      setQuestions((all) =>
        changed(all, next, outcome.ok ? { state: 'answered', found } : { state: 'failed', failure: outcome.failure }),
      );
    });
  }, [questions, client, report, setQuestions]);

  const askAgain = (question: Question, top: number) =>
    setQuestions((all) => changed(all, question, { top, state: 'waiting', failure: null }));
  return (
    <div class="find">
      <section class="ask" aria-label="Your image">
        <DropZone intake={intake} several label="Choose images" hint="Several at once are fine.">
          {chosen !== null && <Preview key={chosen.id} image={chosen.image} alt={`Your image: ${chosen.name}`} />}
        </DropZone>
        {questions.length > 1 && (
          <ul class="strip" aria-label="Your images">
            {questions.map((question) => (
              <li key={question.id}>
                <button
                  type="button"
                  aria-pressed={question.id === chosen?.id}
                  aria-label={`${question.name}${question.state === 'failed' ? ', not answered' : ''}`}
                  class={question.state}
                  onClick={() => setChosenId(question.id)}
                >
                  <Preview image={question.image} alt="" />
                </button>
              </li>
            ))}
          </ul>
        )}
      </section>
      <section class="found" aria-label="Answers">
        {/* It stays while its words change: what comes into the page with its words already in it is not read out. */}
        <p class="summary" role="status">
          {summaryOf(chosen, point)}
        </p>
        {chosen === null && <NothingYet />}
        {chosen?.problem != null && (
          <p class="notice" role="alert">
            {chosen.problem}
          </p>
        )}
        {chosen?.failure != null && <FailureNotice failure={chosen.failure} again={() => askAgain(chosen, chosen.top)} />}
        {chosen !== null && chosen.problem === null && chosen.failure === null && (
          <Answers key={chosen.id} question={chosen} more={() => askAgain(chosen, chosen.top * 2)} />
        )}
      </section>
      <ThresholdPanel />
    </div>
  );
}
