"""import console_link.models.argo_service: a docstring is no import."""
import console_link.models.argo_service
import os, console_link.models.argo_service as svc, sys
from console_link.models.argo_service import ArgoService as A
from console_link.models import (  # a comment, with (brackets
    argo_service,
    cluster,
)
from console_link.models.argo_service import \
    ArgoService, WorkflowEndedBeforeSuspend
from .argo_service import ArgoService as Near
from . import argo_service as here
from ..models.argo_service import ArgoService as Up
from console_link.models import argo_service_tools  # another module
from console_link.models.argo_services import ArgoService as Other
if True: from console_link.models.argo_service import ArgoService


def inside():
    import importlib
    from console_link.models.argo_service import ArgoService
    module = importlib.import_module("console_link.models.argo_service")
    return ArgoService(), module.ArgoService()


try:
    from console_link.models.argo_service import ArgoService as Maybe
except ImportError:
    Maybe = None

console_link.models.argo_service.ArgoService()
svc.ArgoService()
A()
argo_service.ArgoService()
