"""`/api/models`: the models that may be asked for an interpretation."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from pydantic import BaseModel

from nxspectra.classifiers import Model, model_names
from nxspectra.classifiers.model import Card
from nxspectra.errors import NxspectraError
from nxspectra.portal.addresses import decoded
from nxspectra.portal.errors import Problem, answers


class InstalledModel(BaseModel):
    """A model that may be asked."""

    name: str
    sha256: str | None = None
    classifier: str | None = None
    classes: list[str] = []
    card: Card | None = None
    """All that is known of it; it is null if the model cannot be used, and then there is a reason."""
    reason: str | None = None


class Models:
    """The models of $NXSPECTRA_MODELS, each read again when its file has changed."""

    def __init__(self) -> None:
        self._read: dict[Path, tuple[tuple[int, int], InstalledModel]] = {}

    def all(self) -> list[InstalledModel]:
        return [self._model(name, path) for name, path in sorted(model_names().items())]

    def get(self, name: str) -> InstalledModel | None:
        path = model_names().get(name)
        return None if path is None else self._model(name, path)

    def _model(self, name: str, path: Path) -> InstalledModel:
        try:
            status = path.stat()
            now = (status.st_mtime_ns, status.st_size)
            known = self._read.get(path)
            if known is None or known[0] != now:
                known = self._read[path] = now, _installed(name, Model.load(path))
        except NxspectraError as error:
            return InstalledModel(name=name, reason=str(error).replace(str(path), path.name))
        except OSError as error:
            return InstalledModel(name=name, reason=f"{path.name} cannot be read: {error.strerror}")
        return known[1]


def _installed(name: str, model: Model) -> InstalledModel:
    card = model.card
    return InstalledModel(
        name=name, sha256=model.digest, classifier=card.classifier, classes=list(card.classes), card=card
    )


def router(models: Models) -> APIRouter:
    routes = APIRouter(prefix="/api", tags=["interpretation"])

    @routes.get("/models", summary="The models that may be asked, with their cards")
    def installed() -> list[InstalledModel]:
        return models.all()

    @routes.get("/models/{name}", summary="A model with its card", responses=answers(404))
    def one(name: str) -> InstalledModel:
        model = models.get(decoded(name))
        if model is None:
            raise Problem(404, f"no model {decoded(name)[:200]!r} is installed")
        return model

    return routes
