import { useMemo, useState } from 'preact/hooks';
import type { ThresholdPoint } from '../serve/api.js';
import { Compare } from './compare/compare.js';
import { type Server, ServerContext } from './context.js';
import { Enrol } from './enrol/enrol.js';
import { Find } from './find/find.js';
import { type Question, withImages } from './find/question.js';
import { About } from './frame/about.js';
import { useConnection } from './frame/connection.js';
import { Banner } from './frame/failure-notice.js';
import { Heading } from './frame/heading.js';
import { Tabs, useView, VIEWS } from './frame/tabs.js';
import { TokenForm } from './frame/token-form.js';
import { sizeProblem } from './images/files.js';
import { GalleryMap } from './map/map.js';
import { placeOf, pointAt, USUAL_RATE } from './threshold/rates.js';

/** The page: what the server is, and one view at a time. Views stay as they are while another one is seen. */
export function App() {
  const connection = useConnection();
  const { client, known, failure, returns, report, refresh, giveToken, tryAgain } = connection;
  const [view, setView] = useView();
  const [rate, setRate] = useState(USUAL_RATE);
  const [changes, setChanges] = useState(0);
  const [questions, setQuestions] = useState<readonly Question[]>([]);
  const server = useMemo((): Server | null => {
    if (known === null) return null;
    const { info, thresholds } = known;
    return {
      client,
      info,
      thresholds,
      point: thresholds[pointAt(placeOf(rate, thresholds), thresholds)] ?? null,
      choosePoint: (point: ThresholdPoint) => setRate(point.asked),
      returns,
      report,
      changes,
      galleryChanged: () => {
        setChanges((count) => count + 1);
        refresh();
      },
    };
  }, [client, known, rate, returns, report, refresh, changes]);

  const ask = (images: readonly File[]) => {
    if (known === null) return;
    setQuestions((all) => withImages(all, images, (image) => sizeProblem(image, known.info.limits.bytes)));
  };
  const wantsToken = failure?.kind === 'token';
  return (
    <>
      <Heading info={known?.info ?? null} />
      {failure !== null && <Banner failure={failure} again={tryAgain} />}
      {wantsToken && <TokenForm refused={failure.given} give={giveToken} />}
      {server === null && failure === null && (
        <main>
          <p class="quiet" role="status">
            Asking the server what it serves …
          </p>
        </main>
      )}
      {server !== null && (
        <ServerContext.Provider value={server}>
          <div hidden={wantsToken}>
            <Tabs view={view} choose={setView} />
            <main>
              {VIEWS.map(({ id }) => (
                <div key={id} id={`view-${id}`} role="tabpanel" aria-labelledby={`tab-${id}`} hidden={view !== id}>
                  {id === 'find' && <Find shown={view === id} ask={ask} questions={questions} setQuestions={setQuestions} />}
                  {id === 'compare' && <Compare shown={view === id} />}
                  {id === 'classes' && <Enrol shown={view === id} />}
                  {id === 'map' && <GalleryMap shown={view === id} ask={ask} questions={questions} />}
                </div>
              ))}
            </main>
            <About />
          </div>
        </ServerContext.Provider>
      )}
    </>
  );
}
