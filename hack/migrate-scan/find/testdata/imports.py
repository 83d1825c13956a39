"""import console_link.models.argo_service: a docstring is no import."""
import console_link.models.argo_service  # want: import certain
import os, console_link.models.argo_service as svc, sys  # want: import certain
from console_link.models.argo_service import ArgoService as A  # want: import certain
from console_link.models import (  # a comment, with (brackets
    argo_service,  # want: import certain
    cluster,
)
from console_link.models.argo_service import \
    ArgoService, WorkflowEndedBeforeSuspend  # want-line 9: import certain
from .argo_service import ArgoService as Near  # want: import likely
from . import argo_service as here  # want: import likely
from ..models.argo_service import ArgoService as Up  # want: import likely
from console_link.models import argo_service_tools  # another module
from console_link.models.argo_services import ArgoService as Other  # want: import likely
if True: from console_link.models.argo_service import ArgoService  # want: import certain


def inside():
    import importlib
    from console_link.models.argo_service import ArgoService  # want: import certain
    module = importlib.import_module("console_link.models.argo_service")  # want: dotted-name likely
    return ArgoService(), module.ArgoService()  # want: construct certain; construct certain


try:
    from console_link.models.argo_service import ArgoService as Maybe  # want: import certain
except ImportError:
    Maybe = None

console_link.models.argo_service.ArgoService()  # want: construct certain
svc.ArgoService()  # want: construct certain
A()  # want: construct certain
argo_service.ArgoService()  # want: construct certain
