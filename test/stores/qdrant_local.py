"""Qdrant's REST calls that ft makes, in front of Qdrant's own Python client: each body is read by its models (which refuse what they
don't know), each answer is its local mode's, and goes through its models again. Until its standard input ends:
python qdrant_local.py FOLDER
"""

import json
import sys
import threading
import warnings
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import unquote, urlsplit

from pydantic import TypeAdapter
from qdrant_client import QdrantClient
from qdrant_client.http import models

warnings.filterwarnings("ignore", message=".*have no effect in the local Qdrant.*")
client = QdrantClient(path=sys.argv[1], force_disable_check_same_thread=True)


def create(name, body):
    return client.create_collection(name, vectors_config=body.vectors)


def upsert(name, body):
    return client.upsert(name, body.points)


def scroll(name, body):
    options = {key: value for key in ("limit", "offset", "with_payload") if (value := getattr(body, key)) is not None}
    points, after = client.scroll(name, scroll_filter=body.filter, with_vectors=body.with_vector or False, **options)
    return models.ScrollResult(points=points, next_page_offset=after)


def query(name, body):
    return client.query_points(name, query=body.query, limit=body.limit, with_payload=body.with_payload or False)


def retrieve(name, body):
    return client.retrieve(name, body.ids, with_payload=body.with_payload, with_vectors=body.with_vector or False)


CALLS = {
    "GET exists": (None, lambda name, _: {"exists": client.collection_exists(name)}),
    "GET ": (None, lambda name, _: client.get_collection(name)),
    "PUT ": (models.CreateCollection, create),
    "DELETE ": (None, lambda name, _: client.delete_collection(name)),
    "PUT index": (models.CreateFieldIndex, lambda name, body: client.create_payload_index(name, body.field_name, body.field_schema)),
    "PUT points": (models.PointInsertOperations, upsert),
    "POST points/delete": (models.PointsSelector, lambda name, body: client.delete(name, body)),
    "POST points": (models.PointRequest, retrieve),
    "POST points/scroll": (models.ScrollRequest, scroll),
    "POST points/count": (models.CountRequest, lambda name, body: client.count(name, body.filter, body.exact)),
    "POST points/query": (models.QueryRequest, query),
}


class Answers(BaseHTTPRequestHandler):
    def answer(self):
        url = urlsplit(self.path)
        _, _, name, rest = (url.path + "/").split("/", 3)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            model, call = CALLS[f"{self.command} {rest.rstrip('/')}"]
            read = TypeAdapter(model).validate_json(body) if model else None
            result = call(unquote(name), read)
            status, message = 200, {"result": TypeAdapter(object).dump_python(result, mode="json"), "status": "ok", "time": 0.001}
        except Exception as error:  # noqa: BLE001: whatever it is, the client is told, as by a server
            status, message = 400, {"status": {"error": f"{type(error).__name__}: {error}"}, "time": 0}
        text = json.dumps(message).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_PUT = do_POST = do_DELETE = answer

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Answers)
print(server.server_port, flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
server.shutdown()
client.close()
