from console_link.models.argo_service import ArgoService, WorkflowEndedBeforeSuspend
type Service[T] = ArgoService
def generic[T: ArgoService](x: T, /, y: "list['ArgoService']", *args, z=1, **kw) -> "ArgoService": return x
class Box[T](Base, metaclass=Meta): svc: ArgoService = ArgoService()
async def go(match, case=1, type=2):
    async with (ArgoService() as a, other() as b,):
        await a.stop_workflow("x")
    match = {"x": [1]}
    match[type].x = case
    match ArgoService():
        case ArgoService(name=n) if n.stop_workflow("x"): pass
        case {"a": [b, *_], **rest} | str() as whole:
            b.stop_workflow("pattern")
        case _:
            print(match, case)
    try: ...
    except* WorkflowEndedBeforeSuspend: ...
    except TimeoutError, ValueError: ...
    return (yield), [*(await x async for x in generic(1, 2))], lambda s=ArgoService(), *a, **k: s.stop_workflow(f"{(lambda: s)()!r}")
print(*[1], **{**{}}, sep='') if generic(1, 2).stop_workflow("x") else None
x: ArgoService
x.stop_workflow("annotated only")
def f(a, b: "ArgoService" = None, *, c): b.stop_workflow(a[1:2, ...:c]); return not -b.start_workflow("x").value ** 2
