import { counted, figure } from '../../report/words.js';
import type { ThresholdPoint } from '../../serve/api.js';
import { share } from '../threshold/rates.js';
import { judge } from '../threshold/words.js';
import type { Question } from './question.js';

/** What came of a question, in sentences that are read out when they change; nothing where something else says it. */
export function summaryOf(question: Question | null, point: ThresholdPoint | null): string {
  if (question === null || question.state === 'failed') return '';
  const { found, name } = question;
  if (found === null) return `Looking for what is nearest to ${name} …`;
  const [likeliest] = found.classes ?? [];
  return [
    ...nearestInWords(found.answers, point),
    ...(likeliest === undefined ? [] : [`The classifier says ${likeliest.class}, ${share(likeliest.probability)}.`]),
  ].join(' ');
}

function nearestInWords(
  answers: readonly { readonly class: string | null; readonly file: string; readonly similarity: number }[],
  point: ThresholdPoint | null,
): string[] {
  const [first] = answers;
  if (first === undefined) return ['Nothing was found.'];
  const nearest = `Nearest: ${first.class ?? first.file}, cosine ${figure(first.similarity)}`;
  const judged = judge(first.similarity, point);
  if (judged === null) return [`${nearest}.`];
  const same = answers.filter(({ similarity }) => judge(similarity, point)?.same === true).length;
  return [
    `${nearest}, ${judged.words}.`,
    `${same} of ${counted(answers.length, 'answer')} ${same === 1 ? 'counts' : 'count'} as the same.`,
  ];
}
