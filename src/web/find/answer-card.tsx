import { counted, figure } from '../../report/words.js';
import type { Answer } from '../../serve/api.js';
import { Picture } from '../images/picture.js';
import { VerdictMark } from '../threshold/verdict-mark.js';
import type { Judged } from '../threshold/words.js';

/** One image of the gallery, or an enrolled class, as an answer. */
export function AnswerCard({ answer, judged }: { answer: Answer; judged: Judged | null }) {
  const { similarity, distance, kind, images, file, picture } = answer;
  const name = answer.class ?? file;
  return (
    <li class={`answer ${judged?.same === true ? 'right' : ''}`}>
      <Picture address={picture} alt={kind === 'prototype' ? `a photo of ${name}` : `${name}: ${file}`} />
      <bdi class="answer-class name">{name}</bdi>
      <span class="numbers small">
        cosine {figure(similarity)}
        <br />
        distance {figure(distance)}
      </span>
      <span class="small quiet answer-file">
        {kind === 'prototype' ? `enrolled, ${counted(images, 'photo')}` : <bdi title={file}>{file.split('/').at(-1)}</bdi>}
      </span>
      {judged !== null && <VerdictMark judged={judged} />}
    </li>
  );
}
