import console_link.models.argo_service
import os, console_link.models.argo_service as argo, sys
from console_link.models import (
    # a comment
    argo_service as service,
    cluster,
)
from console_link.models.argo_service import \
    ArgoService as Old, \
    WorkflowEndedBeforeSuspend as Ended
from lib.console_link.models.argo_service import *
from argo_service import ArgoService as Bare
from .argo_service import ArgoService as Near
from console_link.models import ArgoService as Again
from elsewhere import ArgoService as Foreign
import importlib
from importlib import import_module as load
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console_link.models.argo_service import ENDING_ARGO_PHASES as PHASES
try:
    from console_link.models.argo_service import ArgoService as Tried
except ImportError:
    Tried = None

console_link.models.argo_service.ArgoService().stop_workflow("a")
argo.ArgoService().stop_workflow("b")
service.ArgoService("ma").stop_workflow("c")
Old().stop_workflow("d")
Bare().stop_workflow("e")
Tried().stop_workflow("f")
Foreign().stop_workflow("g")
importlib.import_module("console_link.models.argo_service").ArgoService().stop_workflow("h")
module = load(name="console_link.models.argo_service")
module.ArgoService().stop_workflow("i")
getattr(Old(), "stop_workflow")("j")
__import__("console_link.models.argo_service")
print(PHASES, ENDING_ARGO_PHASES)


def inside():
    from console_link.models.argo_service import ArgoService
    return ArgoService()


inside().stop_workflow("k")
