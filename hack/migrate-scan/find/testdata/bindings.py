from __future__ import annotations

from typing import Optional

from console_link.models.argo_service import ArgoService  # want: import certain


class Runner:
    def __init__(self, given: Optional[ArgoService] = None):  # want: reference certain
        self.service = given or ArgoService(namespace="ma")  # want: construct certain

    def go(self):
        self.service.start_workflow("t", {})  # want: method certain
        return self.service . \
            stop_workflow(  # want: method certain
                "n",
            )


class Mine(ArgoService):  # want: subclass certain
    def both(self):
        self.delete_workflow("n")  # want: method certain
        super().delete_workflow("n")  # want: method certain


def annotated(service: "ArgoService | None"):  # want: reference certain
    service.resume_workflow("n")  # want: method certain


def shadowed():
    class ArgoService:
        def stop_workflow(self, name): ...

    ArgoService().stop_workflow("n")


def rebound():
    service = ArgoService()  # want: construct certain
    service.stop_workflow("a")  # want: method certain
    service = open("file")
    service.read()


def walrus():
    if (service := ArgoService()):  # want: construct certain
        service.get_workflow_status("n")  # want: method certain
    with ArgoService() as opened:  # want: construct certain
        opened.delete_workflow("n")  # want: method certain
    one, two = ArgoService(), 3  # want: construct certain
    one.delete_workflow("n"), two
    # ^ want: method certain


def passed_on(pool, service: ArgoService):  # want: reference certain
    pool.submit(service.wait_for_suspend, "n")  # want: method-reference certain


def unknown(thing):
    thing.wait_for_ending_phase("n")  # want: method likely
    thing.wait_for_ending_phases("n")
    thing.read()
