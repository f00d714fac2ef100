"""A page to look at: what the jobs of a scheduler do, did and will do. Not in Go.

:func:`app` gives a WSGI application, to be mounted in Flask, Django or any server; :func:`serve` serves it alone.
"""

from gocron_py.dashboard.application import Dashboard, app
from gocron_py.dashboard.security import Authorize, BasicAuth
from gocron_py.dashboard.server import DashboardServer, serve

__all__ = ["Authorize", "BasicAuth", "Dashboard", "DashboardServer", "app", "serve"]
