import pytest

from console_link.models.argo_service import ArgoService, WorkflowEndedBeforeSuspend  # want: import certain

service = ArgoService()  # want: construct certain

try:
    service.wait_for_suspend("n")  # want: method certain
except (WorkflowEndedBeforeSuspend, TimeoutError) as e:  # want: handler certain; handler certain
    raise
except KeyError:
    pass

try:
    open("file").read()
except TimeoutError:  # of something else
    pass

try:
    service.start_workflow("t")  # want: method certain
except TimeoutError:  # a start has no timeout of its own
    pass

with pytest.raises(TimeoutError):  # want: error certain
    service.wait_for_ending_phase("n")  # want: method certain

with pytest.raises(TimeoutError):
    pass


def fail():
    raise WorkflowEndedBeforeSuspend("n", "Failed")  # want: error certain
