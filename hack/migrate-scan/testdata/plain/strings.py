# from console_link.models.argo_service import ArgoService
from console_link.models.argo_service import ArgoService

s = ArgoService()
plain = "s.start_workflow('x') # not code"
raw = r'\' s.start_workflow("x")'
triple = """
s.start_workflow("x")
'''
"""
bytes_ = rb"""s.stop_workflow(b'x')"""
continued = "s.start_workflow( \
s.stop_workflow("
text = f"s.start_workflow() of {s.get_workflow_status('n')} and {{s.stop_workflow()}}"
nested = f"{f'{s.delete_workflow("n")!r:>{10}}'}"
spec = f"{1:{s.is_workflow_completed('n')}}"
compare = f"{s.stop_workflow('n') != 3}{ s.resume_workflow('n')=}"
FR"{s!r}\{{"
multi = f"""
  {
    s.watch_workflow(
        "n")
  } s.start_workflow()
"""
implicit = "s.stop" "_workflow()"; s.stop_workflow("n")


def doc():
    "s.start_workflow()"
    '''except WorkflowEndedBeforeSuspend:'''
