from __future__ import annotations

from typing import Optional

from console_link.models.argo_service import ArgoService


class Runner:
    def __init__(self, given: Optional[ArgoService] = None):
        self.service = given or ArgoService(namespace="ma")

    def go(self):
        self.service.start_workflow("t", {})
        return self.service . \
            stop_workflow(
                "n",
            )


class Mine(ArgoService):
    def both(self):
        self.delete_workflow("n")
        super().delete_workflow("n")


def annotated(service: "ArgoService | None"):
    service.resume_workflow("n")


def shadowed():
    class ArgoService:
        def stop_workflow(self, name): ...

    ArgoService().stop_workflow("n")


def rebound():
    service = ArgoService()
    service.stop_workflow("a")
    service = open("file")
    service.read()


def walrus():
    if (service := ArgoService()):
        service.get_workflow_status("n")
    with ArgoService() as opened:
        opened.delete_workflow("n")
    one, two = ArgoService(), 3
    one.delete_workflow("n"), two


def passed_on(pool, service: ArgoService):
    pool.submit(service.wait_for_suspend, "n")


def unknown(thing):
    thing.wait_for_ending_phase("n")
    thing.wait_for_ending_phases("n")
    thing.read()
