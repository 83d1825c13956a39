from console_link.models.argo_service import ArgoService
import temporal
from typing import Annotated, Optional, Union

svc = ArgoService()
svc.stop_workflow("old")
svc = temporal.Client()
svc.stop_workflow("likely: somebody else's object, but who knows")
temporal.start_workflow("another module's function")


def shadowed(ArgoService):
    ArgoService().stop_workflow("whatever the parameter is")


def rebound(flag):
    client = ArgoService()
    del client
    client = 5
    client.stop_workflow("a number has none")
    if flag:
        client = ArgoService()
        return client.stop_workflow("on this way")
    else:
        client = None
    return client


class Uses:
    shared: "ArgoService"

    def use(self):
        self.service.stop_workflow("before it is set, in the text")
        self.shared.stop_workflow("by its annotation")
        self.made.stop_workflow("by a property")

    def __init__(self, given: Optional[ArgoService] = None, *, other: "ArgoService | None" = None):
        self.service = given or ArgoService()
        self.pair = self.first, self.second = ArgoService("a"), 2
        self.first.stop_workflow("of a tuple")
        other.stop_workflow("by its quoted annotation")

    @property
    def made(self) -> Annotated[ArgoService, "x"]:
        return make()


def make():
    return ArgoService()


def parameters(a: Union[None, "ArgoService"], b: list[ArgoService], c, d=ArgoService()):
    a.stop_workflow("a")
    b[0].stop_workflow("b")
    for each in b:
        each.stop_workflow("each")
    c.stop_workflow("unknown")
    d.stop_workflow("default")
    if isinstance(c, ArgoService):
        c.stop_workflow("known")
    (e := make()).stop_workflow("walrus")
    e.stop_workflow("e")
    with ArgoService() as f, open("g") as g:
        f.stop_workflow("f")
    return [h.stop_workflow("h") for h in [ArgoService(n) for n in "xy"] if h.is_workflow_completed("h").success]


class Derived(ArgoService):
    def resume_workflow(self, name):
        super().resume_workflow(name)
        self.stop_workflow(name)
        return lambda: self.delete_workflow(name)


Derived().start_workflow("x")
callback = make().stop_workflow
callback("y")
print(type(svc) is ArgoService)


def nested():
    global late
    late = ArgoService()
    inner = None

    def setter():
        nonlocal inner
        inner = ArgoService()

    def getter():
        inner.stop_workflow("inner")
        late.stop_workflow("late")
    return setter, getter


class Own:
    class ArgoService:
        def stop_workflow(self): ...

    def go(self):
        self.ArgoService().stop_workflow()
        self.start_workflow = None
