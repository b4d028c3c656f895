import sys, time
t = time.time()
for line in sys.stdin: print('%7.1f %s' % (time.time() - t, line), end='', flush=True)
