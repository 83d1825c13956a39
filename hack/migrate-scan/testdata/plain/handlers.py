import pytest

from console_link.models.argo_service import ArgoService, WorkflowEndedBeforeSuspend

service = ArgoService()

try:
    service.wait_for_suspend("n")
except (WorkflowEndedBeforeSuspend, TimeoutError) as e:
    raise
except KeyError:
    pass

try:
    open("file").read()
except TimeoutError:  # of something else
    pass

try:
    service.start_workflow("t")
except TimeoutError:  # a start has no timeout of its own
    pass

with pytest.raises(TimeoutError):
    service.wait_for_ending_phase("n")

with pytest.raises(TimeoutError):
    pass


def fail():
    raise WorkflowEndedBeforeSuspend("n", "Failed")
