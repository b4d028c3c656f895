// Counts and times the calls of TensorFlow's binding; loaded with --import. Writes $FT_PROF at the end (the main thread only).
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (isMainThread && process.env.FT_PROF) {
  const start = performance.now(),
    calls = {},
    timeline = [];
  const note = (key, began) => {
    const end = performance.now(),
      one = (calls[key] ??= { calls: 0, seconds: 0, first: began - start, last: 0, longest: 0 });
    one.calls++;
    one.seconds += (end - began) / 1000;
    one.last = end - start;
    one.longest = Math.max(one.longest, end - began);
  };
  const dlopen = process.dlopen;
  process.dlopen = function (module, file, ...rest) {
    const began = performance.now();
    dlopen.call(this, module, file, ...rest);
    if (!file.endsWith('tfjs_binding.node')) return;
    note('dlopen', began);
    const real = module.exports,
      made = Object.create(real);
    for (const name of ['executeOp', 'createTensor', 'deleteTensor', 'tensorDataSync', 'loadSavedModel', 'runSavedModel']) {
      const fn = real[name];
      Object.defineProperty(made, name, {
        value: (...args) => {
          const began = performance.now();
          try {
            return fn.apply(real, args);
          } finally {
            let key = name;
            if (name === 'executeOp') key += ' ' + args[0];
            if (name === 'createTensor')
              key += ' dtype ' + args[1] + (args[1] === 7 ? '' : args[2]?.length > 65536 ? ' large' : ' small');
            if (name === 'runSavedModel')
              key += ' in:' + args[2].slice(0, 60) + ' out:' + args[3].split(',').length + ' ' + args[3].slice(0, 40);
            note(key, began);
          }
        },
      });
    }
    module.exports = made;
  };
  process.on('exit', () =>
    writeFileSync(process.env.FT_PROF, JSON.stringify({ wall: (performance.now() - start) / 1000, calls }, null, 1)),
  );
}
