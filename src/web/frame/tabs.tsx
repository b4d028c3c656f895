import { useEffect, useState } from 'preact/hooks';

export const VIEWS = [
  { id: 'find', name: 'Find' },
  { id: 'compare', name: 'Compare two' },
  { id: 'classes', name: 'Classes' },
  { id: 'map', name: 'Map' },
] as const;

export type View = (typeof VIEWS)[number]['id'];

const isView = (id: string): id is View => VIEWS.some((view) => view.id === id);

/** The view that is seen: the address holds it, so that a link and the back button lead to it. */
export function useView(): [View, (view: View) => void] {
  const read = (): View => {
    const id = location.hash.slice(1);
    return isView(id) ? id : 'find';
  };
  const [view, setView] = useState(read);
  useEffect(() => {
    const follow = () => setView(read());
    window.addEventListener('hashchange', follow);
    return () => window.removeEventListener('hashchange', follow);
  }, []);
  return [
    view,
    (chosen) => {
      history.pushState(null, '', `#${chosen}`);
      setView(chosen);
    },
  ];
}

/** Tabs as the ARIA practices have them: one stop of the Tab key, arrows go from one to the next. The digits 1 to 4 work everywhere. */
export function Tabs({ view, choose }: { view: View; choose: (view: View) => void }) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const digit = VIEWS[Number(event.key) - 1];
      if (digit === undefined || isTyping(event)) return;
      choose(digit.id);
      document.getElementById(`tab-${digit.id}`)?.focus();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  });
  const onKeyDown = (event: KeyboardEvent) => {
    const at = VIEWS.findIndex(({ id }) => id === view);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: VIEWS.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = VIEWS[(to + VIEWS.length) % VIEWS.length] ?? VIEWS[0];
    choose(next.id);
    document.getElementById(`tab-${next.id}`)?.focus();
  };
  return (
    <nav class="tabs">
      <div role="tablist" aria-label="What to do" onKeyDown={onKeyDown}>
        {VIEWS.map(({ id, name }) => (
          <button
            type="button"
            key={id}
            role="tab"
            id={`tab-${id}`}
            aria-selected={view === id}
            aria-controls={`view-${id}`}
            tabIndex={view === id ? 0 : -1}
            onClick={() => choose(id)}
          >
            {name}
          </button>
        ))}
      </div>
    </nav>
  );
}

/** Whether a key belongs to what is being written, or to the browser. */
export function isTyping({ target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  if (ctrlKey || metaKey || altKey) return true;
  if (!(target instanceof Element)) return false;
  return target.closest('input:not([type=range]):not([type=file]), textarea, select, dialog') !== null;
}
