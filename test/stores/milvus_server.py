"""A real Milvus (standalone, with its own etcd) on a port, until its standard input ends: python milvus_server.py FOLDER PORT
It does not start beside another Milvus of this machine: they share other ports.
"""

import sys

from milvus import MilvusServer

folder, port = sys.argv[1:]
server = MilvusServer()
server.set_base_dir(folder)
server.config.set("proxy_port", int(port))
server.start()
try:
    print("ready", flush=True)
    sys.stdin.read()
finally:
    server.stop()
