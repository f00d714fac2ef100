"""Kubernetes' API server, with an etcd of its own and nothing else: enough for Leases and access rights."""

from __future__ import annotations

import json
import shutil
import signal
import ssl
from http.client import HTTPSConnection
from pathlib import Path

from .etcd import EtcdServer
from .kube_build import built
from .process import Server
from .system import HOST, ServerMissing


class KubeServer(Server):
    """``token`` may do everything, ``ca_file`` vouches for the server. A pause or a kill leaves its ``etcd`` alone."""

    name = "kubernetes"
    stop_signal = signal.SIGKILL  # it takes seconds to end otherwise, and its data are in etcd
    token = "secret-token"

    def __init__(self) -> None:
        super().__init__()
        self.etcd = EtcdServer()
        self._program = Path()

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}"

    @property
    def ca_file(self) -> Path:
        """The certificate that it has made for itself."""
        return self.home / "certs/apiserver.crt"

    def kubeconfig(self, namespace: str = "default", token: str = token) -> str:
        """The contents of a file for the variable KUBECONFIG."""
        cluster = {"server": self.url, "certificate-authority": str(self.ca_file)}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "tests",
            "clusters": [{"name": "tests", "cluster": cluster}],
            "users": [{"name": "tests", "user": {"token": token}}],
            "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "tests", "namespace": namespace}}],
        }
        return json.dumps(config)

    def how_to_connect(self) -> str:
        return f"{self.url}\ntoken: {self.token}\ncertificate: {self.ca_file}"

    def start(self) -> None:
        self._program = built()
        self.etcd.start()
        super().start()

    def mend(self) -> None:
        self.etcd.mend()
        super().mend()

    def stop(self) -> None:
        super().stop()
        self.etcd.stop()

    def prepare(self) -> None:
        if (openssl := shutil.which("openssl")) is None:
            raise ServerMissing("kube-apiserver needs a key, and there is no openssl to make one")
        self.run(openssl, "genrsa", "-out", "sa.key", "2048")
        (self.home / "tokens.csv").write_text(f'{self.token},admin,1,"system:masters"\n')

    def command(self) -> list[str]:
        return [
            str(self._program),
            f"--etcd-servers={self.etcd.url}",
            f"--bind-address={HOST}",
            f"--secure-port={self.port}",
            "--cert-dir=certs",
            "--token-auth-file=tokens.csv",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-account-signing-key-file=sa.key",
            "--service-account-key-file=sa.key",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--watch-cache=false",  # nobody watches; to keep it costs more than all that is asked
        ]

    def ping(self) -> None:
        for path in ("/readyz", "/api/v1/namespaces/default"):  # the namespace appears a moment later
            trusted = ssl.create_default_context(cafile=str(self.ca_file))
            connection = HTTPSConnection(HOST, self.port, timeout=2, context=trusted)
            try:
                connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
                answer = connection.getresponse()
                if answer.status != 200:
                    raise ConnectionError(f"{path}: {answer.status} {answer.read().decode()}")
            finally:
                connection.close()
