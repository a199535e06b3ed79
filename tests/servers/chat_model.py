"""A server that speaks OpenAI's chat completions, as Ollama does, and answers what a test says."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "sk-made-up"


class ChatModel(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = "{}"
        self.body: bytes | None = None
        """In place of a chat completion."""
        self.status = 200
        self.silent = threading.Event()
        """Until it is set, nothing is answered."""
        self.silent.set()
        self.asked = []

    def handle_error(self, request, client_address):
        """Who asked has hung up: that is what a test of patience does."""

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(sent)
        self.server.silent.wait(20)
        status, body = self._answer(sent)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, sent):
        if self.path != "/v1/chat/completions" or sent["model"] != "small":
            return 404, _error("model not found")
        if self.headers.get("Authorization") != f"Bearer {KEY}":
            return 401, _error("invalid key")
        if {message["role"] for message in sent["messages"]} != {"system", "user"}:
            return 400, _error("messages")
        if self.server.status != 200:
            return self.server.status, _error("as told")
        if self.server.body is not None:
            return 200, self.server.body
        message = {"role": "assistant", "content": self.server.content}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        completion = {"id": "1", "object": "chat.completion", "model": "small", "choices": [choice]}
        return 200, json.dumps(completion).encode()

    def log_message(self, *_args):
        pass


def _error(what):
    return json.dumps({"error": {"message": what, "type": "invalid_request_error"}}).encode()


@contextmanager
def chat_model():
    """The server, listening on loopback until the block ends."""
    with ChatModel() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.silent.set()
            server.shutdown()
            thread.join()
