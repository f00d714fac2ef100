"""The same application for ASGI servers: ``uvicorn asgi:app``."""

from a2wsgi import WSGIMiddleware
from app import app as flask_app

app = WSGIMiddleware(flask_app)
