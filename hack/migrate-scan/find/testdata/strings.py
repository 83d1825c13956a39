# from console_link.models.argo_service import ArgoService
from console_link.models.argo_service import ArgoService  # want: import certain

s = ArgoService()  # want: construct certain
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
# ^ want: method certain
nested = f"{f'{s.delete_workflow("n")!r:>{10}}'}"  # want: method certain
spec = f"{1:{s.is_workflow_completed('n')}}"  # want: method certain
compare = f"{s.stop_workflow('n') != 3}{ s.resume_workflow('n')=}"  # want: method certain; method certain
FR"{s!r}\{{"
multi = f"""
  {
    s.watch_workflow(  # want: method certain
        "n")
  } s.start_workflow()
"""
implicit = "s.stop" "_workflow()"; s.stop_workflow("n")  # want: method certain


def doc():
    "s.start_workflow()"
    '''except WorkflowEndedBeforeSuspend:'''
